"""Predictions that no protocol means: heat maps below 0, values outside [0, 1].

Official codes score such numbers without a word, and so does ``evaluate``; of files on disk a slip
(logits, percent, a sign) is by far the likelier reading.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

import numpy as np

from ivlm_bench.errors import InvalidAnswerError
from ivlm_bench.metrics.profile import Form
from ivlm_bench.metrics.shaped import UNIT_SLACK

#: Arrays in a mapping that are shares; others (vertex ids, a centre in m) have ranges of their own.
SHARES = ("contact", "affordance")

#: Ranges by form, and what to do.
_WANTED: Mapping[Form, str] = {
    "heatmap": "numbers from 0 up were expected (apply a sigmoid to logits)",
    "values": "[0, 1] was expected (apply a sigmoid to logits, divide percent by 100)",
}


def refuse_out_of_range(prediction: Any, form: Form, where: str) -> None:
    """Check the range of a heat map or of values; other forms are left to their profiles.

    Raises
    ------
    InvalidAnswerError
        If a heat map has a number below 0, or values one outside [0, 1]; the message names the
        file, the lowest and the highest.
    """
    for name, array in _arrays(prediction, form):
        low, high = float(array.min()) + 0.0, float(array.max()) + 0.0  # -0.0 reads badly
        is_high = form == "values" and high > 1.0 + UNIT_SLACK
        if low < -UNIT_SLACK * max(1.0, high) or is_high:
            raise InvalidAnswerError(
                f"{where}{name} reaches from {low:.4g} to {high:.4g}; {_WANTED[form]}."
            )


def _arrays(prediction: Any, form: Form) -> Iterator[tuple[str, np.ndarray]]:
    """Yield the arrays of a prediction that are to be checked, each with how it is named."""
    if form not in _WANTED:
        return
    named = {"": prediction}
    if isinstance(prediction, Mapping):
        named = {f" ({key})": prediction[key] for key in SHARES if key in prediction}
    for name, value in named.items():
        array = _as_array(value)
        if isinstance(array, np.ndarray) and array.size and array.dtype.kind in "buif":
            yield name, array


def _as_array(value: Any) -> Any:
    """Return lists as arrays, unless their rows differ in length: the profile tells so."""
    try:
        return np.asarray(value) if isinstance(value, list | tuple) else value
    except ValueError:
        return None
