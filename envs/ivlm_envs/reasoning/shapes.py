"""Questions about objects of seen and of unseen shape."""

from __future__ import annotations

import numpy as np

from ivlm_bench.env import register
from ivlm_bench.types import Scene
from ivlm_envs.held_out import held_out_categories
from ivlm_envs.reasoning.mixing import MixedTask, asked_thing


@register
class ReasonSeen(MixedTask):
    """Twelve interactions with objects from the ranges of shape that training draws from.

    Asked: as in the twelve tasks of ``core-v0``, each as often as the others.
    Randomised: the task, and all that it randomises; the object that is asked about comes from the
    seen range of its family. One question in six can't be done: abstain.
    Success: as in the task that the question comes from (protocol IVLM-Phys v1, 6.1 to 6.4).
    Source: the seen split of PIAD and LASO, over the tasks of this benchmark.
    """

    task = "ivlm/ReasonSeen-v0"

    def fits(self, scene: Scene, rng: np.random.Generator) -> bool:
        """Tell whether the asked object is of a seen shape."""
        return asked_thing(scene).model.split == "seen"


@register
class ReasonUnseen(MixedTask):
    """Twelve interactions with objects of shapes outside the ranges that training draws from.

    Asked: as in the twelve tasks of ``core-v0``, each as often as the others.
    Randomised: the task, and all that it randomises; the object that is asked about comes from the
    unseen range of its family, which is none of the held-out categories. One question in six can't
    be done: abstain.
    Success: as in the task that the question comes from (protocol IVLM-Phys v1, 6.1 to 6.4).
    Source: the unseen-object split of PIADv2 and LASO, over the tasks of this benchmark.
    """

    task = "ivlm/ReasonUnseen-v0"

    def fits(self, scene: Scene, rng: np.random.Generator) -> bool:
        """Tell whether the asked object is of an unseen shape of a known category."""
        model = asked_thing(scene).model
        return model.split == "unseen" and model.category not in held_out_categories()
