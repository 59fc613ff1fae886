"""The comparison itself: differences and p-values that were worked out by hand."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from ivlm_bench.comparison import compare
from ivlm_bench.comparison.tables import comparison_json, comparison_table, flips_table
from ivlm_bench.stats.sequential import STAKES
from ivlm_bench.store import Run

MakeRun = Callable[..., Run]


def two_runs(make_run: MakeRun, tried: Any) -> tuple[Run, Run]:
    """Task a: 20 scenarios, 6 lost, 1 gained. Task b: 10 scenarios, nothing changes."""
    old = [tried(seed=s, task="a", right=s < 19) for s in range(20)]
    new = [tried(seed=s, task="a", right=s >= 6) for s in range(20)]
    same = [tried(seed=s, task="b", right=s % 2 == 0) for s in range(10)]
    return make_run(old + same, "old"), make_run(new + same, "new")


def test_differences_by_hand(make_run: MakeRun, tried: Any) -> None:
    found = compare(*two_runs(make_run, tried))
    a, b = found.tasks
    assert (a.task, a.n, a.n_clusters, a.n_lost, a.n_gained) == ("a", 20, 20, 6, 1)
    assert (a.old, a.new) == (0.95, 0.70)
    assert a.difference == pytest.approx(-0.25)
    assert (b.old, b.new, b.difference, b.n_lost, b.n_gained) == (0.5, 0.5, 0.0, 0, 0)
    # Tasks weigh the same: (-0.25 + 0) / 2, not -5 of 30.
    assert found.macro.difference == pytest.approx(-0.125)
    assert (found.macro.old, found.macro.new) == pytest.approx((0.725, 0.60))


def test_p_values_by_hand(make_run: MakeRun, tried: Any) -> None:
    a, b = compare(*two_runs(make_run, tried)).tasks
    # Exact McNemar of 6 against 1: P(X <= 1), X ~ B(7, 1/2), is 8 / 128; two-sided twice that.
    assert a.p.p == pytest.approx(16 / 128)
    assert a.p_worse.p == pytest.approx(8 / 128)
    assert b.p.p == 1.0
    # Holm and Benjamini-Hochberg over (16/128, 1): the smaller doubled.
    assert a.p_holm == pytest.approx(32 / 128)
    assert a.p_bh == pytest.approx(32 / 128)
    assert b.p_holm == 1.0


def test_one_cluster_that_moves_proves_nothing(make_run: MakeRun, tried: Any) -> None:
    old = [tried(seed=s, cluster="mug" if s < 12 else f"c{s}") for s in range(24)]
    new = [tried(seed=s, cluster="mug" if s < 12 else f"c{s}", right=s >= 12) for s in range(24)]
    (task,) = compare(make_run(old, "old"), make_run(new, "new")).tasks
    assert task.difference == -0.5
    assert task.p.p == 1.0  # one cluster up or down: both signs are as extreme
    assert task.p_worse.p == 0.5


@pytest.mark.parametrize("right", [True, False])
def test_all_alike(make_run: MakeRun, tried: Any, *, right: bool) -> None:
    episodes = [tried(seed=s, right=right) for s in range(12)]
    found = compare(make_run(episodes, "old"), make_run(episodes, "new"))
    assert (found.macro.difference, found.macro.p.p) == (0.0, 1.0)
    assert found.macro.interval is not None
    assert found.macro.interval.low < 0.0 < found.macro.interval.high
    assert found.flips.empty


def test_few_clusters_have_no_interval(make_run: MakeRun, tried: Any) -> None:
    old = [tried(seed=s, cluster=f"c{s % 3}") for s in range(12)]
    new = [tried(seed=s, cluster=f"c{s % 3}", right=s > 2) for s in range(12)]
    found = compare(make_run(old, "old"), make_run(new, "new"))
    assert found.tasks[0].interval is None
    assert "n/a (3 clusters)" in str(comparison_table(found))


def test_losses_come_first(make_run: MakeRun, tried: Any) -> None:
    flips = compare(*two_runs(make_run, tried)).flips
    assert flips["difference"].tolist() == [-1.0] * 6 + [1.0]


def test_tables(make_run: MakeRun, tried: Any) -> None:
    found = compare(*two_runs(make_run, tried))
    text = str(comparison_table(found))
    assert "New (new) against Old (old) on toy-v0" in text
    assert "-25.0" in text
    assert "6/1" in text
    flips = flips_table(found, 3)
    assert len(flips.rows) == 3
    assert "4 more" in flips.notes[0]
    assert flips_table(found, 7).notes == ()
    assert flips.markdown().count("\n| ") == 5  # headers, their rule and three rows


def test_other_machines_are_told(make_run: MakeRun, tried: Any) -> None:
    episodes = [tried(seed=s) for s in range(3)]
    old = make_run(episodes, "old", machine={"cpu": "a"})
    new = make_run(episodes, "new", machine={"cpu": "b"})
    assert "different kinds of machine" in str(comparison_table(compare(old, new)))


def test_json(make_run: MakeRun, tried: Any) -> None:
    told = json.loads(comparison_json(compare(*two_runs(make_run, tried))))
    assert (told["old"], told["new"], told["overlap"]) == ("old-1", "new-1", 1.0)
    macro, a, _ = told["rows"]
    assert (macro["task"], macro["p_holm"]) == ("macro", None)
    assert a["difference"] == pytest.approx(-0.25)
    assert a["p"] == pytest.approx(0.125)
    assert a["interval"][0] < -0.25 < a["interval"][1]
    assert set(a["intervals"]) == {"cluster_t", "cluster_bootstrap"}
    # Each of 20 questions is a cluster of its own: six bets on a loss are won, one is lost.
    stakes = np.array(STAKES)
    assert a["e_worse"] == pytest.approx(np.mean((1 + stakes) ** 6 * (1 - stakes)))
    assert a["e_better"] == pytest.approx(np.mean((1 - stakes) ** 6 * (1 + stakes)))
    assert [flip["difference"] for flip in told["flips"]] == [-1.0] * 6 + [1.0]
    assert {flip["seed"] for flip in told["flips"]} == {0, 1, 2, 3, 4, 5, 19}
