"""The cluster-robust t interval: means and paired differences of any unit, over any tasks."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np
from scipy.special import ndtri, stdtrit

from ivlm_bench.stats.clusters import MIN_CLUSTERS, Sample
from ivlm_bench.stats.intervals import LEVEL, Interval, wilson
from ivlm_bench.stats.joint import Joint, joined


def t_quantile(dof: float, level: float) -> float:
    """Return the two-sided quantile of Student's t."""
    return float(stdtrit(dof, 0.5 + level / 2))


def mean_interval(
    sample: Sample, *, low: float | None = None, high: float | None = None, level: float = LEVEL
) -> Interval | None:
    """Return the cluster-robust t interval of a mean of any unit, cut to ``low`` and ``high``.

    ``mean +- t * sqrt(CRV1)``, with G - 1 degrees of freedom for G clusters of one size and fewer
    where they differ (``Joint.degrees_of_freedom``).

    Returns
    -------
    Interval or None
        None under ``MIN_CLUSTERS`` clusters, or where all values are equal: no spread seen is not
        no spread.

    Examples
    --------
    >>> sample = Sample(np.arange(10.0), tuple("abcdefghij"))
    >>> interval = mean_interval(sample)
    >>> round(interval.low, 6), round(interval.high, 6)
    (2.334149, 6.665851)
    """
    if sample.n_clusters < MIN_CLUSTERS or all_equal(sample):
        return None
    joint = joined([sample])
    spread = _spread(joint, joint.covariance, level)
    mean = float(sample.values.mean())
    ends = float(np.clip(mean - spread, low, high)), float(np.clip(mean + spread, low, high))
    return Interval(*ends, "cluster-t", len(sample.values), sample.n_clusters)


def stratified_t(
    strata: Sequence[Sample], bounds: tuple[float, float], *, level: float = LEVEL
) -> Interval | None:
    """Return the t interval of the mean of task means, cut to ``bounds`` in their unit.

    Tasks are fixed and weigh the same, clusters are random. What a cluster adds is summed over all
    its tasks before it is squared, ``sum_g (sum_t u_gt)^2`` (``Joint``), so an object that many
    tasks ask about counts once; Satterthwaite's degrees of freedom. A task whose values are all
    equal enters with a stand-in (``_guarded``): no spread seen is not no spread.

    Near ties, and near 0 and 1, it is too narrow: it is shown beside ``macro_interval`` and
    ``difference_interval``, never in their place.

    Returns
    -------
    Interval or None
        None under ``MIN_CLUSTERS`` distinct clusters in all, or where a task has only one.

    References
    ----------
    A. C. Cameron and D. L. Miller, "A practitioner's guide to cluster-robust inference",
    Journal of Human Resources 50 (2015), 317-372.
    """
    joint = joined(strata) if strata else None
    if joint is None or len(joint.sizes) < MIN_CLUSTERS or joint.n_clusters.min() < 2:
        return None
    spread = _spread(joint, _guarded(strata, joint, bounds, level), level)
    mean = float(np.mean([sample.mean for sample in strata]))
    n = sum(len(sample.values) for sample in strata)
    ends = max(bounds[0], mean - spread), min(bounds[1], mean + spread)
    return Interval(*ends, "stratified cluster-t", n, len(joint.sizes))


def all_equal(sample: Sample) -> bool:
    """Tell whether no spread is seen."""
    return bool((sample.values == sample.values[0]).all())


def _spread(joint: Joint, covariance: np.ndarray, level: float) -> float:
    dof = joint.degrees_of_freedom(covariance)
    return t_quantile(dof, level) * math.sqrt(max(float(covariance.sum()), 0.0))


def _guarded(
    strata: Sequence[Sample], joint: Joint, bounds: tuple[float, float], level: float
) -> np.ndarray:
    """Return (T, T) the covariance, with a stand-in for tasks whose values are all equal.

    Their deviation makes the interval as wide, in the range of the values, as Wilson's of as many
    clusters without a success; two of them vary together as far as they share clusters.
    """
    flat = np.array([all_equal(sample) for sample in strata])
    edges = [wilson(0, int(n), level=level) for n in joint.n_clusters]
    high = np.array([1.0 if edge is None else edge.high for edge in edges])
    width = high * (bounds[1] - bounds[0])
    deviation = np.where(flat, width / (2 * float(ndtri(0.5 + level / 2)) * len(strata)), 0.0)
    return joint.covariance + np.outer(deviation, deviation) * joint.overlap()
