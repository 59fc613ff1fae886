"""Bodies that parts are put on: turned vessels and blocks, boxes, plates."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from jaxtyping import Float64

from ivlm_bench.geometry.solids import Solid, lathe
from ivlm_bench.geometry.solids import box as box_solid
from ivlm_bench.types import Pose

#: Facets around a turned body.
FACETS = 36
#: Ranges of height and of the largest radius of a turned body (m).
HEIGHT_M, RADIUS_M = (0.05, 0.20), (0.025, 0.075)
#: Thickness of a vessel's wall (m); share of its height that its rim takes up.
WALL_M, RIM_SHARE = 0.004, 0.08
#: Extents of a box, x y z, and of an upright plate (m).
BOX_M = ((0.06, 0.18), (0.08, 0.22), (0.05, 0.20))
PLATE_M = ((0.015, 0.03), (0.10, 0.22), (0.10, 0.20))

Placed = tuple[str, Solid]


@dataclass(frozen=True, eq=False, slots=True)
class Carrier:
    """A body at rest on z = 0, and where parts can go.

    ``at``: pose of a part's frame (x out of the surface, z up) at an azimuth (rad) and a share of
    the height in [0, 1]. ``is_flat``: it has a front (+x) for panels, doors and buttons.
    ``top_radius_m``: room on its top.
    """

    noun: str
    parts: tuple[Placed, ...]
    at: Callable[[float, float], Pose]
    height_m: float
    top_radius_m: float
    is_flat: bool = False
    is_open: bool = False
    front_m: tuple[float, float] = (0.0, 0.0)


def turned_carrier(rng: np.random.Generator) -> Carrier:
    """Return a turned body: an open vessel, or a closed jar, drum or cone."""
    height, widest = float(rng.uniform(*HEIGHT_M)), float(rng.uniform(*RADIUS_M))
    heights, radii = _outline(height, widest, rng)
    is_open = bool(rng.random() < 0.5)
    noun = str(rng.choice(("pot", "vase", "jug") if is_open else ("jar", "drum", "can")))
    parts = _vessel(heights, radii) if is_open else [("body", _closed(heights, radii))]

    def at(azimuth_rad: float, share: float) -> Pose:
        radius = float(np.interp(share * height, heights, radii))
        return outwards(azimuth_rad, radius, share * height)

    return Carrier(noun, tuple(parts), at, height, float(radii[-1]), is_open=is_open)


def _outline(
    height: float, widest: float, rng: np.random.Generator
) -> tuple[Float64[np.ndarray, " k"], Float64[np.ndarray, " k"]]:
    """Return heights and outer radii (m) of a smooth outline through a few random widths."""
    n = int(rng.integers(2, 5))
    widths = widest * rng.uniform(0.55, 1.0, n)
    heights = np.linspace(0.0, height, 14)
    knots = np.linspace(0.0, height, n)
    raw = np.interp(heights, knots, widths)
    smooth = np.convolve(np.pad(raw, 2, mode="edge"), np.ones(5) / 5.0, mode="valid")
    return heights, smooth


def _closed(heights: np.ndarray, radii: np.ndarray) -> Solid:
    side = np.stack([radii, heights], axis=1)
    bottom, top = [[0.0, 0.0], side[0]], [side[-1], [0.0, heights[-1]]]
    return lathe([np.array(bottom), side, np.array(top)], FACETS)


def _vessel(heights: np.ndarray, radii: np.ndarray) -> list[Placed]:
    """Return an open body and its rim."""
    brim = heights[-1] * (1.0 - RIM_SHARE)
    edge = float(np.interp(brim, heights, radii))
    low = heights < brim
    outer = np.append(np.stack([radii[low], heights[low]], axis=1), [[edge, brim]], axis=0)
    inner = outer[::-1] - np.array([WALL_M, 0.0])
    inner = inner[inner[:, 1] > WALL_M]
    floor = [inner[-1], [inner[-1][0], WALL_M], [0.0, WALL_M]]
    bottom = [[0.0, 0.0], outer[0]]
    across = [outer[-1], inner[0]]
    bands = [bottom, outer, across, inner, floor]
    body = lathe([np.array(band) for band in bands], FACETS)
    top = float(radii[-1])
    corners = [(edge - WALL_M, brim), (edge, brim), (top, heights[-1]), (top - WALL_M, heights[-1])]
    ring = [np.array([corners[i], corners[(i + 1) % 4]]) for i in range(4)]
    return [("body", body), ("rim", lathe(ring, FACETS))]


def box_carrier(rng: np.random.Generator) -> Carrier:
    """Return a rounded box with a front."""
    size = np.array([rng.uniform(*span) for span in BOX_M])
    noun = str(rng.choice(("case", "crate", "box")))
    return _block(noun, size, rng)


def plate_carrier(rng: np.random.Generator) -> Carrier:
    """Return a board that stands upright on its edge."""
    return _block("board", np.array([rng.uniform(*span) for span in PLATE_M]), rng)


def _block(noun: str, size: np.ndarray, rng: np.random.Generator) -> Carrier:
    solid = box_solid(size, radius_m=float(rng.uniform(0.001, 0.2 * size.min())), inner_steps=2)

    def at(azimuth_rad: float, share: float) -> Pose:
        # The nearest of the four sides; its middle, at a share of the height.
        side = round(azimuth_rad / (np.pi / 2)) % 4
        return outwards(side * np.pi / 2, float(size[side % 2]) / 2.0, share * float(size[2]))

    return Carrier(
        noun,
        (("body", solid.at(0.0, 0.0, float(size[2]) / 2.0)),),
        at,
        float(size[2]),
        float(size[:2].min()) / 2.0,
        is_flat=True,
        front_m=(float(size[1]), float(size[2])),
    )


def outwards(azimuth_rad: float, radius_m: float, height_m: float) -> Pose:
    """Return the frame at an azimuth (rad), a radius and a height: x away from the z axis."""
    c, s = np.cos(azimuth_rad), np.sin(azimuth_rad)
    rotation = np.array([[c, -s, 0.0], [s, c, 0.0], [0.0, 0.0, 1.0]])
    return Pose.from_rotation(rotation, np.array([c * radius_m, s * radius_m, height_m]))
