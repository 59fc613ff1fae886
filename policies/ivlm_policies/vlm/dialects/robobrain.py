"""RoboBrain 2.0: tuples or boxes in pixels of the picture, although its own prompt says
normalized."""

from __future__ import annotations

import re

from ivlm_policies.vlm.dialect import Asked, Dialect, Found, Mark, register
from ivlm_policies.vlm.texts import LIST, TUPLE, answered, paired, read_groups, split_numbers


def _ask(asked: Asked) -> str:
    return (
        f"Identify {asked.where} Your answer should be formatted as a list of tuples, i.e. "
        "[(x, y)], where each tuple contains the x and y coordinates of a point in pixels. If it "
        'can not be done, answer "none".'
    )


def _mark(found: re.Match[str]) -> Mark:
    return Mark(paired(split_numbers(found[1], (2, 4))))


def _read(text: str) -> Found:
    return read_groups(text, TUPLE if TUPLE.search(answered(text)) else LIST, _mark)


register(
    Dialect(
        "robobrain",
        1,
        r"robobrain-?2\.0",
        _ask,
        _read,
        full=None,
        step_px=28,
        sign=r"<answer>\s*\[",
        source="github.com/FlagOpen/RoboBrain2.0 inference.py and README",
    ),
)
