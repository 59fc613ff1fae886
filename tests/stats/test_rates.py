"""Intervals of rates: Wilson's of the trials that clustered ones are worth."""

from __future__ import annotations

from itertools import pairwise

import numpy as np
import pytest
from scipy import stats
from statsmodels.stats.proportion import proportion_confint

from ivlm_bench.stats.clusters import Sample
from ivlm_bench.stats.intervals import score_ends, wilson
from ivlm_bench.stats.rates import macro_interval, rate_interval


def singletons(values: list[float] | np.ndarray, prefix: str = "c") -> Sample:
    return Sample(np.asarray(values), tuple(f"{prefix}{i}" for i in range(len(values))))


def clustered(values: list[float], size: int) -> Sample:
    return Sample(np.asarray(values), tuple(f"c{i // size:02}" for i in range(len(values))))


@pytest.mark.parametrize(("k", "n"), [(0, 12), (3, 40), (19, 20)])
def test_score_ends_of_whole_trials_are_wilsons(k: int, n: int) -> None:
    want = proportion_confint(k, n, method="wilson")
    got = score_ends(k / n, n, stats.norm.ppf(0.975))
    assert got == pytest.approx(want, abs=1e-12)


def test_binary_singletons_give_wilson_from_ten_on() -> None:
    assert rate_interval(singletons([1.0, 0.0] * 5)) == wilson(5, 10)
    assert rate_interval(singletons([1.0, 0.0, 1.0] * 3)) is None


def test_clustered_by_hand() -> None:
    """Twelve objects asked twice: four fail twice, two once, so p = 14/24 and 6 objects have both.

    Residual sums of the objects in units of 1/12: +10 six times, -2 twice, -14 four times: squares
    600 + 8 + 784 = 1392 / 144. Measured variance 12/11 * 1392/144 / 24^2, plain one
    (14/24)(10/24)/24; the design effect d = 1.6675; 6 objects hold a failure, 8 a success, so
    (6 d + 2/2) / 6.5 is used.
    """
    values = [1.0, 1.0] * 6 + [1.0, 0.0] * 2 + [0.0, 0.0] * 4
    plain = (14 / 24) * (10 / 24) / 24
    effect = 12 / 11 * 1392 / 144 / 24**2 / plain
    trials = 24 / ((6 * effect + 1.0) / 6.5)
    got = rate_interval(clustered(values, 2))
    t = stats.t.ppf(0.975, 11)
    assert got is not None
    assert (got.low, got.high) == pytest.approx(score_ends(14 / 24, trials, t), abs=1e-12)
    assert (got.method, got.n, got.n_clusters) == ("clustered wilson", 24, 12)


@pytest.mark.parametrize(("n_clusters", "shown"), [(9, False), (10, True)])
def test_too_few_clusters_give_no_interval(n_clusters: int, shown: bool) -> None:
    values = np.random.default_rng(0).integers(0, 2, 8 * n_clusters).astype(float)
    assert (rate_interval(clustered(values.tolist(), 8)) is not None) == shown


def test_nothing_gives_nothing() -> None:
    empty = singletons([])
    assert empty.mean is None
    assert rate_interval(empty) is None
    assert macro_interval([]) is None


@pytest.mark.parametrize("value", [0.0, 1.0])
def test_no_spread_counts_clusters_as_trials(value: float) -> None:
    got = rate_interval(clustered([value] * 60, 5))
    assert got is not None
    wanted = score_ends(value, 12.0, stats.t.ppf(0.975, 11))
    assert (got.low, got.high) == pytest.approx(wanted, abs=1e-12)


def test_a_failure_more_never_raises_the_upper_end() -> None:
    """From all right to one wrong answer an object: no jump where spread is first seen."""
    ends = []
    for n_wrong in range(13):
        values = np.ones((12, 6))
        values[:n_wrong, 0] = 0.0
        got = rate_interval(clustered(values.ravel().tolist(), 6))
        assert got is not None
        ends.append((got.low, got.high))
    assert all(b[1] <= a[1] for a, b in pairwise(ends))


def test_copies_are_no_evidence_that_scenarios_agree() -> None:
    """Every object asked three times with one outcome: no narrower than asked once."""
    once = [1.0, 0.0, 1.0, 1.0, 0.0, 1.0, 1.0, 1.0, 0.0, 1.0, 1.0, 1.0]
    one, three = rate_interval(singletons(once)), rate_interval(clustered([*np.repeat(once, 3)], 3))
    assert one is not None
    assert three is not None
    assert three.low <= one.low < one.high <= three.high


def test_equal_scores_keep_a_width() -> None:
    got = rate_interval(clustered([0.5] * 60, 5))
    assert got is not None
    assert (got.low, got.high) == pytest.approx(score_ends(0.5, 12.0, stats.t.ppf(0.975, 11)))


def test_macro_of_one_task_is_that_task() -> None:
    values = np.random.default_rng(2).integers(0, 2, 60).astype(float).tolist()
    macro, alone = macro_interval([clustered(values, 4)]), rate_interval(clustered(values, 4))
    assert macro == alone


def test_the_same_answers_under_two_names_are_one_task() -> None:
    sample = clustered(np.random.default_rng(4).integers(0, 2, 60).astype(float).tolist(), 4)
    once, twice = macro_interval([sample]), macro_interval([sample] * 2)
    assert once is not None
    assert twice is not None
    assert (twice.low, twice.high) == pytest.approx((once.low, once.high), abs=1e-12)
    assert (twice.n, twice.n_clusters) == (120, 15)


def test_macro_refuses_few_clusters_and_lonely_tasks() -> None:
    small = [singletons([1.0, 0.0, 1.0], f"{t}-") for t in range(4)]
    assert macro_interval(small[:3]) is None
    assert macro_interval(small) is not None
    assert macro_interval([small[0]] * 4) is None  # the same three objects four times
    lonely = Sample(np.array([1.0, 0.0]), ("a", "a"))
    assert macro_interval([*small, lonely]) is None


@pytest.mark.parametrize("value", [0.0, 1.0])
def test_perfect_tasks_count_their_clusters(value: float) -> None:
    """Ten tasks of 20 objects without a failure: 200 trials apart, 20 where objects are shared."""
    apart = macro_interval([singletons([value] * 20, f"{t}-") for t in range(10)])
    shared = macro_interval([singletons([value] * 20)] * 10)
    assert apart is not None
    assert shared is not None
    wide = score_ends(value, 20.0, stats.t.ppf(0.975, 19))
    narrow = score_ends(value, 200.0, stats.t.ppf(0.975, 190))
    assert (apart.low, apart.high) == pytest.approx(narrow, abs=1e-12)
    assert (shared.low, shared.high) == pytest.approx(wide, abs=1e-12)
