"""The few words that ``geometric-words`` reads."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal

import numpy as np

from ivlm_policies.geometric.colours import asked_colour, colour_distance
from ivlm_policies.geometric.fronts import Bit, Front

#: Handles whose heights differ by less than this share of the front belong to one row.
SAME_ROW_SHARE = 0.08
#: Place words: which of the rows from above, or of the columns from the left, they mean.
ROWS = {"top": 0, "upper": 0, "bottom": -1, "lower": -1}
COLUMNS = {"left": 0, "right": -1}

Sense = Literal["clockwise", "anticlockwise", "down", "up"]


def asked_bit(front: Front, text: str) -> Bit | None:
    """Return the bit that place and colour words point to, else the middlemost one.

    None if a colour is asked for that no bit has.
    """
    word = asked_colour(text)
    if word is not None:
        bit = min(front.bits, key=lambda b: colour_distance(word, median_colour(b.cloud.colours)))
        fits = colour_distance(word, median_colour(bit.cloud.colours)) <= 1.0
        return bit if fits else None
    words = text.replace(".", " ").replace(",", " ").split()
    rows = _in_rows(front)
    for name, place in ROWS.items():
        if name in words:
            return max(rows[place], key=lambda b: len(b.cloud))
    for name, place in COLUMNS.items():
        if name in words:
            return _from_the_left(front)[place]
    if "middle" in words:
        return max(rows[len(rows) // 2], key=lambda b: len(b.cloud))
    return middlemost(front)


def asked_heights(heights_m: np.ndarray, text: str) -> tuple[float, float]:
    """Return the lowest and the highest of the heights (n,) m that row words mean: a third."""
    low, high = float(heights_m.min()), float(heights_m.max())
    words = text.replace(".", " ").replace(",", " ").split()
    third = (high - low) / 3.0
    for name, place in (ROWS | {"middle": 1}).items():
        if name in words:
            start = low + third * {0: 2, 1: 1, -1: 0}[place]
            return start, start + third
    return low, high


def _in_rows(front: Front) -> list[list[Bit]]:
    """Return the bits in rows, from above."""
    rows: list[list[Bit]] = []
    for bit in sorted(front.bits, key=lambda b: -float(b.centre_m[2])):
        if rows and rows[-1][0].centre_m[2] - bit.centre_m[2] < SAME_ROW_SHARE * front.extent_m[1]:
            rows[-1].append(bit)
        else:
            rows.append([bit])
    return rows


def _from_the_left(front: Front) -> list[Bit]:
    """Return the bits from the left to the right of who looks at the front."""
    return sorted(front.bits, key=lambda b: float(b.centre_m @ front.plane.sideways))


def middlemost(front: Front) -> Bit:
    """Return the bit whose centre is nearest to the mean of all bits' centres."""
    middle = np.mean([bit.centre_m for bit in front.bits], axis=0)
    return min(front.bits, key=lambda b: float(np.linalg.norm(b.centre_m - middle)))


def median_colour(colours: np.ndarray) -> np.ndarray:
    """Return the middle of some colours (n, 3)."""
    return np.asarray(np.median(colours, axis=0))


def asked_sense(text: str) -> Sense:
    """Return which way to turn; clockwise where no word tells."""
    words = text.replace(".", " ").replace(",", " ").split()
    if any(word in words for word in ("anticlockwise", "counterclockwise")):
        return "anticlockwise"
    if "clockwise" not in words and "down" in words:
        return "down"
    return "up" if "clockwise" not in words and "up" in words else "clockwise"


def of_colour(groups: Sequence[np.ndarray], text: str) -> int | None:
    """Return which group of colours (n, 3) a colour word means; None without a fitting one."""
    word = asked_colour(text)
    if word is None or not groups:
        return None
    distances = [colour_distance(word, median_colour(group)) for group in groups]
    best = int(np.argmin(distances))
    return best if distances[best] <= 1.0 else None
