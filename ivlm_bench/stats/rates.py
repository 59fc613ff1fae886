"""Intervals of rates in [0, 1] whose episodes come in clusters: Wilson's, of effective trials."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from ivlm_bench.stats.clusters import MIN_CLUSTERS, Sample
from ivlm_bench.stats.effects import inflation, telling_clusters
from ivlm_bench.stats.intervals import LEVEL, Interval, score_ends, wilson
from ivlm_bench.stats.joint import Joint, joined
from ivlm_bench.stats.means import all_equal, t_quantile

#: How the interval is called.
METHOD = "clustered wilson"


@dataclass(frozen=True, slots=True)
class Effective:
    """How many independent trials clustered ones are worth, and the t that belongs to them."""

    rate: float
    n: float
    dof: float


def rate_interval(sample: Sample, *, level: float = LEVEL) -> Interval | None:
    """Return the interval of one task's rate in [0, 1]: ``macro_interval`` of it alone.

    Returns
    -------
    Interval or None
        As ``macro_interval``; None of nothing.
    """
    return macro_interval([sample], level=level) if len(sample.values) else None


def macro_interval(strata: Sequence[Sample], *, level: float = LEVEL) -> Interval | None:
    """Return the interval of the mean of task rates, each task with equal weight.

    Plain Wilson for one task in which every scenario is its own cluster and every value is 0 or 1;
    else Wilson's interval of ``effective_trials``, with Student's quantile. Tasks are fixed,
    clusters are random; one that is part of many tasks counts once.

    Simulated coverage of a nominal .95, at rates .5, .7, .9, .97 (beta-binomial clusters,
    intra-class correlation .3, 3,000 runs; in brackets the cluster-robust t interval):

    - one task, 20 clusters of 10: .967, .957, .955, .980 (.955, .938, .891, .785);
    - one task, 20 clusters of 2, 10 and 20: .951, .950, .983, .983 (.928, .919, .834, .694);
    - one task, 10 clusters of 10: .976, .967, .986, .981 (.953, .935, .868, .736);
    - one task, 50 clusters of 10: .949, .952, .954, .953 (.946, .945, .928, .872).

    Means over six tasks whose clusters are all their own, half shared, all shared (1,500 runs):

    - 20 clusters of 10 a task, rate .5: .950, .963, .949 (.945, .953, .937);
    - the same, rate .9: .959, .941, .948 (.939, .905, .893);
    - 20 clusters of 2, 10 and 20, rate .5: .956, .954, .951 (.947, .945, .926);
    - the same, rate .9: .957, .948, .940 (.924, .869, .848);
    - 20 clusters of 10, rates .05, .3, .5, .7, .95, .99: .964, .958, .966 (.957, .949, .957).

    Returns
    -------
    Interval or None
        None if there are fewer than ``MIN_CLUSTERS`` distinct clusters, or a task has only one.
    """
    joint = joined(strata) if strata else None
    if joint is None or len(joint.sizes) < MIN_CLUSTERS or joint.n_clusters.min() < 2:
        return None
    trials = plain_trials(strata)
    if trials is not None:
        return wilson(*trials, level=level)
    seen = effective_trials(strata, joint)
    low, high = score_ends(seen.rate, seen.n, t_quantile(seen.dof, level))
    n = sum(len(sample.values) for sample in strata)
    return Interval(low, high, METHOD, n, len(joint.sizes))


def plain_trials(strata: Sequence[Sample]) -> tuple[int, int] | None:
    """Return successes and trials of one task of single binary scenarios; None of anything else."""
    if len(strata) != 1:
        return None
    values = strata[0].values
    if strata[0].n_clusters < len(values) or not np.isin(values, (0.0, 1.0)).all():
        return None
    return int(values.sum()), len(values)


def effective_trials(strata: Sequence[Sample], joint: Joint) -> Effective:
    """Return how many trials the mean over tasks is worth: ``p (1 - p) / V``.

    V is the cluster-robust variance (``Joint``), but in each task no less than if scenarios were
    independent, and drawn towards clusters that speak with one voice: with k clusters that hold
    anything but failures (or anything but successes, whichever is fewer), the design effect is
    ``(k d + d_1 / 2) / (k + 1/2)``, where d is the measured one and d_1 = sum n_g^2 / n. A task of
    failures alone (k = 0) is worth its effective clusters ``n^2 / sum n_g^2``, at the rate of half
    a failure and half a success more among them (Jeffreys' prior); so does one of successes alone.

    References
    ----------
    E. L. Korn and B. I. Graubard, "Confidence intervals for proportions with small expected number
    of positive counts estimated from survey data", Survey Methodology 24 (1998), 193-201, for
    effective trials. C. Franco, R. J. A. Little, T. A. Louis and E. V. Slud, "Comparative study of
    confidence intervals for proportions in complex sample surveys", Journal of Survey Statistics
    and Methodology 7 (2019), 334-364, for Wilson's form, and that measured design effects need a
    model near 0 and 1.
    """
    n_tasks = len(strata)
    scales, extras, rates, flats = (np.zeros(n_tasks) for _ in range(4))
    for t, sample in enumerate(strata):
        rates[t] = sample.values.mean()
        if all_equal(sample):
            flats[t], rates[t] = _stand_in(float(rates[t]), float(joint.effective_clusters[t]))
        else:
            n_telling = min(telling_clusters(sample, sample.values == edge) for edge in (0.0, 1.0))
            scales[t], extras[t] = inflation(sample, joint, t, n_telling=n_telling)
    by_root = np.sqrt(scales)
    covariance = joint.covariance * np.outer(by_root, by_root) + np.diag(extras / n_tasks**2)
    edge = np.where(rates < 0.5, -1.0, 1.0) * np.sqrt(flats) / n_tasks
    covariance += np.maximum(np.outer(edge, edge), 0.0) * joint.overlap()
    guess = float(rates.mean())
    n = guess * (1.0 - guess) / float(covariance.sum())
    rate = float(np.mean([sample.mean for sample in strata]))
    return Effective(rate, n, joint.degrees_of_freedom(covariance))


def _stand_in(rate: float, n_clusters: float) -> tuple[float, float]:
    """Return variance and rate that stand for a task in which all values are ``rate``."""
    if rate in (0.0, 1.0):
        rate = (n_clusters * rate + 0.5) / (n_clusters + 1.0)
    return rate * (1.0 - rate) / n_clusters, rate
