"""DeepSeek-VL2: boxes between special tokens, 0 to 999; servers may leave the tokens out."""

from __future__ import annotations

import re

from ivlm_policies.vlm.dialect import Asked, Dialect, Found, Mark, register
from ivlm_policies.vlm.texts import LIST, answered, paired, read_groups, split_numbers

_NAMED = re.compile(
    r"<\|ref\|>[^<]{0,200}<\|/ref\|>|<\|/?det\|>|<\uff5cend\u2581of\u2581sentence\uff5c>"
)


def _ask(asked: Asked) -> str:
    return f"<|ref|>{asked.noun}<|/ref|>."


def _mark(found: re.Match[str]) -> Mark:
    return Mark(paired(split_numbers(found[1], (4,))))


def _read(text: str) -> Found:
    return read_groups(_NAMED.sub("", answered(text)), LIST, _mark)


register(
    Dialect(
        "deepseek_vl2",
        1,
        r"deepseek-?vl-?2",
        _ask,
        _read,
        full=999.0,
        sign=r"<\|det\|>",
        source="github.com/deepseek-ai/DeepSeek-VL2 README; PyPI supervision detection/vlm.py",
    ),
)
