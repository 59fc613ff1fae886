"""Sampling and grouping of points, as the levels of a PointNet++ need them (Qi 2017).

All of it is geometry without parameters, so that it is worked out before the network runs, by the
same code for training and for answering; the network only gathers.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import no_type_check

import numba
import numpy as np
from jaxtyping import Float32, Int64
from scipy.spatial import cKDTree

#: Points of a cloud, and of each level; a level's points are the first ones of the level below.
N_POINTS = 2048
LEVELS = (512, 128, 32)
#: Radius of a level's groups, as a share of the window's; most points of a group.
RADII = (0.1, 0.2, 0.45)
GROUP_SIZE = 16
#: Points that a point of a finer level is interpolated from, and least squared distance of one.
N_NEAREST, LEAST_SQUARE = 3, 1e-8


def levels_of(n: int) -> tuple[int, ...]:
    """Return the points of each level of a cloud of n points: ``LEVELS`` for the usual number."""
    return tuple(level * n // N_POINTS for level in LEVELS)


@dataclass(frozen=True, eq=False, slots=True)
class Groups:
    """Who belongs to whom in one cloud whose points are in the order of ``nested_order``.

    Shapes are those of ``N_POINTS`` points. ``members`` (672, 16): for the points of each level in
    turn, indices into the level below; ``offsets`` (672, 16, 3): where they lie from the group's
    centre, over its radius. ``nearest`` and ``weights`` (4736, 3): for the points of each level in
    turn but the last, indices into the level above and their shares; and once more for all points,
    into the second level.
    """

    members: Int64[np.ndarray, "g k"]
    offsets: Float32[np.ndarray, "g k 3"]
    nearest: Int64[np.ndarray, "n 3"]
    weights: Float32[np.ndarray, "n 3"]


def groups_of(points: Float32[np.ndarray, "n 3"]) -> Groups:
    """Return the groups of a cloud in a window of radius 1, its points in nested order."""
    levels = levels_of(len(points))
    sizes = (len(points), *levels)
    balls = [
        ball_groups(points[:below], points[:size], radius=radius)
        for below, size, radius in zip(sizes, levels, RADII, strict=False)
    ]
    pairs = [*zip(sizes, levels, strict=False), (len(points), levels[1])]
    shares = [interpolation(points[:fine], points[:coarse]) for fine, coarse in pairs]
    return Groups(
        np.concatenate([members for members, _ in balls]),
        np.concatenate([offsets for _, offsets in balls]),
        np.concatenate([nearest for nearest, _ in shares]),
        np.concatenate([weights for _, weights in shares]),
    )


def nested_order(points: Float32[np.ndarray, "n 3"], n_first: int) -> Int64[np.ndarray, " n"]:
    """Return an order of some points that begins with ``n_first`` of them, spread evenly.

    Each of these is the one farthest from all before it (Gonzalez 1985), so that the first of them
    are themselves an even sample; the very first is the one farthest from the mean.
    """
    first = _farthest(np.ascontiguousarray(points), n_first)
    rest = np.ones(len(points), bool)
    rest[first] = False
    return np.concatenate([first, np.nonzero(rest)[0]])


@numba.njit(cache=True)
@no_type_check  # compiled: no checker can wrap it
def _farthest(points, m):
    """Return the indices (m,) of points, each the farthest from all before it."""
    n = len(points)
    mean = np.zeros(3)
    for i in range(n):
        for axis in range(3):
            mean[axis] += points[i, axis] / n
    away = np.empty(n)
    for i in range(n):
        away[i] = (
            (points[i, 0] - mean[0]) ** 2
            + (points[i, 1] - mean[1]) ** 2
            + (points[i, 2] - mean[2]) ** 2
        )
    chosen = np.empty(m, np.int64)
    chosen[0] = np.argmax(away)
    away[:] = np.inf
    for k in range(1, m):
        x, y, z = points[chosen[k - 1]]
        away[chosen[k - 1]] = -1.0
        best, at = -2.0, 0
        for i in range(n):
            square = (points[i, 0] - x) ** 2 + (points[i, 1] - y) ** 2 + (points[i, 2] - z) ** 2
            away[i] = min(away[i], square)
            if away[i] > best:
                best, at = away[i], i
        chosen[k] = at
    return chosen


def ball_groups(
    points: Float32[np.ndarray, "n 3"], centres: Float32[np.ndarray, "m 3"], *, radius: float
) -> tuple[Int64[np.ndarray, "m k"], Float32[np.ndarray, "m k 3"]]:
    """Return the nearest points within a radius of each centre, nearest first, and their offsets.

    Where fewer than ``GROUP_SIZE`` are within it, the nearest one fills up: a maximum over the
    group is none the wiser. Offsets are over the radius.
    """
    tree = cKDTree(points)
    distance, found = tree.query(centres, k=GROUP_SIZE, distance_upper_bound=radius)
    index = np.asarray(found, np.int64)
    members = np.where(np.isfinite(distance), index, index[:, :1])
    offsets = (points[members] - centres[:, None]) / np.float32(radius)
    return members, offsets.astype(np.float32)


def interpolation(
    fine: Float32[np.ndarray, "n 3"], coarse: Float32[np.ndarray, "m 3"]
) -> tuple[Int64[np.ndarray, "n 3"], Float32[np.ndarray, "n 3"]]:
    """Return the three coarse points nearest to each fine one, and shares by inverse squares.

    Qi 2017 (PointNet++), equation 2 with p = 2 and k = 3.
    """
    distance, nearest = cKDTree(coarse).query(fine, k=N_NEAREST)
    inverse = 1.0 / np.maximum(distance**2, LEAST_SQUARE)
    shares = inverse / inverse.sum(axis=1, keepdims=True)
    return np.asarray(nearest, np.int64), shares.astype(np.float32)
