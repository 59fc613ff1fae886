"""Arrays of an expected shape, and those whose values are shares in [0, 1]; lists will do."""

from __future__ import annotations

from typing import Any

import numpy as np

from ivlm_bench.errors import AssetError, InvalidAnswerError
from ivlm_bench.metrics.arrays import of_rank, of_shape, predicted_numbers, true_numbers

#: Rounding of float32 beyond [0, 1] that a sigmoid or a mean may leave.
UNIT_SLACK = 1e-6

Shape = tuple[int | None, ...]


def predicted_array(value: Any, what: str, *, shape: Shape | None = None) -> np.ndarray:
    """Return a prediction as a finite array of real numbers; None is any size of an axis.

    Axes of length one, as of a batch of one, are left out where the shape has none.

    Raises
    ------
    InvalidAnswerError
        If it is anything else; ``what`` ("logits") is named.

    Examples
    --------
    >>> predicted_array([0, 1], "contact", shape=(None,))
    array([0, 1])
    """
    array = _fitted(predicted_numbers(value, what), shape)
    _check_shape(array, f"predicted {what}", shape, InvalidAnswerError)
    return array


def true_array(value: Any, what: str, *, shape: Shape | None = None) -> np.ndarray:
    """Return a truth as ``predicted_array`` does; raises ``AssetError``."""
    array = _fitted(true_numbers(value, what), shape)
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


def _fitted(array: np.ndarray, shape: Shape | None) -> np.ndarray:
    """Return the array brought to the shape, where axes of length one are all that differs."""
    if shape is None:
        return array
    known = tuple(size for size in shape if size is not None)
    if len(known) == len(shape):
        return of_shape(array, known)
    return of_rank(array, len(shape))


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
        raise error(f"The {what} came in shape {array.shape}; ({wanted}) was expected.")


def _check_range(
    array: np.ndarray,
    what: str,
    error: type[InvalidAnswerError] | type[AssetError],
    hint: str = "",
) -> None:
    low, high = float(array.min()), float(array.max())
    if low < -UNIT_SLACK or high > 1.0 + UNIT_SLACK:
        raise error(
            f"Values of the {what} reach from {low:.4g} to {high:.4g}; values in [0, 1] were "
            f"expected{hint}."
        )
