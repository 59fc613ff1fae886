"""The key light's view of the scene: an orthographic depth map over what the camera sees."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from ivlm_bench.render.jit import kernel
from ivlm_bench.render.lights import LIGHT_X, LIGHT_Y, LIGHT_Z
from ivlm_bench.render.raster import Lens, fill, prepare_parallel

#: Texels along each side of the map.
MAP_SIZE = 768

#: Texels kept free around what the camera sees, for the soft edge.
MARGIN = 4.0

_RIGHT_LENGTH = float(np.sqrt(LIGHT_X**2 + LIGHT_Y**2))

#: Axes of the light's frame, (right, up, towards the light), world frame.
LIGHT_AXES = np.array(
    [
        [-LIGHT_Y / _RIGHT_LENGTH, LIGHT_X / _RIGHT_LENGTH, 0.0],
        [
            -LIGHT_Z * LIGHT_X / _RIGHT_LENGTH,
            -LIGHT_Z * LIGHT_Y / _RIGHT_LENGTH,
            _RIGHT_LENGTH,
        ],
        [LIGHT_X, LIGHT_Y, LIGHT_Z],
    ]
)
LIGHT_AXES.setflags(write=False)


class ShadowMap(NamedTuple):
    """``key`` (size, size) float32 grows towards the light; 0 where nothing stands.

    A world point p lies at texel ``axes @ p / texel_m + shift``; the third number is its key.
    """

    key: np.ndarray
    axes: np.ndarray
    shift: np.ndarray
    texel_m: float


@kernel
def _seen_bounds(key: np.ndarray, lens: Lens, axes: np.ndarray) -> np.ndarray:
    """Return the box (2, 2) of all seen points across the light: least and greatest, metres."""
    bounds = np.empty((2, 2))
    r, eye = lens.rotation, lens.eye_m
    for k in range(2):
        ax = axes[k, 0] * r[0, 0] + axes[k, 1] * r[1, 0] + axes[k, 2] * r[2, 0]
        ay = axes[k, 0] * r[0, 1] + axes[k, 1] * r[1, 1] + axes[k, 2] * r[2, 1]
        az = axes[k, 0] * r[0, 2] + axes[k, 1] * r[1, 2] + axes[k, 2] * r[2, 2]
        at = axes[k, 0] * eye[0] + axes[k, 1] * eye[1] + axes[k, 2] * eye[2]
        low, high = np.inf, -np.inf
        for y in range(key.shape[0]):
            row = ay * ((y - lens.cy_px) / lens.fy_px) + az - ax * lens.cx_px / lens.fx_px
            for x in range(key.shape[1]):
                if key[y, x] > 0.0:
                    value = (row + ax / lens.fx_px * x) / key[y, x] + at
                    low, high = min(low, value), max(high, value)
        bounds[0, k], bounds[1, k] = low, high
    return bounds


@kernel
def _light_vertices(
    vertices_m: np.ndarray, axes: np.ndarray, shift: np.ndarray, texel_m: float
) -> np.ndarray:
    """Return vertices (n, 3) in texels of the map."""
    out = np.empty((len(vertices_m), 3))
    for i in range(len(vertices_m)):
        x, y, z = vertices_m[i, 0], vertices_m[i, 1], vertices_m[i, 2]
        for k in range(3):
            out[i, k] = (axes[k, 0] * x + axes[k, 1] * y + axes[k, 2] * z) / texel_m + shift[k]
    return out


def cast(vertices_m: np.ndarray, faces: np.ndarray, key: np.ndarray, *, lens: Lens) -> ShadowMap:
    """Return the shadow map that covers all points seen in ``key`` (h, w), the inverse depths."""
    bounds = _seen_bounds(key, lens, LIGHT_AXES)
    if not np.isfinite(bounds).all():
        return no_shadow()
    texel_m = float((bounds[1] - bounds[0]).max() / (MAP_SIZE - 1 - 2 * MARGIN)) or 1.0
    shift = np.zeros(3)
    shift[:2] = MARGIN - bounds[0] / texel_m
    lit = _light_vertices(vertices_m, LIGHT_AXES, shift, texel_m)
    shift[2] = 1.0 - float(lit[:, 2].min())
    lit[:, 2] += shift[2]
    depth = np.zeros((MAP_SIZE, MAP_SIZE), np.float32)
    fill(prepare_parallel(lit, faces, MAP_SIZE), 1, depth, np.empty((0, 0), np.int32))
    return ShadowMap(depth, LIGHT_AXES, shift, texel_m)


def no_shadow() -> ShadowMap:
    """Return the map of a scene in which nothing is seen: it shades nothing."""
    return ShadowMap(np.zeros((1, 1), np.float32), LIGHT_AXES, np.zeros(3), 1.0)
