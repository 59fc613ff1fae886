"""How far two rankings agree: orders worked out by hand."""

from __future__ import annotations

import pytest

from ivlm_bench.leaderboard.ranks import RankAgreement, rank_agreement, ranks_table
from ivlm_bench.leaderboard.rates import Rate
from ivlm_bench.stats.intervals import wilson


def rate(n_right: int, n: int = 100) -> Rate:
    return Rate(n_right / n, wilson(n_right, n), n, n)


def agreement(**columns: tuple[int, int]) -> RankAgreement:
    return rank_agreement(("a", "b"), {k: (rate(x), rate(y)) for k, (x, y) in columns.items()})


def test_equal_orders_agree_fully() -> None:
    found = agreement(one=(90, 80), two=(50, 40), three=(10, 5))
    assert found.tau == pytest.approx(1.0)
    assert found.swapped == ()


def test_opposite_orders_disagree_fully_and_every_pair_is_named() -> None:
    found = agreement(one=(90, 5), two=(50, 40), three=(10, 80))
    assert found.tau == pytest.approx(-1.0)
    assert set(found.swapped) == {("one", "two"), ("one", "three"), ("two", "three")}


def test_one_swap_of_three_pairs_is_a_third() -> None:
    # Concordant 2, discordant 1: tau = (2 - 1) / 3.
    found = agreement(one=(90, 90), two=(52, 48), three=(48, 52))
    assert found.tau == pytest.approx(1 / 3)
    assert found.swapped == ()  # their intervals overlap: noise explains it


def test_too_few_or_all_alike_give_no_number() -> None:
    assert agreement(one=(90, 80), two=(50, 40)).tau is None
    assert agreement(one=(0, 3), two=(0, 2), three=(0, 1)).tau is None


def test_the_table_gives_places_with_ties() -> None:
    found = agreement(one=(90, 80), two=(50, 40), three=(50, 5))
    rows = ranks_table(found, "t").rows
    assert [(row[2], row[4]) for row in rows] == [("1", "1"), ("2", "2"), ("2", "3")]
