from __future__ import annotations

import math
from collections.abc import Callable
from typing import Literal

import pytest
from scipy.stats import binomtest
from statsmodels.stats.proportion import proportion_confint

from ivlm_bench.stats.intervals import Interval, clopper_pearson, jeffreys, wilson

Maker = Callable[..., Interval | None]
COUNTS = [(k, n) for n in (1, 2, 10, 37, 200, 2000) for k in sorted({0, 1, n // 3, n - 1, n})]


@pytest.mark.parametrize("level", [0.8, 0.95, 0.99])
@pytest.mark.parametrize(("k", "n"), COUNTS)
@pytest.mark.parametrize(
    ("make", "name"), [(wilson, "wilson"), (clopper_pearson, "exact")], ids=["wilson", "exact"]
)
def test_against_scipy(
    make: Maker, name: Literal["wilson", "exact"], k: int, n: int, level: float
) -> None:
    got = make(k, n, level=level)
    want = binomtest(k, n).proportion_ci(level, method=name)
    assert got is not None
    assert (got.n, got.n_clusters) == (n, n)
    assert (got.low, got.high) == pytest.approx((want.low, want.high), abs=1e-12)


@pytest.mark.parametrize(("k", "n"), [(k, n) for k, n in COUNTS if 0 < k < n])
def test_jeffreys_against_statsmodels(k: int, n: int) -> None:
    got = jeffreys(k, n)
    assert got is not None
    want = proportion_confint(k, n, alpha=0.05, method="jeffreys")
    assert (got.low, got.high) == pytest.approx(want, abs=1e-12)


def test_jeffreys_edges_are_closed() -> None:
    """Beta(1/2, 3/2) at 0.975 has the closed form below (n = 1, k = 0)."""
    none, every = jeffreys(0, 1), jeffreys(1, 1)
    assert none is not None
    assert every is not None
    assert none.low == 0.0
    assert every.high == 1.0
    x = none.high
    cdf = 2 / math.pi * (math.asin(math.sqrt(x)) + math.sqrt(x * (1 - x)))
    assert cdf == pytest.approx(0.975, abs=1e-12)
    assert every.low == pytest.approx(1 - x, abs=1e-12)


def test_wilson_by_hand() -> None:
    """At k = 0 the interval ends at z^2 / (n + z^2), with z = 1.959964."""
    got = wilson(0, 20)
    assert got is not None
    assert got.low == 0.0
    assert got.high == pytest.approx(3.841459 / 23.841459, abs=1e-6)


@pytest.mark.parametrize("make", [wilson, clopper_pearson, jeffreys])
def test_nothing_gives_none_and_nonsense_is_refused(make: Maker) -> None:
    assert make(0, 0) is None
    for k, n in ((-1, 5), (6, 5)):
        with pytest.raises(ValueError, match="impossible"):
            make(k, n)
    with pytest.raises(ValueError, match="level"):
        make(1, 5, level=95)


@pytest.mark.parametrize("make", [wilson, clopper_pearson, jeffreys])
@pytest.mark.parametrize(("k", "n"), COUNTS)
def test_swapping_successes_and_failures_mirrors(make: Maker, k: int, n: int) -> None:
    a, b = make(k, n), make(n - k, n)
    assert a is not None
    assert b is not None
    assert 0.0 <= a.low <= k / n <= a.high <= 1.0
    assert (a.low, a.high) == pytest.approx((1 - b.high, 1 - b.low), abs=1e-12)


def exact_coverage(make: Maker, n: int, rate: float) -> float:
    """Return the probability that the interval holds ``rate``, by enumeration."""
    total = 0.0
    for k in range(n + 1):
        got = make(k, n)
        assert got is not None
        if got.low <= rate <= got.high:
            total += math.comb(n, k) * rate**k * (1 - rate) ** (n - k)
    return total


@pytest.mark.parametrize(
    ("make", "n", "mean", "least"),
    [
        (wilson, 20, 0.953, 0.927),
        (jeffreys, 20, 0.949, 0.896),
        (clopper_pearson, 20, 0.977, 0.959),
        (wilson, 100, 0.948, 0.936),
        (clopper_pearson, 100, 0.964, 0.956),
    ],
)
def test_exact_coverage(make: Maker, n: int, mean: float, least: float) -> None:
    """Known coverages over rates .02, .04 ... .98 (enumerated with another implementation)."""
    rates = [i / 50 for i in range(1, 50)]
    coverages = [exact_coverage(make, n, rate) for rate in rates]
    assert sum(coverages) / len(rates) == pytest.approx(mean, abs=0.004)
    assert min(coverages) == pytest.approx(least, abs=0.025)
