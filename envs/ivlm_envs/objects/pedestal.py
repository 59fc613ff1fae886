"""Pedestals: fixed flat-topped blocks, stands and benches that something can be put on."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from ivlm_bench.geometry.solids import Solid, lathe
from ivlm_bench.geometry.solids import box as box_solid
from ivlm_bench.objects import OBJECTS, ObjectFamily, Split
from ivlm_bench.types import ObjectModel, Part
from ivlm_envs.objects import textures as tx
from ivlm_envs.objects.boards import board, rod
from ivlm_envs.objects.bodies import affordance, assembled, link, part, solid_mass
from ivlm_envs.objects.panel import CAP_COLOURS

#: Height (m): the visible difference between the pools.
HEIGHT_M = {"seen": (0.030, 0.060), "unseen": (0.080, 0.120)}
#: Side or diameter of the top (m): room for what a gripper can carry.
TOP_M = (0.125, 0.165)
#: Thickness of the top, and of the boards under a bench (m).
SLAB_M, LEG_M = 0.012, 0.014
#: Radius of a stand's column, and its foot's share of the top's radius.
COLUMN_M, FOOT_SHARE = 0.022, 0.75
#: Thickness of a stand's foot (m).
FOOT_M = 0.008
#: Density of painted wood (kg/m3); a pedestal is fixed, so it only has to be positive.
DENSITY_KG_M3 = 600.0
MASS_KG = (0.05, 20.0)
#: Kinds by the word a person uses; the root link is called ``<colour>_<word>``.
KINDS = ("block", "stand", "bench")
#: Facets of a round top.
SEGMENTS = 32


def make_pedestal(name: str, split: Split, rng: np.random.Generator) -> ObjectModel:
    """Build a pedestal of one plain colour."""
    kind, colour = str(rng.choice(KINDS)), str(rng.choice(list(CAP_COLOURS)))
    height, size = float(rng.uniform(*HEIGHT_M[split])), rng.uniform(*TOP_M, 2)
    texture = tx.speckles(rng, (CAP_COLOURS[colour], tx.jittered(rng, CAP_COLOURS[colour], 9.0)))
    if kind == "stand":
        size[1] = size[0]
    low = height - SLAB_M
    top = part("top", _top(kind, size).at(0.0, 0.0, height - SLAB_M / 2), texture, smooth=False)
    base = assembled("base", list(_base(kind, size, low)), texture, smooth=kind == "stand")
    mass = solid_mass([top.mesh, base.mesh], DENSITY_KG_M3, mass_range_kg=MASS_KG)
    links = (link(f"{colour}_{kind}", [top, base], mass),)
    return ObjectModel(
        name=name,
        category="pedestal",
        cluster=name,
        split=split,
        links=links,
        affordances={"place": affordance(links, {"top": _placeable(top, size, height)})},
        fixed_base=True,
    )


def _top(kind: str, size: np.ndarray) -> Solid:
    """A slab centred on the origin, its upper face divided so that values can vary over it."""
    if kind != "stand":
        return box_solid(np.array([size[0], size[1], SLAB_M]), inner_steps=8)
    radius, half = float(size[0]) / 2, SLAB_M / 2
    bottom = np.array([[0.0, -half], [radius, -half]])
    face = np.stack([np.linspace(radius, 0.0, 7), np.full(7, half)], axis=1)
    return lathe([bottom, np.array([[radius, -half], [radius, half]]), face], SEGMENTS)


def _base(kind: str, size: np.ndarray, height: float) -> Iterator[Solid]:
    """What carries the top, up to ``height`` (m)."""
    x, y = float(size[0]) / 2, float(size[1]) / 2
    if kind == "block":
        yield board((-x, x), (-y, y), (0.0, height))
    elif kind == "stand":
        yield rod(x * FOOT_SHARE, (0.0, FOOT_M), "z", (0.0, 0.0, 0.0), segments=SEGMENTS)
        yield rod(COLUMN_M, (FOOT_M, height), "z", (0.0, 0.0, 0.0), segments=20)
    else:
        for side in (-1.0, 1.0):
            ends = sorted((side * (x - 0.006), side * (x - 0.006 - LEG_M)))
            yield board((ends[0], ends[1]), (-y + 0.004, y - 0.004), (0.0, height))


def _placeable(top: Part, size: np.ndarray, height: float) -> np.ndarray:
    """1 at the middle of the upper face, 0.3 at its border, 0 elsewhere."""
    points = top.mesh.vertices_m
    off = np.abs(points[:, :2] / (size / 2)).max(axis=1)
    upper = (points[:, 2] > height - 1e-6) & (_faces_up(top))
    return np.where(upper, 1.0 - 0.7 * np.clip(off, 0.0, 1.0), 0.0)


def _faces_up(top: Part) -> np.ndarray:
    """Say of each vertex whether it belongs to a face that looks up."""
    corners = top.mesh.vertices_m[top.mesh.faces]
    normals = np.cross(corners[:, 1] - corners[:, 0], corners[:, 2] - corners[:, 0])
    up = normals[:, 2] > 0.9 * np.linalg.norm(normals, axis=1)
    found = np.zeros(len(top.mesh.vertices_m), bool)
    found[top.mesh.faces[up]] = True
    return found


OBJECTS.register("pedestal", ObjectFamily("pedestal", make_pedestal))
