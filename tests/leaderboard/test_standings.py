"""Places, ties and gaps: p-values worked out by hand, and those of a comparison of two runs."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from ivlm_bench.comparison import compare
from ivlm_bench.harness.crosscheck import is_cross_checked
from ivlm_bench.leaderboard import boards, leaderboard_table
from ivlm_bench.leaderboard.episodes import cross_checked
from ivlm_bench.leaderboard.standings import standings
from ivlm_bench.store import Run

MakeRun = Callable[..., Run]
Toy = Any


def run_of(make_run: MakeRun, toy: Toy, name: str, right: list[bool]) -> Run:
    return make_run([toy(seed=i, engines=(r, r)) for i, r in enumerate(right)], name)


def test_places_by_hand(make_run: MakeRun, toy: Toy) -> None:
    """Twenty questions: a wins all, b all but the last, c the first ten.

    Exact sign tests: a and b differ in 1 (p 1), a and c in 10 (2 / 2^10), b and c in 9 (2 / 2^9).
    Holm over three pairs: 3 / 512, 2 / 256 and 1.
    """
    runs = [
        run_of(make_run, toy, "a", [True] * 20),
        run_of(make_run, toy, "b", [True] * 19 + [False]),
        run_of(make_run, toy, "c", [True] * 10 + [False] * 10),
    ]
    (board,) = boards(runs)
    assert [s.text for s in board.standings] == ["1-2", "1-2", "3"]
    assert [s.place.with_best for s in board.standings] == [True, True, False]
    best, second, last = board.standings
    assert best.p is None
    assert second.gap == pytest.approx(-0.05)
    assert (second.p, second.p_holm) == (1.0, 1.0)
    assert last.gap == pytest.approx(-0.5)
    assert last.p == pytest.approx(1 / 512)
    assert last.p_holm == pytest.approx(3 / 512)
    assert last.interval is not None
    assert last.interval.method == "tango"
    rows = leaderboard_table(board).rows
    assert [row[1] for row in rows] == ["1-2=", "1-2=", "3"]


@pytest.mark.parametrize("right", [True, False])
def test_all_ties_share_all_places(make_run: MakeRun, toy: Toy, right: bool) -> None:
    runs = [run_of(make_run, toy, name, [right] * 12) for name in ("a", "b", "c")]
    (board,) = boards(runs)
    assert [s.text for s in board.standings] == ["1-3"] * 3
    assert all(s.place.with_best for s in board.standings)


def test_one_run_has_the_only_place_and_no_badge(make_run: MakeRun, toy: Toy) -> None:
    (board,) = boards([run_of(make_run, toy, "a", [True] * 3)])
    assert [row[1] for row in leaderboard_table(board).rows] == ["1"]
    assert not board.tied


def test_one_cluster_proves_nothing(make_run: MakeRun, toy: Toy) -> None:
    """Thirty wins on one object: a single sign, p = 1."""
    runs = [
        make_run([toy(seed=i, cluster="mug-1", engines=(w, w)) for i in range(30)], name)
        for name, w in (("a", True), ("b", False))
    ]
    (board,) = boards(runs)
    assert [s.text for s in board.standings] == ["1-2", "1-2"]
    assert board.ranked[0].macro.rates["strict"].text() == "100.0 n/a (1 clusters)"


@pytest.mark.parametrize("seed", range(4))
def test_p_values_are_those_of_a_comparison(make_run: MakeRun, toy: Toy, seed: int) -> None:
    """Two tasks, shared objects, repeats, a diverged simulation: beyond what is enumerated."""
    rng = np.random.default_rng(seed)

    def drawn(name: str, rate: float) -> Run:
        toys = [
            toy(
                task=task,
                seed=i,
                repeat=repeat,
                cluster=f"mug-{i % 23}",
                engines=(bool(rng.random() < rate),) * 2,
                answerable=i % 6 != 0,
                status="sim_diverged" if i == 40 and name == "a" and repeat else "ok",
            )
            for task in ("x", "y")
            for i in range(60)
            for repeat in (0, 1)
        ]
        return make_run(toys, name)

    a, b = drawn("a", 0.7), drawn("b", 0.5)
    (board,) = boards([a, b])
    top, last = board.ranked
    runs = {"a": a, "b": b}
    found = compare(runs[top.manifest.reasoner.name], runs[last.manifest.reasoner.name])
    standing = board.standings[1]
    assert standing.p == found.macro.p.p
    assert standing.gap == pytest.approx(found.macro.difference, abs=1e-12)
    assert standing.interval is not None
    assert found.macro.interval is not None
    assert standing.interval.low == pytest.approx(found.macro.interval.low, abs=1e-12)


def test_no_method_gives_no_standing() -> None:
    assert standings([]) == []


@pytest.mark.parametrize("share", [0.0, 0.2, 1 / 3, 0.999, 1.0])
def test_cross_checked_questions_are_those_of_the_rule(share: float) -> None:
    import pyarrow as pa

    rng = np.random.default_rng(0)
    keys = [rng.bytes(16).hex() for _ in range(500)] + ["0" * 32, "f" * 32]
    got = cross_checked(pa.chunked_array([keys]), share)
    assert got.tolist() == [is_cross_checked(key, share) for key in keys]
