"""Levers: one or two arms that turn on an upright plate, like door handles or switches."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from ivlm_bench.geometry.solids import Solid, lathe
from ivlm_bench.geometry.solids import box as box_solid
from ivlm_bench.objects import OBJECTS, ObjectFamily, Split
from ivlm_bench.types import Link, ObjectModel, Part, Pose
from ivlm_envs.objects.boards import rod, turned_to
from ivlm_envs.objects.bodies import affordance, assembled, instance, link, solid_mass
from ivlm_envs.objects.mount import (
    FOOT_M,
    GAP_M,
    HANDLE_MASS_KG,
    METAL_KG_M3,
    ROSETTE_M,
    SIDES,
    Pinned,
    Plate,
    graded,
    handle_look,
    pin_parts,
    side_name,
    turning_joint,
)

#: Reach of an arm from its axis (m): the visible difference between the pools.
REACH_M = {"seen": (0.055, 0.075), "unseen": (0.090, 0.115)}
#: Width of an arm across its length, and its depth along the axis (m).
WIDTH_M, DEPTH_M = (0.010, 0.014), (0.009, 0.013)
#: Distance of an arm's middle from the plate (m).
STANDOFF_M = (0.028, 0.038)
#: Radius of the hub (m).
HUB_M = (0.010, 0.013)
#: How far a lever turns to either side of its middle (rad).
HALF_RANGE_RAD = (0.60, 1.0)
#: Radius of the ball at the end of a switch (m).
BALL_M = (0.010, 0.013)
#: Where pins stand along an arm, as a share of its reach: on a switch clear of its ball.
PIN_SHARE, SWITCH_PIN_SHARE = 0.62, 0.50
#: Pieces along an arm, so that values on its vertices can vary along it.
ARM_STEPS = 6

_X = np.eye(3)[0]


@dataclass(frozen=True, slots=True)
class LeverShape:
    """Dimensions of one object in m; ``style`` is ``flat``, ``round`` or ``switch``."""

    reach_m: float
    width_m: float
    depth_m: float
    standoff_m: float
    hub_m: float
    ball_m: float
    half_range_rad: float
    style: str
    along: tuple[tuple[float, float], ...]

    @property
    def front_m(self) -> float:
        """Where an arm's front lies, from the plate's front."""
        return self.standoff_m + self.depth_m / 2

    @property
    def half_width_m(self) -> float:
        """Half of an arm's extent across its length."""
        if self.style == "switch":
            return min(self.depth_m, self.width_m) / 2
        return (self.width_m if self.style == "flat" else self.depth_m) / 2


def make_lever(name: str, split: Split, rng: np.random.Generator) -> ObjectModel:
    """Build a plate with one or two levers that turn."""
    return _make(name, split, rng, pinned=False)


def make_pinned_lever(name: str, split: Split, rng: np.random.Generator) -> ObjectModel:
    """Build a plate whose levers stand between pins: none can turn."""
    return _make(name, split, rng, pinned=True)


def _make(name: str, split: Split, rng: np.random.Generator, *, pinned: bool) -> ObjectModel:
    s = _draw_shape(split, rng)
    plate = _plate(s, rng, pinned=pinned)
    pins = []
    if pinned:
        at = s.reach_m * (SWITCH_PIN_SHARE if s.style == "switch" else PIN_SHARE)
        front_m = plate.face_m + s.front_m
        places = [
            Pinned((y + at * ay, z + at * az), (ay, az), s.half_width_m, front_m)
            for (y, z), (ay, az) in zip(plate.centres, s.along, strict=True)
        ]
        pins = pin_parts(places, plate.face_m, rng)
    root = plate.root("mount", rng, pins)
    look = handle_look(rng, root)
    sides = zip(SIDES[len(s.along)], plate.centres, s.along, strict=True)
    levers = [_lever(s, side, along, (plate.face_m, *at), look) for side, at, along in sides]
    links = (root, *levers)
    values = {q.parts[0].name: graded(q.parts[0].mesh.vertices_m, 0, s.reach_m) for q in levers}
    return instance(
        name,
        split,
        links,
        affordances={"turn": affordance(links, {} if pinned else values)},
        fixed_base=True,
    )


