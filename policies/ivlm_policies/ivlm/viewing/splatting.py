"""Pictures of coloured points."""

from __future__ import annotations

import numpy as np
from jaxtyping import Float32, Float64, UInt8

from ivlm_bench.geometry.camera import project
from ivlm_bench.geometry.cloud import JUMP_M
from ivlm_bench.types import Camera

#: Colour of what no point covers: a light grey, as of a wall.
BACKGROUND = 200
#: A point covers this many pixels to each side of its own.
REACH_PX = 1


def splat(
    camera: Camera, points_m: Float64[np.ndarray, "n 3"], colours: Float64[np.ndarray, "n 3"]
) -> tuple[UInt8[np.ndarray, "h w 3"], Float32[np.ndarray, "h w"]]:
    """Return colour and z-depth (m, 0 where nothing is) of points that cover 3 x 3 px each.

    Of the points in a pixel the nearest is shown; those of the pixels around it show where it has
    none, or where they are nearer by a jump: surfaces close to each other keep their own depth.
    ``colours`` are sRGB in [0, 1].
    """
    n = camera.height_px * camera.width_px
    pixels, ahead = project(camera, points_m)
    good = np.nonzero((ahead > 0) & np.isfinite(pixels).all(axis=1))[0]
    good = good[np.argsort(-ahead[good], kind="stable")]
    most = 2.0 * max(camera.height_px, camera.width_px)
    at = np.rint(np.clip(pixels[good], -most, most)).astype(int)
    depth = np.append(ahead, np.inf)  # index -1: no point
    index = _layer(camera, at, good)
    around = np.full(n, -1)
    for dy in range(-REACH_PX, REACH_PX + 1):
        for dx in range(-REACH_PX, REACH_PX + 1):
            layer = _layer(camera, at + np.array([dx, dy]), good)
            around = np.where(depth[layer] < depth[around], layer, around)
    index = np.where(depth[around] < depth[index] - JUMP_M, around, index)
    covered = index >= 0
    rgb = np.full((n, 3), BACKGROUND, np.uint8)
    rgb[covered] = np.rint(255.0 * np.clip(colours[index[covered]], 0.0, 1.0)).astype(np.uint8)
    depth_m = np.where(covered, depth[index], 0.0).astype(np.float32)
    shape = (camera.height_px, camera.width_px)
    return rgb.reshape(*shape, 3), depth_m.reshape(shape)


def _layer(camera: Camera, at: np.ndarray, which: np.ndarray) -> np.ndarray:
    """Return the last of some points (by index, far ones first) in each pixel, -1 for none."""
    x, y = at.T
    inside = (x >= 0) & (y >= 0) & (x < camera.width_px) & (y < camera.height_px)
    layer = np.full(camera.height_px * camera.width_px, -1)
    layer[y[inside] * camera.width_px + x[inside]] = which[inside]  # the nearest comes last
    return layer
