"""The far side of what one view shows, guessed: things are as deep as they look thick.

The distance to the nearest edge of a silhouette tells how thick a thing is there, as if it had
been blown up like a balloon: right for round things and bars, too round for boxes. An edge is the
outline, or a jump in depth.
"""

from __future__ import annotations

import numpy as np
from scipy import ndimage

from ivlm_bench.geometry.camera import depth_points
from ivlm_bench.geometry.cloud import JUMP_M, SUPPORT_M, Cloud, bounds_px, view_normals
from ivlm_bench.types import View

#: Surfaces whose normal points up more than this are tops; nothing is guessed behind them.
TOP_COSINE = 0.7
#: Thickest thing (m) that is guessed: no wider one fits between the pads anyway.
THICKEST_M = 0.12
#: Only every so many-th pixel gets a hidden point, along rows and along columns.
STRIDE_PX = 2
UP = np.array([0.0, 0.0, 1.0])


def hidden_cloud(view: View, index: int) -> Cloud:
    """Return guessed points behind the surfaces of one view with depth; ``index`` is the view's.

    Each lies horizontally behind the pixel it is named after, and takes its colour.
    """
    empty = np.zeros((0, 3))
    nothing = Cloud(empty, empty, empty, np.zeros((0, 3), np.int64))
    if view.depth_m is None:
        return nothing
    points = depth_points(view.camera, view.depth_m)
    mask = np.nan_to_num(points[..., 2], nan=-1.0) > SUPPORT_M
    if not mask.any():
        return nothing
    crop = bounds_px(mask)
    normals = np.full(points.shape, np.nan)
    normals[crop], _ = view_normals(view, points[crop])
    thick, share, outward = _inflated(_parted(mask, view.depth_m))
    scale = view.depth_m / view.camera.intrinsics_px[0, 0]  # metres a pixel
    thick_m = np.minimum(2.0 * thick * scale, THICKEST_M)
    chosen = (thick > 0) & ~(normals[..., 2] > TOP_COSINE)
    chosen &= np.add.outer(np.arange(len(mask)), np.zeros(mask.shape[1], int)) % STRIDE_PX == 0
    chosen[:, 1::STRIDE_PX] = False
    rows, columns = np.nonzero(chosen)
    away = _horizontal(points[rows, columns] - view.camera.world_from_camera.position_m)
    right = np.cross(away, UP)
    side = outward[0][rows, columns, None] * right - outward[1][rows, columns, None] * UP
    edge = share[rows, columns, None]
    normal = np.sqrt(np.maximum(1.0 - edge**2, 0.0)) * away + edge * side
    normal = normal / np.maximum(np.linalg.norm(normal, axis=1, keepdims=True), 1e-9)
    behind = points[rows, columns] + thick_m[rows, columns, None] * away
    pixels = np.stack([np.full(len(rows), index), columns, rows], axis=1).astype(np.int64)
    return Cloud(behind, normal, view.rgb[rows, columns] / 255.0, pixels)


def _horizontal(way: np.ndarray) -> np.ndarray:
    flat = way * np.array([1.0, 1.0, 0.0])
    return flat / np.maximum(np.linalg.norm(flat, axis=1, keepdims=True), 1e-9)


def _parted(mask: np.ndarray, depth_m: np.ndarray) -> np.ndarray:
    """Return a mask without the pixels at a jump in depth."""
    nearest = ndimage.minimum_filter(depth_m, 3)
    farthest = ndimage.maximum_filter(depth_m, 3)
    return np.asarray(mask & (farthest - nearest <= 2.0 * JUMP_M))


def _inflated(mask: np.ndarray) -> tuple[np.ndarray, np.ndarray, tuple[np.ndarray, np.ndarray]]:
    """Return half the thickness (px), 1 at edges to 0 on ridges, and the unit way (x, y) outward.

    A pixel at distance d from the edge, on whose ridge that distance is r, lies on a circle of
    radius r: half the thickness there is the root of r^2 - (r - d)^2.
    """
    distance = ndimage.distance_transform_edt(mask)
    ridge = mask & (distance >= ndimage.maximum_filter(distance, 3) - 1e-6)
    if not ridge.any():
        return np.zeros(mask.shape), np.zeros(mask.shape), (distance, distance)
    _, (row, column) = ndimage.distance_transform_edt(~ridge, return_indices=True)
    radius = np.maximum(distance[row, column], distance)
    share = np.where(mask, 1.0 - distance / np.maximum(radius, 1e-9), 0.0)
    half = np.where(mask, radius * np.sqrt(np.maximum(1.0 - share**2, 0.0)), 0.0)
    down, right = np.gradient(ndimage.gaussian_filter(distance, 1.0))
    length = np.maximum(np.hypot(down, right), 1e-9)
    return half, share, (-right / length, -down / length)
