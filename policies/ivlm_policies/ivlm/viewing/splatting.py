"""Pictures of coloured points."""

from __future__ import annotations

import numpy as np
from jaxtyping import Float32, Float64, UInt8

from ivlm_bench.geometry.camera import project
from ivlm_bench.types import Camera

#: Colour of what no point covers: a light grey, as of a wall.
BACKGROUND = 200
#: A point covers this many pixels to each side of its own.
REACH_PX = 1


def splat(
    camera: Camera, points_m: Float64[np.ndarray, "n 3"], colours: Float64[np.ndarray, "n 3"]
) -> tuple[UInt8[np.ndarray, "h w 3"], Float32[np.ndarray, "h w"]]:
    """Return colour and z-depth (m, 0 where nothing is) of points that cover 3 x 3 px each.

    Of the points that cover a pixel the nearest is shown. ``colours`` are sRGB in [0, 1].
    """
    height, width = camera.height_px, camera.width_px
    pixels, ahead = project(camera, points_m)
    good = np.nonzero((ahead > 0) & np.isfinite(pixels).all(axis=1))[0]
    good = good[np.argsort(-ahead[good], kind="stable")]
    column, row = np.rint(np.clip(pixels[good], -9.0, max(height, width) + 9.0)).astype(int).T
    index = np.full(height * width, -1)
    nearest = np.full(height * width, np.inf)
    for dy in range(-REACH_PX, REACH_PX + 1):
        for dx in range(-REACH_PX, REACH_PX + 1):
            x, y = column + dx, row + dy
            inside = (x >= 0) & (y >= 0) & (x < width) & (y < height)
            layer = np.full(height * width, -1)
            layer[y[inside] * width + x[inside]] = good[inside]  # the nearest comes last and stays
            depth = np.where(layer >= 0, ahead[layer], np.inf)
            closer = depth < nearest
            nearest[closer], index[closer] = depth[closer], layer[closer]
    covered = index >= 0
    rgb = np.full((height * width, 3), BACKGROUND, np.uint8)
    rgb[covered] = np.rint(255.0 * np.clip(colours[index[covered]], 0.0, 1.0)).astype(np.uint8)
    depth_m = np.where(covered, nearest, 0.0).astype(np.float32)
    return rgb.reshape(height, width, 3), depth_m.reshape(height, width)
