"""Mugs: a turned body with a rim and a floor, and a swept handle that faces +x."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import asdict, dataclass

import numpy as np
from jaxtyping import Float64

from ivlm_bench.geometry.hulls import convex_hull
from ivlm_bench.geometry.solids import Solid, swept_tube
from ivlm_bench.objects import OBJECTS, ObjectFamily, Split
from ivlm_bench.types import Mesh, ObjectModel, Part, PartGrasp
from ivlm_envs.objects.bodies import affordance, link, part, solid_mass
from ivlm_envs.objects.clearance import best_first, clear_grasps, gripper_frame, rest_hulls
from ivlm_envs.objects.vessel import (
    DENSITIES_KG_M3,
    MASS_KG,
    VesselShape,
    body_grasps,
    body_part,
    draw_vessel,
    glazes,
    graspable_wall,
    outer_at,
)

#: Handle outlines of each pool; they share one.
HANDLES = {"seen": ("d", "c"), "unseen": ("ear", "c")}
#: Thickness of the handle bar in its plane and across it (m).
BAR_M = (0.0085, 0.0125)
#: Free gap between wall and bar at the widest point (m): two fingers of an adult.
GAP_M = (0.022, 0.032)
#: Convex links in the handle, and visible rings in each.
LINKS, RINGS_A_LINK = 8, 3

_X, _Y, _Z = np.eye(3)


@dataclass(frozen=True, slots=True)
class MugShape(VesselShape):
    """Dimensions of one mug in m: the vessel's, and the handle's."""

    handle: str
    bar_m: tuple[float, float]
    gap_m: float
    handle_low_m: float
    handle_high_m: float


def make_mug(name: str, split: Split, rng: np.random.Generator) -> ObjectModel:
    """Build a mug."""
    shape = _draw_shape(split, rng)
    path = _handle_path(shape)
    handle_solid, rings = _handle(shape, path)
    body_texture, handle_texture = glazes(rng)
    body = body_part(shape, body_texture)
    handle = part("handle", handle_solid, handle_texture, hulls=_handle_hulls(rings))
    density = float(rng.choice(DENSITIES_KG_M3))
    mass = solid_mass([body.mesh, handle.mesh], density, mass_range_kg=MASS_KG)
    links = (link("mug", [body, handle], mass),)
    grasps = [*_handle_grasps(shape, path), *body_grasps(shape)]
    return ObjectModel(
        name=name,
        category="mug",
        cluster=name,
        split=split,
        links=links,
        affordances={"grasp": affordance(links, _graspable(shape, body, handle, path))},
        grasps=clear_grasps(best_first(grasps, mass.centre_of_mass_m), rest_hulls(links)),
    )


def _draw_shape(split: Split, rng: np.random.Generator) -> MugShape:
    vessel = draw_vessel(split, rng)
    bar = (float(rng.uniform(*BAR_M)), float(rng.uniform(*BAR_M)))
    return MugShape(
        **asdict(vessel),
        handle=str(rng.choice(HANDLES[split])),
        bar_m=bar,
        gap_m=float(rng.uniform(*GAP_M)),
        handle_low_m=vessel.height_m * float(rng.uniform(0.12, 0.20)) + bar[0] / 2,
        handle_high_m=vessel.height_m * float(rng.uniform(0.82, 0.92)) - bar[0] / 2,
    )


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
    outer = np.sqrt(outer_at(s, z_m - s.bar_m[0] / 2) ** 2 - (s.bar_m[1] / 2) ** 2)
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
    return {"handle": 1.0 - 0.7 * along, "body": graspable_wall(s, body)}


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


OBJECTS.register("mug", ObjectFamily("mug", make_mug))
