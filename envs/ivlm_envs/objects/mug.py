"""Mugs: a turned body with a rim and a floor, and a swept handle that faces +x."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from jaxtyping import Float64

from ivlm_bench.geometry.hulls import convex_hull
from ivlm_bench.geometry.solids import Solid, lathe, swept_tube
from ivlm_bench.objects import OBJECTS, ObjectFamily, Split
from ivlm_bench.types import Mesh, ObjectModel, Part, PartGrasp
from ivlm_envs.objects import textures as tx
from ivlm_envs.objects.bodies import affordance, link, part, solid_mass
from ivlm_envs.objects.clearance import clear_grasps, gripper_frame, rest_hulls

#: Height over outer diameter: the visible difference between the pools.
ASPECT = {"seen": (0.85, 1.10), "unseen": (1.22, 1.55)}
#: Handle outlines of each pool; both pools share none but one.
HANDLES = {"seen": ("d", "c"), "unseen": ("ear", "c")}
HEIGHT_M = (0.075, 0.110)
DIAMETER_M = (0.060, 0.095)
#: Thickness of wall and floor (m).
WALL_M = (0.0032, 0.0058)
FLOOR_M = (0.0045, 0.0075)
#: Radius at the foot over radius at the rim.
TAPER = (0.80, 1.0)
#: Thickness of the handle bar in its plane and across it (m).
BAR_M = (0.0085, 0.0125)
#: Free gap between wall and bar at the widest point (m): two fingers of an adult.
GAP_M = (0.022, 0.032)
#: Densities (kg/m3): stoneware, porcelain, melamine, polypropylene.
DENSITIES_KG_M3 = (2200.0, 2400.0, 1500.0, 900.0)
#: Limits of the mass (kg): a protocol floor, and what a 20 N grip at the handle carries.
MASS_KG = (0.05, 0.45)
#: Facets around the body; wedges that tile its wall (each spans two facets, so that the inner
#: chord leaves the visible wall by r (1 - cos(pi / 24)) < 0.45 mm).
FACETS, WEDGES = 48, 24
#: Convex links in the handle, and visible rings in each.
LINKS, RINGS_A_LINK = 12, 2
#: Largest diameter that pads may close across (m): the 80 mm opening less 3 mm a side.
SIDE_GRASP_M = 0.074

_X, _Y, _Z = np.eye(3)


@dataclass(frozen=True, slots=True)
class MugShape:
    """Dimensions of one mug in m; radii are outer ones, at the foot and at the rim."""

    height_m: float
    foot_radius_m: float
    rim_radius_m: float
    wall_m: float
    floor_m: float
    base_round_m: float
    handle: str
    bar_m: tuple[float, float]
    gap_m: float
    handle_low_m: float
    handle_high_m: float

    def radius_m(self, z_m: float) -> float:
        """Outer radius of the wall at a height."""
        return self.foot_radius_m + (self.rim_radius_m - self.foot_radius_m) * z_m / self.height_m


def make_mug(name: str, split: Split, rng: np.random.Generator) -> ObjectModel:
    """Build a mug."""
    shape = _draw_shape(split, rng)
    body_solid = lathe(_profile(shape), FACETS)
    path = _handle_path(shape)
    handle_solid, rings = _handle(shape, path)
    body_texture, handle_texture = _glazes(rng)
    body = part("body", _atlas(body_solid), body_texture, hulls=_wall_hulls(shape, body_solid))
    handle = part("handle", handle_solid, handle_texture, hulls=_handle_hulls(rings))
    density = float(rng.choice(DENSITIES_KG_M3))
    mass = solid_mass([body.mesh, handle.mesh], density, mass_range_kg=MASS_KG)
    links = (link("mug", [body, handle], mass),)
    centre = mass.centre_of_mass_m
    grasps = sorted(
        [*_handle_grasps(shape, path), *_body_grasps(shape)],
        key=lambda g: float(np.linalg.norm(g.object_from_gripper.position_m - centre)),
    )
    return ObjectModel(
        name=name,
        category="mug",
        cluster=name,
        split=split,
        links=links,
        affordances={"grasp": affordance(links, _graspable(shape, body, handle, path))},
        grasps=clear_grasps(grasps, rest_hulls(links)),
    )


def _draw_shape(split: Split, rng: np.random.Generator) -> MugShape:
    aspect = float(rng.uniform(*ASPECT[split]))
    low = max(DIAMETER_M[0], HEIGHT_M[0] / aspect)
    high = min(DIAMETER_M[1], HEIGHT_M[1] / aspect)
    diameter = float(rng.uniform(low, high))
    height = diameter * aspect
    taper, wall = float(rng.uniform(*TAPER)), float(rng.uniform(*WALL_M))
    bar = (float(rng.uniform(*BAR_M)), float(rng.uniform(*BAR_M)))
    return MugShape(
        height_m=height,
        foot_radius_m=diameter / 2 * taper,
        rim_radius_m=diameter / 2,
        wall_m=wall,
        floor_m=float(rng.uniform(*FLOOR_M)),
        base_round_m=float(rng.uniform(0.001, 0.010)),
        handle=str(rng.choice(HANDLES[split])),
        bar_m=bar,
        gap_m=float(rng.uniform(*GAP_M)),
        handle_low_m=height * float(rng.uniform(0.12, 0.20)) + bar[0] / 2,
        handle_high_m=height * float(rng.uniform(0.82, 0.92)) - bar[0] / 2,
    )


def _profile(s: MugShape) -> list[Float64[np.ndarray, "k 2"]]:
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


def _wall_hulls(s: MugShape, solid: Solid) -> list[Mesh]:
    """Wedges of the wall above the floor, and the floor itself."""
    points = np.unique(np.round(solid.mesh.vertices_m, 9), axis=0)
    per_wedge = FACETS // WEDGES
    profile = np.concatenate(_profile(s)[1:3])
    outside = profile[profile[:, 1] >= s.floor_m - 1e-9]
    at_floor = _outer_at(s, s.floor_m)
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


def _outer_at(s: MugShape, z_m: float) -> float:
    """Outer radius of the drawn profile at a height (m), rounded base included."""
    outer = _profile(s)[1]
    rising = outer[: int(np.argmax(outer[:, 1])) + 1]
    return float(np.interp(z_m, rising[:, 1], rising[:, 0]))


def _handle_path(s: MugShape) -> Float64[np.ndarray, "k 3"]:
    """Centre line in the xz plane, from inside the wall at the top to inside it at the bottom."""
    middle, half = (s.handle_high_m + s.handle_low_m) / 2, (s.handle_high_m - s.handle_low_m) / 2
    outline = {"d": _d_outline, "c": _c_outline, "ear": _ear_outline}[s.handle]
    out, up = outline(np.linspace(0.0, 1.0, 200))
    z = middle + half * up
    ends = [s.handle_low_m, s.handle_high_m]
    root = np.interp(z, ends, [_root_x(s, level) for level in ends])
    furthest = s.radius_m(s.handle_high_m) + s.gap_m + s.bar_m[0] / 2
    x = root + (furthest - root) * out
    return _evenly(np.stack([x, 0 * x, z], axis=1), LINKS * RINGS_A_LINK + 1)


def _root_x(s: MugShape, z_m: float) -> float:
    """Where a bar that meets the wall at height z must end (m).

    Its whole section lies inside the wall there, and none of it in the cavity.
    """
    outer = np.sqrt(_outer_at(s, z_m - s.bar_m[0] / 2) ** 2 - (s.bar_m[1] / 2) ** 2)
    inner = s.radius_m(z_m + s.bar_m[0] / 2) - s.wall_m
    return float(0.45 * outer + 0.55 * inner)


def _d_outline(t: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """A superellipse: straight bar, tight corners. Returns reach and height in [0,1], [-1,1]."""
    angle = np.pi / 2 - np.pi * t
    return np.abs(np.cos(angle)) ** 0.45, np.sign(np.sin(angle)) * np.abs(np.sin(angle)) ** 0.62


def _c_outline(t: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Half an ellipse."""
    angle = np.pi / 2 - np.pi * t
    return np.cos(angle).clip(0.0), np.sin(angle)


