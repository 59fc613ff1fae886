"""Masks as COCO writes them: run lengths (plain or compressed) and polygons, column by column.

A mask is held as the sorted positions at which it begins and ends (``edges``: begin, end, begin,
end, ...) in the image read column by column, so areas and overlaps need no pixels.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from jaxtyping import Bool, Int64

from ivlm_bench.errors import InvalidAnswerError

Edges = Int64[np.ndarray, " e"]

#: Polygons are drawn this much finer than pixels (``rleFrPoly``).
_FINER = 5
#: Compressed counts: 5 bits a character, a bit that more follow, offset to printable characters.
_BITS, _MORE, _SIGN, _OFFSET = 5, 0x20, 0x10, 48
_LOW = (1 << _BITS) - 1


def mask_edges(segmentation: Any, *, height_px: int, width_px: int) -> Edges:
    """Return where a COCO segmentation begins and ends, in column-major order.

    Parameters
    ----------
    segmentation
        ``{"size": [h, w], "counts": ...}`` with counts as a list or compressed, or polygons
        ``[[x, y, x, y, ...], ...]``, of which the first has three corners at least.
    height_px, width_px
        Size of the image.

    Raises
    ------
    InvalidAnswerError
        If it is neither, or its size is not the image's.
    """
    try:
        if isinstance(segmentation, Mapping):
            size = tuple(int(value) for value in segmentation["size"])
            if size != (height_px, width_px):
                raise InvalidAnswerError(
                    f"A mask is {size[0]} x {size[1]} pixels, its image {height_px} x {width_px}."
                )
            counts = segmentation["counts"]
            if isinstance(counts, str | bytes):
                counts = read_counts(counts)
            return _edges_of_counts(counts, height_px * width_px)
        return _polygons(segmentation, height_px, width_px)
    except (KeyError, TypeError, ValueError, IndexError, OverflowError) as error:
        raise InvalidAnswerError(
            f"A mask is neither run lengths nor polygons as COCO has them ({error!r})."
        ) from None


def read_counts(text: str | bytes) -> list[int]:
    """Return the run lengths of compressed counts.

    Examples
    --------
    >>> read_counts("421")
    [4, 2, 1]
    """
    codes = text.encode("ascii") if isinstance(text, str) else text
    counts: list[int] = []
    value = n_bits = 0
    for code in codes:
        chunk = code - _OFFSET
        value |= (chunk & _LOW) << n_bits
        n_bits += _BITS
        if chunk & _MORE:
            continue
        if chunk & _SIGN:
            value -= 1 << n_bits
        counts.append(value + counts[-2] if len(counts) > 2 else value)
        value = n_bits = 0
    if n_bits:
        raise ValueError("compressed counts end in the middle of a number")
    return counts


def write_counts(counts: Sequence[int]) -> str:
    """Return run lengths compressed.

    Examples
    --------
    >>> write_counts([4, 2, 1])
    '421'
    """
    text = []
    for index, count in enumerate(counts):
        rest = int(count) - (int(counts[index - 2]) if index > 2 else 0)
        more = True
        while more:
            chunk = rest & _LOW
            rest >>= _BITS
            more = rest != (-1 if chunk & _SIGN else 0)
            text.append(chr((chunk | (_MORE if more else 0)) + _OFFSET))
    return "".join(text)


def encode(mask: Bool[np.ndarray, "h w"]) -> dict[str, Any]:
    """Return a mask as COCO's compressed run lengths."""
    flat = np.concatenate([[False], mask.ravel(order="F"), [False]])
    edges = np.flatnonzero(flat[1:] != flat[:-1])
    return written(edges, height_px=mask.shape[0], width_px=mask.shape[1])


def written(edges: Edges, *, height_px: int, width_px: int) -> dict[str, Any]:
    """Return a mask's edges as COCO's compressed run lengths."""
    counts = np.diff(np.concatenate([[0], edges, [height_px * width_px]]))
    if len(edges) and counts[-1] == 0:
        counts = counts[:-1]
    return {"size": [height_px, width_px], "counts": write_counts(counts.tolist())}


def decode(segmentation: Any, *, height_px: int, width_px: int) -> Bool[np.ndarray, "h w"]:
    """Return a COCO segmentation as a mask (h, w).

    Raises
    ------
    InvalidAnswerError
        As ``mask_edges``.
    """
    edges = mask_edges(segmentation, height_px=height_px, width_px=width_px)
    flips = np.bincount(edges, minlength=height_px * width_px + 1)[: height_px * width_px]
    is_inside = np.cumsum(flips) % 2 == 1
    return is_inside.reshape((height_px, width_px), order="F")


