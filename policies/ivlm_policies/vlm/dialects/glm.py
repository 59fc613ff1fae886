"""GLM-4V and later: boxes or points in thousandths, as JSON or as lists between box tokens."""

from __future__ import annotations

import re

from ivlm_policies.vlm.dialect import Asked, Dialect, Found, Mark, register
from ivlm_policies.vlm.dialects.qwen25_vl import mark
from ivlm_policies.vlm.texts import LIST, answered, paired, read_groups, read_json, split_numbers

_TOKENS = re.compile(r"<\|(?:begin|end)_of_box\|>")


def _ask(asked: Asked) -> str:
    return (
        f"Point to {asked.where} Answer with JSON in coordinates from 0 to 1000: "
        '[{"point_2d": [x, y], "label": "..."}], or [] if it can not be done.'
    )


def _list(found: re.Match[str]) -> Mark:
    return Mark(paired(split_numbers(found[1], (2, 4))))


def _read(text: str) -> Found:
    text = _TOKENS.sub("", answered(text))
    if "{" not in text and LIST.search(text):
        return read_groups(text, LIST, _list)
    return read_json(text, mark, keys=("points", "objects"))


register(
    Dialect(
        "glm",
        1,
        r"glm-?\d(?:\.\d+)?v",
        _ask,
        _read,
        full=1000.0,
        step_px=28,
        sign=r"<\|begin_of_box\|>",
        source="github.com/zai-org/GLM-V README; its grounding examples",
    ),
)
