"""Shading normals of meshes: smooth over gentle bends, hard over creases."""

from __future__ import annotations

from typing import no_type_check

import numba
import numpy as np
from jaxtyping import Float32, Float64, Int32

#: Cosine of the crease angle, 40 degrees: facets of a 12-sided cylinder (30 degrees) still blend,
#: a 45-degree chamfer and a box's edge stay hard.
CREASE_COSINE = 0.7660444431189781

#: Vertices nearer than this (m) are one point: seams of a texture must not show in the shading.
WELD_M = 1e-7


def corner_normals(
    vertices_m: Float64[np.ndarray, "n 3"], faces: Int32[np.ndarray, "m 3"]
) -> Float32[np.ndarray, "m 3 3"]:
    """Return a unit normal for each corner of each face, in the frame of ``vertices_m``.

    A corner takes the mean over those faces around its vertex that bend from its own face by
    less than the crease angle, weighted by sin(angle) / (|e1| |e2|), which is exact on a sphere.
    A face without area keeps the normal (0, 0, 1).

    References
    ----------
    N. Max, Weights for computing vertex normals from facet normals, J. Graphics Tools 4(2), 1999.
    """
    faces = np.ascontiguousarray(faces, dtype=np.int32)
    vertices_m = np.ascontiguousarray(vertices_m, dtype=np.float64)
    if not len(faces):
        return np.zeros((0, 3, 3), np.float32)
    points = _weld(vertices_m)[faces]
    order = np.argsort(points.ravel(), kind="stable").astype(np.int64)
    starts = np.searchsorted(points.ravel()[order], np.arange(points.max() + 2))
    normals = face_normals(vertices_m, faces)
    return _blend(normals, _corner_weights(vertices_m, faces), order, starts)


def _weld(vertices_m: np.ndarray) -> np.ndarray:
    """Return for each vertex the index of its point; equal positions share one."""
    grid = np.round(vertices_m / WELD_M).astype(np.int64)
    order = np.lexsort(grid.T[::-1])  # a third of the time of np.unique along an axis
    ordered = grid[order]
    is_new = np.zeros(len(grid), bool)
    is_new[1:] = (ordered[1:] != ordered[:-1]).any(axis=1)
    point = np.empty(len(grid), np.int64)
    point[order] = np.cumsum(is_new)
    return point


@numba.njit(cache=True)
@no_type_check  # compiled: no checker can wrap it
def _area_vector(vertices_m: np.ndarray, a: int, b: int, c: int) -> tuple[float, float, float]:
    """Return (b - a) x (c - a)."""
    ux, uy, uz = (
        vertices_m[b, 0] - vertices_m[a, 0],
        vertices_m[b, 1] - vertices_m[a, 1],
        vertices_m[b, 2] - vertices_m[a, 2],
    )
    vx, vy, vz = (
        vertices_m[c, 0] - vertices_m[a, 0],
        vertices_m[c, 1] - vertices_m[a, 1],
        vertices_m[c, 2] - vertices_m[a, 2],
    )
    return uy * vz - uz * vy, uz * vx - ux * vz, ux * vy - uy * vx


@numba.njit(cache=True)
@no_type_check  # compiled: no checker can wrap it
def _distance2(vertices_m: np.ndarray, a: int, b: int) -> float:
    """Return the squared distance of two vertices."""
    x = vertices_m[b, 0] - vertices_m[a, 0]
    y = vertices_m[b, 1] - vertices_m[a, 1]
    z = vertices_m[b, 2] - vertices_m[a, 2]
    return x * x + y * y + z * z


@numba.njit(cache=True)
@no_type_check  # compiled: no checker can wrap it
def face_normals(vertices_m: np.ndarray, faces: np.ndarray) -> np.ndarray:
    """Return the unit normals (m, 3) of faces; (0, 0, 1) where a face has no area."""
    out = np.empty((len(faces), 3))
    for i in range(len(faces)):
        x, y, z = _area_vector(vertices_m, faces[i, 0], faces[i, 1], faces[i, 2])
        length = np.sqrt(x * x + y * y + z * z)
        if length > 0.0:
            out[i, 0], out[i, 1], out[i, 2] = x / length, y / length, z / length
        else:
            out[i, 0], out[i, 1], out[i, 2] = 0.0, 0.0, 1.0
    return out


@numba.njit(cache=True)
@no_type_check  # compiled: no checker can wrap it
def _corner_weights(vertices_m: np.ndarray, faces: np.ndarray) -> np.ndarray:
    """Return the weight (m, 3) of each face's normal at each of its corners, after Max."""
    out = np.zeros((len(faces), 3))
    for i in range(len(faces)):
        for k in range(3):
            at, ahead, back = faces[i, k], faces[i, (k + 1) % 3], faces[i, (k + 2) % 3]
            x, y, z = _area_vector(vertices_m, at, ahead, back)
            spread = _distance2(vertices_m, at, ahead) * _distance2(vertices_m, at, back)
            if spread > 0.0:
                out[i, k] = np.sqrt(x * x + y * y + z * z) / spread
    return out


@numba.njit(cache=True)
@no_type_check  # compiled: no checker can wrap it
def _blend(
    normals: np.ndarray, weights: np.ndarray, order: np.ndarray, starts: np.ndarray
) -> np.ndarray:
    """Sum the weighted normals around each corner that lie within the crease angle."""
    out = np.empty((len(normals), 3, 3), np.float32)
    for point in range(len(starts) - 1):
        for i in range(starts[point], starts[point + 1]):
            face, corner = order[i] // 3, order[i] % 3
            nx, ny, nz = normals[face, 0], normals[face, 1], normals[face, 2]
            x, y, z = 1e-12 * nx, 1e-12 * ny, 1e-12 * nz
            for j in range(starts[point], starts[point + 1]):
                other, weight = order[j] // 3, weights[order[j] // 3, order[j] % 3]
                ox, oy, oz = normals[other, 0], normals[other, 1], normals[other, 2]
                if nx * ox + ny * oy + nz * oz > CREASE_COSINE:
                    x, y, z = x + weight * ox, y + weight * oy, z + weight * oz
            length = np.sqrt(x * x + y * y + z * z)
            out[face, corner, 0] = x / length
            out[face, corner, 1] = y / length
            out[face, corner, 2] = z / length
    return out
