"""Checks of the arrays that a metric is given: one clear sentence instead of a wrong number."""

from __future__ import annotations

from typing import Any

import numpy as np

from ivlm_bench.errors import AssetError, InvalidAnswerError, IvlmBenchError

#: Kinds of dtype that count as real numbers.
REAL_KINDS = "biuf"


def predicted_numbers(value: Any, what: str) -> np.ndarray:
    """Return a prediction that is a finite, non-empty array of real numbers.

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
    if not isinstance(value, np.ndarray):
        raise error(f"The {what} is a {type(value).__name__}; a numpy array was expected.")
    if value.dtype.kind not in REAL_KINDS:
        raise error(f"The {what} is of {value.dtype} numbers; real ones were expected.")
    if not value.size:
        raise error(f"The {what} is empty (shape {value.shape}); give one value a cell.")
    if value.dtype.kind == "b":
        return value.astype(np.float64)
    if value.dtype.kind == "f":
        n_bad = value.size - int(np.isfinite(value).sum())
        if n_bad:
            raise error(f"The {what} has {n_bad} of {value.size} values NaN or infinite.")
    return value.astype(np.float32) if value.dtype == np.float16 else value


def must_match(prediction: np.ndarray, truth: np.ndarray, hint: str = "") -> None:
    """Raise ``InvalidAnswerError`` unless both arrays have one shape."""
    if prediction.shape != truth.shape:
        raise InvalidAnswerError(
            f"The prediction has shape {prediction.shape}, its truth {truth.shape}; "
            f"they must be the same{hint}."
        )
