"""Many tests at once: p-values adjusted so that the family keeps its level."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np


def holm(p_values: Sequence[float]) -> np.ndarray:
    """Return Holm's adjusted p-values, which bound the chance of any false rejection.

    References
    ----------
    S. Holm, "A simple sequentially rejective multiple test procedure", Scandinavian Journal of
    Statistics 6 (1979), 65-70.

    Examples
    --------
    >>> holm([0.01, 0.04, 0.03]).tolist()
    [0.03, 0.06, 0.06]
    """
    p, order = _sorted(p_values)
    adjusted = np.minimum(np.maximum.accumulate(p * np.arange(len(p), 0, -1)), 1.0)
    return _unsorted(adjusted, order)


def benjamini_hochberg(p_values: Sequence[float]) -> np.ndarray:
    """Return adjusted p-values that bound the expected share of false ones among rejections.

    References
    ----------
    Y. Benjamini and Y. Hochberg, "Controlling the false discovery rate", JRSS B 57 (1995), 289-300.

    Examples
    --------
    >>> benjamini_hochberg([0.01, 0.04, 0.03]).round(12).tolist()
    [0.03, 0.04, 0.04]
    """
    p, order = _sorted(p_values)
    raw = p * len(p) / np.arange(1, len(p) + 1)
    adjusted = np.minimum(np.minimum.accumulate(raw[::-1])[::-1], 1.0)
    return _unsorted(adjusted, order)


def _sorted(p_values: Sequence[float]) -> tuple[np.ndarray, np.ndarray]:
    p = np.asarray(p_values, dtype=np.float64)
    if p.ndim != 1 or not ((p >= 0.0) & (p <= 1.0)).all():
        raise ValueError("A list of p-values in [0, 1] was expected.")
    order = np.argsort(p, kind="stable")
    return p[order], order


def _unsorted(values: np.ndarray, order: np.ndarray) -> np.ndarray:
    found = np.empty_like(values)
    found[order] = values
    return found
