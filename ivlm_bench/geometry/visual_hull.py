"""The visual hull: the largest body whose outlines fit into those of all views.

After A. Laurentini, The visual hull concept for silhouette-based image understanding, IEEE PAMI
16(2), 1994. It contains what is really there; hollows that show in no outline are filled.
"""

from __future__ import annotations

import numpy as np
from jaxtyping import Bool
from scipy import ndimage

from ivlm_bench.geometry.cloud import SUPPORT_M, Cloud
from ivlm_bench.types import View

#: Half width and height (m) of the space over the table that is searched.
REACH_M, HEIGHT_M = 0.45, 0.55
#: Cells (m) in which the objects' box is narrowed down, one after the other.
COARSE_M = (0.025, 0.010)
#: Smallest fine cell (m), and about how many of them the objects' box is cut into.
CELL_M, N_CELLS = 0.0025, 120_000
#: Cells nearer to a camera than this (m) are not looked for with a wider margin.
NEAREST_M = 0.25
#: Bodies with less than this share of the largest one's cells are ghosts of crossing outlines.
GHOST_SHARE = 0.02
#: Fewest views that must show a place for it to count as filled.
MIN_VIEWS = 2
#: Standard deviation (cells) of the blur whose gradient gives the normals.
BLUR_CELLS = 1.5
#: Cells by which a body goes on below the table for that blur: four standard deviations.
PAD_CELLS = 6


def hull_cloud(views: tuple[View, ...], masks: tuple[Bool[np.ndarray, "h w"], ...]) -> Cloud | None:
    """Return the surface of the visual hull of some foreground masks, one mask a view.

    Colours are black and pixels zero. None if the outlines have no body in common above the table.
    """
    middle = _middle(views)
    low = np.array([middle[0] - REACH_M, middle[1] - REACH_M, 0.0])
    high = np.array([middle[0] + REACH_M, middle[1] + REACH_M, HEIGHT_M])
    for cell_m in COARSE_M:
        axes = _axes(low, high, cell_m)
        filled = _carved(views, masks, axes, cell_m=cell_m)
        if not filled.any():
            return None
        spans = [np.nonzero(filled.any(axis=tuple({0, 1, 2} - {k})))[0] for k in range(3)]
        low = np.array([a[i[0]] for a, i in zip(axes, spans, strict=True)]) - cell_m
        high = np.array([a[i[-1]] for a, i in zip(axes, spans, strict=True)]) + cell_m
        low[2] = 0.0
    cell_m = max(CELL_M, float(np.prod(high - low) / N_CELLS) ** (1.0 / 3.0))
    axes = _axes(low, high, cell_m)
    return _surface(_carved(views, masks, axes, cell_m=0.0), axes, cell_m)


def _middle(views: tuple[View, ...]) -> np.ndarray:
    """Return the mean point (3,) where the views' optical axes meet the table."""
    points = []
    for view in views:
        forward = view.camera.world_from_camera.rotation[:, 2]
        eye = view.camera.world_from_camera.position_m
        if forward[2] * eye[2] < 0:
            points.append(eye - forward * (eye[2] / forward[2]))
    return np.mean(points, axis=0) if points else np.zeros(3)


def _axes(low: np.ndarray, high: np.ndarray, cell_m: float) -> list[np.ndarray]:
    """Return the cells' centres along each axis."""
    return [np.arange(a + 0.5 * cell_m, b, cell_m) for a, b in zip(low, high, strict=True)]


def _carved(
    views: tuple[View, ...], masks: tuple[np.ndarray, ...], axes: list[np.ndarray], *, cell_m: float
) -> np.ndarray:
    """Return which cells (x, y, z) lie inside every outline, grown by half a cell's diagonal."""
    n_seen = np.zeros(tuple(len(axis) for axis in axes), np.int8)
    filled = np.ones(n_seen.shape, bool)
    for view, mask in zip(views, masks, strict=True):
        column, row, depth = _grid_pixels(view, axes)
        grown = mask if cell_m == 0.0 else _grown(view, mask, depth, cell_m)
        height, width = mask.shape
        inside = (depth > 0) & (column >= 0) & (row >= 0) & (column < width) & (row < height)
        filled[inside] &= grown[row[inside], column[inside]]
        n_seen += inside
    return np.asarray(filled & (n_seen >= min(MIN_VIEWS, len(views))))


def _grid_pixels(view: View, axes: list[np.ndarray]) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Project a grid of cells: pixel column and row, and z-depth (m), each (x, y, z).

    A projection is linear in homogeneous coordinates, so each axis is projected by itself.
    """
    camera_from_world = view.camera.world_from_camera.inverse()
    matrix = view.camera.intrinsics_px @ camera_from_world.rotation
    shift = view.camera.intrinsics_px @ camera_from_world.position_m
    x, y, z = (
        [np.float32(matrix[k, axis]) * axes[axis].astype(np.float32) for k in range(3)]
        for axis in range(3)
    )
    u, v, depth = (
        x[k][:, None, None] + y[k][None, :, None] + (z[k] + np.float32(shift[k]))[None, None, :]
        for k in range(3)
    )
    safe = np.maximum(depth, np.float32(1e-6))
    return np.rint(u / safe).astype(np.int32), np.rint(v / safe).astype(np.int32), depth


def _grown(view: View, mask: np.ndarray, depth_m: np.ndarray, cell_m: float) -> np.ndarray:
    """Return a mask dilated by half the diagonal of a cell at the nearest depth."""
    nearest_m = max(float(depth_m.min()), NEAREST_M)
    radius_px = 0.87 * cell_m * float(view.camera.intrinsics_px[0, 0]) / nearest_m
    return np.asarray(ndimage.distance_transform_edt(~mask) <= radius_px)


def _surface(filled: np.ndarray, axes: list[np.ndarray], cell_m: float) -> Cloud | None:
    """Return the outer cells' points, moved onto the surface, with outward normals."""
    filled = _without_ghosts(filled)
    inner = ndimage.binary_erosion(filled, border_value=0)
    cells = np.argwhere(filled & ~inner)
    # What stands on the table goes on below it as far as normals are concerned.
    deeper = np.pad(filled, [(0, 0), (0, 0), (PAD_CELLS, 0)], mode="edge").astype(np.float32)
    blurred = np.asarray(ndimage.gaussian_filter(deeper, BLUR_CELLS, mode="constant"))
    steps: list[np.ndarray] = list(np.gradient(blurred[:, :, PAD_CELLS:]))
    slope = np.stack([step[tuple(cells.T)] for step in steps], axis=1)
    length = np.linalg.norm(slope, axis=1)
    kept = length > 1e-6
    if not kept.any():
        return None
    normals = -slope[kept].astype(np.float64) / length[kept, None]
    cells = cells[kept]
    points = np.stack([axis[cells[:, k]] for k, axis in enumerate(axes)], axis=1)
    points = points + 0.5 * cell_m * normals
    above = (points[:, 2] > SUPPORT_M) & (normals[:, 2] > -0.95)
    n = int(above.sum())
    if n == 0:
        return None
    empty = np.zeros((n, 3))
    return Cloud(points[above], normals[above], empty, np.zeros((n, 3), np.int64))


def _without_ghosts(filled: np.ndarray) -> np.ndarray:
    labels, n_bodies = ndimage.label(filled)
    if n_bodies == 0:
        return filled
    sizes = np.bincount(labels.ravel(), minlength=n_bodies + 1)
    sizes[0] = 0
    return np.asarray((sizes >= GHOST_SHARE * sizes.max())[labels])
