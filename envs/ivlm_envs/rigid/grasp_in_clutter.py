"""Grasp the named object among others."""

from __future__ import annotations

import numpy as np

from ivlm_bench.env import InteractionEnv, Question, register
from ivlm_bench.types import Interaction, Query, Scene, TrialSpec
from ivlm_envs.answers import grasp_answer, unanswerable, wrong_grasps
from ivlm_envs.approach import free_grasps, reachable_first
from ivlm_envs.clutter import (
    DISTRACTORS,
    MAX_DISTRACTORS,
    draw_distractors,
    kind_of,
    stage_clutter,
)
from ivlm_envs.staging import UNANSWERABLE_SHARE, draw_object

SENTENCES = ("Pick up the {name}.", "Grasp the {name}.", "Take the {name}.")


@register
class GraspInClutter(InteractionEnv):
    """Grasp the object that is named, not its neighbours, and without running into them.

    Asked: "Pick up the mug." in three wordings, of one of two to six objects.
    Randomised: kinds, number and instances of the objects, their places and yaws, the table's
    look, the cameras. One question in six names something that is not there: abstain.
    Success: the named object is held by protocol IVLM-Phys v1, 6.1; on its way the gripper enters
    neither it nor its neighbours by more than 1 mm. Holding a neighbour is a failure.
    Source: grasping in clutter of VGN and GraspNet-1Billion, made to choose as in OCID-VLG.
    """

    task = "ivlm/GraspInClutter-v0"

    def sample_scene(self, rng: np.random.Generator) -> Scene:
        """Draw an object and its neighbours."""
        kind = str(rng.choice(list(DISTRACTORS)))
        target = draw_object(str(rng.choice(DISTRACTORS[kind])), rng)
        n = int(rng.integers(1, MAX_DISTRACTORS + 1))
        others = draw_distractors(rng, n, exclude_categories=(target.category,))
        return stage_clutter(
            "grasp-in-clutter", target, rng, size_px=self.size_px, distractors=others
        )

    def question(self, scene: Scene, rng: np.random.Generator) -> Question:
        """Ask for the target, or for something else that is not there."""
        target = scene.target
        present = {kind_of(p.model.category) for p in scene.placements}
        absent = [kind for kind in DISTRACTORS if kind not in present]
        best = reachable_first(scene, target)[0]
        oracle = grasp_answer(target, best)
        sentence = str(rng.choice(SENTENCES))
        if rng.random() < UNANSWERABLE_SHARE:
            return _unanswerable(str(rng.choice(absent)), sentence, naive=oracle)
        query = _query(kind_of(target.model.category), sentence)
        wrong = wrong_grasps(target, best, self.gripper) | {"wrong-part": _neighbour(scene)}
        return Question(query, TrialSpec(kind="grasp"), oracle, "grasp", wrong=wrong)


def _query(name: str, sentence: str) -> Query:
    return Query("grasp", name, None, sentence.format(name=name))


def _unanswerable(name: str, sentence: str, *, naive: Interaction) -> Question:
    """Ask for what is not there; the trial asks for a part of that name, which nothing has."""
    reason = f"there is no {name}"
    return unanswerable(
        _query(name, sentence),
        TrialSpec(kind="grasp", part=name),
        "grasp",
        reason=reason,
        naive=naive,
    )


def _neighbour(scene: Scene) -> Interaction:
    """Return the grasp of the neighbour that is easiest to reach."""
    others = [p for p in scene.placements if p.role == "clutter" and p.model.grasps]
    freest = max(others, key=lambda p: len(free_grasps(scene, p)))
    return grasp_answer(freest, reachable_first(scene, freest)[0])
