"""Kitchen knives lying flat, and blades whose tang is bare."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from ivlm_bench.geometry.hulls import convex_hull
from ivlm_bench.geometry.solids import Solid, joined
from ivlm_bench.objects import OBJECTS, ObjectFamily, Split
from ivlm_bench.types import Mesh, ObjectModel, Part
from ivlm_envs.objects import textures as tx
from ivlm_envs.objects.bodies import part
from ivlm_envs.objects.grips import (
    BESIDE,
    Bar,
    Weight,
    bar_grasps,
    graded_along,
    lying_tool,
    profile,
    rounded_section,
)

#: Length of the blade over its width: the visible difference between the pools.
BLADE_ASPECT = {"seen": (3.0, 4.2), "unseen": (5.2, 7.0)}
#: Width of the blade at its heel (m) and thickness of its spine (m).
BLADE_WIDTH_M = {"seen": (0.034, 0.044), "unseen": (0.022, 0.030)}
SPINE_M = (0.0022, 0.0032)
#: Length of the handle (m), its height as the knife lies (m), its width over its height.
HANDLE_M = (0.105, 0.130)
HEIGHT_M = (0.019, 0.024)
WIDTH_OVER_HEIGHT = (1.10, 1.35)
#: Densities (kg/m3) between plastic and steel, and limits of the mass (kg).
DENSITIES_KG_M3 = (1100.0, 1500.0, 1900.0)
MASS_KG = (0.06, 0.18)
#: Steel (kg/m3), and limits of the mass of a blade alone (kg).
STEEL_KG_M3 = 7800.0
BARE_MASS_KG = (0.05, 0.25)
#: How deep the blade sits in the handle (m), and the spine of a bare blade (m).
SEAT_M, BARE_SPINE_M = 0.012, (0.0030, 0.0042)

#: Handle from the butt: share of length, half width, half height, sideways shift, of the half
#: width; each outline has its own swell.
_HANDLES = {
    "western": (
        (0.00, 0.80, 0.86, -0.20),
        (0.04, 1.02, 1.00, -0.20),
        (0.16, 1.08, 1.00, -0.16),
        (0.45, 0.86, 1.00, 0.00),
        (0.70, 0.94, 1.00, 0.04),
        (0.96, 0.90, 1.00, 0.06),
        (1.00, 0.84, 0.94, 0.06),
    ),
    "straight": (
        (0.00, 0.86, 0.90, 0.0),
        (0.03, 0.98, 1.00, 0.0),
        (0.50, 0.92, 1.00, 0.0),
        (0.97, 0.88, 1.00, 0.0),
        (1.00, 0.80, 0.92, 0.0),
    ),
}
#: Blade from the heel: share of length, where the edge and the spine are, in half widths, share
#: of the spine's thickness.
_BLADES = {
    "chef": (
        (0.00, -1.00, 0.86, 1.00),
        (0.45, -0.97, 0.86, 0.95),
        (0.70, -0.74, 0.82, 0.85),
        (0.88, -0.30, 0.76, 0.70),
        (0.97, 0.22, 0.71, 0.55),
        (1.00, 0.52, 0.66, 0.45),
    ),
    "santoku": (
        (0.00, -1.00, 0.86, 1.00),
        (0.55, -0.98, 0.86, 0.95),
        (0.76, -0.90, 0.72, 0.90),
        (0.91, -0.72, 0.30, 0.80),
        (1.00, -0.52, -0.25, 0.60),
    ),
}
#: Tang from its end: share of length, half width over that of the heel.
_TANG = ((0.00, 0.38), (0.04, 0.46), (0.50, 0.40), (0.94, 0.44), (1.00, 0.52))
#: Rivets on the handle: shares of its length; radius (m).
_RIVETS, _RIVET_M = (0.18, 0.50, 0.82), 0.0035
_SECTION = rounded_section(16, 0.42)
_PLATE = rounded_section(8, 0.25)
#: Section of a blade, (y, z) in [-1, 1]: edge at -1, spine at +1.
_WEDGE = np.array([[1.0, -1.0], [1.0, 1.0], [-0.35, 1.0], [-1.0, 0.2], [-1.0, -0.2], [-0.35, -1.0]])


@dataclass(frozen=True, slots=True)
class BladeShape:
    """A blade: outline, length and width in m, thickness of the spine (m)."""

    outline: str
    length_m: float
    width_m: float
    spine_m: float


def make_knife(name: str, split: Split, rng: np.random.Generator) -> ObjectModel:
    """Build a knife; its blade points along +x, its edge along -y."""
    shape = _draw_blade(split, rng, SPINE_M)
    handle = _handle(rng)
    height = float(handle.half_m[:, 1].max())
    blade_bar = _blade(shape, height)
    blade = _blade_part(shape, blade_bar, handle, rng)
    solid = handle.solid
    parts = [blade, part("handle", solid, _handle_texture(handle, rng), hulls=handle.hulls())]
    along = np.clip(blade.mesh.vertices_m[:, 0] / shape.length_m, 0.0, 1.0)
    grasps = [
        *bar_grasps("handle", handle, np.linspace(0.2, 0.85, 8).tolist()),
        *bar_grasps("blade", blade_bar, (0.15, 0.3, 0.45, 0.6)),
    ]
    return lying_tool(
        name,
        split,
        parts,
        {"handle": graded_along(solid, handle), "blade": BESIDE * (1.0 - along)},
        grasps,
        weight=Weight(float(rng.choice(DENSITIES_KG_M3)), MASS_KG),
    )


def make_bare_blade(name: str, split: Split, rng: np.random.Generator) -> ObjectModel:
    """Build a blade whose tang is bare; it lies too flat for the gripper."""
    shape = _draw_blade(split, rng, BARE_SPINE_M)
    blade_bar = _lying_flat(_blade(shape, 0.0))
    length = float(rng.uniform(*HANDLE_M)) * 0.9
    half = shape.spine_m / 2
    table = profile(_TANG, (length, shape.width_m / 2))
    level = np.full(len(table), half)
    shifted = np.full(len(table), 0.20 * shape.width_m / 2)
    tang = Bar(
        table[:, 0] - length + SEAT_M / 2,
        np.stack([table[:, 1], level], axis=1),
        np.stack([shifted, level], axis=1),
        _PLATE,
    )
    solid = joined([_v_within(blade_bar.solid, 0.5, 1.0), _v_within(tang.solid, 0.0, 0.5)])
    hulls = [*_blade_hulls(blade_bar), *tang.hulls()]
    texture = np.concatenate([_tang_texture(tang, rng), tx.brushed_metal(rng, tx.METALS[0])])
    return lying_tool(
        name,
        split,
        [part("blade", solid, texture, hulls=hulls, smooth=False)],
        {},
        (),
        weight=Weight(STEEL_KG_M3, BARE_MASS_KG),
    )


def _draw_blade(split: Split, rng: np.random.Generator, spine_m: tuple[float, float]) -> BladeShape:
    width = float(rng.uniform(*BLADE_WIDTH_M[split]))
    return BladeShape(
        outline=str(rng.choice(list(_BLADES))),
        length_m=width * float(rng.uniform(*BLADE_ASPECT[split])),
        width_m=width,
        spine_m=float(rng.uniform(*spine_m)),
    )


def _blade(shape: BladeShape, middle_z_m: float) -> Bar:
    """The blade from its heel at x = 0; its width is the extent from edge to spine."""
    half = shape.width_m / (_BLADES[shape.outline][0][2] + 1.0)
    x, edge, spine, thick = profile(
        _BLADES[shape.outline], (shape.length_m, half, half, shape.spine_m / 2)
    ).T
    middle = np.stack([(edge + spine) / 2, np.full(len(x), middle_z_m)], axis=1)
    return Bar(x, np.stack([(spine - edge) / 2, thick], axis=1), middle, _WEDGE)


def _lying_flat(bar: Bar) -> Bar:
    """The bar with its lower side in the plane z = 0 all along."""
    middle = np.stack([bar.middle_m[:, 0], bar.half_m[:, 1]], axis=1)
    return Bar(bar.stations_m, bar.half_m, middle, bar.section)


def _blade_hulls(blade: Bar) -> list[Mesh]:
    return [convex_hull(blade.solid.mesh.vertices_m)]


def _blade_part(shape: BladeShape, blade: Bar, handle: Bar, rng: np.random.Generator) -> Part:
    """The blade with the neck that sits in the handle."""
    (_, height), (shift, level) = handle.at(0.0)
    neck_half = min(0.42 * shape.width_m, 0.80 * float(handle.half_m[-1, 0]))
    bolster = rng.random() < 0.5
    thick = 0.82 * float(height) if bolster else shape.spine_m / 2
    x = np.array([-SEAT_M, 0.0 if not bolster else 0.006, 0.006 if not bolster else 0.010])
    half = np.stack([np.full(3, neck_half), thick * np.array([1.0, 1.0, 0.45])], axis=1)
    middle = np.tile([shift, level], (3, 1))
    neck = Bar(x, half, middle, _SECTION if bolster else _PLATE)
    solids: list[Solid] = [_v_within(blade.solid, 0.0, 1.0), _v_within(neck.solid, 0.0, 0.1)]
    hulls = [*_blade_hulls(blade), *neck.hulls()]
    texture = _blade_texture(rng)
    return part("blade", joined(solids), texture, hulls=hulls, smooth=False)


def _handle(rng: np.random.Generator) -> Bar:
    """The handle from x = -length to 0, on the table."""
    length, height = float(rng.uniform(*HANDLE_M)), float(rng.uniform(*HEIGHT_M))
    width = height * float(rng.uniform(*WIDTH_OVER_HEIGHT))
    rows = _HANDLES[str(rng.choice(list(_HANDLES)))]
    x, half_y, half_z, shift = profile(rows, (length, width / 2, height / 2, width / 2)).T
    middle = np.stack([shift, np.full(len(x), height / 2)], axis=1)
    return Bar(x - length, np.stack([half_y, half_z], axis=1), middle, _SECTION)


def _v_within(solid: Solid, low: float, high: float) -> Solid:
    """Texture coordinates: v along the bar, in a strip of the texture; caps take its middle."""
    v = np.where(solid.chart == 0, solid.uv[:, 1], 0.5)
    return solid.with_uv(np.stack([solid.uv[:, 0], low + (high - low) * (0.02 + 0.96 * v)], axis=1))


def _handle_texture(handle: Bar, rng: np.random.Generator) -> np.ndarray:
    """Wood, black or coloured plastic; riveted in most knives."""
    kind = rng.random()
    if kind < 0.45:
        image = tx.wood(rng, tx.jittered(rng, tx.pick(rng, tx.WOODS))).swapaxes(0, 1)
    elif kind < 0.70:
        image = tx.plain(rng, (44, 46, 50))
    else:
        image = tx.plain(rng, tx.jittered(rng, tx.pick(rng, tx.GLAZES)))
    if rng.random() < 0.7:
        image = _dotted(image, handle, tx.plain(rng, (196, 194, 186)))
    return np.ascontiguousarray(image)


def _dotted(image: np.ndarray, bar: Bar, inside: np.ndarray) -> np.ndarray:
    """Put a row of discs on the upper and lower side of a bar."""
    n = len(image)
    v, u = np.mgrid[0:n, 0:n] / n
    length = float(np.ptp(bar.stations_m))
    girth = 4.0 * float(bar.half_m.mean(axis=0).sum())
    disc = np.zeros((n, n), bool)
    for share in _RIVETS:
        for side in (0.25, 0.75):
            disc |= np.hypot((v - share) * length, (u - side) * girth) < _RIVET_M
    return tx.mixed(image, inside, disc)


def _blade_texture(rng: np.random.Generator) -> np.ndarray:
    return tx.brushed_metal(rng, tx.pick(rng, (tx.METALS[0], (198, 200, 204))))


def _tang_texture(tang: Bar, rng: np.random.Generator) -> np.ndarray:
    """Unpolished steel with the holes of the rivets."""
    steel = tx.brushed_metal(rng, tx.METALS[1])
    return _dotted(steel, tang, tx.plain(rng, (34, 32, 32)))


OBJECTS.register("knife", ObjectFamily("knife", make_knife))
OBJECTS.register("bare_blade", ObjectFamily("bare_blade", make_bare_blade))
