"""The cluster bootstrap of a mean over tasks: a cross-check of the other intervals."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from scipy.sparse import csr_array
from scipy.sparse.csgraph import connected_components

from ivlm_bench.stats.clusters import MIN_CLUSTERS, Sample, shared_labels
from ivlm_bench.stats.intervals import LEVEL, Interval

#: Resamples that are drawn.
N_REPLICATES = 5000

#: Resamples whose weights are held at a time: so many stay in the cache of a core.
_BLOCK = 250

#: Share of kinds among clusters up to which drawing numbers of kinds is faster than clusters.
_FEW_KINDS = 0.1


def macro_bootstrap(
    strata: Sequence[Sample],
    rng: np.random.Generator,
    *,
    level: float = LEVEL,
    n_replicates: int = N_REPLICATES,
) -> Interval | None:
    """Return the percentile interval of the mean of task means, whole clusters drawn anew.

    Tasks that share clusters, directly or over a third, are drawn together: a cluster comes with
    all its episodes of all tasks. Others are drawn each by itself. Only sums and counts of clusters
    are resampled; episodes are never touched again. A task of which a draw holds nothing keeps its
    mean there.

    Simulated coverage of a nominal .95 is a little less (20 clusters, correlation .3, rate .7:
    .93); it is shown beside the interval of a table, never in its place.

    Returns
    -------
    Interval or None
        None under ``MIN_CLUSTERS`` distinct clusters in all, where a task has only one, or where
        every draw is alike: no spread seen is not no spread.

    References
    ----------
    C. A. Field and A. H. Welsh, "Bootstrapping clustered data", JRSS B 69 (2007), 369-390.
    """
    if not strata or min(sample.n_clusters for sample in strata) < 2:
        return None
    sums, counts = _by_cluster(strata)
    if len(sums) < MIN_CLUSTERS:
        return None
    means = np.zeros(n_replicates)
    for rows, columns in _apart(counts):
        means += _drawn(sums[rows][:, columns], counts[rows][:, columns], n_replicates, rng=rng)
    low, high = np.quantile(means / len(strata), [(1 - level) / 2, (1 + level) / 2])
    if low == high:
        return None
    n_all = sum(len(sample.values) for sample in strata)
    return Interval(float(low), float(high), "cluster bootstrap", n_all, len(sums))


def _by_cluster(strata: Sequence[Sample]) -> tuple[np.ndarray, np.ndarray]:
    """Return (G, T) sums and counts of the values of each cluster in each task."""
    labels = shared_labels(strata)
    size = len(labels[0].names)
    pairs = list(zip(strata, labels, strict=True))
    sums = [np.bincount(each.codes, weights=s.values, minlength=size) for s, each in pairs]
    counts = np.stack([each.counts() for each in labels], axis=1).astype(np.float64)
    present = counts.any(axis=1)
    return np.stack(sums, axis=1)[present], counts[present]


def _apart(counts: np.ndarray) -> list[tuple[np.ndarray, np.ndarray]]:
    """Return rows (clusters) and columns (tasks) of each group that shares nothing with others."""
    inside = (counts > 0).astype(np.int64)
    n_groups, group = connected_components(csr_array(inside.T @ inside), directed=False)
    columns = [np.flatnonzero(group == number) for number in range(n_groups)]
    return [(np.flatnonzero(inside[:, each].any(axis=1)), each) for each in columns]


def _drawn(
    sums: np.ndarray, counts: np.ndarray, n_replicates: int, *, rng: np.random.Generator
) -> np.ndarray:
    """Return (n_replicates,) sums over some tasks of their means, clusters drawn with return.

    Clusters with the same sums and counts are of one kind; how often each kind is drawn is all that
    a mean hangs on.
    """
    rows, kinds = np.unique(np.hstack([sums, counts]), axis=0, return_counts=True)
    sums, counts = np.hsplit(rows, 2)
    total, drawn = (np.empty((n_replicates, sums.shape[1])) for _ in range(2))
    for start in range(0, n_replicates, _BLOCK):
        part = slice(start, min(start + _BLOCK, n_replicates))
        weights = _weights(kinds, part.stop - part.start, rng=rng)
        total[part], drawn[part] = weights @ sums, weights @ counts
    own = np.broadcast_to(kinds @ sums / (kinds @ counts), drawn.shape)
    means = np.divide(total, drawn, out=own.copy(), where=drawn > 0)
    return np.asarray(means.sum(axis=1))


def _weights(kinds: np.ndarray, n_draws: int, *, rng: np.random.Generator) -> np.ndarray:
    """Return (n_draws, K) how often each kind is drawn, of which there are ``kinds`` (K,) alike."""
    n = int(kinds.sum())
    if len(kinds) <= n * _FEW_KINDS:
        return rng.multinomial(n, kinds / n, size=n_draws).astype(np.float64)
    owner = np.repeat(np.arange(len(kinds), dtype=np.int32), kinds)
    picked = owner[
        rng.integers(0, n, size=(n_draws, n), dtype=np.uint16 if n < 2**16 else np.int64)
    ]
    picked += (len(kinds) * np.arange(n_draws, dtype=np.int32))[:, None]
    flat = np.bincount(picked.ravel(), minlength=len(kinds) * n_draws)
    return flat.reshape(n_draws, len(kinds)).astype(np.float64)
