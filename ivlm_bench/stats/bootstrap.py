"""The cluster bootstrap of a mean over tasks: a cross-check of the t intervals."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from ivlm_bench.stats.clusters import MIN_CLUSTERS, Sample
from ivlm_bench.stats.intervals import LEVEL, Interval

#: Resamples that are drawn.
N_REPLICATES = 5000


def macro_bootstrap(
    strata: Sequence[Sample],
    rng: np.random.Generator,
    *,
    level: float = LEVEL,
    n_replicates: int = N_REPLICATES,
) -> Interval | None:
    """Return the percentile interval of the mean of task means, clusters drawn within each task.

    Only sums and counts of clusters are resampled; episodes are never touched again. None under
    ``MIN_CLUSTERS`` clusters in all, or where a task has only one.

    References
    ----------
    C. A. Field and A. H. Welsh, "Bootstrapping clustered data", JRSS B 69 (2007), 369-390.
    """
    sizes = [sample.n_clusters for sample in strata]
    if not strata or sum(sizes) < MIN_CLUSTERS or min(sizes) < 2:
        return None
    means = np.zeros(n_replicates)
    for sample in strata:
        n = sample.n_clusters
        sums, counts = (
            sample.cluster_sums(values) for values in (sample.values, np.ones(len(sample.values)))
        )
        picked = rng.integers(0, n, size=(n_replicates, n), dtype=np.int32)
        means += sums[picked].sum(axis=1) / counts[picked].sum(axis=1)
    means /= len(strata)
    low, high = np.quantile(means, [(1 - level) / 2, (1 + level) / 2])
    n_all = sum(len(sample.values) for sample in strata)
    return Interval(float(low), float(high), "cluster bootstrap", n_all, sum(sizes))
