"""Turned vessels, of which mugs and cups are made: outer wall with a rim, inner wall, floor."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from jaxtyping import Float64

from ivlm_bench.geometry.hulls import convex_hull
from ivlm_bench.geometry.solids import Solid, lathe
from ivlm_bench.objects import Split
from ivlm_bench.types import Mesh, Part, PartGrasp
from ivlm_envs.objects import textures as tx
from ivlm_envs.objects.bodies import part
from ivlm_envs.objects.clearance import gripper_frame

#: Height over outer diameter: the visible difference between the pools.
ASPECT = {"seen": (0.85, 1.10), "unseen": (1.22, 1.55)}
HEIGHT_M = (0.075, 0.110)
DIAMETER_M = (0.060, 0.095)
#: Thickness of wall and floor (m).
WALL_M = (0.0032, 0.0058)
FLOOR_M = (0.0045, 0.0075)
#: Radius at the foot over radius at the rim.
TAPER = (0.80, 1.0)
#: Densities (kg/m3): stoneware, porcelain, melamine, polypropylene.
DENSITIES_KG_M3 = (2200.0, 2400.0, 1500.0, 900.0)
#: Limits of the mass (kg): a protocol floor, and what a 20 N grip at the handle carries.
MASS_KG = (0.05, 0.45)
#: Facets around the body; wedges that tile its wall (each spans three facets, so that the inner
#: chord leaves the visible wall by r (1 - cos(pi / 16)) < 0.9 mm).
FACETS, WEDGES = 48, 16
#: Largest diameter that pads may close across (m): the 80 mm opening less 5 mm a side.
SIDE_GRASP_M = 0.070

_X, _Y, _Z = np.eye(3)


@dataclass(frozen=True, slots=True)
class VesselShape:
    """Dimensions of one vessel in m; radii are outer ones, at the foot and at the rim."""

    height_m: float
    foot_radius_m: float
    rim_radius_m: float
    wall_m: float
    floor_m: float
    base_round_m: float

    def radius_m(self, z_m: float) -> float:
        """Outer radius of the wall at a height."""
        return self.foot_radius_m + (self.rim_radius_m - self.foot_radius_m) * z_m / self.height_m


def draw_vessel(split: Split, rng: np.random.Generator) -> VesselShape:
    """Draw the dimensions of a vessel from one of the pools."""
    aspect = float(rng.uniform(*ASPECT[split]))
    low = max(DIAMETER_M[0], HEIGHT_M[0] / aspect)
    high = min(DIAMETER_M[1], HEIGHT_M[1] / aspect)
    diameter = float(rng.uniform(low, high))
    return VesselShape(
        height_m=diameter * aspect,
        foot_radius_m=diameter / 2 * float(rng.uniform(*TAPER)),
        rim_radius_m=diameter / 2,
        wall_m=float(rng.uniform(*WALL_M)),
        floor_m=float(rng.uniform(*FLOOR_M)),
        base_round_m=float(rng.uniform(0.001, 0.010)),
    )


def body_part(s: VesselShape, texture: np.ndarray) -> Part:
    """Build the turned part ``body`` with its convex pieces."""
    solid = lathe(_profile(s), FACETS)
    return part("body", _atlas(solid), texture, hulls=_wall_hulls(s, solid))


def _profile(s: VesselShape) -> list[Float64[np.ndarray, "k 2"]]:
    """Bands of the turned profile: underside, outer wall with rim, inner wall, floor."""
    quarter = np.linspace(-np.pi / 2, 0.0, 5)
    base = s.radius_m(s.base_round_m) - s.base_round_m
    foot = np.stack(
        [base + s.base_round_m * np.cos(quarter), s.base_round_m * (1 + np.sin(quarter))], axis=1
    )
    lip = s.wall_m / 2
    top = s.height_m - lip
    turn = np.linspace(0.0, np.pi, 7)
    middle = s.radius_m(top) - lip
    rim = np.stack([middle + lip * np.cos(turn), top + lip * np.sin(turn)], axis=1)
    floor_corner = [s.radius_m(s.floor_m) - s.wall_m, s.floor_m]
    heights = np.linspace(0.0, 1.0, 5)[1:-1, None]
    outer = np.concatenate([foot, foot[-1] + heights * (rim[0] - foot[-1]), rim])
    inner = np.linspace(rim[-1], floor_corner, 4)
    floor = np.linspace(floor_corner, [0.0, s.floor_m], 3)
    return [np.array([[0.0, 0.0], foot[0]]), outer, inner, floor]


def _atlas(solid: Solid) -> Solid:
    """Texture coordinates: the outer wall fills the upper half, all else the lower half.

    The pattern repeats three times around, as girth is about three times height.
    """
    v = np.where(solid.chart == 1, 0.02 + 0.46 * solid.uv[:, 1], 0.52 + 0.46 * solid.uv[:, 1])
    return solid.with_uv(np.stack([3.0 * solid.uv[:, 0], v], axis=1))


def _wall_hulls(s: VesselShape, solid: Solid) -> list[Mesh]:
    """Wedges of the wall above the floor, and the floor itself."""
    points = np.unique(np.round(solid.mesh.vertices_m, 9), axis=0)
    per_wedge = FACETS // WEDGES
    profile = np.concatenate(_profile(s)[1:3])
    outside = profile[profile[:, 1] >= s.floor_m - 1e-9]
    at_floor = outer_at(s, s.floor_m)
    outside = np.concatenate([outside, [[at_floor, s.floor_m]]])
    hulls = []
    for wedge in range(WEDGES):
        angles = 2 * np.pi * (wedge * per_wedge + np.arange(per_wedge + 1)) / FACETS
        turned = [
            np.stack([outside[:, 0] * np.cos(a), outside[:, 0] * np.sin(a), outside[:, 1]], axis=1)
            for a in angles
        ]
        hulls.append(convex_hull(np.concatenate(turned)))
    angles = 2 * np.pi * np.arange(FACETS) / FACETS
    ring = np.stack(
        [at_floor * np.cos(angles), at_floor * np.sin(angles), 0 * angles + s.floor_m], axis=1
    )
    below = points[points[:, 2] <= s.floor_m + 1e-9]
    return [*hulls, convex_hull(np.concatenate([below, ring]))]


def outer_at(s: VesselShape, z_m: float) -> float:
    """Return the outer radius of the drawn profile at a height (m), rounded base included."""
    outer = _profile(s)[1]
    rising = outer[: int(np.argmax(outer[:, 1])) + 1]
    return float(np.interp(z_m, rising[:, 1], rising[:, 0]))


def graspable_wall(s: VesselShape, body: Part) -> np.ndarray:
    """Return the grasp affordance of the body: its rim, and a wall that the pads can span."""
    z = body.mesh.vertices_m[:, 2]
    rim = 0.7 * np.clip(1.0 - (s.height_m - z) / 0.030, 0.0, 1.0)
    outside = np.linalg.norm(body.mesh.vertices_m[:, :2], axis=1) > s.foot_radius_m * 0.5
    spanned = 2 * s.rim_radius_m <= SIDE_GRASP_M
    wall = 0.5 * (1.0 - np.abs(2 * z / s.height_m - 1.0)) if spanned else 0.0 * z
    return np.where(outside, np.maximum(rim, wall), 0.0)


def body_grasps(s: VesselShape) -> Iterator[PartGrasp]:
    """Yield rim grasps with one pad inside, and grasps across the body where the opening allows."""
    for degrees in range(0, 360, 15):
        angle = np.deg2rad(degrees)
        radial = np.cos(angle) * _X + np.sin(angle) * _Y
        for depth in (0.012, 0.016, 0.022):
            z = s.height_m - depth
            centre = radial * (s.radius_m(z) - s.wall_m / 2) + z * _Z
            pose = gripper_frame(centre, -_Z, radial)
            yield PartGrasp("body", pose, s.wall_m + 0.026)
        yield from _side_grasps(s, radial)


def _side_grasps(s: VesselShape, radial: np.ndarray) -> Iterator[PartGrasp]:
    if 2 * s.rim_radius_m > SIDE_GRASP_M:
        return
    width = min(2 * s.rim_radius_m + 0.016, 0.080)
    closing = np.cross(_Z, radial)
    for level in (0.35, 0.5, 0.65):
        z = max(s.height_m * level, 0.026)
        yield PartGrasp("body", gripper_frame(z * _Z, -radial, closing), width)
    deep = max(s.height_m - 0.040, 0.026)
    yield PartGrasp("body", gripper_frame(deep * _Z, -_Z, closing), width)


def glazes(rng: np.random.Generator) -> tuple[np.ndarray, np.ndarray]:
    """Return the texture atlas of the body and texture of the handle, alike in half of the mugs."""
    first, second = rng.permutation(len(tx.GLAZES))[:2]
    colours = (tx.jittered(rng, tx.GLAZES[first]), tx.jittered(rng, tx.GLAZES[second]))
    patterns = (
        lambda: tx.plain(rng, colours[0]),
        lambda: tx.stripes(rng, colours),
        lambda: tx.speckles(rng, colours),
        lambda: tx.dots(rng, colours),
        lambda: tx.two_tone(rng, colours),
    )
    outside = patterns[int(rng.integers(len(patterns)))]()
    inside = tx.plain(rng, colours[0] if rng.random() < 0.6 else (226, 222, 212))
    handle = tx.plain(rng, colours[0] if rng.random() < 0.5 else colours[1])
    return np.concatenate([outside, inside]), handle
