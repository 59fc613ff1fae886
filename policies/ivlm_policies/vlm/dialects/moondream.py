"""Moondream: JSON with points and objects in fractions of the picture."""

from __future__ import annotations

from typing import Any

from ivlm_policies.vlm.dialect import Asked, Dialect, Found, Mark, UnreadableError, register
from ivlm_policies.vlm.texts import numbers, paired, read_json


def _ask(asked: Asked) -> str:
    return (
        f"Point: {asked.noun}. Answer with JSON in fractions of the image: "
        '{"points": [{"x": 0.5, "y": 0.5}]}.'
    )


def _mark(item: Any) -> Mark:
    for names in (("x", "y"), ("x_min", "y_min", "x_max", "y_max")):
        if all(name in item for name in names):
            return Mark(paired(numbers([item[name] for name in names], (len(names),))))
    raise UnreadableError('has an object with neither "x" and "y" nor "x_min" ... "y_max"')


def _read(text: str) -> Found:
    return read_json(text, _mark, keys=("points", "objects"))


register(
    Dialect(
        "moondream",
        1,
        r"moondream",
        _ask,
        _read,
        full=1.0,
        sign=r'"x_min"',
        source="docs.moondream.ai, point and detect",
    ),
)
