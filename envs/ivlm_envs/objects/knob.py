"""Knobs: one to three pointer knobs on an upright plate; a finger pushes the pointer round."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace

import numpy as np

from ivlm_bench.geometry.solids import Solid
from ivlm_bench.geometry.solids import box as box_solid
from ivlm_bench.objects import OBJECTS, ObjectFamily, Split
from ivlm_bench.types import Link, ObjectModel, Pose
from ivlm_envs.objects.boards import board, rod
from ivlm_envs.objects.bodies import affordance, assembled, instance, link, solid_mass
from ivlm_envs.objects.mount import (
    FOOT_M,
    GAP_M,
    HANDLE_MASS_KG,
    PLASTIC_KG_M3,
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

#: Radius of a knob's skirt (m): the visible difference between the pools.
SKIRT_M = {"seen": (0.017, 0.0205), "unseen": (0.0255, 0.031)}
#: Thickness of the skirt, height of the pointer on it, and width of the pointer (m).
SKIRT_THICK_M, POINTER_HIGH_M, POINTER_WIDE_M = (0.005, 0.008), (0.013, 0.018), (0.007, 0.0095)
#: Length of the pointer before and behind the axis, in radii of the skirt.
TIP_SHARE, TAIL_SHARE = 1.3, 0.85
#: Where pins stand along the pointer, in radii: outside the skirt, inside the tip.
PIN_SHARE = 1.17
#: How far a knob turns to either side of pointing up (rad); both together stay below pi.
HALF_RANGE_RAD = (0.9, 1.5)
#: Colours of the line on the pointer (sRGB), and height of its strip of the texture (px).
INKS = ((244, 244, 240), (208, 44, 36), (28, 28, 32))
INK_PX = 4
#: Depth of the line on the pointer (m).
LINE_M = 0.0006

_X = np.eye(3)[0]


@dataclass(frozen=True, slots=True)
class KnobShape:
    """Dimensions of one object's knobs, which are alike, in m."""

    skirt_m: float
    skirt_thick_m: float
    pointer_high_m: float
    pointer_wide_m: float
    half_range_rad: float
    n: int

    @property
    def reach_m(self) -> float:
        """Distance of the pointer's tip from the axis."""
        return TIP_SHARE * self.skirt_m

    @property
    def skirt_x_m(self) -> tuple[float, float]:
        """Where the skirt begins and ends, from the plate's front."""
        start = ROSETTE_M + GAP_M
        return start, start + self.skirt_thick_m

    @property
    def front_m(self) -> float:
        """Where the pointer's front lies, from the plate's front."""
        return self.skirt_x_m[1] + self.pointer_high_m


def make_knob(name: str, split: Split, rng: np.random.Generator) -> ObjectModel:
    """Build a plate with one to three knobs that turn."""
    return _make(name, split, rng, pinned=False)


def make_pinned_knob(name: str, split: Split, rng: np.random.Generator) -> ObjectModel:
    """Build a plate whose knobs' pointers stand between pins: none can turn."""
    return _make(name, split, rng, pinned=True)


def _make(name: str, split: Split, rng: np.random.Generator, *, pinned: bool) -> ObjectModel:
    s = _draw_shape(split, rng)
    plate = _plate(s, rng)
    pins = []
    if pinned:
        up, half = PIN_SHARE * s.skirt_m, s.pointer_wide_m / 2
        front = plate.face_m + s.front_m
        places = [Pinned((y, z + up), (0.0, 1.0), half, front) for y, z in plate.centres]
        pins = pin_parts(places, plate.face_m, rng)
    root = plate.root("mount", rng, pins)
    look = _with_ink(handle_look(rng, root), INKS[int(rng.integers(len(INKS)))])
    knobs = list(_knobs(s, plate, look))
    links = (root, *knobs)
    values = {q.parts[0].name: graded(q.parts[0].mesh.vertices_m, 0, s.reach_m) for q in knobs}
    return instance(
        name,
        split,
        links,
        affordances={"turn": affordance(links, {} if pinned else values)},
        fixed_base=True,
    )