def _ear_outline(t: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Full at the top, drawn in towards the foot."""
    angle = np.pi / 2 - np.pi * t
    out = np.abs(np.cos(angle)) ** 0.6 * (0.80 + 0.20 * np.sin(angle))
    return out, np.sign(np.sin(angle)) * np.abs(np.sin(angle)) ** 0.9


def _evenly(points: np.ndarray, n: int) -> np.ndarray:
    lengths = np.linalg.norm(np.diff(points, axis=0), axis=1)
    along = np.concatenate([[0.0], np.cumsum(lengths)])
    stations = np.linspace(0.0, along[-1], n)
    return np.stack([np.interp(stations, along, points[:, k]) for k in range(3)], axis=1)


def _handle(s: MugShape, path: np.ndarray) -> tuple[Solid, Float64[np.ndarray, "k m 3"]]:
    """The swept bar and its sections."""
    angle = 2 * np.pi * np.arange(14) / 14
    squared = 0.8  # exponent of the superellipse: between round and flat
    section = np.stack(
        [
            s.bar_m[0] / 2 * np.sign(np.cos(angle)) * np.abs(np.cos(angle)) ** squared,
            s.bar_m[1] / 2 * np.sign(np.sin(angle)) * np.abs(np.sin(angle)) ** squared,
        ],
        axis=1,
    )
    solid = swept_tube(path, section, _Y)
    rings = solid.mesh.vertices_m[: len(path) * (len(section) + 1)]
    return solid, rings.reshape(len(path), len(section) + 1, 3)[:, :-1]


def _handle_hulls(rings: np.ndarray) -> list[Mesh]:
    spans = range(0, len(rings) - 1, RINGS_A_LINK)
    return [convex_hull(rings[k : k + RINGS_A_LINK + 1].reshape(-1, 3)) for k in spans]


def _graspable(s: MugShape, body: Part, handle: Part, path: np.ndarray) -> dict[str, np.ndarray]:
    """Handle best in its middle; rim next; the wall only where the pads can span it."""
    station = np.linalg.norm(handle.mesh.vertices_m[:, None] - path, axis=-1).argmin(axis=1)
    along = np.abs(2.0 * station / (len(path) - 1) - 1.0)
    z = body.mesh.vertices_m[:, 2]
    depth = s.height_m - z
    rim = 0.7 * np.clip(1.0 - depth / 0.030, 0.0, 1.0)
    outside = np.linalg.norm(body.mesh.vertices_m[:, :2], axis=1) > s.foot_radius_m * 0.5
    spanned = 2 * s.rim_radius_m <= SIDE_GRASP_M
    wall = 0.5 * (1.0 - np.abs(2 * z / s.height_m - 1.0)) if spanned else 0.0 * z
    return {"handle": 1.0 - 0.7 * along, "body": np.where(outside, np.maximum(rim, wall), 0.0)}


def _handle_grasps(s: MugShape, path: np.ndarray) -> Iterator[PartGrasp]:
    """Pads on both sides of the bar; approaches from outside, from above and in between."""
    n = len(path) - 1
    for station in np.linspace(0.25, 0.75, 7):
        centre = path[round(station * n)]
        for tilt in np.deg2rad([0.0, 20.0, 40.0, 60.0, 80.0, -20.0]):
            approach = -np.cos(tilt) * _X - np.sin(tilt) * _Z
            for shift in (0.0, 0.006):
                pose = gripper_frame(centre - shift * approach, approach, _Y)
                yield PartGrasp("handle", pose, s.bar_m[1] + 0.030)


def _body_grasps(s: MugShape) -> Iterator[PartGrasp]:
    """Rim grasps with one pad inside, and grasps across the body where the opening allows."""
    for degrees in range(0, 360, 15):
        angle = np.deg2rad(degrees)
        radial = np.cos(angle) * _X + np.sin(angle) * _Y
        for depth in (0.012, 0.016, 0.022):
            z = s.height_m - depth
            centre = radial * (s.radius_m(z) - s.wall_m / 2) + z * _Z
            pose = gripper_frame(centre, -_Z, radial)
            yield PartGrasp("body", pose, s.wall_m + 0.026)
        yield from _side_grasps(s, radial)


def _side_grasps(s: MugShape, radial: np.ndarray) -> Iterator[PartGrasp]:
    if 2 * s.rim_radius_m > SIDE_GRASP_M:
        return
    width = min(2 * s.rim_radius_m + 0.016, 0.080)
    closing = np.cross(_Z, radial)
    for level in (0.35, 0.5, 0.65):
        z = max(s.height_m * level, 0.026)
        yield PartGrasp("body", gripper_frame(z * _Z, -radial, closing), width)
    deep = max(s.height_m - 0.040, 0.026)
    yield PartGrasp("body", gripper_frame(deep * _Z, -_Z, closing), width)


def _glazes(rng: np.random.Generator) -> tuple[np.ndarray, np.ndarray]:
    """Texture atlas of the body and texture of the handle, alike in half of the mugs."""
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


OBJECTS.register("mug", ObjectFamily("mug", make_mug))
