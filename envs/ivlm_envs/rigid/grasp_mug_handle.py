"""Grasp the mug by its handle."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from ivlm_bench.env import InteractionEnv, Question, register
from ivlm_bench.types import GripperSpec, PartGrasp, Placement, Query, Scene, TrialSpec
from ivlm_envs.answers import grasp_answer, turned_about_approach, unanswerable, wrong_grasps
from ivlm_envs.approach import reachable_first
from ivlm_envs.clutter import MAX_DISTRACTORS, draw_distractors, stage_clutter
from ivlm_envs.staging import UNANSWERABLE_SHARE, draw_object, stage

#: A mug without a handle, and the sentences that ask for one.
HANDLELESS = "cup"
SENTENCES = (
    "Grasp the mug by its handle.",
    "Hold the mug by the handle.",
    "Pick the mug up by its handle.",
)


@register
class GraspMugHandle(InteractionEnv):
    """Grasp a mug by its handle, not by its body.

    Asked: "Grasp the mug by its handle." in three wordings.
    Randomised: the mug (shape, handle, colour, texture, mass), its yaw and place, the table's look,
    the cameras. One question in six shows a mug that has no handle: abstain.
    Success: held by protocol IVLM-Phys v1, 6.1, and when the pads have closed they touch the
    handle and no other part.
    Source: affordance-specific grasping, "handle-grasp" of AffordPose and PIAD.
    """

    task = "ivlm/GraspMugHandle-v0"

    def sample_scene(self, rng: np.random.Generator) -> Scene:
        """Draw one mug on the table."""
        family = HANDLELESS if rng.random() < UNANSWERABLE_SHARE else "mug"
        return stage("grasp-mug-handle", draw_object(family, rng), rng, size_px=self.size_px)

    def question(self, scene: Scene, rng: np.random.Generator) -> Question:
        """Ask for the handle."""
        target = scene.target
        return handle_question(target, target.model.grasps, self.gripper, rng)


@register
class GraspMugHandleInClutter(InteractionEnv):
    """Grasp a mug by its handle, with other objects around it.

    Asked: "Grasp the mug by its handle." in three wordings.
    Randomised: as in ``ivlm/GraspMugHandle-v0``, and one to five other objects, none of them a mug
    or a cup, that leave some way to the handle. One question in six shows a mug that has no
    handle: abstain.
    Success: held by protocol IVLM-Phys v1, 6.1, and when the pads have closed they touch the
    handle and no other part; on its way the gripper enters nothing that stands around.
    Source: affordance-specific grasping, "handle-grasp" of AffordPose and PIAD, in clutter as in
    VGN.
    """

    task = "ivlm/GraspMugHandle-v1"

    def sample_scene(self, rng: np.random.Generator) -> Scene:
        """Draw one mug among other objects."""
        family = HANDLELESS if rng.random() < UNANSWERABLE_SHARE else "mug"
        mug, n = draw_object(family, rng), int(rng.integers(1, MAX_DISTRACTORS + 1))
        others = draw_distractors(rng, n, exclude_categories=(family,))
        name = "grasp-mug-handle-in-clutter"
        return stage_clutter(
            name, mug, rng, size_px=self.size_px, distractors=others, part="handle"
        )

    def question(self, scene: Scene, rng: np.random.Generator) -> Question:
        """Ask for the handle."""
        target = scene.target
        grasps = reachable_first(scene, target)
        asked = handle_question(target, grasps, self.gripper, rng)
        if not asked.feasible:
            return asked
        along = turned_about_approach(target, next(g for g in grasps if g.part == "handle"))
        return replace(asked, wrong={**asked.wrong, "rotated": along})


def handle_question(
    target: Placement,
    grasps: Sequence[PartGrasp],
    gripper: GripperSpec,
    rng: np.random.Generator,
) -> Question:
    """Ask for a mug's handle; ``grasps`` are the mug's, best first."""
    query = Query("grasp", "mug", "handle", str(rng.choice(SENTENCES)))
    trial = TrialSpec(kind="grasp", part="handle")
    by_handle = [g for g in grasps if g.part == "handle"]
    if not by_handle:
        reason = "the mug has no handle"
        return unanswerable(
            query, trial, "grasp", reason=reason, naive=grasp_answer(target, grasps[0])
        )
    by_body = next(g for g in grasps if g.part != "handle")
    wrong = wrong_grasps(target, by_handle[0], gripper)
    wrong["wrong-part"] = grasp_answer(target, by_body)
    return Question(query, trial, grasp_answer(target, by_handle[0]), "grasp", wrong=wrong)
