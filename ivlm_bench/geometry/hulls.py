"""Convex pieces: hulls, half-spaces, point depth and overlap."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from jaxtyping import Float64
from scipy.spatial import ConvexHull

from ivlm_bench.geometry.mesh import face_normals
from ivlm_bench.types import Mesh

#: Directions closer than this (squared sine) count as one separating axis.
_PARALLEL = 1e-12
#: Decimals that equal directions are rounded to before duplicates are dropped.
_DIRECTION_DECIMALS = 6


def convex_hull(points_m: np.ndarray) -> Mesh:
    """Return the convex hull of points (n, 3) as a closed mesh with outward faces.

    Vertices keep the order of the points; those inside the hull are dropped.
    """
    points = np.asarray(points_m, np.float64)
    hull = ConvexHull(points)
    used = np.sort(hull.vertices)
    renumber = np.zeros(len(points), np.int32)
    renumber[used] = np.arange(len(used), dtype=np.int32)
    a, b, c = (points[hull.simplices[:, k]] for k in range(3))
    inwards = np.einsum("ij,ij->i", np.cross(b - a, c - a), hull.equations[:, :3]) < 0
    faces = renumber[hull.simplices]
    faces[inwards] = faces[inwards][:, ::-1]
    order = np.lexsort(np.sort(faces, axis=1).T)
    return Mesh(points[used], faces[order])


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


def edge_directions(hull: Mesh) -> Float64[np.ndarray, "k 3"]:
    """Return unit directions of the edges of a hull; parallel ones are given once."""
    ends = np.concatenate([hull.faces[:, [0, 1]], hull.faces[:, [1, 2]], hull.faces[:, [2, 0]]])
    ends = np.unique(np.sort(ends, axis=1), axis=0)
    return distinct_directions(hull.vertices_m[ends[:, 1]] - hull.vertices_m[ends[:, 0]])


def distinct_directions(vectors: np.ndarray) -> Float64[np.ndarray, "k 3"]:
    """Return the unit directions of vectors (n, 3), each once whatever its sign; zeros go."""
    squared = np.einsum("ij,ij->i", vectors, vectors)
    kept = vectors[squared > _PARALLEL * max(float(squared.max(initial=0.0)), 1e-300)]
    kept = kept / np.linalg.norm(kept, axis=1, keepdims=True)
    rounded = np.round(kept, _DIRECTION_DECIMALS) + 0.0
    lead = np.argmax(rounded != 0.0, axis=1)
    rounded *= np.sign(rounded[np.arange(len(rounded)), lead])[:, None]
    _, first = np.unique(rounded, axis=0, return_index=True)
    return kept[first]
