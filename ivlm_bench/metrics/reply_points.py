"""Points that a model wrote in its reply, read as official evaluation codes read them.

Every family reads the same reply differently, so the family belongs to a score. The rules are
those of RoboPoint (``summarize_vqa.py``), RoboRefer (``summarize_acc.py``) and pointarena
(``molmo_evaluator.py``); numbers that end in digits only are spelled so that no reply takes
exponential time to read.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass

import numpy as np
from jaxtyping import Float64

from ivlm_bench.errors import ConfigError, InvalidAnswerError, did_you_mean
from ivlm_bench.metrics import arena_points
from ivlm_bench.metrics.arena_points import Mark

#: Whole numbers are cut here, far outside any image, so that no reply overflows a float.
_FAR = 10**100

#: A box with more pixels is scored but not written out as points.
MAX_BOX_PIXELS = 20_000_000

#: Digits are needed before the point: ".5" is no number.
_NUMBER = r"[-+]?\d+(?:\.\d*)?"
_TUPLE = re.compile(rf"\(({_NUMBER}(?:,\s*{_NUMBER})*)\)")

_PLAIN_NUMBER = r"(-?\d+(?:\.\d*)?)"
_NUMBERED_ATTRIBUTES = re.compile(rf'x\d+="{_PLAIN_NUMBER}"\s+y\d+="{_PLAIN_NUMBER}"')

_FENCE = re.compile(r"```(?:\w+)?\n(.*?)```", re.DOTALL)
#: Gemini writes coordinates as thousandths of the image.
_THOUSANDTHS = 1000


class UnparsedReplyError(InvalidAnswerError):
    """The official parser stops at a reply, and its question drops out of the mean."""


@dataclass(frozen=True, slots=True)
class Family:
    """How the replies of a family of models are read: marks in order, in words, whose rule."""

    marks: Callable[[str, int, int], list[Mark]]
    reads: str
    source: str


def text_points(
    reply: str, *, family: str = "robopoint", width_px: int = 640, height_px: int = 480
) -> Float64[np.ndarray, "n 2"]:
    """Return the points (x, y) that a reply names, in pixels, in the order of the official code.

    Parameters
    ----------
    reply
        What the model wrote.
    family
        Whose rule: a key of ``FAMILIES``, which says how each reads.
    width_px, height_px
        Size of the image.

    Returns
    -------
    ndarray
        One row a point; a filled box gives each of its pixels, row by row.

    Raises
    ------
    ConfigError
        If there is no such family.
    UnparsedReplyError
        If the official parser raises, or a box has more than ``MAX_BOX_PIXELS`` pixels.

    Examples
    --------
    >>> text_points("[(0.5, 0.25), (10, 20)]").tolist()
    [[320.0, 120.0], [10.0, 20.0]]
    >>> text_points('<points x1="10.5" y1="20.0">', family="molmo").tolist()
    [[67.0, 96.0]]
    """
    marks = text_marks(reply, family=family, width_px=width_px, height_px=height_px)
    rows = [_pixels_of(mark) for mark in marks]
    return np.concatenate([np.empty((0, 2)), *rows])


def text_marks(
    reply: str, *, family: str = "robopoint", width_px: int = 640, height_px: int = 480
) -> list[Mark]:
    """Return the marks of a reply: points (x, y) and half-open boxes (x0, y0, x1, y1) in pixels.

    As ``text_points``, with boxes left as they are.
    """
    if family not in FAMILIES:
        hint = did_you_mean(family, list(FAMILIES))
        raise ConfigError(f"No family of replies is called {family!r}.{hint}")
    try:
        return FAMILIES[family].marks(reply, width_px, height_px)
    except (TypeError, ValueError, OverflowError, RecursionError) as error:
        raise UnparsedReplyError(
            f"The official parser ({FAMILIES[family].source}) stops at the reply "
            f"{reply[:80]!r}: {error}"
        ) from None


def _pixels_of(mark: Mark) -> Float64[np.ndarray, "n 2"]:
    if len(mark) == 2:
        return np.array([mark], dtype=np.float64)
    x0, y0, x1, y1 = (int(value) for value in mark)
    if (x1 - x0) * (y1 - y0) > MAX_BOX_PIXELS:
        raise UnparsedReplyError(f"A box of {x1 - x0} x {y1 - y0} pixels is too large to fill.")
    y, x = np.mgrid[y0:y1, x0:x1]
    return np.column_stack([x.ravel(), y.ravel()]).astype(np.float64)


def _tuples(reply: str) -> list[list[float]]:
    """Return all tuples of numbers; those written without a point are ints."""
    return [
        [
            float(word) if "." in word else max(-_FAR, min(_FAR, int(word)))
            for word in found.split(",")
        ]
        for found in _TUPLE.findall(reply)
    ]


def _scaled(x: float, y: float, width_px: int, height_px: int) -> Mark:
    return int(x * width_px), int(y * height_px)


def _has_fraction(numbers: list[float]) -> bool:
    return any(isinstance(number, float) for number in numbers)


def _robopoint_marks(reply: str, width_px: int, height_px: int) -> list[Mark]:
    marks: list[Mark] = []
    for numbers in _tuples(reply):
        if len(numbers) == 2:
            x, y = numbers
            is_relative = _has_fraction(numbers)
            marks.append(_scaled(x, y, width_px, height_px) if is_relative else (x, y))
        elif len(numbers) == 4:
            marks.extend(_canvas_box(numbers, width_px, height_px))
    return marks


def _canvas_box(numbers: list[float], width_px: int, height_px: int) -> list[Mark]:
    """Return the part of a box on the canvas; edges are slice bounds, so -5 counts from the end.

    The first number alone tells fractions from pixels; pixels among which a later one has a point
    are a ``TypeError``.
    """
    x0, y0, x1, y1 = numbers
    if isinstance(x0, float):
        x0, y0 = _scaled(x0, y0, width_px, height_px)
        x1, y1 = _scaled(x1, y1, width_px, height_px)
    left, right, _ = slice(x0, x1).indices(width_px)
    top, bottom, _ = slice(y0, y1).indices(height_px)
    return [(left, top, right, bottom)] if right > left and bottom > top else []


def _roborefer_marks(reply: str, width_px: int, height_px: int) -> list[Mark]:
    marks: list[Mark] = []
    for numbers in _tuples(reply):
        if len(numbers) == 2 and not _has_fraction(numbers):
            marks.append(tuple(numbers))
        elif len(numbers) == 2:
            marks.append(_scaled(numbers[0], numbers[1], width_px, height_px))
        elif len(numbers) == 4:
            low = _scaled(numbers[0], numbers[1], width_px, height_px)
            high = _scaled(numbers[2], numbers[3], width_px, height_px)
            marks.extend(_free_box((*low, *high)))
    return marks


def _absolute_marks(reply: str, width_px: int, height_px: int) -> list[Mark]:
    marks: list[Mark] = []
    for numbers in _tuples(reply):
        if len(numbers) == 2:
            marks.append(tuple(numbers))
        elif len(numbers) == 4:
            if _has_fraction(numbers):
                raise TypeError("a box in pixels has a fraction")
            marks.extend(_free_box(tuple(numbers)))
    return marks


def _free_box(box: Mark) -> list[Mark]:
    """Return a box that may reach out of the image; ``ValueError`` if it ends before it starts."""
    if box[2] < box[0] or box[3] < box[1]:
        raise ValueError("a box ends before it starts")
    return [box] if box[2] > box[0] and box[3] > box[1] else []


def _molmo_marks(reply: str, width_px: int, height_px: int) -> list[Mark]:
    return [
        _scaled(float(x) / 100, float(y) / 100, width_px, height_px)
        for x, y in _NUMBERED_ATTRIBUTES.findall(reply)
    ]


def _gemini_marks(reply: str, width_px: int, height_px: int) -> list[Mark]:
    fence = _FENCE.search(reply)
    if fence is None:
        return []
    try:
        found = json.loads(fence[1].strip())
    except json.JSONDecodeError:
        return []
    marks: list[Mark] = []
    for each in found:
        if "point" not in each:
            continue
        point = each["point"]
        if isinstance(point, list) and len(point) == 2:
            y, x = point[0] / _THOUSANDTHS, point[1] / _THOUSANDTHS
            marks.append(_scaled(x, y, width_px, height_px))
    return marks


_ROBOREFER = "RoboRefer summarize_acc.py"
_ARENA_MOLMO, _ARENA = "pointarena molmo_evaluator.py", "pointarena model_evaluator.py"

_ARENA_PERCENT = '(x.y, x.y), Click(x.y, x.y), x="..." y="..." in percent, p=123,456 in thousandths'

#: How replies are read, by family.
FAMILIES: Mapping[str, Family] = {
    "robopoint": Family(
        _robopoint_marks,
        "(x, y) as fractions of the image if either has a point, else pixels; (x, y, x, y) is a "
        "filled box",
        "RoboPoint summarize_vqa.py, text2pts",
    ),
    "roborefer": Family(
        _roborefer_marks,
        "(x, y) as robopoint; boxes are fractions even without a point",
        f"{_ROBOREFER}, text2pts",
    ),
    "absolute": Family(
        _absolute_marks,
        "(x, y) and boxes always in pixels",
        f"{_ROBOREFER}, text2pts with is_absolute",
    ),
    "molmo": Family(
        _molmo_marks, 'x1="10.5" y1="20" in percent, a digit after x', f"{_ROBOREFER}, xml2pts"
    ),
    "gemini": Family(
        _gemini_marks,
        'fenced JSON [{"point": [y, x]}] in thousandths',
        f"{_ROBOREFER}, json2pts",
    ),
    "pointarena": Family(
        arena_points.percent_marks, _ARENA_PERCENT, f"{_ARENA_MOLMO}, extract_points"
    ),
    "pointarena_molmo": Family(
        arena_points.molmo_marks,
        f"{_ARENA_PERCENT}; without any, numbers between brackets in pixels",
        f"{_ARENA_MOLMO}, call_molmo",
    ),
    "pointarena_json": Family(
        arena_points.json_marks, 'JSON [{"point": [x, y]}] in pixels', f"{_ARENA}, call_openai"
    ),
    "pointarena_gemini": Family(
        arena_points.gemini_marks,
        'JSON [{"point": [y, x]}] in thousandths',
        f"{_ARENA}, call_gemini",
    ),
}
