"""Grasp the mug by its handle."""

from __future__ import annotations

import numpy as np

from ivlm_bench.env import InteractionEnv, Question, register
from ivlm_bench.types import Query, Scene, TrialSpec
from ivlm_envs.answers import NAIVE, abstention, grasp_answer, wrong_grasps
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
        query = Query("grasp", "mug", "handle", str(rng.choice(SENTENCES)))
        trial = TrialSpec(kind="grasp", part="handle")
        by_handle = [g for g in target.model.grasps if g.part == "handle"]
        if not by_handle:
            reason = "the mug has no handle"
            return Question(
                query,
                trial,
                abstention(reason),
                "grasp",
                feasible=False,
                wrong={NAIVE: grasp_answer(target, target.model.grasps[0])},
                infeasible_reason=reason,
            )
        by_body = next(g for g in target.model.grasps if g.part != "handle")
        wrong = wrong_grasps(target, by_handle[0], self.gripper)
        wrong["wrong-part"] = grasp_answer(target, by_body)
        return Question(query, trial, grasp_answer(target, by_handle[0]), "grasp", wrong=wrong)
