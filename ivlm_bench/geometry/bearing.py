"""Support polygons: where convex pieces bear each other, seen from above."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from jaxtyping import Float64
from scipy.optimize import linprog
from scipy.spatial import ConvexHull, HalfspaceIntersection, QhullError

from ivlm_bench.geometry.hulls import half_spaces
from ivlm_bench.types import Mesh

#: Common parts of two pieces with a smaller inner radius are no contact (m).
THINNEST_M = 1e-7
#: What a point that nothing bears lies outside of its support polygon by (m): beyond any table.
UNSUPPORTED_M = 1.0


def common_corners(a: Mesh, b: Mesh) -> Float64[np.ndarray, "n 3"]:
    """Return the corners (n, 3) in m of the common part of two convex pieces; none if apart.

    The centre of the largest inscribed ball (Boyd and Vandenberghe, Convex Optimization, 8.5.1)
    is the inner point that the intersection of half-spaces starts from.
    """
    (of_a, offsets_a), (of_b, offsets_b) = half_spaces(a), half_spaces(b)
    normals, offsets = np.concatenate([of_a, of_b]), np.concatenate([offsets_a, offsets_b])
    ball = linprog(
        c=[0.0, 0.0, 0.0, -1.0],
        A_ub=np.column_stack([normals, np.ones(len(normals))]),
        b_ub=offsets,
        bounds=[(None, None), (None, None), (None, None), (0.0, None)],
    )
    inner = np.asarray(ball.x, np.float64) if ball.status == 0 else np.zeros(4)
    if inner[3] < THINNEST_M:
        return np.zeros((0, 3))
    try:
        common = HalfspaceIntersection(np.column_stack([normals, -offsets]), inner[:3])
    except QhullError:  # thinner than its precision: no area that bears anything
        return np.zeros((0, 3))
    return np.asarray(common.intersections, np.float64)


def support_corners(
    carried: Sequence[Mesh], carriers: Sequence[Mesh], *, band_m: float
) -> Float64[np.ndarray, "n 2"]:
    """Return points (n, 2), seen from above, whose hull is the support polygon, in m.

    Surfaces bear each other where pieces of ``carried``, lowered by ``band_m``, cut into pieces
    of ``carriers``.
    """
    found = [np.zeros((0, 3))]
    for piece in carried:
        lowered = Mesh(piece.vertices_m - np.array([0.0, 0.0, band_m]), piece.faces)
        low, high = lowered.vertices_m.min(axis=0), lowered.vertices_m.max(axis=0)
        for other in carriers:
            below, above = other.vertices_m.min(axis=0), other.vertices_m.max(axis=0)
            if (low <= above).all() and (below <= high).all():
                found.append(common_corners(lowered, other))
    return np.concatenate(found)[:, :2]


def inside_by_m(corners_m: Float64[np.ndarray, "n 2"], point_m: Float64[np.ndarray, "2"]) -> float:
    """Return how far (m) a point lies inside the hull of ``corners_m``; negative outside.

    Outside it is minus the largest distance to a side's line, at most the distance itself. Where
    the corners span no area it is minus ``UNSUPPORTED_M``.
    """
    if len(corners_m) < 3:
        return -UNSUPPORTED_M
    try:
        sides = ConvexHull(corners_m).equations
    except QhullError:  # all on one line
        return -UNSUPPORTED_M
    return -float((sides[:, :2] @ point_m + sides[:, 2]).max())
