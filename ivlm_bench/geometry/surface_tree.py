"""Nearest surface points and winding numbers of any triangle mesh, through a tree of boxes."""

from __future__ import annotations

from typing import NamedTuple, no_type_check

import numba
import numpy as np
from jaxtyping import Float64, Int64

from ivlm_bench.types import Mesh

#: Faces in a leaf of the tree.
LEAF_FACES = 4
#: Bits an axis of the Morton code that faces are sorted by.
MORTON_BITS = 20
#: A node this many of its radii away counts as one dipole (Barill et al., Fast Winding Numbers for
#: Soups and Clouds, ACM TOG 2018). Winding numbers about a scanned mug are then off by 0.055 at
#: most, while inside and outside are 1 apart.
FAR_RADII = 2.0


class _Tree(NamedTuple):
    """Sorted triangles (m, 3, 3) and, of each node, its box and its dipole."""

    triangles_m: np.ndarray
    order: np.ndarray
    low_m: np.ndarray
    high_m: np.ndarray
    centre_m: np.ndarray
    area_m2: np.ndarray
    radius_m: np.ndarray


class SurfaceTree:
    """Answers where the surface of a mesh lies nearest, and how often it winds about a point.

    The mesh may be open, or wound either way; only faces are asked, so it needs one at least.
    """

    def __init__(self, mesh: Mesh) -> None:
        self.mesh = mesh
        self._tree = _build(mesh.vertices_m[mesh.faces])

    def nearest(
        self, points_m: Float64[np.ndarray, "n 3"]
    ) -> tuple[Float64[np.ndarray, " n"], Float64[np.ndarray, "n 3"], Int64[np.ndarray, " n"]]:
        """Return distance (m), nearest surface point (m) and its face, of each point."""
        points = np.ascontiguousarray(points_m, np.float64)
        distances, nearest, rows = _nearest(self._tree, points)
        return distances, nearest, self._tree.order[rows]

    def winding(self, points_m: Float64[np.ndarray, "n 3"]) -> Float64[np.ndarray, " n"]:
        """Return the winding number of each point: 1 inside a closed mesh, 0 outside.

        Fractions tell how much of the view from a point is closed off by an open surface
        (Jacobson et al., Robust Inside-Outside Segmentation, ACM TOG 2013).
        """
        return _winding(self._tree, np.ascontiguousarray(points_m, np.float64))


def _build(triangles: np.ndarray) -> _Tree:
    order = np.argsort(_morton(triangles.mean(axis=1)), kind="stable").astype(np.int64)
    ordered = np.ascontiguousarray(triangles[order])
    n_leaves = 1
    while n_leaves * LEAF_FACES < len(ordered):
        n_leaves *= 2
    shape = (2 * n_leaves - 1, 3)
    low, high = np.full(shape, np.inf), np.full(shape, -np.inf)
    centre, area, radius = np.zeros(shape), np.zeros(shape), np.zeros(shape[0])
    tree = _Tree(ordered, order, low, high, centre, area, radius)
    _fill(tree)
    return tree


def _morton(points: np.ndarray) -> np.ndarray:
    """Return numbers whose order follows a Z-shaped curve through space."""
    low = points.min(axis=0)
    cell = (points.max(axis=0) - low).max() / (2**MORTON_BITS - 1)
    cells = ((points - low) / max(cell, np.finfo(float).tiny)).astype(np.int64)
    code = np.zeros(len(points), np.int64)
    for bit in range(MORTON_BITS):
        for axis in range(3):
            code |= ((cells[:, axis] >> bit) & 1) << (3 * bit + axis)
    return code


