"""Questions that ask for the handle of the target."""

from __future__ import annotations

import numpy as np

from ivlm_bench.env import Question
from ivlm_bench.geometry import se3
from ivlm_bench.types import (
    GripperSpec,
    Interaction,
    PartGrasp,
    Placement,
    Pose,
    Query,
    Scene,
    TrialSpec,
)
from ivlm_envs.answers import (
    NAIVE,
    QUARTER_TURN_RAD,
    abstention,
    grasp_answer,
    grasp_at,
    wrong_grasps,
)
from ivlm_envs.staging import bounds_m

#: Lowest height of the pad tips above the table in a naive grasp of a flat object, metres.
TIP_M = 0.002


def handle_question(scene: Scene, query: Query, gripper: GripperSpec) -> Question:
    """Return the question for the target's handle; to abstain is right where it has none.

    ``rotated`` closes along the bar: a bar in mid-air is held by an upright closing axis, too.
    ``wrong-part`` is the best grasp of another part; the naive answer to a question that can't be
    done grasps what is there.
    """
    target = scene.target
    trial = TrialSpec(kind="grasp", part="handle")
    by_handle = [g for g in target.model.grasps if g.part == "handle"]
    beside = [g for g in target.model.grasps if g.part != "handle"]
    if not by_handle:
        reason = f"the {query.object_name} has no handle"
        naive = grasp_answer(target, beside[0]) if beside else across(target, gripper)
        return Question(
            query,
            trial,
            abstention(reason),
            "grasp",
            feasible=False,
            wrong={NAIVE: naive},
            infeasible_reason=reason,
        )
    wrong = wrong_grasps(target, by_handle[0], gripper)
    wrong["rotated"] = _along_the_bar(target, by_handle[0])
    if beside:
        wrong["wrong-part"] = grasp_answer(target, beside[0])
    return Question(query, trial, grasp_answer(target, by_handle[0]), "grasp", wrong=wrong)


def _along_the_bar(target: Placement, grasp: PartGrasp) -> Interaction:
    """Return a grasp turned by 90 degrees about its approach."""
    turn = Pose(np.zeros(3), se3.quat_from_rotvec(np.array([0.0, 0.0, QUARTER_TURN_RAD])))
    pose = target.world_from_object @ grasp.object_from_gripper @ turn
    return grasp_at(pose, grasp.width_m)


def across(target: Placement, gripper: GripperSpec) -> Interaction:
    """Return the grasp from above, fully open and just clear of the table, of the narrow side."""
    low, high = bounds_m(target.model)
    closing = np.eye(3)[int(np.argmin((high - low)[:2]))]
    rotation = se3.frame_from_axes(z=np.array([0.0, 0.0, -1.0]), x=closing)
    middle = (low + high) / 2.0
    middle[2] = TIP_M + gripper.pad_size_m[2] / 2.0
    pose = target.world_from_object @ Pose.from_rotation(rotation, middle)
    return grasp_at(pose, gripper.max_opening_m)
