"""Paired differences: Tango, McNemar, cluster-t and sign flips against other programs."""

from __future__ import annotations

import itertools
import json
import math
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats
from statsmodels.stats.contingency_tables import mcnemar as mcnemar_of_statsmodels

from ivlm_bench.stats.clusters import Sample
from ivlm_bench.stats.differences import difference_interval
from ivlm_bench.stats.means import stratified_t
from ivlm_bench.stats.paired import (
    N_FLIPS,
    Alternative,
    cluster_sums,
    mcnemar,
    sign_flip,
)
from ivlm_bench.stats.tango import tango

SECOND = json.loads((Path(__file__).parent / "second_implementations.json").read_text())
ALTERNATIVES: tuple[Alternative, ...] = ("two-sided", "less", "greater")


def rng() -> np.random.Generator:
    return np.random.default_rng(0)


def named(row: dict[str, Any]) -> str:
    return "-".join(str(row[key]) for key in ("n_gained", "n_lost", "n", "level"))


@pytest.mark.parametrize("program", ["robostats", "fieldtrial"])
@pytest.mark.parametrize("row", SECOND["tango"], ids=named)
def test_tango_against_two_programs(row: dict[str, Any], program: str) -> None:
    got = tango(row["n_gained"], row["n_lost"], row["n"], level=row["level"])
    assert got is not None
    assert (got.low, got.high) == pytest.approx(row[program], abs=1e-9)


def test_tango_of_no_discordant_pair_by_hand() -> None:
    """At 0 of n the score is z where n d / sqrt(n d (1 - d)) = z: d = z^2 / (n + z^2)."""
    got = tango(0, 0, 50)
    z2 = stats.norm.ppf(0.975) ** 2
    assert got is not None
    assert (got.low, got.high) == pytest.approx((-z2 / (50 + z2), z2 / (50 + z2)), abs=1e-9)


@given(st.integers(0, 60), st.integers(0, 60), st.integers(0, 200))
def test_tango_is_antisymmetric_and_holds_the_difference(a: int, b: int, rest: int) -> None:
    n = a + b + rest
    if n == 0:
        assert tango(a, b, n) is None
        return
    got, mirrored = tango(a, b, n), tango(b, a, n)
    assert got is not None
    assert mirrored is not None
    assert -1.0 <= got.low <= (a - b) / n <= got.high <= 1.0
    assert (got.low, got.high) == pytest.approx((-mirrored.high, -mirrored.low), abs=1e-9)


@given(st.integers(0, 30), st.integers(0, 30), st.integers(1, 100))
def test_tango_moves_up_with_each_gain_and_widens_with_the_level(a: int, b: int, n: int) -> None:
    n += a + b
    less, more, wide = tango(a, b, n), tango(a + 1, b, n), tango(a, b, n, level=0.99)
    assert less is not None
    assert more is not None
    assert wide is not None
    assert more.low >= less.low - 1e-9
    assert more.high >= less.high - 1e-9
    assert wide.low <= less.low
    assert less.high <= wide.high


@pytest.mark.parametrize(("a", "b", "n"), [(-1, 0, 3), (2, 2, 3)])
def test_impossible_tables_are_refused(a: int, b: int, n: int) -> None:
    with pytest.raises(ValueError, match="impossible"):
        tango(a, b, n)


@pytest.mark.parametrize("row", SECOND["mcnemar"], ids=lambda r: f"{r['n_gained']}-{r['n_lost']}")
def test_mcnemar_against_two_programs(row: dict[str, Any]) -> None:
    a, b = row["n_gained"], row["n_lost"]
    for name in ALTERNATIVES:
        assert mcnemar(a, b, alternative=name) == pytest.approx(row[name], rel=1e-10)
    other = mcnemar_of_statsmodels([[0, a], [b, 0]], exact=True).pvalue if a + b else 1.0
    assert mcnemar(a, b) == pytest.approx(other, rel=1e-10)