@numba.njit(cache=True)
@no_type_check  # compiled: no checker can wrap it
def _fill(tree):
    """Write boxes and dipoles of all nodes, leaves first."""
    n_nodes, n_faces = len(tree.radius_m), len(tree.triangles_m)
    first_leaf = n_nodes // 2
    weight = np.zeros(n_nodes)
    for i in range(n_nodes - 1, -1, -1):
        if i >= first_leaf:
            start = (i - first_leaf) * LEAF_FACES
            for f in range(start, min(start + LEAF_FACES, n_faces)):
                t = tree.triangles_m[f]
                normal = 0.5 * np.cross(t[1] - t[0], t[2] - t[0])
                size = np.sqrt((normal * normal).sum())
                weight[i] += size
                for k in range(3):
                    tree.low_m[i, k] = min(tree.low_m[i, k], t[0, k], t[1, k], t[2, k])
                    tree.high_m[i, k] = max(tree.high_m[i, k], t[0, k], t[1, k], t[2, k])
                    tree.area_m2[i, k] += normal[k]
                    tree.centre_m[i, k] += size * (t[0, k] + t[1, k] + t[2, k]) / 3.0
        else:
            for c in (2 * i + 1, 2 * i + 2):
                weight[i] += weight[c]
                for k in range(3):
                    tree.low_m[i, k] = min(tree.low_m[i, k], tree.low_m[c, k])
                    tree.high_m[i, k] = max(tree.high_m[i, k], tree.high_m[c, k])
                    tree.area_m2[i, k] += tree.area_m2[c, k]
                    tree.centre_m[i, k] += tree.centre_m[c, k]  # weighted sums until the end
    for i in range(n_nodes):
        reach = 0.0
        for k in range(3):
            if weight[i] > 0.0:
                tree.centre_m[i, k] /= weight[i]
                far = max(
                    tree.high_m[i, k] - tree.centre_m[i, k], tree.centre_m[i, k] - tree.low_m[i, k]
                )
                reach += far * far
        tree.radius_m[i] = np.sqrt(reach)


@numba.njit(cache=True)
@no_type_check
def _box_distance2(low, high, p):
    total = 0.0
    for k in range(3):
        gap = max(low[k] - p[k], p[k] - high[k], 0.0)
        total += gap * gap
    return total


@numba.njit(cache=True)
@no_type_check
def _on_segment(a, b, p, out):
    """Write the nearest point of a segment; return its squared distance."""
    length, along = 0.0, 0.0
    for k in range(3):
        length += (b[k] - a[k]) * (b[k] - a[k])
        along += (p[k] - a[k]) * (b[k] - a[k])
    s = min(max(along / length, 0.0), 1.0) if length > 0.0 else 0.0
    total = 0.0
    for k in range(3):
        out[k] = a[k] + s * (b[k] - a[k])
        total += (p[k] - out[k]) * (p[k] - out[k])
    return total


@numba.njit(cache=True)
@no_type_check
def _cross(u, v, out):
    out[0] = u[1] * v[2] - u[2] * v[1]
    out[1] = u[2] * v[0] - u[0] * v[2]
    out[2] = u[0] * v[1] - u[1] * v[0]


@numba.njit(cache=True)
@no_type_check
def _on_triangle(t, p, out, work):
    """Write the nearest point of a triangle; return its squared distance.

    The projection where it falls inside the triangle, else the nearest point of the edges.
    """
    normal, edge, arm, side = work[0], work[1], work[2], work[3]
    for k in range(3):
        edge[k], arm[k] = t[1, k] - t[0, k], t[2, k] - t[0, k]
    _cross(edge, arm, normal)
    area = normal[0] ** 2 + normal[1] ** 2 + normal[2] ** 2
    inside = area > 0.0
    for c in range(3):
        if not inside:
            break
        for k in range(3):
            edge[k], arm[k] = t[(c + 1) % 3, k] - t[c, k], p[k] - t[c, k]
        _cross(edge, arm, side)
        inside = side[0] * normal[0] + side[1] * normal[1] + side[2] * normal[2] >= 0.0
    if inside:
        height = 0.0
        for k in range(3):
            height += (p[k] - t[0, k]) * normal[k] / area
        for k in range(3):
            out[k] = p[k] - height * normal[k]
        return height * height * area
    best = _on_segment(t[0], t[1], p, out)
    for c in range(1, 3):
        other = _on_segment(t[c], t[(c + 1) % 3], p, side)
        if other < best:
            best = other
            for k in range(3):
                out[k] = side[k]
    return best


