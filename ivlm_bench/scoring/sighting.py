"""What passes by while items are scored one at a time: empty truths, equal predictions."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np


@dataclass(slots=True)
class Sighting:
    """Counts of suspicious truths and predictions.

    ``n`` items were seen; in ``n_empty`` the truth marks nothing; ``n_constant`` predictions are
    one number all over; ``all_same`` tells whether all predictions are equal so far.
    """

    n: int = 0
    n_empty: int = 0
    n_constant: int = 0
    all_same: bool = True
    _first: bytes | None = None

    def see(self, prediction: Any, truth: Any) -> None:
        """Count one scored item."""
        self.n += 1
        self.n_empty += marks_nothing(truth)
        self.n_constant += is_constant(prediction)
        if self.all_same:  # the digest of the first is all that is kept
            digest = _digest(prediction)
            self.all_same = self._first in (None, digest)
            self._first = digest


def marks_nothing(truth: Any) -> bool:
    """Tell whether no number in a truth's arrays is above zero, or its list is empty.

    A truth of another kind (an answer, a record without arrays) always marks something.
    """
    if isinstance(truth, np.ndarray):
        return truth.dtype.kind in "buif" and not bool((truth > 0).any())
    if isinstance(truth, list | tuple):
        return not truth
    return False


def is_constant(prediction: Any) -> bool:
    """Tell whether a prediction is an array of more than one number, all of them equal."""
    if not isinstance(prediction, np.ndarray) or prediction.size < 2:
        return False
    return bool(prediction.min() == prediction.max())


def _digest(prediction: Any) -> bytes:
    if isinstance(prediction, np.ndarray):
        parts = [str(prediction.shape).encode(), np.ascontiguousarray(prediction).tobytes()]
    elif isinstance(prediction, Mapping):
        parts = [part for k, v in prediction.items() for part in (str(k).encode(), _digest(v))]
    else:
        parts = [json.dumps(prediction, sort_keys=True, default=repr).encode()]
    return hashlib.blake2b(b"\0".join(parts), digest_size=16).digest()
