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
    """Scores of the positive points and of the others, each in rising order."""

    chosen: np.ndarray
    others: np.ndarray

    @classmethod
    def of(cls, scores: np.ndarray, positive: np.ndarray) -> Ranking:
        """Sort finite scores (n,) with their labels (n,) of bool."""
        return cls(np.sort(scores[positive]), np.sort(scores[~positive]))

    def auc(self) -> float:
        """Return the area under the ROC curve: the share of pairs in the right order."""
        if not self.chosen.size or not self.others.size:
            return math.nan
        below = np.searchsorted(self.others, self.chosen, side="left").sum(dtype=np.int64)
        not_above = np.searchsorted(self.others, self.chosen, side="right").sum(dtype=np.int64)
        return float(below + not_above) / (2.0 * self.chosen.size * self.others.size)

    def average_precision(self) -> float:
        """Return the mean over positives of the precision where each of them is reached."""
        if not self.chosen.size:
            return math.nan
        hits = _n_reaching(self.chosen, self.chosen)
        return float((hits / (hits + _n_reaching(self.others, self.chosen))).mean())

    def aiou(self) -> float:
        """Return the mean IoU over the 20 thresholds; single precision decides."""
        if not self.chosen.size:
            return math.nan
        both = _n_reaching(self.chosen.astype(np.float32), AIOU_THRESHOLDS)
        wrong = _n_reaching(self.others.astype(np.float32), AIOU_THRESHOLDS)
        return float((both / (self.chosen.size + wrong)).mean())


def _n_reaching(rising: np.ndarray, thresholds: np.ndarray) -> np.ndarray:
    """Return how many of the rising scores reach each threshold."""
    return rising.size - np.searchsorted(rising, thresholds, side="left")


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
    return Ranking.of(scores, positive).aiou()


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
