"""Directions of a hull's faces and edges, each once: the candidates for separating axes."""

from __future__ import annotations

from typing import no_type_check

import numba
import numpy as np
from jaxtyping import Float64

from ivlm_bench.types import Mesh

#: Directions closer than this (squared sine) count as one separating axis.
_PARALLEL = 1e-12
#: Steps that unit directions are rounded to before duplicates are dropped: six decimals.
_STEPS = 1e6


def normal_directions(hull: Mesh) -> Float64[np.ndarray, "k 3"]:
    """Return unit normals of the faces of a hull; parallel ones, opposite too, are given once."""
    return _distinct(_normals(hull.vertices_m, hull.faces))


def edge_directions(hull: Mesh) -> Float64[np.ndarray, "k 3"]:
    """Return unit directions of the edges of a hull; parallel ones are given once."""
    return _distinct(_edges(hull.vertices_m, hull.faces))


def distinct_directions(vectors: np.ndarray) -> Float64[np.ndarray, "k 3"]:
    """Return the unit directions of vectors (n, 3), each once whatever its sign; zeros go."""
    return _distinct(np.ascontiguousarray(vectors, np.float64))


@numba.njit(cache=True)
@no_type_check  # compiled: no checker can wrap it
def _normals(vertices, faces):
    """Return the unit normals (m, 3) of faces; zeros for a face without area."""
    out = np.zeros((len(faces), 3))
    for i in range(len(faces)):
        a, b, c = faces[i, 0], faces[i, 1], faces[i, 2]
        ux, uy, uz = (
            vertices[b, 0] - vertices[a, 0],
            vertices[b, 1] - vertices[a, 1],
            vertices[b, 2] - vertices[a, 2],
        )
        vx, vy, vz = (
            vertices[c, 0] - vertices[a, 0],
            vertices[c, 1] - vertices[a, 1],
            vertices[c, 2] - vertices[a, 2],
        )
        x, y, z = uy * vz - uz * vy, uz * vx - ux * vz, ux * vy - uy * vx
        length = np.sqrt(x * x + y * y + z * z)
        if length > 0.0:
            out[i, 0], out[i, 1], out[i, 2] = x / length, y / length, z / length
    return out


@numba.njit(cache=True)
@no_type_check  # compiled: no checker can wrap it
def _edges(vertices, faces):
    """Return the vectors (e, 3) along the edges, each edge once, by its lower end's number."""
    n, count = len(vertices), len(faces)
    keys = np.empty(3 * count, np.int64)
    for i in range(count):
        for k in range(3):
            a, b = np.int64(faces[i, k]), np.int64(faces[i, (k + 1) % 3])
            keys[3 * i + k] = min(a, b) * n + max(a, b)
    keys.sort()
    out = np.empty((3 * count, 3))
    found, last = 0, np.int64(-1)
    for key in keys:
        if key != last:
            for k in range(3):
                out[found, k] = vertices[key % n, k] - vertices[key // n, k]
            found, last = found + 1, key
    return out[:found]


@numba.njit(cache=True)
@no_type_check  # compiled: no checker can wrap it
def _distinct(vectors):
    """Return unit directions in the order of their rounded coordinates, the first of equal ones."""
    units = _units(vectors)
    rounded = _rounded(units)
    order = np.argsort(rounded[:, 0], kind="mergesort")
    for i in range(1, len(order)):
        at, j = order[i], i - 1
        while j >= 0 and _is_before(rounded[at], rounded[order[j]]):
            order[j + 1] = order[j]
            j -= 1
        order[j + 1] = at
    out = np.empty_like(units)
    found = 0
    for i in range(len(order)):
        if i == 0 or _is_before(rounded[order[i - 1]], rounded[order[i]]):
            out[found] = units[order[i]]
            found += 1
    return out[:found].copy()


@numba.njit(cache=True)
@no_type_check  # compiled: no checker can wrap it
def _units(vectors):
    """Return vectors as unit vectors, without those that are null beside the longest."""
    longest = 1e-300
    for v in vectors:
        longest = max(longest, v[0] * v[0] + v[1] * v[1] + v[2] * v[2])
    out = np.empty((len(vectors), 3))
    kept = 0
    for v in vectors:
        squared = v[0] * v[0] + v[1] * v[1] + v[2] * v[2]
        if squared > _PARALLEL * longest:
            length = np.sqrt(squared)
            out[kept, 0], out[kept, 1], out[kept, 2] = v[0] / length, v[1] / length, v[2] / length
            kept += 1
    return out[:kept]


@numba.njit(cache=True)
@no_type_check  # compiled: no checker can wrap it
def _rounded(units):
    """Return unit vectors rounded, their first coordinate that is not 0 made positive."""
    out = np.empty_like(units)
    for i in range(len(units)):
        sign = 0.0
        for k in range(3):
            value = np.rint(units[i, k] * _STEPS) / _STEPS
            if sign == 0.0 and value != 0.0:
                sign = 1.0 if value > 0.0 else -1.0
            out[i, k] = value
        for k in range(3):
            out[i, k] *= sign
    return out


@numba.njit(cache=True)
@no_type_check  # compiled: no checker can wrap it
def _is_before(a, b):
    """Tell whether one row comes before another, coordinate by coordinate."""
    for k in range(3):
        if a[k] != b[k]:
            return a[k] < b[k]
    return False
