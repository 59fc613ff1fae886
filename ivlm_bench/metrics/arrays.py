"""Checks of the arrays that a metric is given: one clear sentence instead of a wrong number."""

from __future__ import annotations

from typing import Any

import numpy as np

from ivlm_bench.errors import AssetError, InvalidAnswerError, IvlmBenchError

#: Kinds of dtype that count as real numbers.
REAL_KINDS = "biuf"

#: White of an 8-bit image.
WHITE = 255.0


def predicted_numbers(value: Any, what: str) -> np.ndarray:
    """Return a prediction that is a finite, non-empty array of real numbers; lists will do.

    Half precision is widened to single, bool to double; the rest keeps its dtype.

    Raises
    ------
    InvalidAnswerError
        If it is anything else; ``what`` ("heat map") is named.

    Examples
    --------
    >>> predicted_numbers(np.array([True, False]), "mask")
    array([1., 0.])
    """
    return _numbers(value, f"predicted {what}", InvalidAnswerError)


def true_numbers(value: Any, what: str) -> np.ndarray:
    """Return a truth that is a finite, non-empty array of real numbers; else ``AssetError``."""
    return _numbers(value, f"true {what}", AssetError)


def _numbers(value: Any, what: str, error: type[IvlmBenchError]) -> np.ndarray:
    value = _as_array(value, what, error)
    if value.dtype.kind not in REAL_KINDS:
        raise error(f"The numbers of the {what} are {value.dtype}; real ones were expected.")
    if not value.size:
        raise error(f"The array of the {what} is empty (shape {value.shape}); give some values.")
    if value.dtype.kind == "b":
        return value.astype(np.float64)
    if value.dtype.kind == "f":
        n_bad = value.size - int(np.isfinite(value).sum())
        if n_bad:
            raise error(
                f"The array of the {what} holds NaN or infinite values ({n_bad} of {value.size})."
            )
    return value.astype(np.float32) if value.dtype == np.float16 else value


def _as_array(value: Any, what: str, error: type[IvlmBenchError]) -> np.ndarray:
    """Return an array as it is, and a list or tuple of numbers as an array."""
    if isinstance(value, np.ndarray):
        return value
    if not isinstance(value, list | tuple):
        raise error(
            f"The type of the {what} is {type(value).__name__}; a numpy array or a list of "
            "numbers was expected."
        )
    try:
        return np.asarray(value)
    except ValueError:
        raise error(
            f"The {what} came as a list whose rows differ in length; give rows of one length."
        ) from None


def of_rank(array: np.ndarray, rank: int) -> np.ndarray:
    """Return an array without its axes of length one, if just ``rank`` axes are left then.

    So a batch of one, (1, n) or (1, h, w), and a last channel, (h, w, 1), are what they hold.
    Where it is not clear which axis to leave out, the array is returned as it is.

    Examples
    --------
    >>> of_rank(np.zeros((1, 3, 4)), 2).shape
    (3, 4)
    >>> of_rank(np.zeros((1, 3, 1)), 2).shape
    (1, 3, 1)
    """
    lengths = [length for length in array.shape if length != 1]
    if array.ndim > rank == len(lengths):
        return array.reshape(lengths)
    return array.reshape((1,) * rank) if array.ndim > rank and not lengths else array


def of_shape(array: np.ndarray, shape: tuple[int, ...]) -> np.ndarray:
    """Return an array in ``shape`` if it differs from it by axes of length one only.

    Examples
    --------
    >>> of_shape(np.zeros((1, 3)), (3, 1)).shape
    (3, 1)
    """
    ours, wanted = ([n for n in lengths if n != 1] for lengths in (array.shape, shape))
    return array.reshape(shape) if array.ndim and shape and ours == wanted else array


def must_match(prediction: np.ndarray, truth: np.ndarray, hint: str = "") -> None:
    """Raise ``InvalidAnswerError`` unless both arrays have one shape."""
    if prediction.shape != truth.shape:
        raise InvalidAnswerError(
            f"The prediction has shape {prediction.shape}, its truth {truth.shape}; "
            f"they must be the same{hint}."
        )
