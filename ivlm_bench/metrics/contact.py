"""How far predicted contacts lie from those of the reference answer."""

from __future__ import annotations

import numpy as np

from ivlm_bench.metrics.spec import Absent, MetricSpec, add_metric
from ivlm_bench.types import Interaction, Truth, Verdict


def mean_nearest_distance_m(
    points_m: np.ndarray, reference_m: np.ndarray, weights: np.ndarray | None = None
) -> float:
    """Return the weighted mean distance (m) of points (n, 3) to the nearest of (k, 3), k >= 1.

    Weights (n,) that are all zero count as equal.

    Examples
    --------
    >>> mean_nearest_distance_m(np.eye(3)[:1], np.zeros((1, 3)))
    1.0
    """
    gaps = np.linalg.norm(points_m[:, None] - reference_m[None], axis=2).min(axis=1)
    if weights is None or not np.asarray(weights).any():
        return float(gaps.mean())
    return float(np.average(gaps, weights=np.asarray(weights, dtype=np.float64)))


def contact_distance_m(
    interaction: Interaction, truth: Truth, verdicts: tuple[Verdict, ...]
) -> float | Absent:
    """Return the mean distance (m) of contact points to the oracle's nearest, by ``contact_prob``.

    The oracle's answer is one right answer among others: read it as a diagnosis, not as a score.
    """
    if not len(interaction.contact_points_m):
        return Absent("no contact points")
    if not len(truth.oracle.contact_points_m):
        return Absent("the reference answer has no contact points")
    return mean_nearest_distance_m(
        interaction.contact_points_m, truth.oracle.contact_points_m, interaction.contact_prob
    )


add_metric(
    MetricSpec(
        name="contact_distance_m",
        function=contact_distance_m,
        unit="m",
        low=0.0,
        high=None,
        higher_is_better=False,
        empty="none: no contact points",
        source="own: one-sided nearest distance to the reference answer's contact points",
    )
)
