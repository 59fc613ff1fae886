"""How well stated probabilities match what happened."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from ivlm_bench.metrics.spec import Absent, MetricSpec, add_metric
from ivlm_bench.types import Interaction, Truth, Verdict

#: Bins of the expected calibration error, as in the paper cited there.
N_BINS = 15


def brier_score(prob: float, outcome: bool) -> float:
    """Return the squared error of one stated probability, in [0, 1]; 0 is best.

    References
    ----------
    G. W. Brier, "Verification of forecasts expressed in terms of probability", Monthly Weather
    Review 78 (1950), 1-3 (the half of his two-class sum, as is now usual).

    Examples
    --------
    >>> brier_score(0.75, True)
    0.0625
    """
    return (float(prob) - float(outcome)) ** 2


def expected_calibration_error(
    probs: Sequence[float], outcomes: Sequence[bool], *, n_bins: int = N_BINS
) -> float | None:
    """Return the mean gap between stated and seen rate over equal-width bins; None of nothing.

    References
    ----------
    C. Guo et al., "On calibration of modern neural networks", ICML 2017, equation 3; bins are
    open on the left, and 0 belongs to the first.

    Examples
    --------
    >>> expected_calibration_error([0.75, 0.75], [True, False])
    0.25
    """
    stated = np.asarray(probs, dtype=np.float64)
    seen = np.asarray(outcomes, dtype=np.float64)
    if stated.shape != seen.shape:
        raise ValueError("One outcome a probability was expected.")
    if stated.size == 0:
        return None
    bins = np.clip(np.ceil(stated * n_bins).astype(int) - 1, 0, n_bins - 1)
    gaps = np.bincount(bins, weights=stated - seen, minlength=n_bins)
    return float(np.abs(gaps).sum() / stated.size)


def risk_coverage_area(probs: Sequence[float], outcomes: Sequence[bool]) -> float | None:
    """Return the mean share of failures over all coverages; 0 is best, None of nothing.

    Answers are accepted in the order of their stated probability; among equal ones the order is
    a fair draw, so that the area is its expectation.

    References
    ----------
    Y. Geifman, G. Uziel, R. El-Yaniv, "Bias-reduced uncertainty estimation for deep neural
    classifiers", ICLR 2019, section 3 (AURC).

    Examples
    --------
    >>> risk_coverage_area([0.9, 0.1], [True, False])
    0.25
    """
    stated = np.asarray(probs, dtype=np.float64)
    failed = 1.0 - np.asarray(outcomes, dtype=np.float64)
    if stated.shape != failed.shape:
        raise ValueError("One outcome a probability was expected.")
    if stated.size == 0:
        return None
    _, group, sizes = np.unique(-stated, return_inverse=True, return_counts=True)
    share_failed = np.bincount(group, weights=failed) / sizes
    risks = np.cumsum(np.repeat(share_failed, sizes)) / np.arange(1, stated.size + 1)
    return float(risks.mean())


def _feasible_brier(
    interaction: Interaction, truth: Truth, verdicts: tuple[Verdict, ...]
) -> float | Absent:
    return brier_score(interaction.feasible_prob, truth.feasible)


add_metric(
    MetricSpec(
        name="brier",
        title="Squared error of the stated probability that the question has an answer",
        function=_feasible_brier,
        unit="1",
        low=0.0,
        high=1.0,
        higher_is_better=False,
        answerable_only=False,
        empty="feasible_prob is always there (1 where it was left out)",
        source="Brier, Monthly Weather Review 78 (1950); of feasible_prob",
    )
)
