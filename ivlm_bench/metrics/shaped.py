"""Arrays of an expected shape, and those whose values are shares in [0, 1]; lists will do."""

from __future__ import annotations

from typing import Any

import numpy as np

from ivlm_bench.errors import AssetError, InvalidAnswerError
from ivlm_bench.metrics.arrays import predicted_numbers, true_numbers

#: Rounding of float32 beyond [0, 1] that a sigmoid or a mean may leave.
UNIT_SLACK = 1e-6

Shape = tuple[int | None, ...]


def predicted_array(value: Any, what: str, *, shape: Shape | None = None) -> np.ndarray:
    """Return a prediction as a finite array of real numbers; None is any size of an axis.

    Raises
    ------
    InvalidAnswerError
        If it is anything else; ``what`` ("logits") is named.

    Examples
    --------
    >>> predicted_array([0, 1], "contact", shape=(None,))
    array([0, 1])
    """
    array = predicted_numbers(_as_array(value), what)
    _check_shape(array, f"predicted {what}", shape, InvalidAnswerError)
    return array


def true_array(value: Any, what: str, *, shape: Shape | None = None) -> np.ndarray:
    """Return a truth as ``predicted_array`` does; raises ``AssetError``."""
    array = true_numbers(_as_array(value), what)
    _check_shape(array, f"true {what}", shape, AssetError)
    return array


def predicted_shares(value: Any, what: str, *, shape: Shape | None = None) -> np.ndarray:
    """Return a prediction as ``predicted_array`` does, and refuse values outside [0, 1]."""
    array = predicted_array(value, what, shape=shape)
    _check_range(array, f"predicted {what}", InvalidAnswerError, " (apply a sigmoid to logits)")
    return array


def true_shares(value: Any, what: str, *, shape: Shape | None = None) -> np.ndarray:
    """Return a truth as ``true_array`` does, and refuse values outside [0, 1]."""
    array = true_array(value, what, shape=shape)
    _check_range(array, f"true {what}", AssetError)
    return array


def _as_array(value: Any) -> Any:
    """Return lists as arrays, unless their rows differ in length."""
    if not isinstance(value, (list, tuple)):
        return value
    try:
        return np.asarray(value)
    except ValueError:
        return value


def _check_shape(
    array: np.ndarray,
    what: str,
    shape: Shape | None,
    error: type[InvalidAnswerError] | type[AssetError],
) -> None:
    if shape is None:
        return
    sizes = zip(shape, array.shape, strict=False)
    if array.ndim != len(shape) or any(want not in (None, size) for want, size in sizes):
        wanted = ", ".join("any" if size is None else str(size) for size in shape)
        raise error(f"The {what} has shape {array.shape}; ({wanted}) was expected.")


def _check_range(
    array: np.ndarray,
    what: str,
    error: type[InvalidAnswerError] | type[AssetError],
    hint: str = "",
) -> None:
    low, high = float(array.min()), float(array.max())
    if low < -UNIT_SLACK or high > 1.0 + UNIT_SLACK:
        raise error(
            f"The {what} reaches from {low:.4g} to {high:.4g}; values in [0, 1] were "
            f"expected{hint}."
        )
