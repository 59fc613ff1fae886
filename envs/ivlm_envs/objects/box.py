"""Boxes: cartons, tins and blocks to grasp, and wide boxes that no gripper can span."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from ivlm_bench.geometry.solids import Solid
from ivlm_bench.geometry.solids import box as box_solid
from ivlm_bench.objects import OBJECTS, ObjectFamily, Split
from ivlm_bench.types import ObjectModel, Part, PartGrasp
from ivlm_envs.objects import textures as tx
from ivlm_envs.objects.boards import CHART_AXES
from ivlm_envs.objects.bodies import affordance, instance, link, part, solid_mass
from ivlm_envs.objects.clearance import best_first, clear_grasps, gripper_frame, rest_hulls

#: Longest side over shortest side: the visible difference between the pools.
SLENDERNESS = {"seen": (1.3, 2.1), "unseen": (2.4, 3.4)}
#: Shortest side (m): graspable with room for the 80 mm opening.
SHORTEST_M = (0.025, 0.065)
#: Longest side (m): taller boxes fall over at a touch.
LONGEST_M = 0.150
#: Density of filled cartons (kg/m3), around the 150 kg/m3 of ACRONYM.
DENSITY_KG_M3 = (120.0, 350.0)
#: Limits of the mass (kg): IVLM-Phys v1, section 6, "Common".
MASS_KG = (0.05, 1.0)
#: Density of wide boxes (kg/m3): the protocol's default.
WIDE_DENSITY_KG_M3 = 150.0
#: Horizontal sides of a wide box (m): more than the 80 mm opening, with 15 mm to spare.
WIDE_SIDE_M = (0.098, 0.170)
#: Height of a wide box (m): the visible difference between its pools.
WIDE_HEIGHT_M = {"seen": (0.098, 0.125), "unseen": (0.140, 0.190)}
#: Widest side that the two pads may close on (m): 80 mm opening less 5 mm for each pad.
GRASPABLE_M = 0.070
#: Opening beyond the closed side (m), shared by both pads.
SLACK_M = 0.020
#: Least and largest distance of the pad centre from top and table (m): half a pad, the palm.
PAD_REACH_M, PALM_REACH_M = 0.024, 0.044

_AXES = np.eye(3)


def make_box(name: str, split: Split, rng: np.random.Generator) -> ObjectModel:
    """Build a box with at least one graspable side."""
    size = _draw_size(split, rng)
    return _model(name, split, size, float(rng.uniform(*DENSITY_KG_M3)), rng)


def make_wide_box(name: str, split: Split, rng: np.random.Generator) -> ObjectModel:
    """Build a box that is wider than the gripper on every horizontal side."""
    size = np.append(rng.uniform(*WIDE_SIDE_M, 2), rng.uniform(*WIDE_HEIGHT_M[split]))
    return _model(name, split, size, WIDE_DENSITY_KG_M3, rng)


def _draw_size(split: Split, rng: np.random.Generator) -> np.ndarray:
    """Shortest side horizontal; the longest stands up or lies down."""
    ratio = float(rng.uniform(*SLENDERNESS[split]))
    shortest = float(rng.uniform(SHORTEST_M[0], min(SHORTEST_M[1], LONGEST_M / ratio)))
    longest = shortest * ratio
    middle = float(rng.uniform(shortest, longest))
    standing = bool(rng.random() < 0.6)
    sides = [shortest, middle, longest] if standing else [shortest, longest, middle]
    if rng.random() < 0.5:
        sides[0], sides[1] = sides[1], sides[0]
    return np.array(sides)


def _model(
    name: str, split: Split, size: np.ndarray, density: float, rng: np.random.Generator
) -> ObjectModel:
    looks = (_carton, _printed_carton, _tin, _block)
    look = looks[int(rng.integers(len(looks)))]
    radius = float(rng.uniform(0.003, 0.008)) if look in (_tin, _block) else 0.0008
    solid = box_solid(size, radius_m=radius, inner_steps=7, round_steps=2)
    solid = solid.at(0.0, 0.0, float(size[2]) / 2)
    body = look(solid, size, rng)
    mass = solid_mass([body.mesh], density, mass_range_kg=MASS_KG)
    links = (link("box", [body], mass),)
    grasps = best_first(_grasps(size), mass.centre_of_mass_m)
    return instance(
        name,
        split,
        links,
        affordances={"grasp": affordance(links, {"box": _graspable(solid, size)})},
        grasps=clear_grasps(grasps, rest_hulls(links)),
    )


def _graspable(solid: Solid, size: np.ndarray) -> np.ndarray:
    """1 at the middle of a face that the pads can close on, falling towards its border."""
    points = solid.mesh.vertices_m - np.array([0.0, 0.0, size[2] / 2])
    values = np.zeros(len(points))
    for axis in (0, 1):
        if size[axis] > GRASPABLE_M:
            continue
        on_face = (solid.chart // 2) == axis
        across = np.delete(points[on_face] / (size / 2), axis, axis=1)
        values[on_face] = 1.0 - 0.6 * np.clip(np.linalg.norm(across, axis=1), 0, 1.4) / 1.4
    return values


def _grasps(size: np.ndarray) -> Iterator[PartGrasp]:
    """Pads on each narrow pair of faces, from above, from both sides and in between."""
    for axis in (0, 1):
        width = float(size[axis]) + SLACK_M
        if size[axis] > GRASPABLE_M:
            continue
        side = _AXES[1 - axis]
        for tilt in np.deg2rad([0.0, 30.0, 60.0, 90.0, 120.0, 150.0, 180.0]):
            approach = np.cos(tilt) * side - np.sin(tilt) * _AXES[2]
            for offset, height in _pad_centres(size, axis, approach):
                centre = side * offset + _AXES[2] * height
                pose = gripper_frame(centre, approach, _AXES[axis])
                yield PartGrasp("box", pose, min(width, 0.080))


def _pad_centres(
    size: np.ndarray, axis: int, approach: np.ndarray
) -> Iterator[tuple[float, float]]:
    """Offsets along the free side and heights that the pads reach, palm and table allowing."""
    half = float(size[1 - axis]) / 2
    slack = np.array([half - 0.008, 0.0, -(half - 0.008)]) if half > 0.012 else np.zeros(1)
    levels = np.clip(size[2] * np.array([0.5, 0.35, 0.65, 0.85]), 0.012, size[2] - 0.006)
    for height in np.unique(np.append(levels, max(size[2] - PALM_REACH_M, PAD_REACH_M))):
        for offset in slack:
            ahead = np.array([offset, height - size[2] / 2]) @ [
                approach[1 - axis],
                approach[2],
            ]
            depth = half * abs(approach[1 - axis]) + size[2] / 2 * abs(approach[2])
            if ahead + depth < PALM_REACH_M + 0.004:
                yield float(offset), float(height)


def _metric_uv(solid: Solid, size: np.ndarray, repeat_m: float) -> Solid:
    """Texture coordinates in repeats of ``repeat_m`` on every face."""
    return solid.with_uv(solid.uv * size[CHART_AXES[solid.chart]] / repeat_m)


def _atlas_uv(solid: Solid) -> Solid:
    """Charts to a 3 x 2 atlas: walls x in column 0, walls y in 1, top over bottom in 2."""
    column, row = solid.chart // 2, solid.chart % 2
    u = (solid.uv[:, 0] * 0.98 + 0.01 + column) / 3
    return solid.with_uv(np.stack([u, (solid.uv[:, 1] * 0.98 + 0.01 + row) / 2], axis=1))


def _carton(solid: Solid, size: np.ndarray, rng: np.random.Generator) -> Part:
    """Brown cardboard closed with a strip of tape."""
    tile = tx.cardboard(rng, tx.jittered(rng, (182, 142, 98), 8.0))
    tape = tx.plain(rng, tx.pick(rng, ((206, 182, 130), (226, 222, 210), (150, 110, 66))))
    across = np.abs(np.linspace(-1, 1, len(tile))) < rng.uniform(0.12, 0.22)
    lid = tx.mixed(tile, tape, np.broadcast_to(across, tile.shape[:2]))
    flap = np.broadcast_to(across, tile.shape[:2]) & (np.arange(len(tile))[:, None] < 20)
    seam = np.abs(np.arange(len(tile)) - len(tile) // 2) < 1
    lid = tx.mixed(lid, tx.as_image(lid * 0.8), np.broadcast_to(seam, tile.shape[:2]))
    wall = tx.mixed(tile, tape, flap)
    rows = [np.concatenate([wall, tile, lid], axis=1), np.concatenate([wall, tile, tile], axis=1)]
    return part("box", _atlas_uv(solid), np.concatenate(rows), smooth=True)


def _printed_carton(solid: Solid, size: np.ndarray, rng: np.random.Generator) -> Part:
    """A printed packet: base colour, a label with lines of text, a band."""
    base, ink = tx.pick(rng, tx.GLAZES), tx.pick(rng, tx.GLAZES)
    side = tx.plain(rng, base)
    n = len(side)
    y, x = np.mgrid[0:n, 0:n] / n
    low = rng.uniform(0.5, 0.75)
    label = tx.mixed(side, tx.plain(rng, (236, 232, 222)), (y > low) & (y < low + 0.2))
    label = tx.mixed(label, tx.plain(rng, ink), (y < rng.uniform(0.12, 0.3)))
    badge = np.hypot((x - 0.5) * 1.2, y - 0.42) < rng.uniform(0.10, 0.16)
    label = tx.mixed(label, tx.plain(rng, ink), badge)
    text = (np.abs(y - low - 0.1) < 0.06) & ((y * 25 % 1) < 0.5) & (x > 0.15) & (x < 0.8)
    label = tx.mixed(label, tx.plain(rng, (60, 60, 64)), text)
    lid = tx.plain(rng, ink if rng.random() < 0.5 else base)
    rows = [
        np.concatenate([label, label, lid], axis=1),
        np.concatenate([label, label, side], axis=1),
    ]
    return part("box", _atlas_uv(solid), np.concatenate(rows), smooth=True)


def _tin(solid: Solid, size: np.ndarray, rng: np.random.Generator) -> Part:
    """A metal tin with a lid line."""
    wall = tx.brushed_metal(rng, tx.pick(rng, tx.METALS))
    rise = np.linspace(0.0, 1.0, len(wall))[:, None]
    line = np.broadcast_to(np.abs(rise - rng.uniform(0.15, 0.3)) < 0.012, wall.shape[:2])
    band = tx.mixed(wall, tx.as_image(wall * 0.45), line)
    if rng.random() < 0.5:
        paint = tx.plain(rng, tx.pick(rng, tx.GLAZES))
        band = tx.mixed(band, paint, np.broadcast_to((rise > 0.4) & (rise < 0.85), wall.shape[:2]))
    rows = [np.concatenate([band, band, wall], axis=1), np.concatenate([band, band, wall], axis=1)]
    return part("box", _atlas_uv(solid), np.concatenate(rows), smooth=True)


def _block(solid: Solid, size: np.ndarray, rng: np.random.Generator) -> Part:
    """A wooden or painted block."""
    if rng.random() < 0.6:
        tile = tx.wood(rng, tx.jittered(rng, tx.pick(rng, tx.WOODS)))
    else:
        tile = tx.speckles(rng, (tx.pick(rng, tx.GLAZES), tx.pick(rng, tx.GLAZES)))
    return part("box", _metric_uv(solid, size, 0.10), tile, smooth=True)


OBJECTS.register("box", ObjectFamily("box", make_box))
OBJECTS.register("wide_box", ObjectFamily("wide_box", make_wide_box))
