"""One number by every interval: each is what it says, and they agree where they should."""

from __future__ import annotations

import numpy as np
import pytest
from scipy import stats

from ivlm_bench.stats.clusters import Sample
from ivlm_bench.stats.cross_checks import NAMES, difference_intervals, rate_intervals
from ivlm_bench.stats.differences import difference_interval
from ivlm_bench.stats.intervals import clopper_pearson, jeffreys, wilson
from ivlm_bench.stats.rates import macro_interval


def clustered(seed: int, n_clusters: int, size: int, prefix: str = "c") -> Sample:
    rng = np.random.default_rng(seed)
    rates = np.repeat(rng.beta(3, 2, n_clusters), size)
    names = [f"{prefix}{k:03}" for k in np.repeat(np.arange(n_clusters), size)]
    return Sample((rng.random(len(rates)) < rates).astype(float), names)


def test_single_scenarios_have_the_plain_intervals() -> None:
    sample = Sample(np.array([1.0] * 13 + [0.0] * 7), tuple(map(str, range(20))))
    got = rate_intervals([sample])
    assert tuple(got) == NAMES
    assert got["wilson"] == wilson(13, 20)
    assert got["clopper_pearson"] == clopper_pearson(13, 20)
    assert got["jeffreys"] == jeffreys(13, 20)


def test_effective_trials_by_hand() -> None:
    """Twelve objects asked five times, each of one mind: 11 trials of CRV1, drawn to 12.

    The measured design effect is 12/11 * 5, that of one mind 5, which is less: 11 trials remain,
    and Korn and Graubard shrink them by (z / t)^2 with 11 degrees of freedom.
    """
    values = np.repeat([1.0] * 8 + [0.0] * 4, 5)
    sample = Sample(values, [f"o{k:02}" for k in np.repeat(np.arange(12), 5)])
    trials = 11 * (stats.norm.ppf(0.975) / stats.t.ppf(0.975, 11)) ** 2
    got = rate_intervals([sample])["clopper_pearson"]
    hits, misses = trials * 2 / 3, trials / 3
    assert got is not None
    assert got.low == pytest.approx(stats.beta.ppf(0.025, hits, misses + 1), abs=1e-9)
    assert got.high == pytest.approx(stats.beta.ppf(0.975, hits + 1, misses), abs=1e-9)
    bayes = rate_intervals([sample])["jeffreys"]
    assert bayes is not None
    assert bayes.low == pytest.approx(stats.beta.ppf(0.025, hits + 0.5, misses + 0.5), abs=1e-9)


def test_many_clusters_leave_little_to_choose() -> None:
    strata = [clustered(k, 400, 3, f"{k}-") for k in range(3)]
    got = rate_intervals(strata)
    shown = macro_interval(strata)
    assert shown is not None
    assert got["wilson"] == shown
    for name, other in got.items():
        assert other is not None, name
        width = shown.high - shown.low
        assert abs(other.low - shown.low) < 0.06 * width, name
        assert abs(other.high - shown.high) < 0.06 * width, name


def test_few_clusters_and_nothing_have_none() -> None:
    assert rate_intervals([]) == dict.fromkeys(NAMES)
    assert rate_intervals([clustered(0, 9, 4)]) == dict.fromkeys(NAMES)


def test_no_spread_is_no_certainty() -> None:
    names = [f"o{k:02}" for k in np.repeat(np.arange(12), 4)]
    got = rate_intervals([Sample(np.zeros(48), names)])
    assert got["cluster_bootstrap"] is None
    assert all(each is None or each.high > 0.04 for each in got.values())


def test_of_a_difference() -> None:
    strata = [
        Sample(
            clustered(k, 60, 4).values - clustered(k + 9, 60, 4).values, clustered(k, 60, 4).labels
        )
        for k in range(2)
    ]
    shown = difference_interval(strata)[1]
    got = difference_intervals(strata)
    assert shown is not None
    by_t = got["cluster_t"]
    assert by_t is not None
    assert (by_t.low, by_t.high) == pytest.approx((shown.low, shown.high), abs=0.003)
    drawn = got["cluster_bootstrap"]
    assert drawn is not None
    assert (drawn.low, drawn.high) == pytest.approx((shown.low, shown.high), abs=0.015)
    assert got == difference_intervals(strata)
