"""AUC, AP, aIoU and errors of one value a point (or pixel) against a set of true ones.

``scores`` and ``positive`` are flat arrays (n,), positive of bool. Where there is no number the
functions give NaN, as the official codes do.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

#: A point affords the interaction where the truth reaches this (IAGNet, 3D AffordanceNet).
POSITIVE = 0.5

#: Thresholds of aIoU (3D AffordanceNet, IAGNet). In float32, as scores are compared there.
AIOU_THRESHOLDS = np.linspace(0.0, 1.0, 20).astype(np.float32)


@dataclass(frozen=True, eq=False, slots=True)
class Ranking:
    """Points in the order of their scores, from the highest down, equal scores as one step.

    Attributes
    ----------
    n_hits, n_chosen : arrays (steps,)
        Positives, and points, among those chosen after each step.
    """

    n_hits: np.ndarray
    n_chosen: np.ndarray

    @classmethod
    def of(cls, scores: np.ndarray, positive: np.ndarray) -> Ranking:
        """Rank finite scores (n,) with their labels (n,), n >= 1."""
        order = np.argsort(scores)[::-1]
        ranked = scores[order]
        last = np.append(np.flatnonzero(ranked[1:] != ranked[:-1]), scores.size - 1)
        return cls(np.cumsum(positive[order], dtype=np.int64)[last], last + 1)

    def auc(self) -> float:
        """Return the area under the ROC curve: twice the area is a whole number of pairs."""
        n_positive = int(self.n_hits[-1])
        n_negative = int(self.n_chosen[-1]) - n_positive
        if not n_positive or not n_negative:
            return math.nan
        new_misses = np.diff(self.n_chosen - self.n_hits, prepend=0)
        hits_before = np.concatenate(([0], self.n_hits[:-1]))
        return float((new_misses * (self.n_hits + hits_before)).sum()) / (
            2.0 * n_positive * n_negative
        )

    def average_precision(self) -> float:
        """Return the precision after each step, weighted by the recall that it gains."""
        n_positive = int(self.n_hits[-1])
        if not n_positive:
            return math.nan
        gained = np.diff(self.n_hits, prepend=0)
        return float((gained * (self.n_hits / self.n_chosen)).sum() / n_positive)


def auc(scores: np.ndarray, positive: np.ndarray) -> float:
    """Return the area under the ROC curve, ties by mid-rank, in [0, 1]; NaN for one class.

    References
    ----------
    J. A. Hanley and B. J. McNeil, Radiology 143 (1982), 29-36.

    Examples
    --------
    >>> auc(np.array([0.1, 0.4, 0.35, 0.8]), np.array([False, False, True, True]))
    0.75
    """
    return Ranking.of(scores, positive).auc()


def average_precision(scores: np.ndarray, positive: np.ndarray) -> float:
    """Return the precision averaged over the steps of recall, in [0, 1]; NaN without positives.

    Equal scores are one step; there is no interpolation (as scikit-learn's
    ``average_precision_score``).

    Examples
    --------
    >>> round(average_precision(np.array([0.9, 0.8, 0.1]), np.array([True, False, True])), 9)
    0.833333333
    """
    return Ranking.of(scores, positive).average_precision()


def aiou(scores: np.ndarray, positive: np.ndarray) -> float:
    """Return the mean IoU of ``scores >= t`` with the positives over 20 thresholds t.

    Thresholds 0 and 1 are among them, so the best value is below 1: (19 + share) / 20 for the
    true mask itself, where share is the fraction of positives; NaN without positives.

    References
    ----------
    S. Deng et al., "3D AffordanceNet: a benchmark for visual object affordance understanding",
    CVPR 2021; Y. Yang et al., "Grounding 3D object affordance from 2D interactions in images",
    ICCV 2023.

    Examples
    --------
    >>> aiou(np.array([1.0, 0.0]), np.array([True, False]))
    0.975
    """
    if not positive.any():
        return math.nan
    scores = scores.astype(np.float32)
    both = n_reaching(scores[positive])
    either = int(positive.sum()) + n_reaching(scores[~positive])
    return float((both / either).mean())


def n_reaching(scores: np.ndarray) -> np.ndarray:
    """Return (20,) counts of the float32 scores that reach each threshold of aIoU."""
    n_passed = np.searchsorted(AIOU_THRESHOLDS, scores, side="right")
    counts = np.bincount(n_passed, minlength=len(AIOU_THRESHOLDS) + 1)
    return np.cumsum(counts[::-1])[::-1][1:]


def mean_absolute_error(prediction: np.ndarray, truth: np.ndarray) -> float:
    """Return the mean of |prediction - truth|, summed in the arrays' own precision.

    Examples
    --------
    >>> mean_absolute_error(np.array([0.5, 0.0]), np.array([0.0, 1.0]))
    0.75
    """
    return float(np.abs(prediction - truth).sum()) / prediction.size


def mean_squared_error(prediction: np.ndarray, truth: np.ndarray) -> float:
    """Return the mean of (prediction - truth)², summed in double precision.

    Examples
    --------
    >>> mean_squared_error(np.array([0.5, 0.0]), np.array([0.0, 1.0]))
    0.625
    """
    return float(np.square(prediction - truth).sum(dtype=np.float64)) / prediction.size


def f1_score(chosen: np.ndarray, positive: np.ndarray) -> float:
    """Return 2 TP / (|chosen| + |positive|) of two sets (n,) of bool; NaN if both are empty.

    Examples
    --------
    >>> round(f1_score(np.array([True, True, False]), np.array([True, False, False])), 9)
    0.666666667
    """
    n_both = int((chosen & positive).sum())
    total = int(chosen.sum()) + int(positive.sum())
    return 2.0 * n_both / total if total else math.nan
