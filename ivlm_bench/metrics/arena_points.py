"""Points of replies as PointArena reads them: one rule a family of models.

pointarena@dcd82f29 molmo_evaluator.py (``extract_points``, ``call_molmo``) and model_evaluator.py
(``call_openai``, ``call_claude``, ``call_grok``, ``call_gemini``).
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Iterator
from typing import Any

#: A point (x, y) or a box (x0, y0, x1, y1), half-open, in pixels.
Mark = tuple[float, ...]

#: Exactly one decimal, no sign.
_TENTH = r"([0-9]+\.[0-9])"
_PERCENT = r"([0-9]+(?:\.[0-9]+)?)"
#: The four spellings of percents and what their numbers are divided by.
_PERCENT_FORMS = (
    (re.compile(rf"Click\({_TENTH}, ?{_TENTH}\)"), 1.0),
    (re.compile(rf"\({_TENTH},? ?{_TENTH}\)"), 1.0),
    (re.compile(rf'x\d*="\s*{_PERCENT}"\s+y\d*="\s*{_PERCENT}"'), 1.0),
    (re.compile(r"(?:\d+|p)\s*=\s*([0-9]{3})\s*,\s*([0-9]{3})"), 10.0),
)
_UNSIGNED = r"\d+(?:\.\d*)?"
_PAIR = re.compile(rf"\[({_UNSIGNED}),\s*({_UNSIGNED})\]")
_SINGLE = re.compile(_UNSIGNED)
_THOUSANDTHS = 1000.0

#: Stands for an entry of a JSON list that is no point: it lies outside of every image.
NOWHERE: Mark = (-1.0, -1.0)


def percent_marks(reply: str, width_px: int, height_px: int) -> list[Mark]:
    """Return the points written as percents, spelling by spelling; those over 100 are left out."""
    marks: list[Mark] = []
    for form, divisor in _PERCENT_FORMS:
        for x, y in form.findall(reply):
            percents = float(x) / divisor, float(y) / divisor
            if max(percents) <= 100:
                marks.append((percents[0] / 100.0 * width_px, percents[1] / 100.0 * height_px))
    return marks


def molmo_marks(reply: str, width_px: int, height_px: int) -> list[Mark]:
    """Return points in percent; without any, pairs in brackets in pixels; else any numbers."""
    marks = percent_marks(reply, width_px, height_px)
    if marks or "[" not in reply:
        return marks
    listed = _between_brackets(reply)
    marks = [(float(x), float(y)) for x, y in _PAIR.findall(listed)]
    if marks:
        return marks
    try:
        found = json.loads(listed)
        marks = list(_pairs(found)) if isinstance(found, list) else []
    except (ValueError, TypeError, OverflowError, RecursionError):
        return []
    numbers = [float(word) for word in _SINGLE.findall(listed)]
    return marks or list(zip(numbers[::2], numbers[1::2], strict=False))


def json_marks(reply: str, width_px: int, height_px: int) -> list[Mark]:
    """Return ``point`` of each entry of a JSON list, in pixels; an entry without is ``NOWHERE``."""
    try:
        found = json.loads(_between_brackets(reply))
    except (ValueError, RecursionError):
        return []
    return [_point(each) for each in found] if isinstance(found, list) else []


def gemini_marks(reply: str, width_px: int, height_px: int) -> list[Mark]:
    """Return ``point`` of each entry of a JSON list as [y, x] in thousandths, uncut."""
    listed = _between_brackets(reply)
    try:
        found = json.loads(listed)
        entries = [e["point"] for e in found if isinstance(e, dict) and "point" in e]
        pairs = [(e[0] + 0.0, e[1] + 0.0) for e in entries if isinstance(e, list) and len(e) == 2]
    except (ValueError, TypeError, OverflowError, RecursionError):
        return []
    if not pairs:
        pairs = [(float(y), float(x)) for y, x in _PAIR.findall(listed)]
    return [(x / _THOUSANDTHS * width_px, y / _THOUSANDTHS * height_px) for y, x in pairs]


def _between_brackets(reply: str) -> str:
    """Return the text from the first "[" to the last "]"; nothing if either is missing."""
    start = reply.find("[")
    return "" if start < 0 else reply[start : reply.rfind("]") + 1]


def _pairs(entries: Iterable[Any]) -> Iterator[Mark]:
    for each in entries:
        pair = each.get("point") if isinstance(each, dict) else each
        if isinstance(pair, list) and len(pair) == 2:
            yield float(pair[0]), float(pair[1])


def _point(entry: Any) -> Mark:
    """Return an entry's point; text of digits is a number, as the official ``int()`` takes it."""
    try:
        x, y = (float(int(v)) if isinstance(v, str) else float(v) for v in entry["point"])
        int(x), int(y)
    except (KeyError, TypeError, ValueError, OverflowError):
        return NOWHERE
    return x, y
