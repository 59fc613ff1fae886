"""Tango's interval of clustered pairs: by hand, beside singletons, and by simulation."""

from __future__ import annotations

from itertools import pairwise

import numpy as np
import pytest
from scipy import stats

from ivlm_bench.stats.clusters import Labels, Sample
from ivlm_bench.stats.differences import difference_interval
from ivlm_bench.stats.intervals import Interval
from ivlm_bench.stats.noninferiority import noninferiority
from ivlm_bench.stats.tango import tango, tango_ends


def names(n: int, n_clusters: int, prefix: str = "c") -> list[str]:
    """Return clusters of ``n`` scenarios, as even as can be."""
    return [f"{prefix}{k % n_clusters:03}" for k in range(n)]


def interval(values: np.ndarray, clusters: list[str] | Labels) -> Interval:
    found = difference_interval([Sample(values, clusters)])[1]
    assert found is not None
    return found


def test_no_flip_counts_effective_clusters() -> None:
    """Twelve clusters of five without a flip: 12 pairs, ends t^2 / (12 + t^2).

    Clusters of one mind add 1 - 1/5 of the variance: 11 / .8^2 degrees of freedom.
    """
    square = stats.t.ppf(0.975, 11 / 0.8**2) ** 2
    got = interval(np.zeros(60), names(60, 12))
    assert (got.low, got.high) == pytest.approx(
        (-square / (12 + square), square / (12 + square)), abs=1e-9
    )
    assert (got.method, got.n, got.n_clusters) == ("clustered tango", 60, 12)


def test_clusters_of_one_mind_by_hand() -> None:
    """Twelve clusters of five, each one answer: 3 lost, 1 gained; CRV1 makes them 11 pairs."""
    values = np.repeat([-1.0] * 3 + [1.0] + [0.0] * 8, 5)
    got = interval(values, [f"c{k:02}" for k in np.repeat(np.arange(12), 5)])
    want = tango_ends(1 / 12, 3 / 12, 11.0, stats.t.ppf(0.975, 11 / 0.8**2))
    assert (got.low, got.high) == pytest.approx(want, abs=1e-9)


@pytest.mark.parametrize("n_lost", [0, 1, 4])
@pytest.mark.parametrize("n", [30, 100])
def test_one_pair_that_shares_its_object_is_no_jump(n: int, n_lost: int) -> None:
    values = np.zeros(n)
    values[1 : n_lost + 1] = -1.0
    alone, nearly = interval(values, names(n, n)), interval(values, names(n, n - 1))
    assert alone == tango(0, n_lost, n)
    width = alone.high - alone.low
    assert abs(nearly.low - alone.low) < 0.07 * width
    assert abs(nearly.high - alone.high) < 0.07 * width
    assert nearly.high - nearly.low >= width


def test_fewer_objects_are_never_narrower() -> None:
    widths = [
        found.high - found.low
        for found in (interval(np.zeros(60), names(60, g)) for g in (60, 59, 50, 30, 20, 12, 10))
    ]
    assert all(a < b for a, b in pairwise(widths))


def test_under_ten_clusters_there_is_none() -> None:
    for n in (9, 36):
        assert difference_interval([Sample(np.zeros(n), names(n, 9))])[1] is None
    assert difference_interval([Sample(np.zeros(10), names(10, 10))])[1] == tango(0, 0, 10)


def test_everything_lost_is_no_certainty() -> None:
    """40 answers about 20 objects are worth about 20 pairs."""
    got, want = interval(-np.ones(40), names(40, 20)), tango(0, 20, 20)
    assert want is not None
    assert got.low == -1.0
    assert want.high < got.high < want.high + 0.01


def drawn(rng: np.random.Generator, n: int, lost: float, gained: float) -> np.ndarray:
    u = rng.random(n)
    return np.where(u < lost, -1.0, np.where(u < lost + gained, 1.0, 0.0))


@pytest.mark.slow
@pytest.mark.parametrize(
    ("n", "n_clusters", "gained"),
    [(30, 29, 0.0), (30, 25, 0.0), (50, 37, 0.0), (50, 37, 0.02), (100, 99, 0.0), (100, 60, 0.05)],
)
def test_a_loss_of_just_the_margin_is_rarely_refuted(
    n: int, n_clusters: int, gained: float
) -> None:
    """Few flips, nearly all of single objects: where t of the seen spread refutes up to .22."""
    rng, labels = np.random.default_rng(12), Labels.of(names(n, n_clusters))
    n_refuted = sum(
        noninferiority([Sample(drawn(rng, n, 0.05 + gained, gained), labels)], 0.05).conclusion
        != "open"
        for _ in range(1500)
    )
    assert n_refuted / 1500 <= 0.06


@pytest.mark.slow
@pytest.mark.parametrize("lost", [0.02, 0.08, 0.3])
def test_few_losses_are_covered(lost: float) -> None:
    """42 questions about 38 objects."""
    rng, labels = np.random.default_rng(13), Labels.of(names(42, 38))
    found = (interval(drawn(rng, 42, lost, 0.0), labels) for _ in range(1500))
    assert sum(got.low <= -lost <= got.high for got in found) / 1500 >= 0.93


@pytest.mark.slow
@pytest.mark.parametrize(("lost", "gained"), [(0.01, 0.01), (0.08, 0.0), (0.1, 0.05)])
def test_means_over_many_tasks_with_few_flips_are_covered(lost: float, gained: float) -> None:
    """Twelve tasks of 42 questions about 38 objects, as many suites have them."""
    rng = np.random.default_rng(14)
    labels = [Labels.of(names(42, 38, f"t{t}-")) for t in range(12)]
    n_covered = 0
    for _ in range(500):
        got = difference_interval([Sample(drawn(rng, 42, lost, gained), each) for each in labels])
        assert got[1] is not None
        n_covered += got[1].low <= gained - lost <= got[1].high
    assert 0.92 <= n_covered / 500 <= 0.985
