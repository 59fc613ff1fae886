"""Convex pieces of a surface that is known by points alone, such as a fused cloud of depth views.

A cloud is cut at the plane through its deepest point, the one that is farthest from the surface of
the cloud's hull along its own outward normal (the concavity of K. Mamou and F. Ghorbel, A simple
and efficient approach for 3D mesh approximate convex decomposition, ICIP 2009), that leaves least
depth on both sides, until no point lies deep or there are enough pieces. A closed convex surface
stays whole, whatever of its underside was not seen; a cavity that was seen into is cut open.
Between pieces there is a gap of at most a cell.
"""

from __future__ import annotations

import heapq

import numpy as np
from jaxtyping import Float64
from scipy.spatial import ConvexHull, QhullError

#: Cell (m) that one point is kept of while cuts are sought.
CELL_M = 0.004
#: Points of a piece, evenly chosen, whose depth is worked out.
MOST_PROBED = 256
#: Least thickness (m) of a piece: a sheet that was seen from one side is given it.
THICKNESS_M = 0.003
#: Fewest points that a hull is made of.
MIN_POINTS = 4
#: Least cosine between a point's normal and that of a hull's face that the point looks towards.
MIN_COSINE = 1e-6
#: Points above this height (m) don't tell where a thing stands.
FOOT_M = 0.012


def convex_pieces(
    points_m: Float64[np.ndarray, "n 3"],
    normals: Float64[np.ndarray, "n 3"],
    *,
    max_pieces: int,
    depth_m: float,
) -> tuple[Float64[np.ndarray, "k 3"], ...]:
    """Cut a cloud into point sets whose convex hulls together fill what it surrounds.

    Parameters
    ----------
    points_m, normals
        Surface points and their outward unit normals, any frame; less than 4 make no piece.
    max_pieces
        At most so many pieces are made.
    depth_m
        Cutting ends where no point lies deeper in its piece.

    Returns
    -------
    The corners of each piece's hull, at least ``THICKNESS_M`` thick; largest depth first.
    """
    kept = _thinned(points_m)
    if len(kept) < MIN_POINTS:
        return ()
    queue, whole = [_Piece(points_m[kept], normals[kept])], list[_Piece]()
    while queue and len(queue) + len(whole) < max_pieces and queue[0].depth_m > depth_m:
        piece = heapq.heappop(queue)
        halves = _halved(piece)
        if not halves:  # no cut leaves enough points on both sides
            whole.append(piece)
        for half in halves:
            heapq.heappush(queue, half)
    return tuple(piece.corners_m for piece in sorted(queue + whole))


def standing(
    points_m: Float64[np.ndarray, "n 3"], normals: Float64[np.ndarray, "n 3"]
) -> tuple[Float64[np.ndarray, "m 3"], Float64[np.ndarray, "m 3"]]:
    """Return a cloud with its low points also on the support plane z = 0, that hides them."""
    low = points_m[points_m[:, 2] <= FOOT_M]
    feet = low * np.array([1.0, 1.0, 0.0])
    down = np.tile([0.0, 0.0, -1.0], (len(low), 1))
    raised = np.maximum(points_m, [-np.inf, -np.inf, 0.0])
    return np.concatenate([raised, feet]), np.concatenate([normals, down])


class _Piece:
    """Points, the corners of their hull, and how deep they lie; deeper ones come first."""

    def __init__(self, points_m: np.ndarray, normals: np.ndarray) -> None:
        self.points_m = points_m
        self.normals = normals
        hull = _hull(points_m)
        self.corners_m = hull.points[hull.vertices]
        probed = slice(None, None, len(points_m) // MOST_PROBED + 1)
        planes = hull.equations
        ahead = normals[probed] @ planes[:, :3].T
        room_m = np.maximum(-(points_m[probed] @ planes[:, :3].T + planes[:, 3]), 0.0)
        reach_m = np.where(ahead > MIN_COSINE, room_m / np.maximum(ahead, MIN_COSINE), np.inf)
        depths_m = reach_m.min(axis=1)
        depths_m[~np.isfinite(depths_m)] = 0.0  # a point without a normal
        self.deepest_m = points_m[probed][int(np.argmax(depths_m))]
        self.depth_m = float(depths_m.max())
        self.total = float(depths_m.mean()) * len(points_m)

    def __lt__(self, other: _Piece) -> bool:
        """Tell which comes first; of equally deep ones the one whose corners come first."""
        mine, others = (tuple(one.corners_m.ravel().tolist()) for one in (self, other))
        return (-self.depth_m, mine) < (-other.depth_m, others)


def _halved(piece: _Piece) -> tuple[_Piece, ...]:
    """Return both sides of the cut that leaves least depth; none if nothing can be cut.

    The deepest point itself may go to either side.
    """
    best: tuple[_Piece, ...] = ()
    for axis in range(3):
        along_m = piece.points_m[:, axis] - piece.deepest_m[axis]
        for low in (along_m < 0.0, along_m <= 0.0):
            if min(low.sum(), (~low).sum()) < MIN_POINTS:
                continue
            sides = tuple(_Piece(piece.points_m[s], piece.normals[s]) for s in (low, ~low))
            if not best or sum(s.total for s in sides) < sum(s.total for s in best):
                best = sides
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
    """Return the number of the first point of each cell, in the order of the points."""
    cells = np.floor(points_m / CELL_M).astype(np.int64)
    _, first = np.unique(cells, axis=0, return_index=True)
    return np.asarray(np.sort(first))
