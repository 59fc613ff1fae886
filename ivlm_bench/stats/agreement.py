"""Agreement of two raters beyond chance."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np


def cohen_kappa(table: Sequence[Sequence[float]] | np.ndarray) -> float | None:
    """Return Cohen's kappa, ``(p_o - p_e) / (1 - p_e)`` in [-1, 1], of a table of counts (k, k).

    Rows are the first rater's categories, columns the second's in the same order (J. Cohen, Educ.
    Psychol. Meas. 20, 1960, 37-46). None where it is undefined: an empty table, or both raters
    always give one and the same category.

    Raises
    ------
    ValueError
        If the table is not square, or holds a negative or non-finite count.

    Examples
    --------
    >>> round(cohen_kappa([[20, 5], [10, 15]]), 6)
    0.4
    """
    counts = np.asarray(table, dtype=np.float64)
    if counts.ndim != 2 or counts.shape[0] != counts.shape[1]:
        raise ValueError(f"A square table was expected, got shape {counts.shape}.")
    if not np.isfinite(counts).all() or (counts < 0).any():
        raise ValueError("Counts must be finite and not negative.")
    total = float(counts.sum())
    if total == 0.0:
        return None
    expected = float(counts.sum(axis=0) @ counts.sum(axis=1)) / total**2
    if expected == 1.0:
        return None
    observed = float(np.trace(counts)) / total
    return (observed - expected) / (1.0 - expected)
