"""Convex pieces: hulls, half-spaces, point depth and overlap."""

from __future__ import annotations

from collections.abc import Sequence
from typing import no_type_check

import numba
import numpy as np
from jaxtyping import Bool, Float64
from scipy.spatial import ConvexHull

from ivlm_bench.geometry.directions import distinct_directions, edge_directions
from ivlm_bench.geometry.mesh import face_normals
from ivlm_bench.types import Mesh


def convex_hull(points_m: np.ndarray) -> Mesh:
    """Return the convex hull of points (n, 3) as a closed mesh with outward faces.

    Vertices keep the order of the points; those inside the hull are dropped.
    """
    points = np.asarray(points_m, np.float64)
    hull = ConvexHull(points)
    used, faces = _oriented(np.ascontiguousarray(points), hull.simplices, hull.equations)
    return Mesh(points[used], faces)


@numba.njit(cache=True)
@no_type_check  # compiled: no checker can wrap it
def _oriented(points, simplices, equations):
    """Return the numbers of the used points, and faces (m, 3) of them wound outwards.

    Faces come in the order of their greatest, then their middle, then their least vertex.
    """
    number = np.full(len(points), -1, np.int32)
    number[simplices.ravel()] = 0
    used = np.flatnonzero(number == 0)
    number[used] = np.arange(len(used), dtype=np.int32)
    faces = np.empty(simplices.shape, np.int32)
    keys = np.empty(len(simplices), np.int64)
    for i in range(len(simplices)):
        a, b, c = simplices[i, 0], simplices[i, 1], simplices[i, 2]
        u, v, n = points[b] - points[a], points[c] - points[a], equations[i]
        along = (u[1] * v[2] - u[2] * v[1]) * n[0]
        along += (u[2] * v[0] - u[0] * v[2]) * n[1]
        along += (u[0] * v[1] - u[1] * v[0]) * n[2]
        if along < 0.0:
            a, c = c, a
        faces[i, 0], faces[i, 1], faces[i, 2] = number[a], number[b], number[c]
        low, high = min(number[a], number[b], number[c]), max(number[a], number[b], number[c])
        middle = np.int64(number[a]) + number[b] + number[c] - low - high
        keys[i] = (high * np.int64(len(used)) + middle) * len(used) + low
    return used, faces[np.argsort(keys, kind="mergesort")]


def half_spaces(hull: Mesh) -> tuple[Float64[np.ndarray, "m 3"], Float64[np.ndarray, " m"]]:
    """Return outward unit normals n and offsets d (m); a point p is inside where n.p <= d."""
    normals = face_normals(hull)
    normals = normals[np.any(normals != 0.0, axis=1)]
    return normals, (hull.vertices_m @ normals.T).max(axis=0)


def hull_distance_m(points_m: np.ndarray, hull: Mesh) -> Float64[np.ndarray, " n"]:
    """Return the largest half-space distance of points (n, 3) to a hull, in m.

    Negative inside, where it is minus the depth; outside it is a lower bound of the distance.
    """
    normals, offsets = half_spaces(hull)
    return (np.asarray(points_m) @ normals.T - offsets).max(axis=1)


def distance_to_hulls_m(points_m: np.ndarray, hulls: Sequence[Mesh]) -> Float64[np.ndarray, " n"]:
    """Return the smallest ``hull_distance_m`` of points (n, 3) over all hulls, in m."""
    return np.min([hull_distance_m(points_m, hull) for hull in hulls], axis=0)


def is_outside(points_m: np.ndarray, hulls: Sequence[Mesh]) -> Bool[np.ndarray, " n"]:
    """Tell of points (n, 3) whether they lie outside all hulls: ``distance_to_hulls_m`` > 0."""
    points = np.ascontiguousarray(points_m, np.float64)
    free = np.ones(len(points), np.bool_)
    for hull in hulls:
        _strike_inside(points, *half_spaces(hull), free)
    return free


@numba.njit(cache=True)
@no_type_check  # compiled: no checker can wrap it
def _strike_inside(points, normals, offsets, free):
    """Strike off points that no half-space leaves out; most points are left out early."""
    for i in range(len(points)):
        if not free[i]:
            continue
        x, y, z = points[i]
        inside = True
        for k in range(len(normals)):
            if normals[k, 0] * x + normals[k, 1] * y + normals[k, 2] * z - offsets[k] > 0.0:
                inside = False
                break
        free[i] = not inside


def overlap_m(a: Mesh, b: Mesh) -> float:
    """Return how deep two convex hulls overlap (m); negative values are a gap along some axis.

    Separating axis theorem over face normals and cross products of edges: positive values are
    the smallest translation that parts the hulls (Gottschalk, Lin, Manocha, OBBTree, 1996).
    """
    gap = np.maximum(
        a.vertices_m.min(axis=0) - b.vertices_m.max(axis=0),
        b.vertices_m.min(axis=0) - a.vertices_m.max(axis=0),
    ).max()
    if gap > 0:
        return -float(gap)
    normals = distinct_directions(np.concatenate([face_normals(a), face_normals(b)]))
    depth = _least_overlap(a, b, normals)
    if depth < 0:
        return depth
    crosses = np.cross(edge_directions(a)[:, None], edge_directions(b)[None]).reshape(-1, 3)
    return min(depth, _least_overlap(a, b, distinct_directions(crosses)))


def _least_overlap(a: Mesh, b: Mesh, axes: np.ndarray) -> float:
    if not len(axes):
        return np.inf
    on_a, on_b = a.vertices_m @ axes.T, b.vertices_m @ axes.T
    depth = np.minimum(on_a.max(axis=0) - on_b.min(axis=0), on_b.max(axis=0) - on_a.min(axis=0))
    return float(depth.min())
