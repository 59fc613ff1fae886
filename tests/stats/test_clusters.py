from __future__ import annotations

import math

import numpy as np
import pytest
import statsmodels.api as sm
from scipy import stats

from ivlm_bench.stats.clusters import (
    Sample,
    cluster_variance,
    macro_interval,
    rate_interval,
    scenario_means,
)
from ivlm_bench.stats.intervals import wilson


def singletons(values: list[float] | np.ndarray) -> Sample:
    return Sample(np.asarray(values), tuple(f"c{i}" for i in range(len(values))))


def beta_binomial(
    rng: np.random.Generator, n_clusters: int, size: int, *, rate: float, icc: float
) -> Sample:
    """Binary scores whose intra-class correlation is ``icc`` (0: independent)."""
    rates = np.full(n_clusters, rate)
    if icc > 0:
        scale = 1 / icc - 1
        rates = rng.beta(rate * scale, (1 - rate) * scale, n_clusters)
    values = (rng.random((n_clusters, size)) < rates[:, None]).astype(float).ravel()
    return Sample(values, tuple(str(c) for c in np.repeat(np.arange(n_clusters), size)))


def test_variance_by_hand() -> None:
    """Clusters (1, 1), (0), (1, 0): mean 3/5, residual sums 4/5, -3/5, -1/5.

    3/2 * (16 + 9 + 1)/25 / 25 = 39/625.
    """
    sample = Sample(np.array([1.0, 1.0, 0.0, 1.0, 0.0]), ("a", "a", "b", "c", "c"))
    assert cluster_variance(sample) == pytest.approx(39 / 625, abs=1e-15)


@pytest.mark.parametrize("seed", range(5))
def test_variance_against_statsmodels(seed: int) -> None:
    """CRV1 of an intercept-only regression; statsmodels adds (n - 1) / (n - 1) = 1 for k = 1."""
    rng = np.random.default_rng(seed)
    codes = rng.integers(0, 12, 60)
    sample = Sample(rng.random(60), tuple(str(c) for c in codes))
    fit = sm.OLS(sample.values, np.ones(60)).fit(
        cov_type="cluster", cov_kwds={"groups": codes, "use_correction": True}, use_t=True
    )
    assert cluster_variance(sample) == pytest.approx(fit.bse[0] ** 2, rel=1e-10)
    got = rate_interval(sample)
    assert got is not None
    assert (got.low, got.high) == pytest.approx(tuple(fit.conf_int(0.05)[0]), abs=1e-10)
    assert (got.method, got.n, got.n_clusters) == ("cluster-t", 60, len(set(codes)))


def test_singletons_reduce_to_the_ordinary_t_interval() -> None:
    values = np.random.default_rng(1).random(25)
    got = rate_interval(singletons(values))
    want = stats.ttest_1samp(values, 0.0).confidence_interval(0.95)
    assert got is not None
    assert (got.low, got.high) == pytest.approx((want.low, want.high), abs=1e-12)


def test_binary_singletons_give_wilson_at_any_size() -> None:
    assert rate_interval(singletons([1.0, 0.0, 1.0])) == wilson(2, 3)


def test_doubling_every_episode_changes_nothing() -> None:
    """Perfectly correlated twins are no new evidence."""
    values = np.random.default_rng(3).integers(0, 2, 14).astype(float) * 0.5
    one = rate_interval(singletons(values))
    names = tuple(f"c{i}" for i in range(14))
    two = rate_interval(Sample(np.tile(values, 2), names * 2))
    assert one is not None
    assert two is not None
    assert (two.low, two.high) == pytest.approx((one.low, one.high), abs=1e-12)


@pytest.mark.parametrize(("n_clusters", "shown"), [(9, False), (10, True)])
def test_too_few_clusters_give_no_interval(n_clusters: int, shown: bool) -> None:
    rng = np.random.default_rng(0)
    sample = beta_binomial(rng, n_clusters, 8, rate=0.5, icc=0.2)
    assert (rate_interval(sample) is not None) == shown


def test_nothing_gives_nothing() -> None:
    empty = singletons([])
    assert empty.mean is None
    assert rate_interval(empty) is None
    assert macro_interval([]) is None


