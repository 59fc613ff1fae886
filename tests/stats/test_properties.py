"""What must hold for every sample: order, names, mirror and level of intervals."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from ivlm_bench.stats.clusters import Sample
from ivlm_bench.stats.intervals import Interval, clopper_pearson, jeffreys, wilson
from ivlm_bench.stats.means import mean_interval
from ivlm_bench.stats.rates import macro_interval, rate_interval

#: Scores with the cluster of each, over at least ten clusters.
SCORES = st.lists(st.sampled_from([0.0, 0.25, 0.5, 1.0]), min_size=24, max_size=40)

Make = Callable[..., Interval | None]


def sample(values: list[float], prefix: str = "c") -> Sample:
    return Sample(np.array(values), [f"{prefix}{k % 12:02}" for k in range(len(values))])


def macro(of: Sample, *, level: float = 0.95) -> Interval | None:
    """Return the interval over the sample and a fixed second task."""
    return macro_interval([of, sample([0.0, 1.0, 0.5] * 8, "other-")], level=level)


def ends(found: Interval | None) -> tuple[float, float] | None:
    return None if found is None else (found.low, found.high)


@pytest.mark.parametrize("make", [rate_interval, mean_interval, macro])
@given(values=SCORES, shuffler=st.randoms())
def test_order_of_rows_and_names_of_clusters_do_not_matter(
    make: Make, values: list[float], shuffler: Any
) -> None:
    first = sample(values)
    rows = list(range(len(values)))
    shuffler.shuffle(rows)
    renamed = [f"z{99 - int(first.clusters[k][1:])}" for k in rows]
    again = Sample(first.values[rows], renamed)
    got, wanted = ends(make(again)), ends(make(first))
    assert (got is None) == (wanted is None)
    assert got is None or got == pytest.approx(wanted, abs=1e-12)


@pytest.mark.parametrize("make", [rate_interval, mean_interval])
@given(values=SCORES)
def test_failures_mirror_successes(make: Make, values: list[float]) -> None:
    got, mirrored = ends(make(sample(values))), ends(make(sample([1.0 - v for v in values])))
    assert (got is None) == (mirrored is None)
    if got is not None and mirrored is not None:
        assert got == pytest.approx((1 - mirrored[1], 1 - mirrored[0]), abs=1e-12)


@pytest.mark.parametrize("make", [rate_interval, mean_interval, macro])
@given(values=SCORES, low=st.floats(0.5, 0.9), more=st.floats(0.01, 0.09))
def test_a_higher_level_holds_a_lower_one(
    make: Make, values: list[float], low: float, more: float
) -> None:
    inner, outer = make(sample(values), level=low), make(sample(values), level=low + more)
    if inner is not None and outer is not None:
        assert outer.low <= inner.low <= inner.high <= outer.high


@pytest.mark.parametrize("make", [wilson, clopper_pearson, jeffreys])
@given(st.integers(1, 300), st.floats(0.5, 0.98), st.floats(0.001, 0.019), st.data())
def test_rates_by_level_and_by_success(
    make: Make, n: int, level: float, more: float, data: Any
) -> None:
    k = data.draw(st.integers(0, n - 1))
    inner, outer, up = make(k, n, level=level), make(k, n, level=level + more), make(k + 1, n)
    here = make(k, n)
    assert inner is not None
    assert outer is not None
    assert up is not None
    assert here is not None
    assert outer.low <= inner.low <= k / n <= inner.high <= outer.high
    assert here.low <= up.low
    assert here.high <= up.high
