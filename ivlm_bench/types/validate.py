"""Checks that every noun runs on its arrays at construction."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from ivlm_bench.errors import InvalidAnswerError

#: Largest deviation of a squared norm from one that still counts as a unit vector.
UNIT_NORM_TOLERANCE = 1e-6

#: Arrays of no more entries than this are checked as plain floats.
_FEW_ENTRIES = 16


def freeze(owner: object, name: str, dtype: Any, shape: tuple[int | None, ...]) -> np.ndarray:
    """Replace ``owner.name`` by a read-only array of ``dtype``; ``None`` in ``shape`` is any size.

    Raises
    ------
    InvalidAnswerError
        If the value is no array of numbers, has another shape, or is not finite.
    """
    value = getattr(owner, name)
    if isinstance(value, np.ndarray) and value.dtype == dtype and not value.flags.writeable:
        array = value
    else:
        try:
            array = np.array(value, dtype=dtype, order="C")
        except (TypeError, ValueError) as error:
            label = _label(owner, name)
            raise InvalidAnswerError(f"{label} must be an array of numbers: {error}.") from None
        array.setflags(write=False)
    if array.shape != shape and not _fits(array.shape, shape):
        wanted = tuple("any" if s is None else s for s in shape)
        raise InvalidAnswerError(
            f"{_label(owner, name)} has shape {array.shape}; expected {wanted}."
        )
    if array.dtype.kind == "f" and not _is_finite(array):
        raise InvalidAnswerError(
            f"{_label(owner, name)} holds NaN or infinity; every entry must be finite."
        )
    object.__setattr__(owner, name, array)
    return array


def frozen_points(label: str, value: Any) -> np.ndarray:
    """Return points as a read-only float64 array (k, 3).

    Raises
    ------
    InvalidAnswerError
        If they are no array of numbers, have another shape, or are not finite.
    """
    try:
        array = np.array(value, dtype=np.float64, order="C")
    except (TypeError, ValueError) as error:
        raise InvalidAnswerError(f"{label} must be an array of numbers: {error}.") from None
    if array.ndim != 2 or array.shape[1] != 3:
        raise InvalidAnswerError(f"{label} has shape {array.shape}; expected (any, 3).")
    if not _is_finite(array):
        raise InvalidAnswerError(f"{label} holds NaN or infinity; every entry must be finite.")
    array.setflags(write=False)
    return array


def _label(owner: object, name: str) -> str:
    return f"{type(owner).__name__}.{name}"


def _fits(got: tuple[int, ...], wanted: tuple[int | None, ...]) -> bool:
    return len(got) == len(wanted) and all(
        want is None or want == size for want, size in zip(wanted, got, strict=True)
    )


def _is_finite(array: np.ndarray) -> bool:
    """Tell whether every entry is finite; plain floats are quicker where there are few."""
    if array.size <= _FEW_ENTRIES:
        return all(map(math.isfinite, array.ravel().tolist()))
    return bool(np.isfinite(array).all())


def unit(owner: object, name: str, size: int) -> np.ndarray:
    """Freeze ``owner.name`` as a float64 unit vector of ``size`` entries."""
    array = freeze(owner, name, np.float64, (size,))
    square = sum(value * value for value in array.tolist())  # inf for a huge vector: told below
    if abs(square - 1.0) > UNIT_NORM_TOLERANCE:
        raise InvalidAnswerError(
            f"{type(owner).__name__}.{name} has norm {square**0.5:.6g}; a unit vector was expected."
        )
    return array


def probability(owner: object, name: str) -> None:
    """Check that the scalar ``owner.name`` is a finite number in [0, 1] and store it as float."""
    label = f"{type(owner).__name__}.{name}"
    try:
        value = float(getattr(owner, name))
    except (TypeError, ValueError):
        raise InvalidAnswerError(f"{label} must be a number in [0, 1].") from None
    if not 0.0 <= value <= 1.0:
        raise InvalidAnswerError(f"{label} is {value}; a probability in [0, 1] was expected.")
    object.__setattr__(owner, name, value)


def probabilities(owner: object, name: str, shape: tuple[int | None, ...]) -> None:
    """Freeze ``owner.name`` as float32 and check that every entry lies in [0, 1]."""
    array = freeze(owner, name, np.float32, shape)
    if array.size and (float(array.min()) < 0.0 or float(array.max()) > 1.0):
        raise InvalidAnswerError(
            f"{type(owner).__name__}.{name} reaches from {array.min():.4g} to {array.max():.4g}; "
            "probabilities in [0, 1] were expected."
        )
