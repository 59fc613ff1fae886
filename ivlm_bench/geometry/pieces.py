"""Convex pieces of a surface that is known by points alone, such as a fused cloud of depth views.

A cloud is cut at the plane through its deepest point, the point farthest inside its own hull, that
leaves the smallest hulls, until no point lies deep or there are enough pieces. A closed convex
surface stays whole, whatever of its underside was not seen; a cavity that was seen into is cut
open.
"""

from __future__ import annotations

import heapq

import numpy as np
from jaxtyping import Float64
from scipy.spatial import ConvexHull, QhullError

#: Cell (m) that one point is kept of while cuts are sought.
CELL_M = 0.004
#: How far (m) pieces reach over the cut between them, so that no gap is left in a wall.
OVERLAP_M = 0.002
#: Least thickness (m) of a piece: a sheet that was seen from one side is given it.
THICKNESS_M = 0.003
#: Fewest points that a hull is made of.
MIN_POINTS = 4
#: Points above this height (m) don't tell where a thing stands.
FOOT_M = 0.012


def convex_pieces(
    points_m: Float64[np.ndarray, "n 3"], *, max_pieces: int, depth_m: float
) -> tuple[Float64[np.ndarray, "k 3"], ...]:
    """Cut a cloud into point sets whose convex hulls together fill what it surrounds.

    Parameters
    ----------
    points_m
        Surface points, any frame; few (less than 4) or none make no piece.
    max_pieces
        At most so many pieces are made.
    depth_m
        Cutting ends where no point lies deeper in the hull of its piece.

    Returns
    -------
    The corners of each piece's hull, at least ``THICKNESS_M`` thick; largest depth first.
    """
    points = _thinned(np.asarray(points_m, np.float64))
    if len(points) < MIN_POINTS:
        return ()
    queue, whole = [_Piece(points, 0)], list[_Piece]()
    n_made = 1
    while queue and len(queue) + len(whole) < max_pieces and queue[0].depth_m > depth_m:
        piece = heapq.heappop(queue)
        halves = _halved(piece)
        if not halves:  # no cut leaves enough points on both sides
            whole.append(piece)
        for half in halves:
            heapq.heappush(queue, _Piece(half, n_made))
            n_made += 1
    return tuple(piece.corners_m for piece in sorted(queue + whole))


def standing(points_m: Float64[np.ndarray, "n 3"]) -> Float64[np.ndarray, "m 3"]:
    """Return a cloud with its low points also on the support plane z = 0, that hides them."""
    low = points_m[points_m[:, 2] <= FOOT_M]
    feet = low * np.array([1.0, 1.0, 0.0])
    return np.concatenate([np.maximum(points_m, [-np.inf, -np.inf, 0.0]), feet])


class _Piece:
    """Points, the corners of their hull, and how deep the deepest lies; deeper ones come first."""

    def __init__(self, points_m: np.ndarray, number: int) -> None:
        self.points_m = points_m
        hull = _hull(points_m)
        self.corners_m = hull.points[hull.vertices]
        self.volume_m3 = float(hull.volume)
        inside_m = -(hull.equations[:, :3] @ points_m.T + hull.equations[:, 3:]).max(axis=0)
        self.deepest = int(np.argmax(inside_m))
        self.depth_m = float(inside_m[self.deepest])
        self.number = number

    def __lt__(self, other: _Piece) -> bool:
        return (-self.depth_m, self.number) < (-other.depth_m, other.number)


def _halved(piece: _Piece) -> tuple[np.ndarray, ...]:
    """Return both sides of the cut, square to an axis, that leaves the smallest hulls; or none."""
    best: tuple[np.ndarray, ...] = ()
    least_m3 = np.inf
    at_m = piece.points_m[piece.deepest]
    for axis in range(3):
        along_m = piece.points_m[:, axis] - at_m[axis]
        halves = (
            piece.points_m[along_m <= OVERLAP_M],
            piece.points_m[along_m >= -OVERLAP_M],
        )
        if min(map(len, halves)) < MIN_POINTS or max(map(len, halves)) == len(along_m):
            continue
        volume_m3 = sum(float(_hull(half).volume) for half in halves)
        if volume_m3 < least_m3:
            best, least_m3 = halves, volume_m3
    return best


def _hull(points_m: np.ndarray) -> ConvexHull:
    """Return the hull of points, thickened where they lie near one plane."""
    middle = points_m.mean(axis=0)
    _, _, axes = np.linalg.svd(points_m - middle, full_matrices=False)
    along_m = (points_m - middle) @ axes.T
    grown = points_m
    for axis in range(3):
        lacking_m = THICKNESS_M - float(np.ptp(along_m[:, axis]))
        if lacking_m > 0.0:
            shift_m = 0.5 * lacking_m * axes[axis]
            grown = np.concatenate([grown - shift_m, grown + shift_m])
    try:
        return ConvexHull(grown)
    except QhullError:  # points so regular that rounding decides: Qhull joggles them
        return ConvexHull(grown, qhull_options="QJ")


def _thinned(points_m: np.ndarray) -> np.ndarray:
    """Return the first point of each cell."""
    cells = np.floor(points_m / CELL_M).astype(np.int64)
    _, first = np.unique(cells, axis=0, return_index=True)
    return points_m[np.sort(first)]
