"""One sample of point affordance as the official codes hold it: flat, in single precision."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from ivlm_bench.errors import AssetError, InvalidAnswerError
from ivlm_bench.metrics.arrays import must_match, of_rank, predicted_numbers, true_numbers
from ivlm_bench.metrics.point_values import POSITIVE, Ranking, mean_absolute_error

PREDICTION = "values (n,) or (n, 1) in [0, 1], one a point; 2,048 points in the official data"
TRUTH = "true values (n,) or (n, 1) in [0, 1] of the same points in the same order"

#: Points of the official clouds: the constant that IAGNet, GREAT and InteractVLM divide MAE by.
OFFICIAL_POINTS = 2048

QUIRKS = (
    "aIoU has a ceiling: thresholds 0 and 1 are among its 20, so the truth itself scores well "
    "below 1 (about 0.48 for soft truths, (19 + share of positives) / 20 for binary ones); read "
    "it beside the oracle's row.",
    "Predictions and thresholds are compared in single precision, as under NumPy 1.",
)
MAE_QUIRK = (
    "MAE is the sum of absolute errors over the constant 2,048, as in the official code: it is a "
    "mean only of clouds of 2,048 points."
)


@dataclass(frozen=True, eq=False, slots=True)
class PointSample:
    """Predicted and true values (n,) float32; a point is positive where the truth reaches 0.5."""

    scores: np.ndarray
    truth: np.ndarray
    ranking: Ranking

    def mae(self) -> float:
        """Return the mean absolute error over the points."""
        return mean_absolute_error(self.scores, self.truth)

    def official_mae(self) -> float:
        """Return the sum of absolute errors over 2,048, whatever the number of points is."""
        return float(np.abs(self.scores - self.truth).sum()) / OFFICIAL_POINTS


def point_sample(prediction: Any, truth: Any) -> PointSample:
    """Return the sample of values (n,), (n, 1) or (1, n), arrays or lists.

    Raises
    ------
    InvalidAnswerError
        If the prediction is no such array, not finite, or not of the truth's length.
    AssetError
        If the truth is no such array.
    """
    p = of_rank(predicted_numbers(prediction, "point values"), 1)
    t = of_rank(true_numbers(truth, "point values"), 1)
    for values, error in ((p, InvalidAnswerError), (t, AssetError)):
        if values.ndim != 1:
            raise error(f"Point values have shape {values.shape}; (n,) or (n, 1) was expected.")
    p, t = p.astype(np.float32), t.astype(np.float32)
    must_match(p, t)
    return PointSample(p, t, Ranking.of(p, t >= POSITIVE))
