from __future__ import annotations

import itertools
import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from ivlm_bench.stats.paired import mcnemar
from ivlm_bench.stats.ranks import RankInterval, mean_maximum_rank_violation, rank_intervals

SECOND = json.loads((Path(__file__).parent / "second_implementations.json").read_text())


@pytest.mark.parametrize("row", SECOND["ranks"], ids=lambda row: str(len(row["outcomes"])))
def test_against_robostats(row: dict[str, Any]) -> None:
    """Ranks from Holm over exact McNemar of every pair."""
    right = {str(k): np.array(list(text)) == "1" for k, text in enumerate(row["outcomes"])}
    p_values = {
        (a, b): mcnemar(int((right[a] & ~right[b]).sum()), int((right[b] & ~right[a]).sum()))
        for a, b in itertools.combinations(right, 2)
    }
    got = rank_intervals({name: float(r.mean()) for name, r in right.items()}, p_values)
    assert [got[str(k)].best for k in range(len(right))] == row["lower"]
    assert [got[str(k)].worst for k in range(len(right))] == row["upper"]


def test_by_hand() -> None:
    """Three pairs: Holm turns .01, .02, .04 into .03, .04, .04; only a and b are at .05 apart.

    With .01, .02, .06: .03, .04, .06: a beats c, b beats c, a and b are not told apart.
    """
    scores = {"a": 0.9, "b": 0.8, "c": 0.3}
    got = rank_intervals(scores, {("a", "c"): 0.01, ("c", "b"): 0.02, ("b", "a"): 0.06})
    assert got == {
        "a": RankInterval(1, 2, with_best=True),
        "b": RankInterval(1, 2, with_best=True),
        "c": RankInterval(3, 3, with_best=False),
    }
    got = rank_intervals(scores, {("a", "c"): 0.01, ("c", "b"): 0.02, ("b", "a"): 0.04})
    assert [(r.best, r.worst) for r in got.values()] == [(1, 1), (2, 2), (3, 3)]


def all_pairs(scores: Mapping[str, float], p: float) -> dict[tuple[str, str], float]:
    return dict.fromkeys(itertools.combinations(scores, 2), p)


@given(st.lists(st.floats(0, 1), min_size=1, max_size=6), st.floats(0.06, 1))
def test_without_evidence_all_ranks_are_open(values: list[float], p: float) -> None:
    scores = {str(k): value for k, value in enumerate(values)}
    got = rank_intervals(scores, all_pairs(scores, p))
    assert set(got.values()) == {RankInterval(1, len(values), with_best=True)}


@given(st.lists(st.floats(0, 1), min_size=1, max_size=6, unique=True))
def test_with_every_evidence_ranks_are_those_of_the_scores(values: list[float]) -> None:
    scores = {str(k): value for k, value in enumerate(values)}
    got = rank_intervals(scores, all_pairs(scores, 0.0))
    order = sorted(scores, key=lambda name: -scores[name])
    assert [(got[n].best, got[n].worst) for n in order] == [
        (k, k) for k in range(1, len(order) + 1)
    ]
    assert [got[n].with_best for n in order] == [True] + [False] * (len(order) - 1)


@given(st.dictionaries(st.sampled_from("abcdef"), st.floats(0, 1), min_size=2), st.data())
def test_order_of_names_does_not_matter(scores: dict[str, float], data: Any) -> None:
    pairs = all_pairs(scores, 1.0)
    p_values = {pair: data.draw(st.sampled_from([0.0, 0.004, 0.02, 0.5])) for pair in pairs}
    turned = {(b, a): p for (a, b), p in reversed(p_values.items())}
    got = rank_intervals(scores, p_values)
    again = rank_intervals(dict(reversed(scores.items())), turned)
    assert {n: (r.best, r.worst) for n, r in got.items()} == {
        n: (r.best, r.worst) for n, r in again.items()
    }
    assert all(1 <= r.best <= r.worst <= len(scores) for r in got.values())
    strict = rank_intervals(scores, p_values, alpha=0.001)
    assert all(strict[n].best <= got[n].best for n in scores)
    assert all(strict[n].worst >= got[n].worst for n in scores)


def test_a_missing_pair_is_named() -> None:
    with pytest.raises(ValueError, match="no p-value of a against c"):
        rank_intervals({"a": 1.0, "b": 0.5, "c": 0.0}, {("a", "b"): 0.1, ("b", "c"): 0.1})


def test_nobody_has_no_rank() -> None:
    assert rank_intervals({}, {}) == {}


@pytest.mark.parametrize(
    ("first", "second", "wanted"),
    [
        ([0.1, 0.5, 0.9], [1.0, 2.0, 3.0], 0.0),
        ([0.1, 0.5, 0.9], [0.2, 0.9, 0.5], (0.0 + 0.4 + 0.4) / 3),
        ([0.1, 0.5, 0.9], [3.0, 2.0, 1.0], (0.8 + 0.4 + 0.8) / 3),
        ([0.2, 0.2], [0.1, 0.9], 0.0),
        ([0.2, 0.7], [0.5, 0.5], 0.5 / 2),
    ],
    ids=["alike", "two swapped", "reversed", "tie in the first", "tie in the second"],
)
def test_rank_violation_by_hand(first: list[float], second: list[float], wanted: float) -> None:
    """A tie of the second that the first breaks is a violation for the lower of the two only."""
    assert mean_maximum_rank_violation(first, second) == pytest.approx(wanted)


@given(st.lists(st.tuples(st.floats(0, 1), st.floats(0, 1)), min_size=2, max_size=8), st.data())
def test_rank_violation_of_any_order_and_rising_scale(
    pairs: list[tuple[float, float]], data: Any
) -> None:
    first, second = zip(*pairs, strict=True)
    got = mean_maximum_rank_violation(first, second)
    mixed = data.draw(st.permutations(pairs))
    assert mean_maximum_rank_violation(*zip(*mixed, strict=True)) == pytest.approx(got)
    assert mean_maximum_rank_violation(first, [8.0 * s for s in second]) == pytest.approx(got)
    assert mean_maximum_rank_violation(first, first) == 0.0


def test_rank_violation_of_one_method_or_of_other_methods() -> None:
    assert mean_maximum_rank_violation([0.3], [0.4]) is None
    with pytest.raises(ValueError, match="same methods"):
        mean_maximum_rank_violation([0.3, 0.4], [0.4])