@pytest.mark.parametrize("name", ALTERNATIVES)
@pytest.mark.parametrize(("a", "b"), [(0, 1), (3, 3), (1, 9), (9, 1), (20, 37), (400, 300)])
def test_mcnemar_against_scipy(a: int, b: int, name: Alternative) -> None:
    want = stats.binomtest(a, a + b, 0.5, alternative=name).pvalue
    assert mcnemar(a, b, alternative=name) == pytest.approx(want, rel=1e-10)


def test_negative_counts_are_refused() -> None:
    with pytest.raises(ValueError, match="not negative"):
        mcnemar(-1, 3)


def brute(sums: Sequence[float], name: Alternative) -> float:
    """Return the share of all sign patterns at least as extreme, one by one."""
    observed = math.fsum(sums)
    n_extreme = 0
    for signs in itertools.product((1, -1), repeat=len(sums)):
        total = math.fsum(s * v for s, v in zip(signs, sums, strict=True))
        if name == "two-sided":
            n_extreme += abs(total) >= abs(observed) - 1e-9
        else:
            n_extreme += (total <= observed + 1e-9) if name == "less" else total >= observed - 1e-9
    return n_extreme / 2 ** len(sums)


@pytest.mark.parametrize("name", ALTERNATIVES)
@given(sums=st.lists(st.integers(-5, 5), max_size=9))
def test_sign_flips_against_all_patterns(name: Alternative, sums: list[int]) -> None:
    got = sign_flip(np.array(sums, dtype=float), rng(), alternative=name)
    assert got.p == pytest.approx(brute(sums, name), rel=1e-12)
    assert got.n_clusters == sum(value != 0 for value in sums)


@pytest.mark.parametrize("name", ALTERNATIVES)
@pytest.mark.parametrize("sizes", [(0.1, 0.2, 0.3, 0.6), (1 / 3, 2 / 3, 1.0)])
def test_rounding_makes_no_tie_untied(name: Alternative, sizes: tuple[float, ...]) -> None:
    """0.1 + 0.2 - 0.3 is not 0 in floating point; whole numbers tell what is meant."""
    signs = (-1, -1, 1, -1)[: len(sizes)]
    sums = [s * v for s, v in zip(signs, sizes, strict=True)]
    whole = [s * round(v * 30) for s, v in zip(signs, sizes, strict=True)]
    assert sign_flip(np.array(sums), rng(), alternative=name).p == brute(whole, name)


@pytest.mark.parametrize("name", ALTERNATIVES)
@given(st.integers(0, 80), st.integers(0, 80), st.integers(0, 40))
def test_single_binary_pairs_give_mcnemar(name: Alternative, a: int, b: int, ties: int) -> None:
    sums = np.array([1.0] * a + [-1.0] * b + [0.0] * ties)
    got = sign_flip(sums, rng(), alternative=name)
    want = stats.binomtest(a, a + b, 0.5, alternative=name).pvalue if a + b else 1.0
    assert got.p == pytest.approx(want, rel=1e-10)


@given(st.lists(st.floats(-3, 3, width=32), min_size=1, max_size=12), st.randoms())
def test_order_sign_and_scale_change_no_p(sums: list[float], shuffler: Any) -> None:
    values = np.array(sums)
    mixed = list(sums)
    shuffler.shuffle(mixed)
    p = {name: sign_flip(values, rng(), alternative=name).p for name in ALTERNATIVES}
    assert sign_flip(np.array(mixed), rng(), alternative="less").p == pytest.approx(p["less"])
    assert sign_flip(-values, rng(), alternative="greater").p == pytest.approx(p["less"])
    assert sign_flip(7.0 * values, rng()).p == pytest.approx(p["two-sided"])
    assert p["less"] + p["greater"] >= 1.0 - 1e-12


def test_a_further_lost_cluster_never_raises_p() -> None:
    values, last = [0.3, -0.5, 0.1], 1.0
    for _ in range(10):
        p = sign_flip(np.array(values), rng(), alternative="less").p
        assert p <= last + 1e-12
        values.append(-1.0)
        last = p


