"""Scenes of the tasks themselves, of objects that are in no benchmark."""

from __future__ import annotations

from functools import cache

import numpy as np

from ivlm_bench.env import TASKS, InteractionEnv
from ivlm_bench.errors import AssetError
from ivlm_bench.learning.sources import SOURCES, Called, Drawn
from ivlm_bench.types import Placement
from ivlm_envs.clutter import kind_of

#: What a person calls the families whose name is no such word.
NOUNS = {
    "bare_blade": "knife",
    "bare_hammer_head": "hammer",
    "barred_cabinet": "cabinet",
    "barred_door_cabinet": "cabinet",
    "door_cabinet": "cabinet",
    "lid_box": "box",
    "pinned_knob": "knob",
    "pinned_lever": "lever",
    "strapped_lid_box": "box",
}
#: Supports are called by their root link, such as ``red_block``.
SUPPORTS = ("pedestal", "slope")
#: What is asked of things that move, which bars, straps and pins may keep from moving; of so many
#: scenes of such a task one asks for what can't be done.
MOVED, ONE_HELD_OF = ("open", "lift", "turn", "push"), 3
#: Package of the tasks that draw from other tasks' scenes.
ASKED_ANEW = ".reasoning."
#: A vessel without a handle, which goes by two names.
CUP = "cup"


class TaskScenes:
    """Scenes and questions of all tasks of this package in turn."""

    share = 3

    def __call__(self, rng: np.random.Generator, *, number: int, size_px: int) -> Drawn:
        """Return a scene of a task, and what the task asks of it."""
        names = _task_names()
        task = names[number % len(names)]
        env = _environment(task, size_px)
        scene = env.sample_scene(rng)
        asked = env.question(scene, rng)
        if asked.query.interaction in MOVED and asked.feasible and _is_held(number, len(names)):
            raise AssetError(f"{task} is to ask for what can't be done; draw it anew.")
        said = {asked.query.object_name, None} if not asked.at_hand else set()
        called = {
            p.name: called_thing(p, said) for p in scene.placements if p.model.category != "table"
        }
        return Drawn(scene, task, called, asked=asked)


def _is_held(number: int, n_tasks: int) -> bool:
    """Tell whether the scene of this number is one that asks for what can't be done."""
    return number // n_tasks % ONE_HELD_OF == 0


def called_thing(placement: Placement, said: set[str | None]) -> Called:
    """Return what a person calls a placed thing; words of ``said`` are kept to."""
    category = placement.model.category
    if category in SUPPORTS:
        colour, _, noun = placement.model.links[0].name.partition("_")
        return Called(noun, colour)
    if category == CUP and "mug" not in said:
        return Called(CUP)
    return Called(NOUNS.get(category, kind_of(category)))


@cache
def _task_names() -> tuple[str, ...]:
    own = __name__.partition(".")[0]
    tasks = ((name, task.__module__) for name, task in TASKS)
    # Tasks that ask anew what the others ask are for testing only.
    return tuple(
        name for name, module in tasks if module.split(".")[0] == own and ASKED_ANEW not in module
    )


@cache
def _environment(task: str, size_px: int) -> InteractionEnv:
    return TASKS.get(task)(size_px=size_px)


SOURCES.register("tasks", TaskScenes())
