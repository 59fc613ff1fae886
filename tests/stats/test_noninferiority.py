"""The decision on a margin: by the bound's place, and at its level where a loss is the margin."""

from __future__ import annotations

import numpy as np
import pytest

from ivlm_bench.stats.clusters import Sample
from ivlm_bench.stats.intervals import Interval
from ivlm_bench.stats.noninferiority import conclude, noninferiority
from ivlm_bench.stats.tango import tango


def pairs(n_gained: int, n_lost: int, n: int) -> Sample:
    values = [1.0] * n_gained + [-1.0] * n_lost + [0.0] * (n - n_gained - n_lost)
    return Sample(np.array(values), tuple(f"s{k}" for k in range(n)))


@pytest.mark.parametrize(
    ("low", "margin", "wanted"),
    [
        (0.01, 0.05, "superior"),
        (0.0, 0.05, "noninferior"),
        (-0.049, 0.05, "noninferior"),
        (-0.05, 0.05, "open"),
        (0.0, 0.0, "open"),
    ],
)
def test_conclusions_by_the_bound(low: float, margin: float, wanted: str) -> None:
    assert conclude(Interval(low, 0.5, "any", 100, 100), margin) == wanted
    assert conclude(None, margin) == "too few"


def test_the_bound_is_one_sided() -> None:
    """Tango's two-sided 90 % interval has the one-sided 95 % bound as its lower end."""
    wanted = tango(5, 9, 300, level=0.90)
    assert wanted is not None
    got = noninferiority([pairs(5, 9, 300)], 0.05)
    assert got.bound == pytest.approx(wanted.low, abs=1e-15)
    assert got.difference == pytest.approx(-4 / 300)
    assert (got.margin, got.conclusion) == (0.05, "noninferior")


def test_few_clusters_refute_nothing() -> None:
    got = noninferiority([Sample(np.zeros(40), ["one"] * 40)], 0.2)
    assert (got.bound, got.conclusion) == (None, "too few")


@pytest.mark.parametrize("margin", [-0.1, 1.0, float("nan")])
def test_margins_out_of_range(margin: float) -> None:
    with pytest.raises(ValueError, match="margin"):
        noninferiority([pairs(1, 1, 30)], margin)


@pytest.mark.slow
def test_a_loss_of_just_the_margin_is_rarely_refuted() -> None:
    """400 pairs, 5 % gained and 10 % lost: a margin of 5 points falls at most 1 time in 20."""
    rng = np.random.default_rng(6)
    names = tuple(map(str, range(400)))
    n_refuted = 0
    for _ in range(4000):
        values = rng.choice([1.0, -1.0, 0.0], size=400, p=[0.05, 0.10, 0.85])
        n_refuted += noninferiority([Sample(values, names)], 0.05).conclusion != "open"
    assert 0.03 <= n_refuted / 4000 <= 0.06
