"""Qwen2.5-VL: JSON in pixels of the picture as its server resizes it, to multiples of 28 px."""

from __future__ import annotations

from typing import Any

from ivlm_policies.vlm.dialect import Asked, Dialect, Found, Mark, UnreadableError, register
from ivlm_policies.vlm.texts import numbers, paired, read_json


def ask(asked: Asked) -> str:
    """Return the prompt that all later Qwen models are asked."""
    return (
        f"Point to {asked.where} Output its coordinates in XY format as JSON: "
        '[{"point_2d": [x, y], "label": "..."}]. Give one point, or [] if it can not be done.'
    )


def mark(item: Any) -> Mark:
    """Return the mark of one object with a point or a box."""
    for key, counts in (("point_2d", (2,)), ("bbox_2d", (4,)), ("bbox", (4,))):
        if key in item:
            return Mark(paired(numbers(item[key], counts)))
    raise UnreadableError('has an object with neither "point_2d" nor "bbox_2d"')


def _read(text: str) -> Found:
    return read_json(text, mark, keys=("points", "objects"))


register(
    Dialect(
        "qwen25_vl",
        1,
        r"qwen-?2[._]?5[-_]?(?:vl|omni)",
        ask,
        _read,
        full=None,
        step_px=28,
        sign=r'"(?:point|bbox)_2d"',
        source="github.com/QwenLM/Qwen3-VL issues 721, 940 and 947",
    ),
)
