"""What a mask holds at points: the common ground of all pointing benchmarks."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from jaxtyping import Float64

from ivlm_bench.errors import InvalidAnswerError
from ivlm_bench.metrics.arena_points import Mark


def pixel_values(
    points_px: Float64[np.ndarray, "n 2"], mask: np.ndarray
) -> Float64[np.ndarray, " n"]:
    """Return what a mask (h, w) holds at points (x, y) in pixels; 0 outside.

    Coordinates are cut towards zero, so -0.5 lies in pixel 0, as in the official codes. Points of
    another shape than (n, 2) are an ``InvalidAnswerError``.

    Examples
    --------
    >>> pixel_values(np.array([[1.9, 0.0], [-0.5, 0.0], [2.0, 0.0]]), np.array([[0.25, 1.0]]))
    array([1.  , 0.25, 0.  ])
    """
    cells = np.trunc(points_px)
    if cells.ndim != 2 or cells.shape[1] != 2:
        raise InvalidAnswerError(
            f"The points have shape {cells.shape}; rows (n, 2) of (x, y) in pixels were expected, "
            "one point as [[x, y]]."
        )
    height_px, width_px = mask.shape[:2]
    inside = (cells >= 0).all(axis=1) & (cells[:, 0] < width_px) & (cells[:, 1] < height_px)
    values = np.zeros(len(cells))
    columns, rows = cells[inside].astype(np.int64).T
    values[inside] = mask[rows, columns]
    return values


def mark_share(marks: Sequence[Mark], mask: np.ndarray) -> float:
    """Return the mean of a mask (h, w) over all points and all pixels of boxes; 0 without any.

    Boxes (x0, y0, x1, y1) are half-open and may reach out of the mask, where it is 0.

    Examples
    --------
    >>> mark_share([(0, 0), (1, 0, 3, 1)], np.array([[1.0, 1.0]]))
    0.6666666666666666
    """
    points = np.array([mark for mark in marks if len(mark) == 2], dtype=np.float64).reshape(-1, 2)
    total, n = float(pixel_values(points, mask).sum()), float(len(points))
    for x0, y0, x1, y1 in ([int(v) for v in mark] for mark in marks if len(mark) == 4):
        n += float((x1 - x0) * (y1 - y0))
        total += float(mask[max(y0, 0) : max(y1, 0), max(x0, 0) : max(x1, 0)].sum())
    return total / n if n else 0.0


def given_points(prediction: Any) -> Float64[np.ndarray, "n 2"]:
    """Return predicted pixel points as an array; ``InvalidAnswerError`` if they are none."""
    try:
        points = np.asarray(prediction, dtype=np.float64)
    except (TypeError, ValueError, OverflowError):
        raise InvalidAnswerError(
            "The prediction is neither a reply nor an array of points; give text, or (x, y) rows "
            "in pixels."
        ) from None
    if points.ndim == 0:
        raise InvalidAnswerError(
            f"The prediction is {prediction!r}, neither a reply nor an array of points; give text, "
            "or (x, y) rows in pixels."
        )
    if points.size == 0:
        return np.empty((0, 2))
    if points.ndim != 2 or points.shape[1] != 2:
        raise InvalidAnswerError(
            f"The predicted points have shape {points.shape}; give rows (x, y) in pixels."
        )
    if not np.isfinite(points).all():
        raise InvalidAnswerError("A predicted point is not finite; leave it out.")
    return points
