"""Grasp the knife by its handle."""

from __future__ import annotations

import numpy as np

from ivlm_bench.env import InteractionEnv, Question, register
from ivlm_bench.types import Query, Scene
from ivlm_envs.rigid.by_handle import handle_question, stage_for_handle
from ivlm_envs.staging import UNANSWERABLE_SHARE, draw_object

#: A knife without a handle, and the sentences that ask for one.
HANDLELESS = "bare_blade"
SENTENCES = (
    "Take the knife by its handle, not by the blade.",
    "Pick up the knife by the handle.",
    "Grasp the knife by its handle.",
    "Hold the knife by its handle so that nobody touches the blade.",
)


@register
class GraspKnifeHandle(InteractionEnv):
    """Grasp a knife by its handle, not by its blade.

    Asked: "Take the knife by its handle, not by the blade." in four wordings.
    Randomised: the knife (outline, handle, colour, texture, mass), its yaw and place, up to
    five other objects, the table's look, the cameras. One question in six shows a blade that has
    no handle: abstain.
    Success: held by protocol IVLM-Phys v1, 6.1, and when the pads have closed they touch the
    handle and no other part.
    Source: affordance-specific grasping, "handle-grasp" of AffordPose and PIAD; the knives of
    UMD's part affordance set, whose blade cuts and whose handle is to be grasped.
    """

    task = "ivlm/GraspKnifeHandle-v0"

    def sample_scene(self, rng: np.random.Generator) -> Scene:
        """Draw a knife on the table, alone or among one to five other objects."""
        family = HANDLELESS if rng.random() < UNANSWERABLE_SHARE else "knife"
        return stage_for_handle(
            "grasp-knife-handle",
            draw_object(family, rng),
            rng,
            called="knife",
            size_px=self.size_px,
        )

    def question(self, scene: Scene, rng: np.random.Generator) -> Question:
        """Ask for the handle."""
        query = Query("grasp", "knife", "handle", str(rng.choice(SENTENCES)))
        return handle_question(scene, query, self.gripper)
