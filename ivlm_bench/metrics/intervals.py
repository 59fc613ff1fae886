"""Intervals of the numbers of a set, where they are means of samples."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import replace

import numpy as np

from ivlm_bench.metrics.evaluate import SampleScores
from ivlm_bench.metrics.profile import Quantity
from ivlm_bench.stats.clusters import MIN_CLUSTERS, Sample
from ivlm_bench.stats.intervals import Interval
from ivlm_bench.stats.means import mean_interval
from ivlm_bench.stats.rates import rate_interval

#: How near the number of the set must be to the mean of its samples to count as that mean;
#: official codes average in single precision.
_MEAN_RTOL, _MEAN_ATOL = 1e-4, 1e-6

#: Factor from a share to each unit in which official codes print shares.
_SHARES = {"1": 1.0, "%": 100.0}


def interval_of(
    quantity: Quantity,
    value: float | None,
    samples: Sequence[SampleScores],
    groups: Mapping[str, tuple[str, str]],
) -> tuple[Interval | None, str]:
    """Return the 95 % interval of a number of the set, or None and why there is none.

    Cluster-robust over the items' clusters; only a plain mean of the samples has one.
    """
    found = [(s.scores.get(quantity.name), groups[s.id][1]) for s in samples if s.id in groups]
    scores = [(score, cluster) for score, cluster in found if score is not None]
    if value is None:
        return None, "no value"
    if not quantity.each or not scores:
        return None, "number of the whole set"
    sample = Sample(np.array([s for s, _ in scores]), tuple(cluster for _, cluster in scores))
    mean = float(sample.values.mean())
    if not math.isclose(mean, value, rel_tol=_MEAN_RTOL, abs_tol=_MEAN_ATOL):
        return None, "no plain mean of samples"
    interval = _of_sample(quantity, sample)
    if interval is not None:
        return interval, ""
    few = sample.n_clusters < MIN_CLUSTERS
    return None, f"under {MIN_CLUSTERS} clusters" if few else "no spread"


def _of_sample(quantity: Quantity, sample: Sample) -> Interval | None:
    scale = _SHARES.get(quantity.unit)
    is_share = scale is not None and quantity.low == 0.0 and quantity.high == scale
    if scale is None or not is_share:
        return mean_interval(sample, low=quantity.low, high=quantity.high)
    values = np.clip(sample.values / scale, 0.0, 1.0)  # official codes may pass 1 by a rounding
    rate = rate_interval(Sample(values, sample.clusters))
    return None if rate is None else replace(rate, low=rate.low * scale, high=rate.high * scale)
