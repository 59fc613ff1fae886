"""Right answers, and answers of each wrong kind that must fail."""

from __future__ import annotations

from typing import Any

import numpy as np

from ivlm_bench.env import Question
from ivlm_bench.geometry import se3
from ivlm_bench.geometry.kinematics import link_poses
from ivlm_bench.geometry.mesh import sample_surface
from ivlm_bench.types import (
    Grasp,
    GripperSpec,
    Interaction,
    Motion,
    PartGrasp,
    Placement,
    Pose,
    Query,
    TrialSpec,
)

#: Clearance that a near miss leaves between pad tips and object, metres.
MISS_M = 0.008
QUARTER_TURN_RAD = np.pi / 2.0
#: The wrong kind of questions that can't be done: what one does who does not see why.
NAIVE = "naive"
#: Points on each part that stand for its surface.
N_SURFACE = 2000


def abstention(reason: str) -> Interaction:
    """Return the right answer to a question that can't be done."""
    return Interaction(abstain=True, abstain_reason=reason, feasible_prob=0.0)


def unanswerable(
    query: Query,
    trial: TrialSpec,
    affordance: str,
    *,
    reason: str,
    naive: Interaction,
    **shown: Any,
) -> Question:
    """Return a question that can't be done: the right answer is to abstain.

    ``naive``: what one does who does not see ``reason``. ``shown``: further fields of the question.
    """
    return Question(
        query,
        trial,
        abstention(reason),
        affordance,
        feasible=False,
        wrong={NAIVE: naive},
        infeasible_reason=reason,
        **shown,
    )


def grasp_answer(placement: Placement, grasp: PartGrasp) -> Interaction:
    """Return the answer that executes a part grasp of a placed object."""
    pose = placement.world_from_object @ grasp.object_from_gripper
    return grasp_at(pose, grasp.width_m)


def grasp_at(pose: Pose, width_m: float) -> Interaction:
    """Return the answer that grasps at a world pose."""
    return Interaction(
        label_prob={"grasp": 1.0},
        grasps=(Grasp(pose, width_m),),
        contact_points_m=pose.position_m[None],
        contact_prob=np.ones(1, np.float32),
    )


def wrong_grasps(
    placement: Placement, grasp: PartGrasp, gripper: GripperSpec
) -> dict[str, Interaction]:
    """Return a null answer, and the grasp too short, in the object, and turned by 90 degrees.

    ``near-miss`` backs off along the approach until the pad tips end 8 mm before the object.
    ``penetrating`` moves sideways until the middle of one pad lies on the held surface. ``rotated``
    turns the closing axis by 90 degrees so that it becomes as vertical as it can.
    """
    pose = placement.world_from_object @ grasp.object_from_gripper
    held = _between_pads(placement, pose, grasp.width_m, gripper)
    back = gripper.pad_size_m[2] / 2.0 - float(held[:, 2].min()) + MISS_M
    deep = held[np.abs(held[:, 2]) <= gripper.pad_size_m[2] / 2.0]
    aside = float(deep[:, 0].min()) + (grasp.width_m + gripper.pad_size_m[0]) / 2.0
    return {
        "null": Interaction(),
        "near-miss": grasp_at(pose @ Pose.at(0.0, 0.0, -back), grasp.width_m),
        "penetrating": grasp_at(pose @ Pose.at(aside, 0.0, 0.0), grasp.width_m),
        "rotated": grasp_at(_turn_closing_upright(pose), grasp.width_m),
    }


def turned_about_approach(placement: Placement, grasp: PartGrasp) -> Interaction:
    """Return a grasp turned by 90 degrees about its approach: across a bar, it closes along it.

    A bar in mid-air is held by an upright closing axis, too, so that ``rotated`` of
    ``wrong_grasps`` may succeed there.
    """
    turn = Pose(np.zeros(3), se3.quat_from_rotvec(np.array([0.0, 0.0, QUARTER_TURN_RAD])))
    pose = placement.world_from_object @ grasp.object_from_gripper @ turn
    return grasp_at(pose, grasp.width_m)


def _between_pads(
    placement: Placement, pose: Pose, width_m: float, gripper: GripperSpec
) -> np.ndarray:
    """Return surface points (n, 3), gripper frame, in the corridor that the pads close."""
    poses, rng = link_poses(placement), np.random.default_rng(0)
    by_part = [
        poses[link.name].apply(sample_surface(part.mesh, N_SURFACE, rng)[0])
        for link, part in placement.model.parts
    ]
    points = np.concatenate(by_part)
    local = pose.inverse().apply(points)
    reach_x = width_m / 2.0 + gripper.pad_size_m[0]
    return local[
        (np.abs(local[:, 0]) < reach_x) & (np.abs(local[:, 1]) < gripper.pad_size_m[1] / 2.0)
    ]


def _turn_closing_upright(pose: Pose) -> Pose:
    turns = [
        Pose(np.zeros(3), se3.quat_from_rotvec(np.eye(3)[axis] * QUARTER_TURN_RAD))
        for axis in (1, 2)
    ]
    return max((pose @ turn for turn in turns), key=lambda p: abs(float(p.rotation[2, 0])))


def motion_answer(
    point_m: np.ndarray, direction: np.ndarray, *, label: str, amount: float, prob: float = 1.0
) -> Interaction:
    """Return the answer that moves a world point along a direction (made unit) by ``amount``."""
    unit = np.asarray(direction, float) / np.linalg.norm(direction)
    return Interaction(
        label_prob={label: prob},
        motion=Motion(np.asarray(point_m, float), unit, amount=amount),
        contact_points_m=np.asarray(point_m, float)[None],
        contact_prob=np.ones(1, np.float32),
    )
