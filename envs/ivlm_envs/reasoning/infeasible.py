"""Questions of which half can't be done."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from ivlm_bench.env import Question, register
from ivlm_bench.errors import AssetError
from ivlm_bench.types import Scene
from ivlm_envs.reasoning.mixing import MAX_DRAWS, MixedTask, source

#: Questions that are drawn of one scene before another one is drawn.
MAX_ASKED = 8
#: What a scene's name ends with where its question can't be done.
UNDOABLE = " undoable"
UNDOABLE_SHARE = 0.5


@register
class ReasonInfeasible(MixedTask):
    """Twelve interactions of which every other one can't be done.

    Asked: as in the twelve tasks of ``core-v0``, each as often as the others.
    Randomised: the task, and all that it randomises. Every other question can't be done, for each
    task's own reason: the part or the thing is not there, drawers are barred, lids strapped,
    handles pinned, tops too steep, doors shut already: abstain.
    Success: as in the task that the question comes from (protocol IVLM-Phys v1, 6.1 to 6.4).
    Source: the unanswerable questions of VizWiz and the absent affordances of reasoning
    segmentation, over the tasks of this benchmark.
    """

    task = "ivlm/ReasonInfeasible-v0"

    def sample_scene(self, rng: np.random.Generator) -> Scene:
        """Draw a scene whose question can, or can't, be done."""
        undoable = rng.random() < UNDOABLE_SHARE
        name = str(rng.choice(list(self.sources())))
        for _ in range(MAX_DRAWS):
            scene = source(name, self.size_px).sample_scene(rng)
            named = replace(scene, name=name + UNDOABLE * undoable)
            if self.fits(named, rng):
                return named
        raise AssetError(f"None of {MAX_DRAWS} scenes of {name} fits {self.task}.")

    def fits(self, scene: Scene, rng: np.random.Generator) -> bool:
        """Tell whether the scene has a question of the kind that its name tells."""
        return self._asked(scene, rng) is not None

    def question(self, scene: Scene, rng: np.random.Generator) -> Question:
        """Ask what the scene's own task asks, and of the kind that the scene's name tells.

        Raises
        ------
        AssetError
            If no such question is drawn.
        """
        for _ in range(MAX_DRAWS):
            asked = self._asked(scene, rng)
            if asked is not None:
                return asked
        raise AssetError(f"No question of the scene {scene.name!r} fits {self.task}.")

    def _asked(self, scene: Scene, rng: np.random.Generator) -> Question | None:
        name = scene.name.removesuffix(UNDOABLE)
        for _ in range(MAX_ASKED):
            asked = source(name, self.size_px).question(scene, rng)
            if asked.feasible != scene.name.endswith(UNDOABLE):
                return asked
        return None
