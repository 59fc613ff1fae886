"""Distances from points to closed convex meshes."""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache

import numpy as np
from jaxtyping import Float64

from ivlm_bench.types import Mesh


def closest_on_triangles(
    point_m: Float64[np.ndarray, "3"], triangles_m: Float64[np.ndarray, "m 3 3"]
) -> np.ndarray:
    """Return the point (m, 3) of each triangle that is nearest to ``point_m``, metres.

    The projection onto the plane where it falls inside, else the nearest point of the edges.
    """
    a = triangles_m[:, 0]
    edges = np.roll(triangles_m, -1, axis=1) - triangles_m
    normal = np.cross(edges[:, 0], -edges[:, 2])
    area = np.maximum(np.einsum("ij,ij->i", normal, normal), np.finfo(float).tiny)
    height = np.einsum("ij,ij->i", point_m - a, normal) / area
    projected = point_m - height[:, None] * normal
    sides = np.einsum(
        "ikj,ikj->ik",
        np.cross(edges, projected[:, None] - triangles_m),
        np.broadcast_to(normal[:, None], edges.shape),
    )
    inside = (sides >= 0.0).all(axis=1)
    length = np.maximum(np.einsum("ikj,ikj->ik", edges, edges), np.finfo(float).tiny)
    along = np.einsum("ikj,ikj->ik", point_m - triangles_m, edges) / length
    on_edges = triangles_m + np.clip(along, 0.0, 1.0)[..., None] * edges
    nearest = np.argmin(((on_edges - point_m) ** 2).sum(axis=2), axis=1)
    edge_points = on_edges[np.arange(len(nearest)), nearest]
    return np.where(inside[:, None], projected, edge_points)


@lru_cache(maxsize=1024)
def face_planes(hull: Mesh) -> tuple[np.ndarray, np.ndarray]:
    """Return outward unit normals (k, 3) and offsets (k,), m: inside is ``n . x <= offset``.

    Faces without area are left out.
    """
    corners = hull.vertices_m[hull.faces]
    normals = np.cross(corners[:, 1] - corners[:, 0], corners[:, 2] - corners[:, 0])
    length = np.linalg.norm(normals, axis=1)
    kept = length > np.finfo(float).eps * max(float(length.max()), 1.0)
    normals = normals[kept] / length[kept, None]
    return normals, np.einsum("ij,ij->i", normals, corners[kept, 0])


def nearest_on_hull(
    hull: Mesh, point_m: Float64[np.ndarray, "3"]
) -> tuple[float, np.ndarray, np.ndarray]:
    """Return signed distance (m, negative inside), nearest surface point and outward normal.

    Inside a convex body the nearest surface point lies on the plane of the nearest face. Outside,
    the normal points from the surface to ``point_m``, which on an edge lies between the faces'.
    """
    normals, offsets = face_planes(hull)
    signed = normals @ point_m - offsets
    deepest = int(np.argmax(signed))
    if signed[deepest] <= 0.0:
        normal = normals[deepest]
        return float(signed[deepest]), point_m - signed[deepest] * normal, normal
    points = closest_on_triangles(point_m, hull.vertices_m[hull.faces])
    gaps = np.linalg.norm(point_m - points, axis=1)
    best = int(np.argmin(gaps))
    # Very near the surface the difference is rounding noise: the face's normal is better.
    near = gaps[best] <= 1e-12 or gaps[best] <= signed[deepest]
    normal = normals[deepest] if near else (point_m - points[best]) / gaps[best]
    return float(gaps[best]), points[best], normal


def signed_distance_m(hull: Mesh, point_m: Float64[np.ndarray, "3"]) -> float:
    """Return the distance from a point to a convex hull, metres, negative inside."""
    return nearest_on_hull(hull, point_m)[0]


def nearest_hull(hulls: Sequence[Mesh], point_m: Float64[np.ndarray, "3"]) -> tuple[int, float]:
    """Return the index of the convex hull nearest to a point, and its signed distance in metres.

    The largest signed distance to a hull's face planes never exceeds its distance, so hulls are
    looked at in the order of that bound, until it passes the best distance found.
    """
    bounds = []
    for index, hull in enumerate(hulls):
        normals, offsets = face_planes(hull)
        bounds.append((float((normals @ point_m - offsets).max()), index))
    best = (np.inf, -1)
    for bound, index in sorted(bounds):
        if bound > best[0]:
            break
        best = min(best, (signed_distance_m(hulls[index], point_m), index))
    return best[1], best[0]