@pytest.mark.parametrize("value", [0.0, 1.0])
def test_no_spread_counts_clusters_as_trials(value: float) -> None:
    sample = Sample(np.full(60, value), tuple(str(i // 5) for i in range(60)))
    got, want = rate_interval(sample), wilson(12 * int(value), 12)
    assert got is not None
    assert want is not None
    assert (got.low, got.high) == (want.low, want.high)
    assert (got.method, got.n, got.n_clusters) == ("wilson of clusters", 60, 12)


def test_repeats_are_averaged_first() -> None:
    got = scenario_means([1, 0, 1, 1], ["s", "s", "t", "u"], ["a", "a", "a", "b"])
    assert got.values.tolist() == [0.5, 1.0, 1.0]
    assert got.clusters == ("a", "a", "b")
    assert got.mean == pytest.approx(5 / 6)


def test_one_scenario_in_two_clusters_is_refused() -> None:
    with pytest.raises(ValueError, match="two clusters"):
        scenario_means([1, 0], ["s", "s"], ["a", "b"])


@pytest.mark.parametrize("values", [[0.0, math.nan], [1.0]])
def test_a_sample_needs_finite_values_one_a_cluster(values: list[float]) -> None:
    with pytest.raises(ValueError, match="finite"):
        Sample(np.array(values), ("a", "b"))


def test_macro_by_hand() -> None:
    """Two tasks of 6 single episodes: 3 and 2 right.

    CRV1 of a binary task of n singletons is p (1 - p) / (n - 1): 1/20 and 2/45. The macro mean
    5/12 has variance (1/20 + 2/45) / 4 = 17/720, and (17/180)^2 / ((1/20)^2/5 + (2/45)^2/5)
    = 5 (17/180)^2 / (145/32400) = 1445/145 degrees of freedom.
    """
    tasks = [singletons([1, 1, 1, 0, 0, 0]), singletons([1, 1, 0, 0, 0, 0])]
    got = macro_interval(tasks)
    spread = stats.t.ppf(0.975, 1445 / 145) * math.sqrt(17 / 720)
    assert got is not None
    assert (got.low, got.high) == pytest.approx((5 / 12 - spread, 5 / 12 + spread), abs=1e-12)
    assert (got.method, got.n, got.n_clusters) == ("stratified cluster-t", 12, 12)


def test_macro_of_two_samples_is_welch() -> None:
    """Minus the second task turns the mean of two tasks into half a difference (Welch's t)."""
    rng = np.random.default_rng(5)
    a, b = rng.normal(0.55, 0.05, 12), rng.normal(0.45, 0.1, 20)
    got = macro_interval([singletons(a), singletons(1 - b)])
    want = stats.ttest_ind(a, b, equal_var=False).confidence_interval(0.95)
    assert got is not None
    low, high = 0.5 + want.low / 2, 0.5 + want.high / 2
    assert (got.low, got.high) == pytest.approx((low, high), abs=1e-12)


def test_macro_of_one_task_is_that_task() -> None:
    sample = beta_binomial(np.random.default_rng(2), 15, 4, rate=0.6, icc=0.3)
    macro, alone = macro_interval([sample]), rate_interval(sample)
    assert macro is not None
    assert alone is not None
    assert (macro.low, macro.high) == pytest.approx((alone.low, alone.high), abs=1e-12)


def test_macro_refuses_few_clusters_and_lonely_tasks() -> None:
    small = singletons([1.0, 0.0, 1.0])
    assert macro_interval([small] * 3) is None
    assert macro_interval([small] * 4) is not None
    lonely = Sample(np.array([1.0, 0.0]), ("a", "a"))
    assert macro_interval([small] * 4 + [lonely]) is None


def test_perfect_tasks_keep_a_width() -> None:
    """Ten perfect tasks of 20: each enters with half of Wilson's width over 1.96, squared."""
    edge = wilson(20, 20)
    got = macro_interval([singletons([1.0] * 20)] * 10)
    assert edge is not None
    assert got is not None
    deviation = (1 - edge.low) / 2 / stats.norm.ppf(0.975) / math.sqrt(10)
    assert got.high == 1.0
    assert got.low == pytest.approx(1 - stats.t.ppf(0.975, 190) * deviation, abs=1e-12)


@pytest.mark.slow
@pytest.mark.parametrize(("n_clusters", "least"), [(10, 0.90), (20, 0.925), (50, 0.935)])
def test_coverage_of_clustered_rates(n_clusters: int, least: float) -> None:
    """Ten episodes a cluster, correlation .3: the naive interval would cover .69."""
    rng = np.random.default_rng(11)
    hits = 0
    for _ in range(2000):
        got = rate_interval(beta_binomial(rng, n_clusters, 10, rate=0.7, icc=0.3))
        assert got is not None
        hits += got.low <= 0.7 <= got.high
    assert least <= hits / 2000 <= 0.975


@pytest.mark.slow
@pytest.mark.parametrize(
    ("rate", "n_clusters", "size", "icc"),
    [(0.7, 10, 3, 0.3), (0.97, 12, 1, 0.0), (0.02, 25, 1, 0.0), (0.97, 20, 5, 0.3)],
)
def test_coverage_of_the_macro_mean(rate: float, n_clusters: int, size: int, icc: float) -> None:
    rng = np.random.default_rng(12)
    hits = 0
    for _ in range(1000):
        tasks = [beta_binomial(rng, n_clusters, size, rate=rate, icc=icc) for _ in range(4)]
        got = macro_interval(tasks)
        assert got is not None
        hits += got.low <= rate <= got.high
    assert hits / 1000 >= 0.925
