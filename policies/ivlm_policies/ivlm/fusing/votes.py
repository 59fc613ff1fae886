"""What each view says of each point of the surface, and whether it may."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from jaxtyping import Bool, Float32, Float64

from ivlm_bench.geometry.camera import project
from ivlm_bench.types import View

#: A view sees a point if their depths agree within this share of the thing's diameter, and at
#: least and at most within so much (m).
DEPTH_SHARE = 0.015
LEAST_M, MOST_M = 0.003, 0.015


@dataclass(frozen=True, eq=False, slots=True)
class Sight:
    """Where points lie in a picture: pixels (n, 2), whether it sees them, cosines to the rays."""

    pixels: Float64[np.ndarray, "n 2"]
    seen: Bool[np.ndarray, " n"]
    cosine: Float32[np.ndarray, " n"]


def tolerance_m(points_m: Float64[np.ndarray, "n 3"]) -> float:
    """Return how well (m) depths must agree, from the diameter of what is looked at."""
    diameter = float(np.linalg.norm(np.ptp(points_m, axis=0))) if len(points_m) else 0.0
    return float(np.clip(DEPTH_SHARE * diameter, LEAST_M, MOST_M))


def sight(
    view: View,
    points_m: Float64[np.ndarray, "n 3"],
    normals: Float64[np.ndarray, "n 3"],
    *,
    within_m: float,
) -> Sight:
    """Return where a view has some points.

    It sees a point that lies inside the picture if the best of the 3 x 3 depths about its pixel
    agrees with its own; without a depth image, if it lies inside and faces the camera.
    """
    pixels, depth = project(view.camera, points_m)
    pixels = np.where(np.isfinite(pixels), pixels, -9.0)
    limit = np.array([view.camera.width_px, view.camera.height_px]) - 0.5
    inside = (depth > 0) & (pixels > -0.5).all(axis=1) & (pixels < limit).all(axis=1)
    ray = view.camera.world_from_camera.position_m - points_m
    length = np.maximum(np.linalg.norm(ray, axis=1), 1e-9)
    cosine = (ray * normals).sum(axis=1) / length
    if view.depth_m is None:
        seen = inside & (cosine > 0)
    else:
        seen = inside & (_miss_m(view.depth_m, pixels, depth) <= within_m)
    return Sight(pixels, seen, np.clip(cosine, 0.0, 1.0).astype(np.float32))


def _miss_m(depth_m: np.ndarray, pixels: np.ndarray, ahead_m: np.ndarray) -> np.ndarray:
    """Return how far (m) points' depths are from the best one of 3 x 3 pixels."""
    height, width = depth_m.shape
    column, row = np.rint(np.clip(pixels, -9.0, max(height, width) + 9.0)).astype(int).T
    best = np.full(len(pixels), np.inf)
    for dy in (-1, 0, 1):
        for dx in (-1, 0, 1):
            y, x = np.clip(row + dy, 0, height - 1), np.clip(column + dx, 0, width - 1)
            surface = depth_m[y, x]
            best = np.minimum(best, np.where(surface > 0, np.abs(surface - ahead_m), np.inf))
    return best


def read_map(values: Float32[np.ndarray, "h w"], pixels: np.ndarray) -> Float32[np.ndarray, " n"]:
    """Read a map bilinearly at pixels (n, 2); the border goes on beyond it."""
    height, width = values.shape
    x, y = np.clip(pixels[:, 0], 0, width - 1), np.clip(pixels[:, 1], 0, height - 1)
    x0, y0 = np.floor(x).astype(int), np.floor(y).astype(int)
    x1, y1 = np.minimum(x0 + 1, width - 1), np.minimum(y0 + 1, height - 1)
    fx, fy = (x - x0).astype(np.float32), (y - y0).astype(np.float32)
    upper = values[y0, x0] * (1 - fx) + values[y0, x1] * fx
    lower = values[y1, x0] * (1 - fx) + values[y1, x1] * fx
    return np.asarray(upper * (1 - fy) + lower * fy, np.float32)
