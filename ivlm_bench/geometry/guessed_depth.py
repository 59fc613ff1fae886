"""Depth images of guessed shapes."""

from __future__ import annotations

import numpy as np
from jaxtyping import Bool, Float32, Float64
from scipy import ndimage

from ivlm_bench.geometry.camera import project, ray_directions
from ivlm_bench.types import View


def table_depth(view: View) -> Float64[np.ndarray, "h w"]:
    """Return the z-depth (h, w) at which each pixel's ray meets the table; 0 where it does not."""
    rows, columns = np.indices((view.camera.height_px, view.camera.width_px))
    rays = ray_directions(view.camera, np.stack([columns.ravel(), rows.ravel()], axis=1))
    height_m = view.camera.world_from_camera.position_m[2]
    ahead = rays[:, 2] * height_m < 0
    depth = np.where(ahead, -height_m / np.where(ahead, rays[:, 2], 1.0), 0.0)
    return depth.reshape(rows.shape)


def splatted_depth(
    view: View,
    mask: Bool[np.ndarray, "h w"],
    points_m: Float64[np.ndarray, "n 3"],
    *,
    size_m: float,
) -> Float32[np.ndarray, "h w"]:
    """Return a depth image (h, w) float32: points where the mask is, the table where it is not.

    Every point covers a square of ``size_m``; pixels of the mask that none covers take the depth
    of the nearest covered one.
    """
    table = table_depth(view).astype(np.float32)
    pixels, ahead = project(view.camera, points_m)
    good = (ahead > 0) & np.isfinite(pixels).all(axis=1)
    if not good.any() or not mask.any():
        return table
    pixels, ahead = pixels[good], ahead[good]
    depth = np.full(mask.shape, np.inf)
    reach = int(np.ceil(0.5 * size_m * view.camera.intrinsics_px[0, 0] / max(ahead.min(), 0.1)))
    order = np.argsort(-ahead)
    at, far = np.rint(pixels[order]).astype(int), ahead[order]
    for dy in range(-reach, reach + 1):
        for dx in range(-reach, reach + 1):
            x, y = at[:, 0] + dx, at[:, 1] + dy
            inside = (x >= 0) & (y >= 0) & (x < mask.shape[1]) & (y < mask.shape[0])
            layer = np.full(mask.shape, np.inf)
            layer[y[inside], x[inside]] = far[inside]  # the nearest comes last and stays
            depth = np.minimum(depth, layer)
    known = np.isfinite(depth) & mask
    if not known.any():
        return table
    _, (row, column) = ndimage.distance_transform_edt(~known, return_indices=True)
    return np.where(mask, depth[row, column], table).astype(np.float32)
