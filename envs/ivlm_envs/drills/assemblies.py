"""Scenes of put-together things, alone or beside others."""

from __future__ import annotations

from typing import Literal

import numpy as np

from ivlm_bench.geometry.camera import look_at
from ivlm_bench.learning.sources import SOURCES, Called, Drawn
from ivlm_bench.objects import OBJECTS
from ivlm_bench.types import Camera, Placement, Pose, Scene
from ivlm_envs.clutter import DISTRACTORS
from ivlm_envs.drills.assembling import draw_assembly
from ivlm_envs.drills.tasks import called_thing
from ivlm_envs.layout import points_of, spread
from ivlm_envs.staging import FIELD_OF_VIEW_RAD, GRAVITY_M_S2, built, draw_object

NAME = "assemblies"
#: Chances of one, two and three put-together things.
N_THINGS = (0.5, 0.3, 0.2)
#: Share of the scenes with an object of a training family besides.
FAMILY_SHARE = 0.25
#: Distance of a camera in units of that at which a ball around all would fill the image: of one
#: thing, and of several, which are flat as a group and small each.
DISTANCE_FACTOR, GROUP_FACTOR = (0.8, 1.5), (0.7, 1.1)
#: Elevation of the cameras above the table, degrees.
ELEVATION_DEG = (15.0, 62.0)
#: How far the four cameras are from quarter turns, rad.
TURN_RAD = 0.3


class AssemblyScenes:
    """Scenes of one to three put-together things."""

    share = 2

    def __call__(self, rng: np.random.Generator, *, number: int, size_px: int) -> Drawn:
        """Return a scene; nothing is asked of it yet."""
        things, called, colours = _things(rng)
        placed = spread(things, rng)
        table = built("table", int(rng.integers(OBJECTS.get("table").n_seen)), "seen")
        support = Placement("table", table, Pose.identity(), "support")
        cameras = _cameras(placed, rng, size_px=size_px)
        scene = Scene(NAME, (*placed, support), cameras, np.array(GRAVITY_M_S2))
        return Drawn(scene, NAME, called, colours)


def _things(
    rng: np.random.Generator,
) -> tuple[list[Placement], dict[str, Called], dict[str, str]]:
    """Draw what stands in a scene, what it is called, and the colours of its parts."""
    things: list[Placement] = []
    called: dict[str, Called] = {}
    colours: dict[str, str] = {}
    n = 1 + int(rng.choice(len(N_THINGS), p=N_THINGS))
    while len(things) < n:
        drawn, name = draw_assembly(rng), f"thing_{len(things)}"
        if drawn.noun in {c.noun for c in called.values()}:
            continue  # things in one scene must be told apart by their nouns
        role: Literal["target", "clutter"] = "clutter" if things else "target"
        things.append(Placement(name, drawn.model, Pose.identity(), role))
        called[name] = Called(drawn.noun, drawn.colours.get("body", ""))
        colours |= {f"{name}/{part}": word for part, word in drawn.colours.items()}
    if rng.random() < FAMILY_SHARE:
        families = DISTRACTORS[str(rng.choice(list(DISTRACTORS)))]
        model = draw_object(str(rng.choice(families)), rng)
        beside = Placement("beside", model, Pose.identity(), "clutter")
        words = called_thing(beside, set())
        if words.noun not in {c.noun for c in called.values()}:
            things.append(beside)
            called[beside.name] = words
    return things, called, colours


def _cameras(
    things: tuple[Placement, ...], rng: np.random.Generator, *, size_px: int
) -> tuple[Camera, ...]:
    """Return four cameras about a quarter turn apart, nearer and farther."""
    points = np.concatenate([points_of(thing) for thing in things])
    centre = (points.min(axis=0) + points.max(axis=0)) / 2.0
    fill_m = float(np.linalg.norm(points - centre, axis=1).max()) / np.sin(FIELD_OF_VIEW_RAD / 2.0)
    first = float(rng.uniform(-np.pi, np.pi))
    factor = GROUP_FACTOR if len(things) > 1 else DISTANCE_FACTOR
    cameras = []
    for index in range(4):
        azimuth = first + index * np.pi / 2 + float(rng.uniform(-TURN_RAD, TURN_RAD))
        rise = np.deg2rad(rng.uniform(*ELEVATION_DEG))
        flat = np.cos(rise)
        away = np.array([flat * np.cos(azimuth), flat * np.sin(azimuth), np.sin(rise)])
        eye = centre + away * fill_m * rng.uniform(*factor)
        aim = centre + rng.uniform(-0.1, 0.1, 3) * fill_m * np.sin(FIELD_OF_VIEW_RAD / 2.0)
        cameras.append(look_at(eye, aim, fov_rad=FIELD_OF_VIEW_RAD, size_px=size_px))
    return tuple(cameras)


SOURCES.register(NAME, AssemblyScenes())
