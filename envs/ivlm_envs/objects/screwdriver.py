"""Screwdrivers lying on their handle: a held-out category, all instances unseen."""

from __future__ import annotations

import numpy as np

from ivlm_bench.geometry.solids import joined
from ivlm_bench.objects import OBJECTS, ObjectFamily, Split
from ivlm_bench.types import ObjectModel, Part
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

#: Length (m) and thickness (m) of the handle; length (m) and thickness (m) of the shaft.
HANDLE_M, THICK_M = (0.085, 0.115), (0.024, 0.032)
SHAFT_M, SHAFT_THICK_M = (0.075, 0.130), (0.0055, 0.0080)
#: Densities (kg/m3) between plastic and steel, and limits of the mass (kg).
DENSITIES_KG_M3 = (1200.0, 1600.0, 2000.0)
MASS_KG = (0.05, 0.16)
#: Colours of tool handles (sRGB).
PLASTICS: tuple[tx.Colour, ...] = (
    (190, 40, 36),
    (214, 168, 30),
    (38, 74, 148),
    (40, 116, 66),
    (210, 96, 30),
    (54, 56, 62),
)
#: How deep the shaft sits in the handle (m).
_SEAT_M = 0.010

#: Handle from the butt: share of length, half thickness, of the whole one's. It is thickest, and
#: so lies on the table, to both sides of the whole tool's centre of mass.
_HANDLES = {
    "barrel": (
        (0.00, 0.62),
        (0.03, 0.86),
        (0.10, 1.00),
        (0.68, 1.00),
        (0.79, 0.84),
        (0.88, 0.66),
        (0.94, 0.78),
        (1.00, 0.74),
    ),
    "ball": (
        (0.00, 0.60),
        (0.04, 0.88),
        (0.14, 1.00),
        (0.28, 0.98),
        (0.42, 0.84),
        (0.60, 0.98),
        (0.74, 1.00),
        (0.86, 0.88),
        (1.00, 0.52),
    ),
}
#: Shaft from the handle: share of length, half width, half height, of its thickness.
_TIPS = {
    "slot": (
        (0.00, 1.0, 1.0),
        (0.80, 1.0, 1.0),
        (0.87, 1.0, 0.9),
        (0.92, 1.35, 0.55),
        (1.00, 1.25, 0.18),
    ),
    "cross": ((0.00, 1.0, 1.0), (0.90, 1.0, 1.0), (0.97, 0.55, 0.55), (1.00, 0.22, 0.22)),
}
_ROUND = rounded_section(12, 1.0)
#: A hexagon with bevelled corners, flat below, as wide as high.
_HEXAGON = rounded_section(12, 0.72)


def make_screwdriver(name: str, split: Split, rng: np.random.Generator) -> ObjectModel:
    """Build a screwdriver; its tip points along +x."""
    thick = float(rng.uniform(*THICK_M))
    handle = _handle(thick, rng)
    shaft, shaft_bar = _shaft(thick / 2, rng)
    solid = handle.solid
    along = np.clip(shaft.mesh.vertices_m[:, 0] / shaft.mesh.vertices_m[:, 0].max(), 0.0, 1.0)
    grasps = [
        *bar_grasps("handle", handle, np.linspace(0.2, 0.8, 7).tolist()),
        *bar_grasps("shaft", shaft_bar, (0.3, 0.45, 0.6, 0.75)),
    ]
    return lying_tool(
        name,
        split,
        [shaft, part("handle", solid, _plastic(rng), hulls=handle.hulls())],
        {"handle": graded_along(solid, handle), "shaft": BESIDE * (1.0 - along)},
        grasps,
        weight=Weight(float(rng.choice(DENSITIES_KG_M3)), MASS_KG),
    )


def _handle(thick_m: float, rng: np.random.Generator) -> Bar:
    """The handle from x = -length to 0, on the table."""
    length = float(rng.uniform(*HANDLE_M))
    x, half = profile(_HANDLES[str(rng.choice(list(_HANDLES)))], (length, thick_m / 2)).T
    middle = np.stack([0 * x, np.full(len(x), thick_m / 2)], axis=1)
    return Bar(x - length, np.stack([half, half], axis=1), middle, _HEXAGON)


def _shaft(level_m: float, rng: np.random.Generator) -> tuple[Part, Bar]:
    """The shaft with its tip, in mid-air, and its bar without the seat."""
    thick, length = float(rng.uniform(*SHAFT_THICK_M)), float(rng.uniform(*SHAFT_M))
    rows = _TIPS[str(rng.choice(list(_TIPS)))]
    x, half_y, half_z = profile(rows, (length, thick / 2, thick / 2)).T
    x[0] = -_SEAT_M
    middle = np.stack([0 * x, np.full(len(x), level_m)], axis=1)
    bar = Bar(x, np.stack([half_y, half_z], axis=1), middle, _ROUND)
    bright = tx.brushed_metal(rng, tx.METALS[0])
    tip = np.broadcast_to(np.linspace(0.0, 1.0, len(bright))[:, None] > 0.88, bright.shape[:2])
    dark = tx.as_image(bright * 0.45)
    texture = tx.mixed(bright, dark, tip) if rng.random() < 0.6 else bright
    return part("shaft", joined([bar.solid]), texture, hulls=bar.hulls()), bar


def _plastic(rng: np.random.Generator) -> np.ndarray:
    """Bright plastic with grooves along it, a dark or a light collar."""
    first, second = rng.permutation(len(PLASTICS))[:2]
    base = tx.plain(rng, tx.jittered(rng, PLASTICS[first], 6.0))
    other = tx.plain(rng, tx.jittered(rng, PLASTICS[second], 6.0))
    n = len(base)
    v, u = np.mgrid[0:n, 0:n] / n
    grooves = ((u * 6 % 1.0) < 0.22) & (v > 0.12) & (v < 0.72)
    image = tx.mixed(base, other if rng.random() < 0.5 else tx.as_image(base * 0.55), grooves)
    return tx.mixed(image, other, v > rng.uniform(0.78, 0.90))


OBJECTS.register("screwdriver", ObjectFamily("screwdriver", make_screwdriver, n_seen=0))
