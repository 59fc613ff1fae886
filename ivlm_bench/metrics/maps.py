"""Maps of different resolution brought onto one grid."""

from __future__ import annotations

import numpy as np


def area_resize(image: np.ndarray, height_px: int, width_px: int) -> np.ndarray:
    """Average an image (h, w) over areas down to (height_px, width_px), float64.

    Neither side may grow.

    Examples
    --------
    >>> area_resize(np.array([[0.0, 1.0, 2.0]]), 1, 2)
    array([[0.33333333, 1.66666667]])
    """
    image = np.asarray(image, dtype=np.float64)
    if image.shape == (height_px, width_px):
        return image
    rows = _shares(image.shape[0], height_px)
    columns = _shares(image.shape[1], width_px)
    return rows @ image @ columns.T


def on_common_grid(a: np.ndarray, b: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Average two images over areas down to the smaller height and the smaller width."""
    height_px = min(a.shape[0], b.shape[0])
    width_px = min(a.shape[1], b.shape[1])
    return area_resize(a, height_px, width_px), area_resize(b, height_px, width_px)


def _shares(n_source: int, n_target: int) -> np.ndarray:
    """Return (n_target, n_source): share of each source cell in each target cell; rows sum to 1."""
    if not 1 <= n_target <= n_source:
        raise ValueError(f"{n_source} cells can't be averaged to {n_target}.")
    edges = np.arange(n_target + 1) * (n_source / n_target)
    cells = np.arange(n_source)
    upper = np.minimum(edges[1:, None], cells + 1.0)
    lower = np.maximum(edges[:-1, None], cells)
    return np.clip(upper - lower, 0.0, None) * (n_target / n_source)
