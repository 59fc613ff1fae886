"""What keeps a part of a put-together thing from moving: bars, straps and pins.

Frames as in ``fittings``: x out of the surface that they stand on, z up; lengths in m.
"""

from __future__ import annotations

import numpy as np

from ivlm_bench.geometry.solids import Solid, cylinder, joined
from ivlm_bench.geometry.solids import box as box_solid
from ivlm_bench.types import Pose
from ivlm_envs.drills.carriers import Placed
from ivlm_envs.drills.fittings import ROOT_M
from ivlm_envs.objects.boards import turned_to

#: How far bars stand off the front, and their thickness.
OFF_M, BAR_M = (0.012, 0.045), (0.004, 0.012)
#: Width and thickness of a strap, and how far it keeps from the lid.
STRAP_M, THIN_M, LOOSE_M = (0.008, 0.022), (0.0015, 0.004), 0.001
#: Radius of pins, how much longer they are than what they hold is deep, and their gap to it.
PIN_M, LONGER_M, BESIDE_M = (0.0015, 0.0035), (0.003, 0.012), (0.0, 0.003)
#: Where pins stand along what turns, as shares of its length.
ALONG = (0.35, 0.8)


def bars(front_m: tuple[float, float], rng: np.random.Generator) -> list[Placed]:
    """Return one or two bars across a front of (width, height), their feet beside it."""
    upright = rng.random() < 0.25
    span, room = front_m[::-1] if upright else front_m
    n = 1 + int(rng.random() < 0.6)
    off, thick, deep = (float(rng.uniform(*r)) for r in (OFF_M, BAR_M, BAR_M))
    first = float(rng.uniform(0.05, 0.3)) * room
    levels = (-first, first)[:n] if n == 2 else (float(rng.uniform(-0.2, 0.2)) * room,)
    pieces = []
    for level in levels:
        long = span * float(rng.uniform(0.98, 1.06))
        rail = box_solid((deep, long, thick), radius_m=0.15 * min(deep, thick)).at(off, 0.0, level)
        feet = [
            box_solid((off + ROOT_M, thick, thick)).at(
                (off - ROOT_M) / 2, side * (span - thick) / 2, level
            )
            for side in (-1.0, 1.0)
        ]
        pieces += [rail, *feet]
    solid = joined(pieces)
    return [("bar", _turned(solid, np.array([0.0, 1.0])) if upright else solid)]


def straps(size_m: tuple[float, float, float], rng: np.random.Generator) -> list[Placed]:
    """Return one or two straps over a closed box of (depth, width, height) and its lid.

    In the frame of a thing that stands on z = 0, its front facing +x.
    """
    depth, width, height = size_m
    n = 1 + int(rng.random() < 0.7)
    aside = float(rng.uniform(0.2, 0.38)) * width
    wide, thin = float(rng.uniform(*STRAP_M)), float(rng.uniform(*THIN_M))
    drop = height * float(rng.uniform(0.35, 0.97))
    reach = depth / 2 + LOOSE_M + 0.002  # the lid is wider than the box
    places = (-aside, aside) if n == 2 else (float(rng.uniform(-0.3, 0.3)) * width,)
    pieces: list[Solid] = []
    for y in places:
        top = box_solid((2 * (reach + thin), wide, thin)).at(0.0, y, height + LOOSE_M + thin / 2)
        sides = [
            box_solid((thin, wide, drop)).at(
                side * (reach + thin / 2), y, height + LOOSE_M - drop / 2
            )
            for side in (-1.0, 1.0)
        ]
        pieces += [top, *sides]
    parts = [("strap", joined(pieces))]
    if rng.random() < 0.6:
        size = (2.5 * thin, 1.4 * wide, float(rng.uniform(0.010, 0.020)))
        level = height - drop * float(rng.uniform(0.3, 0.8))
        frames = [box_solid(size).at(reach + thin, y, level) for y in places]
        parts.append(("buckle", joined(frames)))
    return parts


def pins(control: Solid, rng: np.random.Generator) -> Solid:
    """Return pins on both sides of what turns about x, bridged by a rod over it or not.

    ``control`` is a lever or knob in its own frame; the pins stand where it is longest.
    """
    across = control.mesh.vertices_m[:, 1:]
    tip = across[int(np.linalg.norm(across, axis=1).argmax())]
    length = float(np.linalg.norm(tip))
    way = tip / length
    along = length * float(rng.uniform(*ALONG))
    side = np.array([-way[1], way[0]])
    near = np.abs(across @ way - along) < 0.3 * length
    half = float(np.abs(across[near] @ side).max()) if near.any() else 0.5 * length
    radius = float(rng.uniform(*PIN_M))
    half += radius + float(rng.uniform(*BESIDE_M))
    long = float(control.mesh.vertices_m[:, 0].max()) + float(rng.uniform(*LONGER_M))
    places = [along * way + sign * half * side for sign in (-1.0, 1.0)]
    rod = turned_to(cylinder(radius, long + ROOT_M, segments=12), "x")
    pieces = [rod.at((long - ROOT_M) / 2, *map(float, place)) for place in places]
    if rng.random() < 0.5:
        pieces.append(_between(places[0], places[1], long, radius))
    return joined(pieces)


def _between(one: np.ndarray, other: np.ndarray, height_m: float, radius_m: float) -> Solid:
    """Return the rod that bridges two pins at their ends."""
    way = other - one
    length = float(np.linalg.norm(way))
    rod = turned_to(cylinder(radius_m, length + 2 * radius_m, segments=12), "y")
    return _turned(rod, way / length).at(height_m, *map(float, (one + other) / 2))


def _turned(solid: Solid, way: np.ndarray) -> Solid:
    """Return a solid turned about x so that its y axis points along (y, z) ``way``."""
    c, s = float(way[0]), float(way[1])
    turn = np.array([[1.0, 0.0, 0.0], [0.0, c, -s], [0.0, s, c]])
    return solid.moved(Pose.from_rotation(turn, np.zeros(3)))