@pytest.mark.parametrize("name", ALTERNATIVES)
def test_drawn_flips_are_near_scipy(name: Alternative) -> None:
    """30 clusters, drawn by both; the standard error of either is below .005."""
    sums = np.random.default_rng(4).normal(-0.2, 1.0, 30)
    got = sign_flip(sums, rng(), alternative=name)
    want = stats.permutation_test(
        (sums,),
        np.sum,
        permutation_type="samples",
        n_resamples=N_FLIPS,
        alternative=name,
        rng=np.random.default_rng(9),
    )
    assert got.method == "drawn flips"
    assert got.p == pytest.approx(want.pvalue, abs=0.02)
    assert sign_flip(sums, rng(), alternative=name) == got, "the same draws, the same p"


def test_drawn_p_is_never_zero() -> None:
    sums = -np.linspace(1.0, 2.0, 40)
    assert sign_flip(sums, rng(), alternative="less").p == 1 / (N_FLIPS + 1)


def test_sums_that_are_no_numbers_are_refused() -> None:
    with pytest.raises(ValueError, match="Finite"):
        sign_flip(np.array([1.0, math.nan]), rng())


def test_cluster_sums_by_hand() -> None:
    """x is in both tasks: (1 - 1)/3 of the first and 1/2 of the second, halved."""
    first = Sample(np.array([1.0, -1.0, 1.0]), ("x", "x", "y"))
    second = Sample(np.array([1.0, 0.0]), ("x", "z"))
    assert cluster_sums([first, second]) == pytest.approx([1 / 4, 1 / 6, 0.0])
    assert cluster_sums([first, second]).sum() == pytest.approx((1 / 3 + 1 / 2) / 2)
    assert cluster_sums([]).shape == (0,)


def singles(values: Sequence[float], prefix: str = "c") -> Sample:
    return Sample(np.asarray(values, dtype=float), [f"{prefix}{k}" for k in range(len(values))])


def test_one_task_of_single_binary_pairs_is_tango() -> None:
    mean, got = difference_interval([singles([1.0] * 3 + [-1.0] * 8 + [0.0] * 40)])
    assert mean == pytest.approx(-5 / 51)
    assert got == tango(3, 8, 51)


def test_two_tasks_are_welch() -> None:
    """The mean of two tasks' differences: Welch's t of the one against minus the other."""
    a, b = np.random.default_rng(2).normal(0.1, 0.2, (2, 14))
    a, b = np.clip(a, -1, 1), np.clip(b[:9], -1, 1)
    got = stratified_t([singles(a, "a"), singles(b, "b")], (-1.0, 1.0))
    want = stats.ttest_ind(a, -b, equal_var=False).confidence_interval(0.95)
    assert got is not None
    assert (got.low, got.high) == pytest.approx((want.low / 2, want.high / 2), abs=1e-9)


@given(st.lists(st.floats(-1, 1, width=32), min_size=12, max_size=30))
def test_swapping_old_and_new_mirrors_the_interval(values: list[float]) -> None:
    tasks = [singles(values[:6], "a"), singles(values[6:], "b")]
    swapped = [Sample(-task.values, task.labels) for task in tasks]
    (mean, got), (minus, other) = difference_interval(tasks), difference_interval(swapped)
    assert got is not None
    assert other is not None
    assert (mean, got.low, got.high) == pytest.approx((-minus, -other.high, -other.low), abs=1e-12)
    low, high = (difference_interval(tasks, level=level)[1] for level in (0.8, 0.99))
    assert low is not None
    assert high is not None
    assert high.low <= low.low <= mean + 1e-12
    assert mean - 1e-12 <= low.high <= high.high


def test_too_few_clusters_give_a_mean_without_interval() -> None:
    mean, got = difference_interval([Sample(np.full(40, 0.5), ["one"] * 40)])
    assert (mean, got) == (0.5, None)


@pytest.mark.parametrize("tasks", [[], [singles([])]])
def test_nothing_is_refused(tasks: list[Sample]) -> None:
    with pytest.raises(ValueError, match="At least one"):
        difference_interval(tasks)
