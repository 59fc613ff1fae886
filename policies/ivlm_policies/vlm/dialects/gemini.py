"""Gemini: JSON with points [y, x] and boxes [ymin, xmin, ymax, xmax] in thousandths."""

from __future__ import annotations

from typing import Any

from ivlm_policies.vlm.dialect import Asked, Dialect, Found, Mark, UnreadableError, register
from ivlm_policies.vlm.texts import numbers, paired, read_json

SOURCE = "ai.google.dev/gemini-api/docs/robotics-spatial"


def _ask(asked: Asked) -> str:
    return (
        f"Point to {asked.where} Answer in the json format "
        '[{"point": [y, x], "label": "..."}]; points are in [y, x] format normalized to 0-1000. '
        "Give one point, or [] if it can not be done."
    )


def _mark(item: Any) -> Mark:
    if "point" in item:
        return Mark(paired(numbers(item["point"], (2,)), y_first=True))
    if "box_2d" in item:
        return Mark(paired(numbers(item["box_2d"], (4,)), y_first=True))
    raise UnreadableError('has an object with neither "point" nor "box_2d"')


def _read(text: str) -> Found:
    return read_json(text, _mark, keys=("points", "boxes"))


register(
    Dialect(
        "gemini",
        1,
        r"gemini",
        _ask,
        _read,
        full=1000.0,
        sign=r'"box_2d"',
        source=SOURCE,
    ),
)
