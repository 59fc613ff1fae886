"""Maps of different resolution brought onto one grid."""

from __future__ import annotations

import numpy as np


def resize(image: np.ndarray, height_px: int, width_px: int) -> np.ndarray:
    """Return an image (h, w) at another size, float64: each axis by itself.

    A growing axis is interpolated linearly between pixel centres and held at the border (as
    OpenCV's ``INTER_LINEAR``), a shrinking one is averaged over areas (as ``INTER_AREA``).

    Examples
    --------
    >>> resize(np.array([[0.0, 1.0]]), 1, 4)
    array([[0.  , 0.25, 0.75, 1.  ]])
    >>> resize(np.array([[0.0, 1.0, 2.0]]), 1, 2).round(6)
    array([[0.333333, 1.666667]])
    """
    image = np.asarray(image, dtype=np.float64)
    if image.shape == (height_px, width_px):
        return image
    return _along_rows(_along_rows(image, height_px).T, width_px).T


def _along_rows(image: np.ndarray, n_target: int) -> np.ndarray:
    """Bring the first axis to ``n_target`` cells.

    Without BLAS, whose last bits may depend on the number of threads.
    """
    n_source = image.shape[0]
    if n_source < 1 or n_target < 1:
        raise ValueError(f"{n_source} cells can't become {n_target}.")
    if n_target <= n_source:
        return np.einsum("ij,jk->ik", _shares(n_source, n_target), image, optimize=False)
    centres = (np.arange(n_target) + 0.5) * (n_source / n_target) - 0.5
    centres = np.clip(centres, 0.0, n_source - 1.0)
    before = np.floor(centres).astype(int)
    after = np.minimum(before + 1, n_source - 1)
    share = (centres - before)[:, None]
    return image[before] * (1.0 - share) + image[after] * share


def _shares(n_source: int, n_target: int) -> np.ndarray:
    """Return (n_target, n_source): share of each source cell in each target cell."""
    edges = np.arange(n_target + 1) * (n_source / n_target)
    cells = np.arange(n_source)
    upper = np.minimum(edges[1:, None], cells + 1.0)
    lower = np.maximum(edges[:-1, None], cells)
    return np.clip(upper - lower, 0.0, None) * (n_target / n_source)
