"""Water taps: a pillar with a spout that faces +x, and a cross or lever handle on its top.

A held-out category: all instances are unseen.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from jaxtyping import Float64

from ivlm_bench.geometry.hulls import convex_hull
from ivlm_bench.geometry.solids import Solid, lathe, swept_tube
from ivlm_bench.geometry.solids import box as box_solid
from ivlm_bench.objects import OBJECTS, ObjectFamily, Split
from ivlm_bench.types import Link, Mesh, ObjectModel, Part, Pose
from ivlm_envs.objects import textures as tx
from ivlm_envs.objects.boards import rod
from ivlm_envs.objects.bodies import affordance, assembled, link, part, solid_mass
from ivlm_envs.objects.mount import (
    GAP_M,
    HANDLE_MASS_KG,
    METAL_KG_M3,
    graded,
    turning_joint,
)

#: Height of the pillar and its radius (m).
PILLAR_HIGH_M, PILLAR_M = (0.105, 0.165), (0.013, 0.018)
#: Radius and height of the flange on the table (m).
FLANGE_M, FLANGE_HIGH_M = (0.026, 0.034), (0.006, 0.010)
#: Radius of the spout, and how far its outlet lies before the pillar's axis (m).
SPOUT_M, SPOUT_REACH_M = (0.008, 0.011), (0.085, 0.130)
#: Where the spout leaves the pillar, as a share of its height.
SPOUT_FROM = (0.60, 0.74)
#: Reach of a cross and of a lever from the axis (m).
REACH_M = {"cross": (0.034, 0.046), "lever": (0.055, 0.085)}
#: How far the handle turns to either side of its middle (rad): a quarter turn and more in all.
HALF_RANGE_RAD = (0.70, 1.1)
#: Width of a lever, radius of a spoke (m).
LEVER_WIDE_M, SPOKE_M = (0.012, 0.016), (0.0048, 0.0065)
#: Height of the bonnet that turns, and of the handle's middle above the pillar (m).
BONNET_M, HANDLE_UP_M = 0.024, 0.016
#: Mass limits of a body (kg).
BODY_MASS_KG = (0.05, 5.0)
#: Rings between the ends of a convex piece of the spout.
RINGS_A_PIECE = 2
#: Facets around a spout.
FACETS = 14
#: Instances, all of them unseen.
POOL_SIZE = 40

_Y, _Z = np.eye(3)[1:]


@dataclass(frozen=True, slots=True)
class TapShape:
    """Dimensions of one tap in m; ``azimuth_rad`` is where the handle points in its middle."""

    pillar_high_m: float
    pillar_m: float
    flange_m: float
    flange_high_m: float
    spout_m: float
    spout_reach_m: float
    spout_from_m: float
    spout_rise_m: float
    spout_drop_m: float
    handle: str
    reach_m: float
    lever_wide_m: float
    spoke_m: float
    half_range_rad: float
    azimuth_rad: float


def make_tap(name: str, split: Split, rng: np.random.Generator) -> ObjectModel:
    """Build a tap whose handle turns about its upright axis."""
    s = _draw_shape(rng)
    look = _look(rng)
    body = assembled("body", list(_pillar(s)), look, smooth=True)
    spout = _spout(s, look)
    mass = solid_mass([body.mesh, spout.mesh], METAL_KG_M3, mass_range_kg=BODY_MASS_KG)
    root = link("tap", [body, spout], mass)
    handle = _handle(s, look if rng.random() < 0.6 else _look(rng))
    links = (root, handle)
    values = {"handle": graded(handle.parts[0].mesh.vertices_m, 2, s.reach_m)}
    return ObjectModel(
        name=name,
        category="tap",
        cluster=name,
        split=split,
        links=links,
        affordances={"turn": affordance(links, values)},
        fixed_base=True,
    )


def _draw_shape(rng: np.random.Generator) -> TapShape:
    height = float(rng.uniform(*PILLAR_HIGH_M))
    radius = float(rng.uniform(*SPOUT_M))
    start = height * float(rng.uniform(*SPOUT_FROM))
    room = height - start - radius - 0.004
    kind = str(rng.choice(("cross", "lever")))
    return TapShape(
        pillar_high_m=height,
        pillar_m=float(rng.uniform(*PILLAR_M)),
        flange_m=float(rng.uniform(*FLANGE_M)),
        flange_high_m=float(rng.uniform(*FLANGE_HIGH_M)),
        spout_m=radius,
        spout_reach_m=float(rng.uniform(*SPOUT_REACH_M)),
        spout_from_m=start,
        spout_rise_m=room * float(rng.uniform(0.0, 1.0)),
        spout_drop_m=float(rng.uniform(0.022, 0.04)),
        handle=kind,
        reach_m=float(rng.uniform(*REACH_M[kind])),
        lever_wide_m=float(rng.uniform(*LEVER_WIDE_M)),
        spoke_m=float(rng.uniform(*SPOKE_M)),
        half_range_rad=float(rng.uniform(*HALF_RANGE_RAD)),
        azimuth_rad=float(rng.uniform(-np.pi, np.pi)),
    )


def _pillar(s: TapShape) -> Iterator[Solid]:
    """Flange on the table, pillar, and a collar at its top; each of them is convex."""
    low, bevel = s.flange_high_m, 0.0015
    side = np.array([[s.flange_m, 0.0], [s.flange_m, low - bevel], [s.flange_m - 3 * bevel, low]])
    flange = [np.array([[0.0, 0.0], side[0]]), side, np.array([side[-1], [0.0, low]])]
    yield lathe(flange, 32)
    yield rod(s.pillar_m, (low, s.pillar_high_m - 0.008), "z", (0.0, 0.0, 0.0), segments=28)
    ends = (s.pillar_high_m - 0.008, s.pillar_high_m)
    yield rod(s.pillar_m + 0.002, ends, "z", (0.0, 0.0, 0.0), segments=28)


def _spout_path(s: TapShape) -> Float64[np.ndarray, "k 3"]:
    """Centre line in the xz plane: from the pillar's axis forwards, then down in a round bend."""
    bend = min(s.spout_drop_m, 0.03)
    straight_x = s.spout_reach_m - bend
    top = s.spout_from_m + s.spout_rise_m
    angle = np.linspace(np.pi / 2, 0.0, 12)
    arc = np.stack([straight_x + bend * np.cos(angle), top - bend + bend * np.sin(angle)], axis=1)
    t = np.linspace(0.0, 1.0, 13)[:-1]
    ease = t**2 * (3.0 - 2.0 * t)
    rise = np.stack([straight_x * t, s.spout_from_m + s.spout_rise_m * ease], axis=1)
    end = np.array([[s.spout_reach_m, top - s.spout_drop_m - 0.004]])
    path = np.concatenate([rise, arc, end])
    return np.stack([path[:, 0], 0 * path[:, 0], path[:, 1]], axis=1)


