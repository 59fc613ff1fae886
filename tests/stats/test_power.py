"""Power: the table of planned sizes, exact McNemar, correlation within clusters."""

from __future__ import annotations

from itertools import product
from math import comb

import numpy as np
import pytest
from scipy.stats import binomtest

from ivlm_bench.stats.clusters import Sample
from ivlm_bench.stats.power import (
    design_effect,
    detectable_difference,
    intraclass_correlation,
    mcnemar_power,
    needed_pairs,
    noninferiority_pairs,
    size_of_clusters,
)

#: Pairs for a difference at a discordance, 80 % power, two-sided 5 %: worked out independently.
PLANNED = {
    (0.01, 0.05): 3923,
    (0.01, 0.1): 7847,
    (0.01, 0.2): 15696,
    (0.01, 0.3): 23545,
    (0.02, 0.05): 979,
    (0.02, 0.1): 1960,
    (0.02, 0.2): 3923,
    (0.02, 0.3): 5885,
    (0.03, 0.05): 434,
    (0.03, 0.1): 870,
    (0.03, 0.2): 1742,
    (0.03, 0.3): 2614,
    (0.05, 0.1): 312,
    (0.05, 0.2): 626,
    (0.05, 0.3): 940,
    (0.1, 0.2): 155,
    (0.1, 0.3): 234,
}


@pytest.mark.parametrize(("case", "n"), PLANNED.items())
def test_needed_pairs(case: tuple[float, float], n: int) -> None:
    assert needed_pairs(*case) == n


@pytest.mark.parametrize(("case", "n"), PLANNED.items())
def test_the_planned_number_finds_the_planned_difference(case: tuple[float, float], n: int) -> None:
    found = detectable_difference(n, case[1])
    before = detectable_difference(n - 1, case[1])
    assert found is not None
    assert before is not None
    assert found <= case[0] < before


@pytest.mark.parametrize(
    ("margin", "sizes"),
    [(0.02, (773, 1546, 3092)), (0.03, (344, 687, 1374)), (0.05, (124, 248, 495))],
)
def test_noninferiority(margin: float, sizes: tuple[int, ...]) -> None:
    assert tuple(noninferiority_pairs(margin, psi) for psi in (0.05, 0.1, 0.2)) == sizes


@pytest.mark.parametrize(
    ("difference", "discordance", "planned", "exact"),
    [(0.05, 0.1, 312, 339), (0.05, 0.2, 626, 662), (0.02, 0.05, 979, 1036)],
)
def test_exact_mcnemar_needs_some_more(
    difference: float, discordance: float, planned: int, exact: int
) -> None:
    gained, lost = (discordance + difference) / 2, (discordance - difference) / 2
    assert mcnemar_power(gained, lost, planned) < 0.8
    assert mcnemar_power(gained, lost, exact) >= 0.8
    assert mcnemar_power(gained, lost, round(0.985 * exact)) < 0.8


@pytest.mark.parametrize(("gained", "lost", "n"), [(0.4, 0.1, 12), (0.5, 0.0, 9), (0.2, 0.2, 15)])
def test_exact_power_by_enumeration(gained: float, lost: float, n: int) -> None:
    power = 0.0
    for up, down in product(range(n + 1), repeat=2):
        if up + down > n or not up + down:
            continue
        if binomtest(up, up + down).pvalue <= 0.05:
            ways = comb(n, up) * comb(n - up, down)
            power += ways * gained**up * lost**down * (1 - gained - lost) ** (n - up - down)
    assert mcnemar_power(gained, lost, n) == pytest.approx(power, abs=1e-12)


def test_no_difference_and_all_different() -> None:
    assert mcnemar_power(0.0, 0.0, 100) == 0.0
    assert mcnemar_power(1.0, 0.0, 6) == pytest.approx(1.0)  # 2 / 2^6 is below 5 %
    assert mcnemar_power(1.0, 0.0, 5) == 0.0  # 2 / 2^5 is not


def test_too_few_pairs_find_nothing() -> None:
    assert detectable_difference(0, 0.1) is None
    assert detectable_difference(20, 0.05) is None  # not even all of one kind


def test_design_effect_of_equal_and_unequal_clusters() -> None:
    assert design_effect(5.0, 0.25) == 2.0
    assert size_of_clusters(Sample(np.zeros(6), tuple("aabbcc"))) == 2.0
    assert size_of_clusters(Sample(np.zeros(6), tuple("aaaabc"))) == (16 + 1 + 1) / 6
    assert size_of_clusters(Sample(np.zeros(0), ())) == 1.0


@pytest.mark.parametrize(
    ("values", "clusters", "expected"),
    [
        ("110010", "aabbcc", 0.5),  # MSB 1/2, MSW 1/6, m0 2: (1/3) / (2/3)
        ("1100", "aabb", 1.0),
        ("1010", "aabb", 0.0),  # less alike than by chance is cut to 0
        # Means 1, 1/2, 0 of sizes 2, 2, 1; grand mean 3/5; SSB .32 + .02 + .36 = .7, MSB .35;
        # SSW 1/2 on 2 degrees, MSW 1/4; m0 = (5 - 9/5) / 2 = 1.6: .1 / (.35 + .6 * .25) = .2.
        ("11100", "aabbc", 0.2),
    ],
)
def test_correlation_by_hand(values: str, clusters: str, expected: float) -> None:
    sample = Sample(np.array([float(v) for v in values]), tuple(clusters))
    assert intraclass_correlation([sample]) == pytest.approx(expected, abs=1e-12)


@pytest.mark.parametrize(
    ("values", "clusters"), [("1010", "abcd"), ("1010", "aaaa"), ("1111", "aabb"), ("", "")]
)
def test_correlation_that_cannot_be_told(values: str, clusters: str) -> None:
    sample = Sample(np.array([float(v) for v in values]), tuple(clusters))
    assert intraclass_correlation([sample]) is None


def test_means_of_tasks_are_no_correlation() -> None:
    easy = Sample(np.ones(40), tuple(str(i // 2) for i in range(40)))
    hard = Sample(np.array([0.0, 1.0] * 20), tuple(str(i // 2) for i in range(40)))
    assert intraclass_correlation([easy, hard]) == 0.0


def test_correlation_is_recovered() -> None:
    rng = np.random.default_rng(3)
    # Beta(a, b) rates of clusters correlate by 1 / (a + b + 1): 0.3.
    total = 1 / 0.3 - 1
    rates = rng.beta(0.6 * total, 0.4 * total, 2000)
    values = rng.binomial(1, np.repeat(rates, 6)).astype(float)
    found = intraclass_correlation([Sample(values, tuple(str(i // 6) for i in range(12000)))])
    assert found == pytest.approx(0.3, abs=0.03)
