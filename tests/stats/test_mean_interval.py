"""The interval of a mean of any unit: the textbook's where nothing clusters."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.stats import t as student

from ivlm_bench.stats.clusters import Sample
from ivlm_bench.stats.means import mean_interval


def sample(values: np.ndarray, n_each: int = 1) -> Sample:
    names = tuple(f"c{k // n_each}" for k in range(len(values)))
    return Sample(values, names)


@pytest.mark.parametrize("scale", [1.0, 1e-3, 250.0])
def test_single_clusters_give_students_interval(scale: float) -> None:
    values = scale * np.random.default_rng(1).normal(3.0, 1.0, 25)
    expected = student.interval(0.95, 24, values.mean(), values.std(ddof=1) / 5.0)
    found = mean_interval(sample(values))
    assert found is not None
    assert (found.low, found.high) == pytest.approx(expected, rel=1e-9)
    assert (found.method, found.n, found.n_clusters) == ("cluster-t", 25, 25)


def test_copies_of_a_value_are_no_further_evidence() -> None:
    values = np.random.default_rng(2).normal(size=12)
    once, thrice = mean_interval(sample(values)), mean_interval(sample(np.repeat(values, 3), 3))
    assert once is not None
    assert thrice is not None
    assert (thrice.low, thrice.high) == pytest.approx((once.low, once.high), rel=1e-9)


def test_it_is_cut_to_the_bounds() -> None:
    values = np.array([0.0] * 9 + [5.0])
    free, cut = mean_interval(sample(values)), mean_interval(sample(values), low=0.0, high=1.0)
    assert free is not None
    assert free.low < 0.0
    assert free.high > 1.0
    assert cut is not None
    assert (cut.low, cut.high) == (0.0, 1.0)


@pytest.mark.parametrize("values", [np.arange(9.0), np.full(30, 0.7)])
def test_too_few_clusters_and_no_spread_give_none(values: np.ndarray) -> None:
    assert mean_interval(sample(values)) is None
