"""Variance and degrees of freedom of a mean over tasks: by hand, and by a regression."""

from __future__ import annotations

import math

import numpy as np
import pytest
import statsmodels.api as sm
from scipy import stats

from ivlm_bench.stats.clusters import Sample
from ivlm_bench.stats.joint import joined
from ivlm_bench.stats.means import mean_interval, stratified_t


def singletons(values: list[float] | np.ndarray, prefix: str) -> Sample:
    return Sample(np.asarray(values), tuple(f"{prefix}{i}" for i in range(len(values))))


def variance(strata: list[Sample]) -> float:
    return float(joined(strata).covariance.sum())


def test_variance_by_hand() -> None:
    """Clusters (1, 1), (0), (1, 0): mean 3/5, residual sums 4/5, -3/5, -1/5.

    3/2 * (16 + 9 + 1)/25 / 25 = 39/625.
    """
    sample = Sample(np.array([1.0, 1.0, 0.0, 1.0, 0.0]), ("a", "a", "b", "c", "c"))
    assert variance([sample]) == pytest.approx(39 / 625, abs=1e-15)


def test_half_shared_by_hand() -> None:
    """Tasks (a 1, b 0) and (b 0, c 1), each mean 1/2, times sqrt(2/1) / (2 * 2) a residual.

    a: +1/2, b: -1/2 - 1/2, c: +1/2, so (1/4 + 1 + 1/4) * 2 / 16 = 3/16; apart it were 1/8.
    """
    first = Sample(np.array([1.0, 0.0]), ("a", "b"))
    second = Sample(np.array([0.0, 1.0]), ("b", "c"))
    assert variance([first, second]) == pytest.approx(3 / 16, abs=1e-15)
    apart = Sample(second.values, ("d", "e"))
    assert variance([first, apart]) == pytest.approx(1 / 8, abs=1e-15)


@pytest.mark.parametrize("seed", range(5))
def test_variance_of_one_task_against_statsmodels(seed: int) -> None:
    """CRV1 of an intercept-only regression; statsmodels adds (n - 1) / (n - 1) = 1 for k = 1."""
    rng = np.random.default_rng(seed)
    codes = rng.integers(0, 12, 60)
    sample = Sample(rng.random(60), tuple(str(c) for c in codes))
    fit = sm.OLS(sample.values, np.ones(60)).fit(
        cov_type="cluster", cov_kwds={"groups": codes, "use_correction": True}, use_t=True
    )
    assert variance([sample]) == pytest.approx(fit.bse[0] ** 2, rel=1e-10)


def test_interval_of_equal_clusters_against_statsmodels() -> None:
    rng = np.random.default_rng(7)
    codes = np.repeat(np.arange(15), 4)
    sample = Sample(rng.random(60), tuple(str(c) for c in codes))
    fit = sm.OLS(sample.values, np.ones(60)).fit(
        cov_type="cluster", cov_kwds={"groups": codes, "use_correction": True}, use_t=True
    )
    got = mean_interval(sample)
    assert got is not None
    assert (got.low, got.high) == pytest.approx(tuple(fit.conf_int(0.05)[0]), abs=1e-10)


@pytest.mark.parametrize("n_tasks", [2, 5])
def test_tasks_that_share_all_clusters_against_statsmodels(n_tasks: int) -> None:
    """A regression on one dummy a task, clustered by object; its (N - 1) / (N - T) taken out."""
    rng = np.random.default_rng(n_tasks)
    n_objects, n_each = 14, 3
    objects = np.repeat(np.arange(n_objects), n_each)
    lean = rng.normal(size=n_objects)
    values = [lean[objects] + rng.normal(size=len(objects)) for _ in range(n_tasks)]
    n = n_tasks * len(objects)
    fit = sm.OLS(np.concatenate(values), np.kron(np.eye(n_tasks), np.ones((len(objects), 1)))).fit(
        cov_type="cluster",
        cov_kwds={"groups": np.tile(objects, n_tasks), "use_correction": True},
    )
    wanted = float(np.asarray(fit.cov_params()).sum()) / n_tasks**2 * (n - n_tasks) / (n - 1)
    strata = [Sample(v, [f"o{k:02}" for k in objects]) for v in values]
    assert variance(strata) == pytest.approx(wanted, rel=1e-10)
    joint = joined(strata)
    assert joint.degrees_of_freedom(joint.covariance) == pytest.approx(n_objects - 1, rel=1e-9)


