"""Questions about categories that no training has seen."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from ivlm_bench.env import Question, register
from ivlm_bench.types import Query, Scene, TrialSpec
from ivlm_envs.answers import grasp_answer, unanswerable
from ivlm_envs.approach import reachable_first
from ivlm_envs.held_out import held_out_categories
from ivlm_envs.reasoning.mixing import MixedTask
from ivlm_envs.staging import UNANSWERABLE_SHARE

#: Tasks that know a held-out category.
KNOWING = ("GraspToolHandle-v0", "OpenDoor-v0", "PushShut-v0", "TurnControl-v0")
TOOLS = KNOWING[0]
#: Parts that held-out tools lack, and the share of the questions about tools that ask for them.
LACKING = {"kettle": "blade", "screwdriver": "cap"}
LACKING_SHARE = 2.0 * UNANSWERABLE_SHARE


@register
class ReasonNovel(MixedTask):
    """Interactions with kettles, screwdrivers, microwaves and taps, which are held out of training.

    Asked: "Pick up the kettle by its handle.", "Open the microwave.", "Push the microwave door
    shut.", "Turn the tap on: its handle anticlockwise, seen from above.", each kind as often as the
    others.
    Randomised: the task, and all that it randomises. A third of the questions about tools ask for
    a part that the tool lacks, and a sixth of those about open doors for a door that is shut:
    abstain.
    Success: as in the task that the question comes from (protocol IVLM-Phys v1, 6.1 and 6.2).
    Source: the unseen-affordance splits of PIADv2 and OOAL, over the tasks of this benchmark.
    """

    task = "ivlm/ReasonNovel-v0"

    def sources(self) -> Sequence[str]:
        """Return the tasks that know a held-out category."""
        return KNOWING

    def fits(self, scene: Scene, rng: np.random.Generator) -> bool:
        """Tell whether the target is of a held-out category."""
        return scene.target.model.category in held_out_categories()

    def question(self, scene: Scene, rng: np.random.Generator) -> Question:
        """Ask what the scene's task asks, or for a part that the tool lacks."""
        if scene.name == TOOLS and rng.random() < LACKING_SHARE:
            return _lacking(scene)
        return super().question(scene, rng)


def _lacking(scene: Scene) -> Question:
    tool = scene.target.model.category
    part = LACKING[tool]
    return unanswerable(
        Query("grasp", tool, part, f"Pick up the {tool} by its {part}."),
        TrialSpec(kind="grasp", part=part),
        "grasp",
        reason=f"the {tool} has no {part}",
        naive=grasp_answer(scene.target, reachable_first(scene, scene.target)[0]),
    )
