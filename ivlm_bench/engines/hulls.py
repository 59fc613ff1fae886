"""What engines do with convex pieces: boxes are told apart, links that start inside another."""

from __future__ import annotations

import numpy as np

from ivlm_bench.engines.rig import Box
from ivlm_bench.types import Mesh

#: A vertex this near to a corner of the bounding box counts as that corner, metres.
CORNER_TOLERANCE_M = 1e-9


def as_box(hull: Mesh) -> Box | None:
    """Return the box that ``hull`` is, if it is one with sides along the link's axes."""
    corners = hull.vertices_m
    low, high = corners.min(axis=0), corners.max(axis=0)
    at_low = np.abs(corners - low) <= CORNER_TOLERANCE_M
    at_high = np.abs(corners - high) <= CORNER_TOLERANCE_M
    if not (at_low | at_high).all() or (high - low).min() <= CORNER_TOLERANCE_M:
        return None
    if len(np.unique(at_high @ np.array([1, 2, 4]))) != 8:
        return None
    centre, half = 0.5 * (low + high), 0.5 * (high - low)
    return Box(
        (float(centre[0]), float(centre[1]), float(centre[2])),
        (float(half[0]), float(half[1]), float(half[2])),
    )