def test_degrees_of_freedom_of_tasks_apart_by_hand() -> None:
    """Two tasks of 6 single episodes: 3 and 2 right.

    CRV1 of a binary task of n singletons is p (1 - p) / (n - 1): 1/20 and 2/45. The macro mean
    5/12 has variance (1/20 + 2/45) / 4 = 17/720, and (17/180)^2 / ((1/20)^2/5 + (2/45)^2/5)
    = 5 (17/180)^2 / (145/32400) = 1445/145 degrees of freedom.
    """
    tasks = [singletons([1, 1, 1, 0, 0, 0], "a"), singletons([1, 1, 0, 0, 0, 0], "b")]
    got = stratified_t(tasks, (0.0, 1.0))
    spread = stats.t.ppf(0.975, 1445 / 145) * math.sqrt(17 / 720)
    assert got is not None
    assert (got.low, got.high) == pytest.approx((5 / 12 - spread, 5 / 12 + spread), abs=1e-12)
    assert (got.method, got.n, got.n_clusters) == ("stratified cluster-t", 12, 12)


def test_two_samples_are_welch() -> None:
    """Minus the second task turns the mean of two tasks into half a difference (Welch's t)."""
    rng = np.random.default_rng(5)
    a, b = rng.normal(0.55, 0.05, 12), rng.normal(0.45, 0.1, 20)
    got = stratified_t([singletons(a, "a"), singletons(1 - b, "b")], (0.0, 1.0))
    want = stats.ttest_ind(a, b, equal_var=False).confidence_interval(0.95)
    assert got is not None
    low, high = 0.5 + want.low / 2, 0.5 + want.high / 2
    assert (got.low, got.high) == pytest.approx((low, high), abs=1e-12)


def test_tasks_twice_over_are_one_task() -> None:
    """The same answers on the same objects, told under two names, are no new evidence."""
    rng = np.random.default_rng(8)
    sample = Sample(rng.normal(size=40), [f"o{k % 13:02}" for k in range(40)])
    once, twice = (stratified_t([sample] * n, (-9.0, 9.0)) for n in (1, 2))
    assert once is not None
    assert twice is not None
    assert (twice.low, twice.high) == pytest.approx((once.low, once.high), abs=1e-12)
    assert twice.n_clusters == 13


def test_unequal_clusters_have_fewer_degrees_of_freedom() -> None:
    """12 objects, one of which has half of 24 values: n^2 / sum n_g^2 = 576 / (144 + 16 + 84)."""
    names = ["big"] * 12 + ["mid"] * 4 + [f"s{k}" for k in range(8)]
    sample = Sample(np.random.default_rng(9).normal(size=24), names)
    joint = joined([sample])
    worth = 24**2 / (12**2 + 4**2 + 8)
    assert joint.effective_clusters[0] == pytest.approx(worth)
    got = joint.degrees_of_freedom(joint.covariance)
    assert got == pytest.approx(worth * (1 - 1 / 10), rel=1e-9)


def test_tasks_without_a_difference_keep_a_width() -> None:
    """Ten tasks of 20 equal values: each enters with Wilson's width over 1.96, squared."""
    high = stats.norm.ppf(0.975) ** 2 / (20 + stats.norm.ppf(0.975) ** 2)
    apart = stratified_t([singletons([0.0] * 20, f"{t}-") for t in range(10)], (-1.0, 1.0))
    shared = stratified_t([singletons([0.0] * 20, "o")] * 10, (-1.0, 1.0))
    assert apart is not None
    assert shared is not None
    deviation = high / stats.norm.ppf(0.975)  # doubled: of differences, bounds are 2 apart
    assert apart.high == pytest.approx(stats.t.ppf(0.975, 190) * deviation / math.sqrt(10))
    assert shared.high == pytest.approx(stats.t.ppf(0.975, 19) * deviation)
