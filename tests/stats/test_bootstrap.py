from __future__ import annotations

import numpy as np
import pytest
from scipy import stats

from ivlm_bench.stats.bootstrap import macro_bootstrap
from ivlm_bench.stats.clusters import Sample
from ivlm_bench.stats.rates import macro_interval


def clustered(seed: int, n_clusters: int, size: int, prefix: str = "") -> Sample:
    rng = np.random.default_rng(seed)
    means = rng.normal(0.6, 0.15, n_clusters)
    values = np.clip(rng.normal(np.repeat(means, size), 0.1), 0, 1)
    return Sample(values, [f"{prefix}{c}" for c in np.repeat(np.arange(n_clusters), size)])


def rng() -> np.random.Generator:
    return np.random.default_rng(3)


def test_single_values_against_scipy() -> None:
    """Percentile intervals of a mean of 60; ends of 9,999 resamples agree to a thousandth."""
    sample = clustered(1, 60, 1)
    got = macro_bootstrap([sample], rng(), n_replicates=20_000)
    want = stats.bootstrap(
        (sample.values,), np.mean, method="percentile", rng=np.random.default_rng(5)
    ).confidence_interval
    assert got is not None
    assert (got.low, got.high) == pytest.approx((want.low, want.high), abs=0.003)
    assert (got.method, got.n, got.n_clusters) == ("cluster bootstrap", 60, 60)


def test_equal_clusters_are_drawn_as_wholes() -> None:
    """Copies in a cluster add nothing: the interval is that of the cluster means."""
    sample = clustered(2, 40, 5)
    means = sample.values.reshape(40, 5).mean(axis=1)
    got = macro_bootstrap([sample], rng())
    alone = macro_bootstrap([Sample(means, [f"{k:02}" for k in range(40)])], rng())
    assert got is not None
    assert alone is not None
    assert (got.high - got.low) == pytest.approx(alone.high - alone.low, rel=0.05)


def test_many_clusters_give_nearly_the_t_interval() -> None:
    tasks = [clustered(k, 80, 3, f"t{k}-") for k in range(4)]
    got, want = macro_bootstrap(tasks, rng()), macro_interval(tasks)
    assert got is not None
    assert want is not None
    assert (got.low, got.high) == pytest.approx((want.low, want.high), abs=0.004)


def test_the_same_draws_give_the_same_interval() -> None:
    tasks = [clustered(1, 12, 2)]
    assert macro_bootstrap(tasks, rng()) == macro_bootstrap(tasks, rng())


def test_a_higher_level_is_wider() -> None:
    tasks = [clustered(1, 30, 2)]
    narrow, wide = (macro_bootstrap(tasks, rng(), level=level) for level in (0.8, 0.99))
    assert narrow is not None
    assert wide is not None
    assert wide.low < narrow.low < narrow.high < wide.high


def test_too_few_clusters_give_none() -> None:
    assert macro_bootstrap([], rng()) is None
    assert macro_bootstrap([clustered(1, 9, 5)], rng()) is None
    lonely = Sample(np.array([0.1, 0.2]), ("a", "a"))
    assert macro_bootstrap([clustered(1, 20, 2), lonely], rng()) is None


def test_tasks_that_share_their_clusters_are_drawn_together() -> None:
    """The same answers under two names are one task; drawn apart they would look surer."""
    sample = clustered(4, 30, 4)
    apart = Sample(sample.values, [f"other-{name}" for name in sample.clusters])
    once, twice, two = (
        macro_bootstrap(strata, rng()) for strata in ([sample], [sample] * 2, [sample, apart])
    )
    assert once is not None
    assert twice is not None
    assert two is not None
    assert (twice.low, twice.high) == pytest.approx((once.low, once.high), abs=1e-12)
    assert two.high - two.low == pytest.approx((once.high - once.low) / np.sqrt(2), rel=0.1)


def test_values_that_are_all_alike_have_no_interval() -> None:
    assert macro_bootstrap([Sample(np.zeros(20), [f"{k}" for k in range(20)])], rng()) is None