def _draw_shape(split: Split, rng: np.random.Generator) -> KnobShape:
    return KnobShape(
        skirt_m=float(rng.uniform(*SKIRT_M[split])),
        skirt_thick_m=float(rng.uniform(*SKIRT_THICK_M)),
        pointer_high_m=float(rng.uniform(*POINTER_HIGH_M)),
        pointer_wide_m=float(rng.uniform(*POINTER_WIDE_M)),
        half_range_rad=float(rng.uniform(*HALF_RANGE_RAD)),
        n=int(rng.integers(1, 4)),
    )


def _plate(s: KnobShape, rng: np.random.Generator) -> Plate:
    margin = s.reach_m + float(rng.uniform(0.008, 0.018))
    pitch = 2 * s.reach_m + float(rng.uniform(0.010, 0.020))
    height = FOOT_M + margin + float(rng.uniform(0.0, 0.03))
    half = (s.n - 1) * pitch / 2 + margin
    centres = tuple((pitch * (i - (s.n - 1) / 2), height) for i in range(s.n))
    return Plate((-half, half), (FOOT_M, height + margin), centres, s.skirt_m * 1.02)


def _knobs(s: KnobShape, plate: Plate, look: np.ndarray) -> Iterator[Link]:
    """Skirts with pointers, all alike; a link's origin is its axis in the plate's front plane."""
    shape = assembled("knob", list(_solids(s, look)), look, smooth=True)
    body = solid_mass([shape.mesh], PLASTIC_KG_M3, mass_range_kg=HANDLE_MASS_KG)
    limits = (-s.half_range_rad, s.half_range_rad)
    for side, (y, z) in zip(SIDES[s.n], plate.centres, strict=True):
        name = side_name("knob", side)
        joint = turning_joint(name, _X, limits, reach_m=s.reach_m)
        parent = ("mount", Pose.at(plate.face_m, y, z))
        yield link(name, [replace(shape, name=name)], body, parent=parent, joint=joint)


def _solids(s: KnobShape, look: np.ndarray) -> Iterator[Solid]:
    """Skirt, pointer, and a line on the pointer that tells its tip from its tail."""
    plain = 1.0 - (INK_PX + 1) / look.shape[0]
    yield _painted(rod(s.skirt_m, s.skirt_x_m, "x", (0.0, 0.0, 0.0), segments=36), plain)
    tip, tail = s.reach_m, -TAIL_SHARE * s.skirt_m
    size = (s.pointer_high_m, s.pointer_wide_m, tip - tail)
    pointer = box_solid(size, radius_m=0.0018, inner_steps=6)
    middle = (s.skirt_x_m[1] + s.front_m) / 2
    yield _painted(pointer.at(middle, 0.0, (tip + tail) / 2), plain)
    half = 0.22 * s.pointer_wide_m
    line = board((s.front_m, s.front_m + LINE_M), (-half, half), (0.25 * tip, tip - 0.003))
    yield line.with_uv(np.full_like(line.uv, [0.5, 1.0 - 0.5 * INK_PX / look.shape[0]]))


def _painted(solid: Solid, share: float) -> Solid:
    """Keep the texture coordinates of a solid in the upper share of the texture."""
    return solid.with_uv(np.mod(solid.uv, 1.0 + 1e-9) * [1.0, share])


def _with_ink(texture: np.ndarray, ink: tuple[int, int, int]) -> np.ndarray:
    """Return a texture whose lowest strip has the colour of the line."""
    inked = texture.copy()
    inked[-INK_PX:] = ink
    return inked


OBJECTS.register("knob", ObjectFamily("knob", make_knob))
OBJECTS.register("pinned_knob", ObjectFamily("pinned_knob", make_pinned_knob))
