"""From a model's text to points in a view, or to the reason why there are none."""

from __future__ import annotations

import math
import re
from dataclasses import dataclass, field
from typing import Literal

from ivlm_bench.errors import (
    InvalidAnswerError,
    OutOfRangeAnswerError,
    RefusedAnswerError,
    UnparsedAnswerError,
)
from ivlm_policies.vlm.dialect import Dialect, Mark, UnreadableError, betrayed
from ivlm_policies.vlm.letterbox import Letterbox

#: A coordinate beyond the picture by at most this share of its side is moved to the edge.
CLIP_SHARE = 0.01

Kind = Literal["points", "abstained", "unparsed", "refused", "out of range"]

#: How models decline to answer at all.
_REFUSAL = re.compile(
    r"\bI(?:'|\u2019)?m (?:sorry|unable)|\bI (?:can(?:'|\u2019)t|cannot|can not|won(?:'|\u2019)t) "
    r"(?:help|assist|do|provide|comply)|\bas an AI\b",
    re.IGNORECASE,
)


@dataclass(frozen=True, slots=True)
class Reading:
    """What an answer says of one view.

    ``points``: (x, y) in pixels of the view, in the model's order. ``flags`` may name ``clipped``
    (moved to the edge), ``out of range`` (some marks were left out), ``prose``, ``cut`` and
    ``other image``. ``why`` goes on after "the answer" where there are no points.
    """

    kind: Kind
    points: tuple[tuple[float, float], ...] = ()
    flags: frozenset[str] = field(default_factory=frozenset)
    why: str = ""


def error_of(kind: Kind) -> type[InvalidAnswerError]:
    """Return the error that stands for an answer of this kind."""
    kinds: dict[Kind, type[InvalidAnswerError]] = {
        "unparsed": UnparsedAnswerError,
        "refused": RefusedAnswerError,
        "out of range": OutOfRangeAnswerError,
    }
    return kinds[kind]


def read_answer(
    dialect: Dialect, text: str, box: Letterbox, *, cut: bool = False, refused: bool = False
) -> Reading:
    """Return what an answer in a dialect says.

    Parameters
    ----------
    dialect
        How it is to be read.
    text
        What the model wrote.
    box
        The square picture that the model saw.
    cut
        Whether the server stopped it at its limit of tokens.
    refused
        Whether the server says that the model declined.
    """
    try:
        found = dialect.read(text)
    except UnreadableError as error:
        return _unread(dialect, text, str(error), refused=refused)
    flags = found.flags | ({"cut"} if cut else frozenset())
    if not found.marks:
        return Reading("abstained", flags=flags, why="marks nothing")
    points, outside = [], ""
    for mark in found.marks:
        if mark.image != 1:
            outside = outside or f"marks image {mark.image}, and was shown one"
            continue
        placed, moved, wrong = _placed(dialect, mark, box)
        if placed is None:
            outside = outside or wrong
        else:
            points.append(placed)
            flags |= {"clipped"} if moved else frozenset()
    if not points:
        return Reading("out of range", flags=flags, why=outside)
    return Reading("points", tuple(points), flags | ({"out of range"} if outside else frozenset()))


def _unread(dialect: Dialect, text: str, why: str, *, refused: bool) -> Reading:
    if refused or _REFUSAL.search(text):
        return Reading("refused", why="declines to answer")
    others = " or ".join(betrayed(text, dialect.name))
    hint = f" (it looks like -P dialect={others})" if others else ""
    return Reading("unparsed", why=f"{why}{hint}")


def _placed(
    dialect: Dialect, mark: Mark, box: Letterbox
) -> tuple[tuple[float, float] | None, bool, str]:
    """Return the point of the view that a mark means, whether it was moved, or why it is none."""
    largest = dialect.largest(box.side_px)
    slack = CLIP_SHARE * largest
    for number in (number for corner in mark.corners for number in corner):
        if not -slack <= number <= largest + slack:
            return None, False, f"has the coordinate {number:g}, and 0 to {largest:g} are meant"
    x_px, y_px = (dialect.pixel(value, box.side_px) for value in _middle(mark))
    return _inside(box.to_view(x_px, y_px), box)


def _inside(
    point: tuple[float, float], box: Letterbox
) -> tuple[tuple[float, float] | None, bool, str]:
    """Return a point of the view, moved to the edge if it is hardly outside."""
    sizes = box.width_px, box.height_px
    slack = CLIP_SHARE * max(sizes)
    kept = tuple(min(max(v, -0.5), size - 0.5) for v, size in zip(point, sizes, strict=True))
    away = math.dist(kept, point)
    if away > slack:
        return None, False, "marks the margin of the picture, not the view"
    return (kept[0], kept[1]), away > 0.0, ""


def _middle(mark: Mark) -> tuple[float, float]:
    """Return a point, the middle of a box, or the mean of a polygon's corners."""
    n_corners = len(mark.corners)
    x, y = (sum(corner[axis] for corner in mark.corners) / n_corners for axis in (0, 1))
    return x, y
