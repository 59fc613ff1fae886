"""Average precision of detected time segments, as ActivityNet and EPIC-KITCHENS count it."""

from __future__ import annotations

from collections.abc import Hashable, Mapping, Sequence
from typing import Any

import numpy as np
from jaxtyping import Bool, Float64
from numpy.typing import ArrayLike

#: Overlaps at which EPIC-KITCHENS-100 counts a detection as right.
EPIC_TIOU_THRESHOLDS = np.linspace(0.1, 0.5, 5)


def segment_iou(segment_s: ArrayLike, candidates_s: ArrayLike) -> Float64[np.ndarray, " n"]:
    """Return the temporal IoU of a segment (start, end) with each candidate (n, 2), in s.

    NaN where both have no length and lie at the same time, as in the official code.

    Examples
    --------
    >>> segment_iou([0.0, 2.0], [[1.0, 3.0], [5.0, 6.0]]).round(9)
    array([0.33333333, 0.        ])
    """
    start, end = np.asarray(segment_s, dtype=np.float64)
    starts, ends = np.asarray(candidates_s, dtype=np.float64).reshape(-1, 2).T
    shared = np.clip(np.minimum(end, ends) - np.maximum(start, starts), 0.0, None)
    union = (ends - starts) + (end - start) - shared
    with np.errstate(divide="ignore", invalid="ignore"):
        return shared / union


def interpolated_ap(precision: ArrayLike, recall: ArrayLike) -> float:
    """Return the area under the decreasing envelope of precision over recall (PASCAL VOC 2011).

    Both (n,), along falling scores; 0 without detections.

    Examples
    --------
    >>> interpolated_ap([1.0, 0.5, 2 / 3], [0.5, 0.5, 1.0])
    0.8333333333333333
    """
    heights = np.concatenate([[0.0], np.asarray(precision, dtype=np.float64), [0.0]])
    widths = np.diff(np.concatenate([[0.0], np.asarray(recall, dtype=np.float64), [1.0]]))
    envelope = np.maximum.accumulate(heights[::-1])[::-1]
    return float(np.sum(widths * envelope[1:]))


def best_first(scores: Float64[np.ndarray, " n"]) -> np.ndarray:
    """Return the order of falling scores; equal ones as ``numpy.argsort`` reversed leaves them."""
    return np.argsort(scores)[::-1]


def true_positives(
    segments_s: Float64[np.ndarray, "n 2"],
    truths_s: Float64[np.ndarray, "m 2"],
    *,
    thresholds: Float64[np.ndarray, " t"],
) -> Bool[np.ndarray, "t n"]:
    """Tell at each threshold which detections of one video match a true segment of their class.

    Detections come best first; each takes the unused truth that it overlaps most, if by at least
    the threshold.
    """
    is_true = np.zeros((len(thresholds), len(segments_s)), dtype=bool)
    if not len(truths_s):
        return is_true
    used = np.zeros((len(thresholds), len(truths_s)), dtype=bool)
    for index, segment in enumerate(segments_s):
        overlaps = segment_iou(segment, truths_s)
        if np.all(overlaps < thresholds.min()):
            continue
        order = best_first(overlaps)
        for level, threshold in enumerate(thresholds):
            chosen = _first_free(order, overlaps < threshold, used[level])
            if chosen is not None:
                is_true[level, index] = used[level, chosen] = True
    return is_true


def _first_free(order: np.ndarray, too_low: np.ndarray, used: np.ndarray) -> int | None:
    """Return the first unused truth, or None once the overlap is too low (NaN never is)."""
    for candidate in order:
        if too_low[candidate]:
            return None
        if not used[candidate]:
            return int(candidate)
    return None


def detection_ap(
    scores: Float64[np.ndarray, " n"],
    is_true: Bool[np.ndarray, "t n"],
    *,
    n_truths: int,
) -> Float64[np.ndarray, " t"]:
    """Return the average precision at each threshold; detections come best first."""
    if not len(scores):
        return np.zeros(len(is_true))
    found = np.cumsum(is_true, axis=1, dtype=np.float64)
    precision, recall = found / np.arange(1, len(scores) + 1), found / n_truths
    return np.array([interpolated_ap(p, r) for p, r in zip(precision, recall, strict=True)])


def class_ap(
    videos: Sequence[Hashable],
    segments_s: Float64[np.ndarray, "n 2"],
    scores: Float64[np.ndarray, " n"],
    *,
    truths_s: Mapping[Any, Float64[np.ndarray, "m 2"]],
    thresholds: Float64[np.ndarray, " t"],
) -> Float64[np.ndarray, " t"]:
    """Return the average precision of one class over all videos, at each threshold.

    Parameters
    ----------
    videos, segments_s, scores
        Of every detection of the class, in the order of the submission.
    truths_s
        True segments of the class by video; detections in other videos are false.
    thresholds
        Least temporal IoU of a match.
    """
    order = best_first(scores)
    is_true = np.zeros((len(thresholds), len(order)), dtype=bool)
    places: dict[Hashable, list[int]] = {}
    for rank, index in enumerate(order):
        if videos[index] in truths_s:
            places.setdefault(videos[index], []).append(rank)
    for video, ranks in places.items():
        chosen = segments_s[order[ranks]]
        is_true[:, ranks] = true_positives(chosen, truths_s[video], thresholds=thresholds)
    n_truths = sum(len(segments) for segments in truths_s.values())
    return detection_ap(scores[order], is_true, n_truths=n_truths)
