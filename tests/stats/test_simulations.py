"""Coverage and level of what is shown, by simulation with fixed seeds."""

from __future__ import annotations

import numpy as np
import pytest

from ivlm_bench.stats.bootstrap import macro_bootstrap
from ivlm_bench.stats.clusters import Sample
from ivlm_bench.stats.paired import (
    Alternative,
    cluster_sums,
    difference_interval,
    mcnemar,
    sign_flip,
)
from ivlm_bench.stats.rates import rate_interval

pytestmark = pytest.mark.slow

#: Clusters, scenarios a cluster, and how alike the scenarios of one cluster are.
N_CLUSTERS, SIZE, ICC = 20, 20, 0.3


def names(prefix: str = "c") -> list[str]:
    return [f"{prefix}{k:02}" for k in np.repeat(np.arange(N_CLUSTERS), SIZE)]


def clustered_rates(rng: np.random.Generator, rate: float) -> np.ndarray:
    """Return (G,) rates of clusters whose binary values have the correlation ``ICC``."""
    scale = 1 / ICC - 1
    return rng.beta(rate * scale, (1 - rate) * scale, N_CLUSTERS)


def null_differences(rng: np.random.Generator, discordance: float) -> np.ndarray:
    """Return (n,) differences of -1, 0, 1: pairs differ at random, clusters lean to one side.

    Each cluster's chance that a discordant pair is lost is beta with the correlation ``ICC`` around
    one half: neither method is better on average.
    """
    lost_prob = np.repeat(clustered_rates(rng, 0.5), SIZE)
    n = N_CLUSTERS * SIZE
    differs = rng.random(n) < discordance
    return np.where(differs, np.where(rng.random(n) < lost_prob, -1.0, 1.0), 0.0)


@pytest.mark.parametrize("rate", [0.5, 0.7])
def test_cluster_t_covers(rate: float) -> None:
    rng = np.random.default_rng(1)
    n_covered = 0
    for _ in range(4000):
        right = rng.random(N_CLUSTERS * SIZE) < np.repeat(clustered_rates(rng, rate), SIZE)
        got = rate_interval(Sample(right.astype(float), names()))
        assert got is not None
        assert got.method == "cluster-t"
        n_covered += got.low <= rate <= got.high
    assert 0.93 <= n_covered / 4000 <= 0.97


@pytest.mark.parametrize("discordance", [0.1, 0.3])
@pytest.mark.parametrize("alternative", ["two-sided", "less"])
def test_sign_flip_keeps_its_level(discordance: float, alternative: Alternative) -> None:
    rng, draws = np.random.default_rng(2), np.random.default_rng(3)
    n_rejected = 0
    for _ in range(4000):
        sums = cluster_sums([Sample(null_differences(rng, discordance), names())])
        n_rejected += sign_flip(sums, draws, alternative=alternative).p <= 0.05
    assert n_rejected / 4000 <= 0.055


def test_mcnemar_that_ignores_clusters_does_not() -> None:
    """The same null: what the sign flip of clusters is there for."""
    rng = np.random.default_rng(2)
    n_rejected = 0
    for _ in range(4000):
        differences = null_differences(rng, 0.3)
        n_rejected += mcnemar(int((differences > 0).sum()), int((differences < 0).sum())) <= 0.05
    assert n_rejected / 4000 >= 0.08


def test_interval_of_clustered_differences_covers() -> None:
    rng = np.random.default_rng(4)
    n_covered = 0
    for _ in range(4000):
        tasks = [Sample(null_differences(rng, 0.2), names(f"{task}-")) for task in "ab"]
        got = difference_interval(tasks)[1]
        assert got is not None
        n_covered += got.low <= 0.0 <= got.high
    assert 0.93 <= n_covered / 4000 <= 0.97


def test_cluster_bootstrap_covers_nearly() -> None:
    """Percentile intervals of 20 clusters are known to be a little narrow."""
    rng = np.random.default_rng(5)
    n_covered = 0
    for _ in range(1000):
        right = rng.random(N_CLUSTERS * SIZE) < np.repeat(clustered_rates(rng, 0.7), SIZE)
        got = macro_bootstrap([Sample(right.astype(float), names())], rng, n_replicates=1000)
        assert got is not None
        n_covered += got.low <= 0.7 <= got.high
    assert 0.90 <= n_covered / 1000 <= 0.97
