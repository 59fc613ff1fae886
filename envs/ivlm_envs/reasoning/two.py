"""Two things on the table, both with a handle."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from ivlm_bench.env import InteractionEnv, Question, register
from ivlm_bench.types import Query, Scene
from ivlm_envs.answers import grasp_answer
from ivlm_envs.approach import reachable_first
from ivlm_envs.clutter import kind_of, stage_clutter
from ivlm_envs.rigid.by_handle import HANDLE, handle_question
from ivlm_envs.staging import UNANSWERABLE_SHARE, draw_object

#: Families with a handle, and one of the same name that lacks it.
HANDLED = {"mug": "cup", "pan": "bare_pan", "hammer": "bare_hammer_head", "knife": "bare_blade"}
CALLED = {lacking: family for family, lacking in HANDLED.items()}
SENTENCES = (
    "Pick up the {thing} by its handle.",
    "Grasp the {thing} by the handle.",
    "Hold the handle of the {thing}.",
)


@register
class ReasonTwo(InteractionEnv):
    """Grasp one of two things by its handle, where the other has a handle, too.

    Asked: "Pick up the mug by its handle." in three wordings, of a mug, pan, hammer or knife beside
    another one of them.
    Randomised: both objects (kind, shape, colour, texture, mass), their places and yaws, the
    table's look, the cameras. One question in six is about a thing that lacks the handle which the
    other has: abstain.
    Success: held by protocol IVLM-Phys v1, 6.1, and when the pads have closed they touch the
    handle of the asked thing and nothing else. Holding the other one by its handle is a failure.
    Source: the binding of parts to things that OCID-VLG and RefCOCO ask for, as grasps.
    """

    task = "ivlm/ReasonTwo-v0"

    def sample_scene(self, rng: np.random.Generator) -> Scene:
        """Draw a thing and another one with a handle."""
        asked, other = (str(n) for n in rng.permutation(list(HANDLED))[:2])
        family = HANDLED[asked] if rng.random() < UNANSWERABLE_SHARE else asked
        target, beside = draw_object(family, rng), draw_object(other, rng)
        return stage_clutter(
            "reason-two", target, rng, size_px=self.size_px, distractors=(beside,), part=HANDLE
        )

    def question(self, scene: Scene, rng: np.random.Generator) -> Question:
        """Ask for the handle of the target; the wrong part is that of the other thing."""
        category = scene.target.model.category
        thing = CALLED.get(category, kind_of(category))
        text = str(rng.choice(SENTENCES)).format(thing=thing)
        asked = handle_question(scene, Query("grasp", thing, HANDLE, text), self.gripper)
        if not asked.feasible:
            return asked
        other = next(p for p in scene.placements if p.role == "clutter")
        by_handle = [g for g in reachable_first(scene, other) if g.part == HANDLE]
        wrong = {**asked.wrong, "wrong-part": grasp_answer(other, by_handle[0])}
        return replace(asked, wrong=wrong)