def _draw_shape(split: Split, rng: np.random.Generator) -> LeverShape:
    style = str(rng.choice(("flat", "round", "switch")))
    n = 1 + int(rng.random() < 0.5)
    if style == "switch":
        along = ((0.0, 1.0),) * n
    elif n == 2:
        along = ((-1.0, 0.0), (1.0, 0.0))
    else:
        along = ((float(rng.choice((-1.0, 1.0))), 0.0),)
    return LeverShape(
        reach_m=float(rng.uniform(*REACH_M[split])),
        width_m=float(rng.uniform(*WIDTH_M)),
        depth_m=float(rng.uniform(*DEPTH_M)),
        standoff_m=float(rng.uniform(*STANDOFF_M)),
        hub_m=float(rng.uniform(*HUB_M)),
        ball_m=float(rng.uniform(*BALL_M)),
        half_range_rad=float(rng.uniform(*HALF_RANGE_RAD)),
        style=style,
        along=along,
    )


def _plate(s: LeverShape, rng: np.random.Generator, *, pinned: bool) -> Plate:
    """A plate around the hubs; wide ones, and all with pins, lie behind the arms, too."""
    margin, n = s.hub_m + float(rng.uniform(0.014, 0.022)), len(s.along)
    wide = pinned or rng.random() < 0.5
    swing = s.reach_m * float(np.sin(s.half_range_rad))
    if s.style == "switch":
        height = FOOT_M + margin + float(rng.uniform(0.0, 0.02))
        pitch = 2 * (swing + s.ball_m) + float(rng.uniform(0.010, 0.025))
        top = height + (s.reach_m if wide else 0.0) + margin
        half = (n - 1) * pitch / 2 + margin
    else:
        height = FOOT_M + swing + s.width_m + float(rng.uniform(0.020, 0.045))
        pitch = 2 * margin + float(rng.uniform(0.0, 0.02))
        top = height + margin + float(rng.uniform(0.0, 0.03))
        half = (n - 1) * pitch / 2 + (s.reach_m if wide else 0.0) + margin
    centres = tuple((pitch * (i - (n - 1) / 2), height) for i in range(n))
    return Plate((-half, half), (FOOT_M, top), centres, s.hub_m * 1.5)


def _lever(
    s: LeverShape,
    side: str,
    along: tuple[float, float],
    origin_m: tuple[float, float, float],
    look: np.ndarray,
) -> Link:
    """A hub and an arm; the link's origin is the axis in the plane of the plate's front."""
    name = side_name("lever", side)
    lever: Part = assembled(name, list(_solids(s, along)), look, smooth=True)
    body = solid_mass([lever.mesh], METAL_KG_M3, mass_range_kg=HANDLE_MASS_KG)
    limits = (-s.half_range_rad, s.half_range_rad)
    joint = turning_joint(name, _X, limits, reach_m=s.reach_m)
    return link(name, [lever], body, parent=("mount", Pose.at(*origin_m)), joint=joint)


def _solids(s: LeverShape, along: tuple[float, float]) -> Iterator[Solid]:
    """Hub, arm, and on a switch a ball at its end."""
    start = ROSETTE_M + GAP_M
    yield rod(s.hub_m, (start, s.front_m), "x", (0.0, 0.0, 0.0), segments=24)
    axis = "y" if along[0] else "z"
    sign = along[0] + along[1]
    inner = s.hub_m * 0.6
    outer = s.reach_m - (s.ball_m if s.style == "switch" else 0.0)
    if s.style == "flat":
        length = outer - inner
        size = (s.depth_m, length, s.width_m)
        bar = box_solid(size, radius_m=0.003, inner_steps=ARM_STEPS)
        yield bar.at(s.standoff_m, sign * (inner + outer) / 2, 0.0)
        return
    ends = (inner, outer) if sign > 0 else (-outer, -inner)
    yield rod(s.half_width_m, ends, axis, (s.standoff_m, 0.0, 0.0), steps=ARM_STEPS)
    if s.style == "switch":
        ball = turned_to(lathe(_ball(s.ball_m), 20), "z")
        yield ball.at(s.standoff_m, 0.0, s.reach_m - s.ball_m)


def _ball(radius_m: float) -> list[np.ndarray]:
    angle = np.linspace(-np.pi / 2, np.pi / 2, 11)
    profile = radius_m * np.stack([np.cos(angle), np.sin(angle)], axis=1)
    profile[[0, -1], 0] = 0.0
    return [profile]


OBJECTS.register("lever", ObjectFamily("lever", make_lever))
OBJECTS.register("pinned_lever", ObjectFamily("pinned_lever", make_pinned_lever))
