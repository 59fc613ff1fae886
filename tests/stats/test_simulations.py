"""Coverage and level of what is shown, by simulation with fixed seeds."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np
import pytest
from scipy.special import betaincinv

from ivlm_bench.stats.bootstrap import macro_bootstrap
from ivlm_bench.stats.clusters import Sample
from ivlm_bench.stats.differences import difference_interval
from ivlm_bench.stats.intervals import Interval
from ivlm_bench.stats.means import mean_interval, stratified_t
from ivlm_bench.stats.paired import (
    Alternative,
    cluster_sums,
    mcnemar,
    sign_flip,
)
from ivlm_bench.stats.rates import macro_interval, rate_interval

pytestmark = pytest.mark.slow

#: Clusters, scenarios a cluster, and how alike the scenarios of one cluster are.
N_CLUSTERS, SIZE, ICC = 20, 20, 0.3

#: Both shapes of a beta distribution with that correlation add up to this.
SCALE = 1 / ICC - 1

#: Scenarios of each of twenty clusters.
EQUAL, UNEQUAL = (10,) * 20, (2,) * 10 + (10,) * 5 + (20,) * 5


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


def asked(rng: np.random.Generator, rate: float, sizes: Sequence[int], prefix: str = "c") -> Sample:
    """Return a task of binary scores, ``sizes`` scenarios a cluster, alike by ``ICC``."""
    return of_tasks(rng, [rate], sizes, n_shared=0, prefix=prefix)[0]


def of_tasks(
    rng: np.random.Generator,
    rates: Sequence[float],
    sizes: Sequence[int],
    *,
    n_shared: int,
    prefix: str = "c",
) -> list[Sample]:
    """Return tasks that share some clusters: an easy object is easy in all of them.

    Each cluster's rate lies at the same quantile of the beta distribution in all tasks that share
    it, so correlated by ``ICC`` within a task, and as strongly between tasks of equal rates.
    """
    codes = np.repeat(np.arange(len(sizes)), sizes)
    # Shared clusters are spread over all sizes.
    shared = np.isin(np.arange(len(sizes)), np.linspace(0, len(sizes) - 1, n_shared).round())
    common = rng.random(len(sizes))
    tasks = []
    for number, rate in enumerate(rates):
        place = np.where(shared, common, rng.random(len(sizes)))
        chances = betaincinv(rate * SCALE, (1 - rate) * SCALE, place)[codes]
        names = [f"{prefix}{k}" if shared[k] else f"{prefix}{number}-{k}" for k in codes]
        tasks.append(Sample((rng.random(len(codes)) < chances).astype(float), names))
    return tasks


def share_covered(n_runs: int, truth: float, make: Callable[[], Interval | None]) -> float:
    n_covered = 0
    for _ in range(n_runs):
        got = make()
        assert got is not None
        n_covered += got.low <= truth <= got.high
    return n_covered / n_runs


@pytest.mark.parametrize("rate", [0.5, 0.7])
def test_cluster_t_covers(rate: float) -> None:
    rng = np.random.default_rng(1)
    got = share_covered(4000, rate, lambda: mean_interval(asked(rng, rate, EQUAL)))
    assert 0.93 <= got <= 0.97


def test_cluster_t_of_a_rate_near_one_does_not_cover() -> None:
    """What the clustered Wilson interval is there for."""
    rng = np.random.default_rng(1)
    got = share_covered(2000, 0.9, lambda: stratified_t([asked(rng, 0.9, EQUAL)], (0.0, 1.0)))
    assert got < 0.91


@pytest.mark.parametrize("rate", [0.03, 0.5, 0.7, 0.9, 0.97])
@pytest.mark.parametrize("sizes", [EQUAL, UNEQUAL, (10,) * 10], ids=["equal", "unequal", "ten"])
def test_rates_are_covered(rate: float, sizes: tuple[int, ...]) -> None:
    """As often as promised, and a little more where failures are too few to tell how they lie."""
    rng = np.random.default_rng(7)
    got = share_covered(2000, rate, lambda: rate_interval(asked(rng, rate, sizes)))
    assert 0.935 <= got <= 0.99


@pytest.mark.parametrize("n_shared", [0, 10, 20])
@pytest.mark.parametrize("sizes", [EQUAL, UNEQUAL], ids=["equal", "unequal"])
@pytest.mark.parametrize(
    "rates",
    [(0.5,) * 6, (0.9,) * 6, (0.05, 0.3, 0.5, 0.7, 0.95, 0.99)],
    ids=["half", "high", "mixed"],
)
def test_means_over_tasks_are_covered(
    rates: tuple[float, ...], sizes: tuple[int, ...], n_shared: int
) -> None:
    """Six tasks with no, ten, and all twenty clusters in common."""
    rng = np.random.default_rng(8)
    got = share_covered(
        1000,
        float(np.mean(rates)),
        lambda: macro_interval(of_tasks(rng, rates, sizes, n_shared=n_shared)),
    )
    assert 0.93 <= got <= 0.98


def test_shared_clusters_taken_as_apart_are_not_covered() -> None:
    """The same tasks under names that hide what they share."""
    rng = np.random.default_rng(8)

    def hidden() -> Interval | None:
        tasks = of_tasks(rng, (0.5,) * 6, EQUAL, n_shared=20)
        apart = [[f"{t}-{name}" for name in task.clusters] for t, task in enumerate(tasks)]
        pairs = zip(tasks, apart, strict=True)
        return macro_interval([Sample(task.values, names) for task, names in pairs])

    assert share_covered(1000, 0.5, hidden) < 0.75


@pytest.mark.parametrize("n_shared", [0, 10, 20])
@pytest.mark.parametrize("sizes", [EQUAL, UNEQUAL], ids=["equal", "unequal"])
@pytest.mark.parametrize(("old", "new"), [(0.5, 0.5), (0.9, 0.9), (0.9, 0.8)])
def test_paired_differences_are_covered(
    old: float, new: float, sizes: tuple[int, ...], n_shared: int
) -> None:
    rng = np.random.default_rng(9)

    def made() -> Interval | None:
        before, after = (
            of_tasks(rng, (rate,) * 6, sizes, n_shared=n_shared) for rate in (old, new)
        )
        pairs = zip(before, after, strict=True)
        return difference_interval([Sample(b.values - a.values, a.labels) for a, b in pairs])[1]

    # Few clusters that tell how flips cluster make it too wide rather than too narrow.
    assert 0.92 <= share_covered(1000, new - old, made) <= 0.995


@pytest.mark.parametrize("n_shared", [0, 10, 20])
def test_sign_flips_of_tasks_that_share_clusters_keep_their_level(n_shared: int) -> None:
    """Neither method is better in any task; each object suits one of them."""
    rng, draws = np.random.default_rng(10), np.random.default_rng(11)
    n_rejected = 0
    for _ in range(2000):
        lost, gained = (of_tasks(rng, (0.2,) * 4, EQUAL, n_shared=n_shared) for _ in range(2))
        pairs = zip(lost, gained, strict=True)
        sums = cluster_sums([Sample(b.values - a.values, a.labels) for a, b in pairs])
        n_rejected += sign_flip(sums, draws).p <= 0.05
    assert n_rejected / 2000 <= 0.06


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


def test_intervals_of_clustered_differences_cover() -> None:
    """Tango's of effective pairs is a little wide, as its design effect leans to one voice."""
    rng = np.random.default_rng(4)
    by_score, by_t = 0, 0
    for _ in range(4000):
        tasks = [Sample(null_differences(rng, 0.2), names(f"{task}-")) for task in "ab"]
        score, t = difference_interval(tasks)[1], stratified_t(tasks, (-1.0, 1.0))
        assert score is not None
        assert t is not None
        by_score += score.low <= 0.0 <= score.high
        by_t += t.low <= 0.0 <= t.high
    assert 0.93 <= by_score / 4000 <= 0.985
    assert 0.93 <= by_t / 4000 <= 0.97


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
