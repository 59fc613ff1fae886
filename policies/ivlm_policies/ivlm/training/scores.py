"""How good and how honest answers are; numpy alone."""

from __future__ import annotations

import numpy as np

#: Bins of the calibration error; least and greatest logarithm of a temperature.
N_BINS = 10
COLDEST, HOTTEST = -2.0, 3.0


def iou(prob: np.ndarray, truth: np.ndarray) -> float:
    """Return intersection over union of what is above one half; 1 where both are empty."""
    yes, real = prob > 0.5, truth > 0.5
    union = int((yes | real).sum())
    return float((yes & real).sum() / union) if union else 1.0


def pointing(prob: np.ndarray, truth: np.ndarray) -> float:
    """Return 1 if the surest place belongs to the region, else 0."""
    return float(truth.ravel()[int(np.argmax(prob))] > 0.5)


def auroc(score: np.ndarray, truth: np.ndarray) -> float | None:
    """Return how often a true one scores above a false one (Mann-Whitney); None for one kind."""
    from scipy.stats import rankdata

    positive = truth > 0.5
    n_yes, n_no = int(positive.sum()), int((~positive).sum())
    if n_yes == 0 or n_no == 0:
        return None
    ranks = rankdata(score)
    return float((ranks[positive].sum() - n_yes * (n_yes + 1) / 2) / (n_yes * n_no))


def calibration_error(prob: np.ndarray, truth: np.ndarray) -> float:
    """Return the expected calibration error in ten equal bins (Guo 2017, equation 3)."""
    place = np.minimum((prob * N_BINS).astype(int), N_BINS - 1)
    count = np.bincount(place, minlength=N_BINS)
    said = np.bincount(place, prob, minlength=N_BINS)
    real = np.bincount(place, truth, minlength=N_BINS)
    return float(np.abs(said - real)[count > 0].sum() / max(len(prob), 1))


def temperature(logits: np.ndarray, truth: np.ndarray) -> float:
    """Return what to divide logits by so that they are likeliest (Guo 2017, section 4.2).

    1 where there is nothing to fit to.
    """
    if len(logits) == 0:
        return 1.0
    from scipy.optimize import minimize_scalar

    def loss(log_temperature: float) -> float:
        scaled = logits / np.exp(log_temperature)
        return float(np.mean(np.logaddexp(0.0, scaled) - truth * scaled))

    found = minimize_scalar(loss, bounds=(COLDEST, HOTTEST), method="bounded")
    return float(np.exp(found.x))


def chances(logits: np.ndarray, divisor: float) -> np.ndarray:
    """Return probabilities of logits at a temperature."""
    from scipy.special import expit

    return np.asarray(expit(logits / divisor))
