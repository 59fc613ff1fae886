"""Qwen3-VL and 3.5: the JSON of Qwen2.5-VL in thousandths, sometimes bare tuples."""

from __future__ import annotations

import re

from ivlm_policies.vlm.dialect import Dialect, Found, Mark, register
from ivlm_policies.vlm.dialects.qwen25_vl import ask, mark
from ivlm_policies.vlm.texts import TUPLE, answered, paired, read_groups, read_json, split_numbers


def _tuple(found: re.Match[str]) -> Mark:
    return Mark(paired(split_numbers(found[1], (2, 4))))


def _read(text: str) -> Found:
    if re.fullmatch(r"\[?\s*\([\s\S]*\)\s*\]?", answered(text)):
        return read_groups(text, TUPLE, _tuple)
    return read_json(text, mark, keys=("points", "objects"))


register(
    Dialect(
        "qwen3_vl",
        1,
        r"qwen-?3[-_]?(?:vl|omni)|qwen-?3\.[5-9]",
        ask,
        _read,
        full=1000.0,
        step_px=32,
        sign=r'"(?:point|bbox)_2d"',
        source="github.com/QwenLM/Qwen3-VL issues 1485, 1659, 1741 and 1862",
    ),
)
