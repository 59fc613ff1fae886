"""Pans: a low turned body and a straight handle towards +x; bare pans have lost the handle."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from jaxtyping import Float64

from ivlm_bench.geometry.solids import lathe
from ivlm_bench.objects import OBJECTS, ObjectFamily, Split
from ivlm_bench.types import ObjectModel, Part, PartGrasp
from ivlm_envs.objects import textures as tx
from ivlm_envs.objects.bodies import affordance, instance, link, part, solid_mass
from ivlm_envs.objects.clearance import best_first, clear_grasps, rest_hulls
from ivlm_envs.objects.handles import bar_grasps, bar_part, bar_section, middle_first
from ivlm_envs.objects.turned import turned_hull, wall_grasps, wedge_hulls

#: Height over diameter, frying pans to saucepans: the visible difference between the pools.
ASPECT = {"seen": (0.30, 0.38), "unseen": (0.48, 0.60)}
RADIUS_M = (0.050, 0.066)
#: Radius of the bottom over that of the edge.
TAPER = (0.84, 0.97)
WALL_M, FLOOR_M, ROUND_M = (0.0032, 0.0042), (0.0040, 0.0060), (0.002, 0.006)
#: Free length of the handle, its height and its breadth (m).
HANDLE_M, BAR_HEIGHT_M, BAR_BREADTH_M = (0.085, 0.115), (0.009, 0.013), (0.014, 0.020)
#: Angle at which the handle rises (degrees), and convex pieces that it is made of.
RISE_DEG, LINKS = (4.0, 14.0), 3
#: Densities (kg/m3): thin aluminium with a hollow handle, enamel, camping ware.
DENSITIES_KG_M3 = (1900.0, 1500.0, 1100.0)
#: Limits of the mass (kg): a protocol floor, and what a 20 N grip at the handle keeps level.
MASS_KG = (0.06, 0.18)
#: Facets around, and wedges of the wall: inner chords leave it by less than 0.6 mm.
FACETS, WEDGES = 48, 24
#: Deepest that pad tips reach down the wall, and distance that they keep from the floor (m).
DEEP_M, CLEAR_M = 0.028, 0.007


@dataclass(frozen=True, slots=True)
class PanShape:
    """Dimensions of one pan in m; radii are outer ones."""

    radius_m: float
    bottom_m: float
    height_m: float
    wall_m: float
    floor_m: float
    round_m: float
    handle_m: float
    bar_m: tuple[float, float]
    rise_rad: float

    def outer_m(self, z_m: float) -> float:
        """Outer radius of the wall at a height, its rounded foot left out."""
        return self.bottom_m + (self.radius_m - self.bottom_m) * z_m / self.height_m


def make_pan(name: str, split: Split, rng: np.random.Generator) -> ObjectModel:
    """Build a pan."""
    shape = _draw_shape(split, rng)
    metal, grip = _looks(rng)
    path = _handle_path(shape)
    handle = bar_part("handle", path, bar_section(shape.bar_m), texture=grip, links=LINKS)
    parts, density = [_body(shape, metal), handle], float(rng.choice(DENSITIES_KG_M3))
    values = {"handle": middle_first(handle, path)}
    grasps = [*_handle_grasps(shape, path), *_edge_grasps(shape)]
    return _model((name, split), parts, density, values=values, grasps=grasps)


def make_bare_pan(name: str, split: Split, rng: np.random.Generator) -> ObjectModel:
    """Build a pan without a handle."""
    shape = _draw_shape(split, rng)
    metal, _ = _looks(rng)
    body, density = _body(shape, metal), float(rng.choice(DENSITIES_KG_M3))
    values = {"body": _edge_value(shape, body)}
    return _model((name, split), [body], density, values=values, grasps=[*_edge_grasps(shape)])


def _model(
    named: tuple[str, Split],
    parts: list[Part],
    density: float,
    *,
    values: dict[str, np.ndarray],
    grasps: list[PartGrasp],
) -> ObjectModel:
    name, split = named
    mass = solid_mass([p.mesh for p in parts], density, mass_range_kg=MASS_KG)
    links = (link("pan", parts, mass),)
    return instance(
        name,
        split,
        links,
        affordances={"grasp": affordance(links, values)},
        grasps=clear_grasps(best_first(grasps, mass.centre_of_mass_m), rest_hulls(links)),
    )


def _draw_shape(split: Split, rng: np.random.Generator) -> PanShape:
    radius = float(rng.uniform(*RADIUS_M))
    return PanShape(
        radius_m=radius,
        bottom_m=radius * float(rng.uniform(*TAPER)),
        height_m=2 * radius * float(rng.uniform(*ASPECT[split])),
        wall_m=float(rng.uniform(*WALL_M)),
        floor_m=float(rng.uniform(*FLOOR_M)),
        round_m=float(rng.uniform(*ROUND_M)),
        handle_m=float(rng.uniform(*HANDLE_M)),
        bar_m=(float(rng.uniform(*BAR_HEIGHT_M)), float(rng.uniform(*BAR_BREADTH_M))),
        rise_rad=float(np.deg2rad(rng.uniform(*RISE_DEG))),
    )


def _body(s: PanShape, texture: np.ndarray) -> Part:
    quarter = np.linspace(-np.pi / 2, 0.0, 5)
    base = s.outer_m(s.round_m) - s.round_m
    turned = np.stack([np.cos(quarter), 1 + np.sin(quarter)], axis=1)
    foot = np.array([base, 0.0]) + s.round_m * turned
    lip = s.wall_m / 2
    turn = np.linspace(0.0, np.pi, 7)
    edge = np.array([s.radius_m - lip, s.height_m - lip]) + lip * np.stack(
        [np.cos(turn), np.sin(turn)], axis=1
    )
    outer = np.concatenate([foot, np.linspace(foot[-1], edge[0], 4)[1:-1], edge])
    corner = np.array([s.outer_m(s.floor_m) - s.wall_m, s.floor_m])
    inner = np.linspace(edge[-1], corner, 4)
    floor = np.linspace(corner, [0.0, s.floor_m], 3)
    solid = lathe([np.array([[0.0, 0.0], foot[0]]), outer, inner, floor], FACETS)
    v = np.where(solid.chart == 1, 0.02, 0.52) + 0.46 * solid.uv[:, 1]
    drawn = solid.with_uv(np.stack([3.0 * solid.uv[:, 0], v], axis=1))
    rising = outer[: int(np.argmax(outer[:, 1])) + 1]
    at_floor = np.array([np.interp(s.floor_m, rising[:, 1], rising[:, 0]), s.floor_m])
    wall = [at_floor[None], outer[outer[:, 1] > s.floor_m], inner]
    below = np.concatenate([outer[outer[:, 1] <= s.floor_m], at_floor[None]])
    hulls = wedge_hulls(np.concatenate(wall), WEDGES, facets=FACETS)
    return part("body", drawn, texture, hulls=[*hulls, turned_hull(below, WEDGES)])


def _handle_path(s: PanShape) -> Float64[np.ndarray, "k 3"]:
    """A straight start inside the wall, then a bend to the horizontal towards the end."""
    height, breadth = s.bar_m
    z = 0.72 * s.height_m
    outside = np.sqrt(s.outer_m(z - height / 2) ** 2 - (breadth / 2) ** 2)
    inside = s.outer_m(z + height / 2) - s.wall_m
    along = np.linspace(0.0, 1.0, 4 * LINKS + 1)
    reach = s.radius_m + s.handle_m - (outside + inside) / 2
    x = (outside + inside) / 2 + reach * along
    up = z + reach * np.tan(s.rise_rad) * (along - 0.4 * along**2)
    return np.stack([x, 0.0 * x, up], axis=1)


def _handle_grasps(s: PanShape, path: np.ndarray) -> Iterator[PartGrasp]:
    tilts_deg = (0.0, 30.0, -30.0, 60.0, -60.0, 90.0, -90.0)
    return bar_grasps("handle", path, s.bar_m, shares=(0.3, 0.45, 0.6, 0.75), tilts_deg=tilts_deg)


def _edge_grasps(s: PanShape) -> Iterator[PartGrasp]:
    edge = np.array([[s.bottom_m, 0.0], [s.radius_m, s.height_m]])
    depth = min(DEEP_M, s.height_m - s.floor_m - CLEAR_M)
    return wall_grasps("body", edge, s.wall_m, depth_m=depth)


def _edge_value(s: PanShape, body: Part) -> Float64[np.ndarray, " n"]:
    """1 at the edge, 0 from 25 mm below it, and on the floor."""
    near = np.clip(1.0 - (s.height_m - body.mesh.vertices_m[:, 2]) / 0.025, 0.0, 1.0)
    on_wall = np.linalg.norm(body.mesh.vertices_m[:, :2], axis=1) > 0.8 * s.bottom_m
    return np.where(on_wall, near, 0.0)


def _looks(rng: np.random.Generator) -> tuple[np.ndarray, np.ndarray]:
    """Return the textures of body, outside over inside, and handle; some are all of one metal."""
    metal = tx.jittered(rng, tx.pick(rng, tx.METALS), 3.0)
    paint = tx.jittered(rng, tx.pick(rng, tx.GLAZES))
    inside = tx.brushed_metal(rng, metal)
    outside = tx.plain(rng, paint) if rng.random() < 0.5 else inside
    grips = (
        lambda: tx.wood(rng, tx.pick(rng, tx.WOODS)),
        lambda: tx.plain(rng, (52, 52, 56)),
        lambda: tx.brushed_metal(rng, metal),
    )
    return np.concatenate([outside, inside]), grips[int(rng.integers(len(grips)))]()


OBJECTS.register("pan", ObjectFamily("pan", make_pan))
OBJECTS.register("bare_pan", ObjectFamily("bare_pan", make_bare_pan))
