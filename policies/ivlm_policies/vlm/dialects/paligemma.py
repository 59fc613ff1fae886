"""PaliGemma: boxes as four location tokens of 1024 bins, y first."""

from __future__ import annotations

import re

from ivlm_policies.vlm.dialect import Asked, Dialect, Found, Mark, register
from ivlm_policies.vlm.texts import answered, numbers, paired, read_groups

_BOX = re.compile(r"((?:<loc\d{4}>){1,8})(?:<seg\d{3}>){0,64}[^<;\n]{0,200};?")


def _ask(asked: Asked) -> str:
    return f"detect {asked.noun}"


def _mark(found: re.Match[str]) -> Mark:
    bins = re.findall(r"\d{4}", found[1])
    return Mark(paired(numbers(bins, (4,)), y_first=True))


def _read(text: str) -> Found:
    if not answered(text).replace("<eos>", ""):  # trained to write nothing where nothing is
        return Found(())
    return read_groups(text.replace("<eos>", ""), _BOX, _mark)


register(
    Dialect(
        "paligemma",
        1,
        r"paligemma",
        _ask,
        _read,
        full=1024.0,
        highest=1023.0,
        sign=r"<loc\d{4}>",
        source="github.com/google-research/big_vision; PyPI supervision detection/vlm.py",
    ),
)
