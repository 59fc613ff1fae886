"""A task that asks what other tasks ask, of scenes that fit."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Sequence
from dataclasses import replace
from functools import lru_cache

import numpy as np

from ivlm_bench.env import TASKS, InteractionEnv, Question
from ivlm_bench.errors import AssetError
from ivlm_bench.types import Placement, Scene
from ivlm_envs.articulated import lift_lid, open_door, open_drawer, press_button, push_shut
from ivlm_envs.articulated import turn_control as turning
from ivlm_envs.rigid import (
    grasp_bottle_cap,
    grasp_in_clutter,
    grasp_knife_handle,
    grasp_mug_handle,
    grasp_tool_handle,
    place_on,
)

#: Tasks to choose from, by the name that a scene of theirs bears here.
SOURCES = {
    source.task.rpartition("/")[2]: source.task
    for source in (
        grasp_in_clutter.GraspInClutter,
        grasp_mug_handle.GraspMugHandleInClutter,
        grasp_knife_handle.GraspKnifeHandle,
        grasp_tool_handle.GraspToolHandle,
        grasp_bottle_cap.GraspBottleCap,
        open_drawer.OpenDrawer,
        open_door.OpenDoor,
        turning.TurnControl,
        lift_lid.LiftLid,
        press_button.PressButton,
        place_on.PlaceOn,
        push_shut.PushShut,
    )
}
SOURCE_OF_PLACING = place_on.PlaceOn.task.rpartition("/")[2]
#: Scenes that are drawn before it is given up that one fits.
MAX_DRAWS = 500


@lru_cache(maxsize=64)
def source(name: str, size_px: int) -> InteractionEnv:
    """Return the task that a scene's name tells."""
    return TASKS.get(SOURCES[name])(size_px=size_px)


def asked_thing(scene: Scene) -> Placement:
    """Return what the question is about: the target, or the support that it is put on."""
    is_placing = scene.name == SOURCE_OF_PLACING
    return scene.placements[1] if is_placing else scene.target


class MixedTask(InteractionEnv):
    """Draws scenes of several tasks, each as often as the others, until one fits.

    A subclass says what fits; the question is the one that the scene's own task asks.
    """

    def sources(self) -> Sequence[str]:
        """Return the names of the tasks to draw from."""
        return tuple(SOURCES)

    @abstractmethod
    def fits(self, scene: Scene, rng: np.random.Generator) -> bool:
        """Tell whether a scene belongs to this task."""

    def sample_scene(self, rng: np.random.Generator) -> Scene:
        """Draw the task, then scenes of it until one fits."""
        name = str(rng.choice(list(self.sources())))
        for _ in range(MAX_DRAWS):
            scene = replace(source(name, self.size_px).sample_scene(rng), name=name)
            if self.fits(scene, rng):
                return scene
        raise AssetError(f"None of {MAX_DRAWS} scenes of {name} fits {self.task}.")

    def question(self, scene: Scene, rng: np.random.Generator) -> Question:
        """Ask what the scene's own task asks."""
        return source(scene.name, self.size_px).question(scene, rng)