@numba.njit(cache=True)
@no_type_check
def _nearest(tree, points):
    """Return distances, nearest points and rows of the sorted faces; best first, by boxes."""
    n, n_nodes = len(points), len(tree.radius_m)
    first_leaf = n_nodes // 2
    distance, at, row = np.empty(n), np.empty((n, 3)), np.zeros(n, np.int64)
    stack, found, work = np.empty(128, np.int64), np.empty(3), np.empty((4, 3))
    hint = 0
    for i in range(n):
        p = points[i]
        best = _on_triangle(tree.triangles_m[hint], p, at[i], work)
        row[i] = hint  # neighbours lie near: the last face bounds the search
        stack[0], top = 0, 1
        while top > 0:
            top -= 1
            node = stack[top]
            if _box_distance2(tree.low_m[node], tree.high_m[node], p) >= best:
                continue
            if node < first_leaf:
                a, b = 2 * node + 1, 2 * node + 2
                if _box_distance2(tree.low_m[a], tree.high_m[a], p) < _box_distance2(
                    tree.low_m[b], tree.high_m[b], p
                ):
                    a, b = b, a
                stack[top], stack[top + 1] = a, b
                top += 2
                continue
            start = (node - first_leaf) * LEAF_FACES
            for f in range(start, min(start + LEAF_FACES, len(tree.triangles_m))):
                gap = _on_triangle(tree.triangles_m[f], p, found, work)
                if gap < best:
                    best, row[i] = gap, f
                    for k in range(3):
                        at[i, k] = found[k]
        hint = row[i]
        distance[i] = np.sqrt(best)
    return distance, at, row


@numba.njit(cache=True)
@no_type_check
def _solid_angle(t, p):
    """Return half the solid angle of a triangle (van Oosterom and Strackee 1983, eq. 8)."""
    ax, ay, az = t[0, 0] - p[0], t[0, 1] - p[1], t[0, 2] - p[2]
    bx, by, bz = t[1, 0] - p[0], t[1, 1] - p[1], t[1, 2] - p[2]
    cx, cy, cz = t[2, 0] - p[0], t[2, 1] - p[1], t[2, 2] - p[2]
    a = np.sqrt(ax * ax + ay * ay + az * az)
    b = np.sqrt(bx * bx + by * by + bz * bz)
    c = np.sqrt(cx * cx + cy * cy + cz * cz)
    volume = ax * (by * cz - bz * cy) + ay * (bz * cx - bx * cz) + az * (bx * cy - by * cx)
    shape = a * b * c
    shape += (ax * bx + ay * by + az * bz) * c
    shape += (bx * cx + by * cy + bz * cz) * a
    shape += (cx * ax + cy * ay + cz * az) * b
    return np.arctan2(volume, shape)


@numba.njit(cache=True)
@no_type_check
def _winding(tree, points):
    n, n_nodes = len(points), len(tree.radius_m)
    first_leaf = n_nodes // 2
    out, stack = np.zeros(n), np.empty(128, np.int64)
    for i in range(n):
        p, total = points[i], 0.0
        stack[0], top = 0, 1
        while top > 0:
            top -= 1
            node = stack[top]
            x = tree.centre_m[node, 0] - p[0]
            y = tree.centre_m[node, 1] - p[1]
            z = tree.centre_m[node, 2] - p[2]
            gap = np.sqrt(x * x + y * y + z * z)
            if gap > FAR_RADII * tree.radius_m[node] and gap > 0.0:
                a = tree.area_m2[node]
                total += (a[0] * x + a[1] * y + a[2] * z) / (4.0 * np.pi * gap**3)
            elif node < first_leaf:
                stack[top], stack[top + 1] = 2 * node + 1, 2 * node + 2
                top += 2
            else:
                start = (node - first_leaf) * LEAF_FACES
                for f in range(start, min(start + LEAF_FACES, len(tree.triangles_m))):
                    total += _solid_angle(tree.triangles_m[f], p) / (2.0 * np.pi)
        out[i] = total
    return out