def _spout(s: TapShape, look: np.ndarray) -> Part:
    path = _spout_path(s)
    angle = 2 * np.pi * np.arange(FACETS) / FACETS
    section = s.spout_m * np.stack([np.cos(angle), np.sin(angle)], axis=1)
    solid = swept_tube(path, section, _Y)
    rings = solid.mesh.vertices_m[: len(path) * (FACETS + 1)].reshape(len(path), FACETS + 1, 3)
    starts = range(0, len(path) - 1, RINGS_A_PIECE)
    hulls: list[Mesh] = [
        convex_hull(rings[k : k + RINGS_A_PIECE + 1, :-1].reshape(-1, 3)) for k in starts
    ]
    return part("spout", solid, look, hulls=hulls)


def _handle(s: TapShape, look: np.ndarray) -> Link:
    """Bonnet and cross or lever; the link's origin is the axis at the pillar's top."""
    turned = Pose.from_rotation(_about_z(s.azimuth_rad), np.zeros(3))
    solids = [solid.moved(turned) for solid in _handle_solids(s)]
    handle = assembled("handle", solids, look, smooth=True)
    body = solid_mass([handle.mesh], METAL_KG_M3, mass_range_kg=HANDLE_MASS_KG)
    limits = (-s.half_range_rad, s.half_range_rad)
    joint = turning_joint("handle", _Z, limits, reach_m=s.reach_m)
    above = Pose.at(0.0, 0.0, s.pillar_high_m)
    return link("handle", [handle], body, parent=("tap", above), joint=joint)


def _handle_solids(s: TapShape) -> Iterator[Solid]:
    wide = s.pillar_m * 0.95
    profile = np.array([[wide, GAP_M], [wide, BONNET_M - 0.004], [wide - 0.004, BONNET_M]])
    ends = [np.array([[0.0, GAP_M], profile[0]]), np.array([profile[-1], [0.0, BONNET_M]])]
    yield lathe([ends[0], profile, ends[1]], 28)
    centre = (0.0, 0.0, HANDLE_UP_M)
    if s.handle == "lever":
        start = 0.5 * wide
        size = (s.reach_m - start, s.lever_wide_m, 0.010)
        arm = box_solid(size, radius_m=0.003, inner_steps=6)
        yield arm.at((s.reach_m + start) / 2, 0.0, HANDLE_UP_M)
        return
    for axis in ("x", "y"):
        for span in ((0.6 * wide, s.reach_m), (-s.reach_m, -0.6 * wide)):
            yield rod(s.spoke_m, span, axis, centre, segments=14, steps=4)


def _about_z(angle_rad: float) -> Float64[np.ndarray, "3 3"]:
    c, s = np.cos(angle_rad), np.sin(angle_rad)
    return np.array([[c, -s, 0.0], [s, c, 0.0], [0.0, 0.0, 1.0]])


def _look(rng: np.random.Generator) -> np.ndarray:
    """Chrome, brass or gun metal, or paint."""
    if rng.random() < 0.7:
        return tx.brushed_metal(rng, tx.jittered(rng, tx.pick(rng, tx.METALS), 6.0))
    return tx.plain(rng, tx.jittered(rng, tx.pick(rng, tx.GLAZES), 6.0))


OBJECTS.register("tap", ObjectFamily("tap", make_tap, n_seen=0, n_unseen=POOL_SIZE))
