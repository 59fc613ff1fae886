"""Normals and heights of a depth image in one pass: what ``geometry.cloud.view_normals`` says.

Compiled, as it stands in the way of every answer: 4 ms a view of 224 px where numpy takes 16 ms.
"""

from __future__ import annotations

from typing import no_type_check

import numba
import numpy as np
from jaxtyping import Float32

from ivlm_bench.geometry.cloud import GRAZING_COSINE, JUMP_M
from ivlm_bench.types import Camera


def levelled_shape(
    camera: Camera, depth_m: Float32[np.ndarray, "h w"], axes: np.ndarray
) -> Float32[np.ndarray, "5 h w"]:
    """Return normals along three axes (rows, world frame), heights (m), and 1 where both are known.

    All 0 where they are not known.
    """
    rotation = np.ascontiguousarray(camera.world_from_camera.rotation)
    return _shape(
        np.ascontiguousarray(depth_m, np.float64),
        camera.intrinsics_px,
        np.ascontiguousarray(axes @ rotation),
        rotation[2].copy(),
        float(camera.world_from_camera.position_m[2]),
    )


@numba.njit(cache=True)
@no_type_check  # compiled: no checker can wrap it
def _shape(depth, k, turn, upward, eye_z):
    """Return channels (5, h, w): the turned normal, the height and whether they are known."""
    height, width = depth.shape
    out = np.zeros((5, height, width), np.float32)
    points = np.full((height, width, 3), np.nan)
    for y in range(height):
        for x in range(width):
            d = depth[y, x]
            if d > 0.0:
                points[y, x, 0] = (x - k[0, 2]) / k[0, 0] * d
                points[y, x, 1] = (y - k[1, 2]) / k[1, 1] * d
                points[y, x, 2] = d
    normal, down, right = np.zeros(3), np.zeros(3), np.zeros(3)
    for y in range(height):
        for x in range(width):
            if not depth[y, x] > 0.0:
                continue
            if not _normal(points, y, x, normal, down, right):
                continue
            for row in range(3):
                out[row, y, x] = (
                    turn[row, 0] * normal[0] + turn[row, 1] * normal[1] + turn[row, 2] * normal[2]
                )
            p = points[y, x]
            out[3, y, x] = upward[0] * p[0] + upward[1] * p[1] + upward[2] * p[2] + eye_z
            out[4, y, x] = 1.0
    return out


@numba.njit(cache=True)
@no_type_check
def _normal(points, y, x, normal, down, right):
    """Write a pixel's unit normal towards the camera; tell whether it is known."""
    if not _tangent(points, y, x, 1, 0, down) or not _tangent(points, y, x, 0, 1, right):
        return False
    normal[0] = down[1] * right[2] - down[2] * right[1]
    normal[1] = down[2] * right[0] - down[0] * right[2]
    normal[2] = down[0] * right[1] - down[1] * right[0]
    length = np.sqrt(normal[0] ** 2 + normal[1] ** 2 + normal[2] ** 2)
    if length == 0.0:
        return False
    p = points[y, x]
    away = np.sqrt(p[0] ** 2 + p[1] ** 2 + p[2] ** 2)
    cosine = -(normal[0] * p[0] + normal[1] * p[1] + normal[2] * p[2]) / (length * away)
    sign = -1.0 if cosine < 0.0 else 1.0
    for axis in range(3):
        normal[axis] = normal[axis] * sign / length
    return abs(cosine) >= GRAZING_COSINE


@numba.njit(cache=True)
@no_type_check
def _tangent(points, y, x, dy, dx, out):
    """Write the mean of the one-sided differences on the pixel's own surface; tell if any is."""
    n = 0
    out[:] = 0.0
    for side in (1, -1):
        v, u = y + side * dy, x + side * dx
        if v < 0 or u < 0 or v >= points.shape[0] or u >= points.shape[1]:
            continue
        a = side * (points[v, u, 0] - points[y, x, 0])
        b = side * (points[v, u, 1] - points[y, x, 1])
        c = side * (points[v, u, 2] - points[y, x, 2])
        if np.sqrt(a * a + b * b + c * c) <= JUMP_M:  # false for a neighbour without return
            out[0] += a
            out[1] += b
            out[2] += c
            n += 1
    if n == 2:
        for axis in range(3):
            out[axis] *= 0.5
    return n > 0
