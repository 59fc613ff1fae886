"""RoboPoint: tuples of fractions, (x, y) or (x0, y0, x1, y1).

Its own evaluation takes whole numbers for pixels; here they are not: it is asked for fractions.
"""

from __future__ import annotations

import re

from ivlm_policies.vlm.dialect import Asked, Dialect, Found, Mark, register
from ivlm_policies.vlm.texts import TUPLE, paired, read_groups, split_numbers


def _ask(asked: Asked) -> str:
    return (
        f"Find a few spots within {asked.where} Your answer should be formatted as a list of "
        "tuples, i.e. [(x1, y1), (x2, y2), ...], where each tuple contains the x and y coordinates "
        "of a point. The coordinates should be between 0 and 1, indicating the normalized pixel "
        'locations of the points in the image. If it can not be done, answer "none".'
    )


def _mark(found: re.Match[str]) -> Mark:
    return Mark(paired(split_numbers(found[1], (2, 4))))


def _read(text: str) -> Found:
    return read_groups(text, TUPLE, _mark)


register(
    Dialect(
        "robopoint",
        1,
        r"robopoint",
        _ask,
        _read,
        full=1.0,
        sign=r"\(0\.\d+,\s*0\.\d+\)",
        source="github.com/wentaoyuan/RoboPoint README and summarize_vqa.py",
    ),
)
