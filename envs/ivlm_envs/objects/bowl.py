"""Bowls: a turned wall that opens from the foot upwards, and a rim to hold it by."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from jaxtyping import Float64

from ivlm_bench.geometry.solids import lathe
from ivlm_bench.objects import OBJECTS, ObjectFamily, Split
from ivlm_bench.types import ObjectModel, Part
from ivlm_envs.objects import textures as tx
from ivlm_envs.objects.bodies import affordance, link, part, solid_mass
from ivlm_envs.objects.clearance import best_first, clear_grasps, rest_hulls
from ivlm_envs.objects.turned import turned_hull, wall_grasps, wedge_hulls

#: Height over diameter: the visible difference between the pools.
ASPECT = {"seen": (0.38, 0.46), "unseen": (0.54, 0.64)}
RADIUS_M = (0.046, 0.058)
#: Radius of the foot over that of the rim; exponent of the outline in between.
FOOT, OUTLINE = (0.48, 0.62), (0.45, 0.60)
WALL_M, FLOOR_M = (0.0034, 0.0046), (0.0050, 0.0070)
#: Height of the rim (m): what pads from above can hold without touching the body.
RIM_M = (0.017, 0.020)
#: Densities (kg/m3): maple wood, melamine, polypropylene.
DENSITIES_KG_M3 = (700.0, 1500.0, 900.0)
#: Limits of the mass (kg): a protocol floor, and what a 20 N grip at the rim carries.
MASS_KG = (0.05, 0.15)
#: Facets around, and wedges of each ring: inner chords leave the wall by less than 0.9 mm.
FACETS, WEDGES = 36, 18
#: Distance that pad tips keep from the lower end of the rim (m).
CLEAR_M = 0.0025


@dataclass(frozen=True, slots=True)
class BowlShape:
    """Dimensions of one bowl in m."""

    radius_m: float
    height_m: float
    foot_m: float
    outline: float
    wall_m: float
    floor_m: float
    rim_m: float

    @property
    def seam_m(self) -> float:
        """Height at which the rim begins."""
        return self.height_m - self.rim_m

    def outer_m(self, z_m: float) -> float:
        """Outer radius at a height: a concave power law, so that the outside is convex."""
        return float(
            self.foot_m + (self.radius_m - self.foot_m) * (z_m / self.height_m) ** self.outline
        )


def make_bowl(name: str, split: Split, rng: np.random.Generator) -> ObjectModel:
    """Build a bowl."""
    shape = _draw_shape(split, rng)
    wall, band = _glazes(rng)
    parts = [_body(shape, wall), _rim(shape, band)]
    density = float(rng.choice(DENSITIES_KG_M3))
    mass = solid_mass([p.mesh for p in parts], density, mass_range_kg=MASS_KG)
    links = (link("bowl", parts, mass),)
    edge = np.array([[shape.outer_m(z), z] for z in (shape.seam_m, shape.height_m)])
    grasps = wall_grasps("rim", edge, shape.wall_m, depth_m=shape.rim_m - CLEAR_M)
    return ObjectModel(
        name=name,
        category="bowl",
        cluster=name,
        split=split,
        links=links,
        affordances={"grasp": affordance(links, {"rim": _graspable(shape, parts[1])})},
        grasps=clear_grasps(best_first(grasps, mass.centre_of_mass_m), rest_hulls(links)),
    )


def _draw_shape(split: Split, rng: np.random.Generator) -> BowlShape:
    radius = float(rng.uniform(*RADIUS_M))
    return BowlShape(
        radius_m=radius,
        height_m=2 * radius * float(rng.uniform(*ASPECT[split])),
        foot_m=radius * float(rng.uniform(*FOOT)),
        outline=float(rng.uniform(*OUTLINE)),
        wall_m=float(rng.uniform(*WALL_M)),
        floor_m=float(rng.uniform(*FLOOR_M)),
        rim_m=float(rng.uniform(*RIM_M)),
    )


def _outside(s: BowlShape, low_m: float, high_m: float, n: int) -> Float64[np.ndarray, "n 2"]:
    levels = np.linspace(low_m, high_m, n)
    return np.array([[s.outer_m(z), z] for z in levels])


def _body(s: BowlShape, texture: np.ndarray) -> Part:
    """Foot, outside up to the rim, inside down to the floor."""
    below, wall = _outside(s, 0.0, s.floor_m, 3), _outside(s, s.floor_m, s.seam_m, 5)
    inside = np.array([wall[-1] - [s.wall_m, 0.0], [wall[0, 0] - s.wall_m, s.floor_m]])
    bands = [
        np.array([[0.0, 0.0], below[0]]),
        np.concatenate([below, wall[1:]]),
        np.array([wall[-1], inside[0]]),
        inside,
        np.linspace(inside[1], [0.0, s.floor_m], 3),
    ]
    solid = lathe(bands, FACETS)
    upper = solid.chart == 1
    v = np.where(upper, 0.02 + 0.46 * solid.uv[:, 1], 0.52 + 0.46 * solid.uv[:, 1])
    drawn = solid.with_uv(np.stack([3.0 * solid.uv[:, 0], v], axis=1))
    wedges = wedge_hulls(np.concatenate([wall, inside]), WEDGES, facets=FACETS)
    return part("body", drawn, texture, hulls=[*wedges, turned_hull(below, WEDGES)])


def _rim(s: BowlShape, texture: np.ndarray) -> Part:
    """The uppermost band of the wall, with a rounded lip."""
    lip = s.wall_m / 2
    wall = _outside(s, s.seam_m, s.height_m - lip, 4)
    turn = np.linspace(0.0, np.pi, 7)[1:]
    over = np.stack([lip * np.cos(turn), lip * np.sin(turn)], axis=1) - [lip, 0.0]
    outer = np.concatenate([wall, wall[-1] + over])
    inner = np.array([outer[-1], [outer[0, 0] - s.wall_m, s.seam_m]])
    solid = lathe([outer, inner, np.array([inner[1], outer[0]])], FACETS)
    drawn = solid.with_uv(solid.uv * np.array([3.0, 1.0]))
    hulls = wedge_hulls(np.concatenate([outer, inner[1:]]), WEDGES, facets=FACETS)
    return part("rim", drawn, texture, hulls=hulls)


def _graspable(s: BowlShape, rim: Part) -> Float64[np.ndarray, " n"]:
    """Best at the lip, where pads come in from above."""
    return 1.0 - 0.6 * (s.height_m - rim.mesh.vertices_m[:, 2]) / s.rim_m


def _glazes(rng: np.random.Generator) -> tuple[np.ndarray, np.ndarray]:
    """Return the textures of wall and rim; in half of the bowls the rim has the wall's colour."""
    first, second = rng.permutation(len(tx.GLAZES))[:2]
    colours = (tx.jittered(rng, tx.GLAZES[first]), tx.jittered(rng, tx.GLAZES[second]))
    patterns = (
        lambda: tx.plain(rng, colours[0]),
        lambda: tx.speckles(rng, colours),
        lambda: tx.wood(rng, tx.pick(rng, tx.WOODS)),
        lambda: tx.dots(rng, colours),
    )
    outside = patterns[int(rng.integers(len(patterns)))]()
    inside = tx.plain(rng, colours[0] if rng.random() < 0.6 else (226, 222, 212))
    band = tx.plain(rng, colours[1]) if rng.random() < 0.5 else outside
    return np.concatenate([outside, inside]), band


OBJECTS.register("bowl", ObjectFamily("bowl", make_bowl))