def area_px(edges: Edges) -> int:
    """Return the number of pixels in a mask."""
    return int((edges[1::2] - edges[::2]).sum())


def shared_px(first: Edges, second: Edges) -> int:
    """Return the number of pixels in both masks."""
    if not len(first) or not len(second):
        return 0
    grown = np.zeros(len(second), dtype=np.float64)
    grown[1::2] = np.cumsum(second[1::2] - second[::2])
    grown[2::2] = grown[1:-1:2]
    covered = np.interp(first.astype(np.float64), second.astype(np.float64), grown)
    return round(float((covered[1::2] - covered[::2]).sum()))


def union(parts: Sequence[Edges]) -> Edges:
    """Return the edges of what lies in any of some masks."""
    places = np.concatenate(parts)
    if not len(places):
        return places
    steps = np.concatenate([np.where(np.arange(len(part)) % 2 == 0, 1, -1) for part in parts])
    order = np.argsort(places, kind="stable")
    places, depth = places[order], np.cumsum(steps[order])
    is_last = np.append(places[1:] != places[:-1], True)  # depth after all steps at a place
    places, is_inside = places[is_last], depth[is_last] > 0
    changed = is_inside != np.concatenate([[False], is_inside[:-1]])
    return places[changed]


def _edges_of_counts(counts: Any, n_pixels: int) -> Edges:
    runs = np.asarray(counts, dtype=np.int64)
    if runs.ndim != 1 or (runs < 0).any():
        raise ValueError("run lengths are no list of counts")
    if runs.sum() != n_pixels:
        raise ValueError(f"run lengths cover {runs.sum()} of {n_pixels} pixels")
    edges = np.cumsum(runs)
    return _without_gaps(edges if len(edges) % 2 == 0 else edges[:-1])


def _without_gaps(edges: Edges) -> Edges:
    """Return edges without pairs at the same place, so that they strictly grow."""
    places, n = np.unique(edges, return_counts=True)
    return places[n % 2 == 1]


def _polygons(polygons: Any, height_px: int, width_px: int) -> Edges:
    if not isinstance(polygons, Sequence) or isinstance(polygons, str) or not polygons:
        raise ValueError("no polygon")
    if len(polygons[0]) <= 4:
        raise ValueError("a polygon has fewer than three corners")
    parts = [_polygon(_corners(polygon), height_px, width_px) for polygon in polygons]
    return parts[0] if len(parts) == 1 else union(parts)


def _corners(polygon: Any) -> np.ndarray:
    numbers = np.asarray(polygon, dtype=np.float64)
    if not np.isfinite(numbers).all():
        raise ValueError("a polygon is not finite")
    return numbers[: len(numbers) // 2 * 2].reshape(-1, 2)


def _polygon(corners: np.ndarray, height_px: int, width_px: int) -> Edges:
    """Return the edges of a polygon: where its outline crosses the middle of each column.

    The outline is drawn five times finer along its steeper axis; a column is crossed where the fine
    outline steps over its middle, at the pixel below.
    """
    fine = np.trunc(_FINER * corners + 0.5).astype(np.int64)
    steps = [_line(a, b) for a, b in zip(fine, np.roll(fine, -1, axis=0), strict=True)]
    outline = np.concatenate(steps)
    u, v = outline[:, 0], outline[:, 1]
    crossing = np.flatnonzero(u[1:] != u[:-1]) + 1
    low_u = np.where(u[crossing] < u[crossing - 1], u[crossing], u[crossing] - 1)
    x = (low_u + 0.5) / _FINER - 0.5
    y = (np.minimum(v[crossing], v[crossing - 1]) + 0.5) / _FINER - 0.5
    inside = (np.floor(x) == x) & (x >= 0) & (x <= width_px - 1)
    columns, rows = x[inside].astype(np.int64), np.ceil(np.clip(y[inside], 0, height_px))
    edges = columns * height_px + rows.astype(np.int64)
    if len(edges) % 2:
        edges = np.append(edges, height_px * width_px)
    return _without_gaps(edges)


def _line(start: np.ndarray, end: np.ndarray) -> np.ndarray:
    """Return the fine points (n, 2) from one corner to the next, both with it."""
    size = np.abs(end - start)
    main = 0 if size[0] >= size[1] else 1
    is_backward = start[main] > end[main]
    low, high = (end, start) if is_backward else (start, end)
    n = int(size[main])
    along = np.arange(n + 1)[:: -1 if is_backward else 1]
    slope = (high[1 - main] - low[1 - main]) / n if n else 0.0
    points = np.empty((n + 1, 2), dtype=np.int64)
    points[:, main] = along + low[main]
    points[:, 1 - main] = np.trunc(low[1 - main] + slope * along + 0.5).astype(np.int64)
    return points
