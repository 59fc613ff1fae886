"""Pixels in JSON, for models without a way of pointing of their own (GPT, Claude, LLaVA ...)."""

from __future__ import annotations

from typing import Any

from ivlm_policies.vlm.dialect import Asked, Dialect, Found, Mark, UnreadableError, register
from ivlm_policies.vlm.texts import numbers, read_json


def _ask(asked: Asked) -> str:
    last = asked.side_px - 1
    return (
        f"The image is {asked.side_px} x {asked.side_px} pixels; x counts to the right from 0 to "
        f"{last}, y counts down from 0 to {last}. Point to {asked.where} Answer with JSON only, in "
        'PIXEL COORDINATES: [{"point": [x, y], "label": "..."}], or [] if it can not be done.'
    )


def _mark(item: Any) -> Mark:
    if "point" in item:
        x, y = numbers(item["point"], (2,))
    elif "x" in item and "y" in item:
        x, y = numbers([item["x"], item["y"]], (2,))
    else:
        raise UnreadableError('has an object without "point"')
    return Mark(((x, y),))


def _read(text: str) -> Found:
    return read_json(text, _mark, keys=("points",))


register(
    Dialect(
        "generic",
        1,
        r"\bgpt-|^o[34]\b|claude|llava|smolvlm|idefics|pixtral|mistral|gemma-3|llama|phi-|kimi|grok",
        _ask,
        _read,
        full=None,
        sign=r"(?!)",  # nothing is this dialect's alone
        source="this project; prompts with the size of the image as pointarena's for GPT",
    ),
)
