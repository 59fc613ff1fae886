"""Grasp a tool by its handle."""

from __future__ import annotations

import numpy as np

from ivlm_bench.env import InteractionEnv, Question, register
from ivlm_bench.types import Query, Scene
from ivlm_envs.rigid.by_handle import handle_question, stage_for_handle
from ivlm_envs.staging import UNANSWERABLE_SHARE, draw_object

#: Tools with a handle (screwdrivers and kettles are held out), and those that lack one.
TOOLS = ("hammer", "pan", "screwdriver", "kettle")
HANDLELESS = ("bare_hammer_head", "bare_pan")
#: What a person calls the families that lack a handle.
CALLED = {"bare_hammer_head": "hammer", "bare_pan": "pan"}
#: The sentences, with the tool's name to be filled in.
SENTENCES = (
    "Pick up the {tool} by its handle.",
    "Grasp the {tool} by the handle.",
    "Take hold of the handle of the {tool}.",
)


@register
class GraspToolHandle(InteractionEnv):
    """Grasp a hammer, pan, screwdriver or kettle by its handle.

    Asked: "Pick up the hammer by its handle." in three wordings, of four kinds of tools.
    Randomised: the tool (kind, shape, colour, texture, mass), its yaw and place, up to five other
    objects, the table's look, the cameras. One question in six shows a hammer head or a pan that
    has no handle: abstain.
    Success: held by protocol IVLM-Phys v1, 6.1, and when the pads have closed they touch the
    handle and no other part.
    Source: task-oriented grasping of tools, as in TaskGrasp and in the tool parts of UMD's
    affordance set; "handle-grasp" of AffordPose and PIAD.
    """

    task = "ivlm/GraspToolHandle-v0"

    def sample_scene(self, rng: np.random.Generator) -> Scene:
        """Draw a tool, each kind as often as the others, alone or among other objects."""
        families = HANDLELESS if rng.random() < UNANSWERABLE_SHARE else TOOLS
        model = draw_object(str(rng.choice(families)), rng)
        called = _called(model.category)
        return stage_for_handle(
            "grasp-tool-handle", model, rng, called=called, size_px=self.size_px
        )

    def question(self, scene: Scene, rng: np.random.Generator) -> Question:
        """Ask for the handle."""
        tool = _called(scene.target.model.category)
        sentence = str(rng.choice(SENTENCES)).format(tool=tool)
        return handle_question(scene, Query("grasp", tool, "handle", sentence), self.gripper)


def _called(category: str) -> str:
    return CALLED.get(category, category)
