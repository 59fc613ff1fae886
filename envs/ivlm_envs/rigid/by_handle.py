"""Scenes and questions that ask for the handle of the target."""

from __future__ import annotations

import numpy as np

from ivlm_bench.env import Question
from ivlm_bench.types import (
    GripperSpec,
    ObjectModel,
    PartGrasp,
    Query,
    Scene,
    TrialSpec,
)
from ivlm_envs.answers import grasp_answer, turned_about_approach, unanswerable, wrong_grasps
from ivlm_envs.approach import clear_of, free_grasps
from ivlm_envs.clutter import MAX_DISTRACTORS, draw_distractors, stage_clutter
from ivlm_envs.objects.clearance import gripper_frame
from ivlm_envs.staging import bounds_m, stage

HANDLE = "handle"
#: Share of the questions that show the target among other objects.
AMONG_OTHERS_SHARE = 0.5
#: Height of the pad tips above the table in a naive grasp of a flat object, metres.
TIP_M = 0.002
#: Free gap on both sides of the object in that grasp, metres.
GAP_M = 0.008
#: Where along the object that grasp is tried, in shares of its half length from the middle.
ALONG = (0.0, -0.3, 0.3, -0.6, 0.6)

_X, _Y, _Z = np.eye(3)


def stage_for_handle(
    name: str, model: ObjectModel, rng: np.random.Generator, *, called: str, size_px: int
) -> Scene:
    """Place the target on the table, in half of the scenes among one to five other objects.

    None of those is what a person would call by the target's name, ``called``.
    """
    if rng.random() >= AMONG_OTHERS_SHARE:
        return stage(name, model, rng, size_px=size_px)
    n = int(rng.integers(1, MAX_DISTRACTORS + 1))
    others = draw_distractors(rng, n, exclude_categories=(model.category, called))
    return stage_clutter(name, model, rng, size_px=size_px, distractors=others, part=HANDLE)


def handle_question(scene: Scene, query: Query, gripper: GripperSpec) -> Question:
    """Return the question for the target's handle; to abstain is right where it has none.

    ``rotated`` closes along the bar: a bar in mid-air is held by an upright closing axis, too.
    ``wrong-part`` is the best grasp of another part; the naive answer to a question that can't be
    done grasps what is there.
    """
    target = scene.target
    trial = TrialSpec(kind="grasp", part=HANDLE)
    by_handle = free_grasps(scene, target, HANDLE)
    beside = _beside(scene)
    if all(g.part != HANDLE for g in target.model.grasps):
        reason = f"the {query.object_name} has no handle"
        return unanswerable(
            query, trial, "grasp", reason=reason, naive=grasp_answer(target, beside)
        )
    wrong = wrong_grasps(target, by_handle[0], gripper)
    wrong["rotated"] = turned_about_approach(target, by_handle[0])
    wrong["wrong-part"] = grasp_answer(target, beside)
    return Question(query, trial, grasp_answer(target, by_handle[0]), "grasp", wrong=wrong)


def _beside(scene: Scene) -> PartGrasp:
    """Return a grasp of the target's other parts, one that is free if there is one."""
    target = scene.target
    grasps = [g for g in target.model.grasps if g.part != HANDLE] or _flat_grasps(target.model)
    free = grasps
    for other in scene.placements:
        if other.role == "clutter":
            free = clear_of(other, target, free)
    return (free or grasps)[0]


def _flat_grasps(model: ObjectModel) -> list[PartGrasp]:
    """Return grasps from above across the narrow side of an object, just clear of the table."""
    low, high = bounds_m(model)
    across, along = (_Y, _X) if (high - low)[1] < (high - low)[0] else (_X, _Y)
    width = min(float((high - low) @ across) + 2 * GAP_M, GripperSpec().max_opening_m)
    middle = (low + high) / 2.0 * (1.0, 1.0, 0.0)
    up = (TIP_M + GripperSpec().pad_size_m[2] / 2.0) * _Z
    part = model.parts[0][1].name
    half = float((high - low) @ along) / 2.0
    centres = [middle + up + share * half * along for share in ALONG]
    return [PartGrasp(part, gripper_frame(c, -_Z, across), width) for c in centres]
