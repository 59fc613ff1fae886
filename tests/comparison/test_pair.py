"""Pairing: what is shared, what is refused, what is left out."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pyarrow as pa
import pytest

from ivlm_bench.comparison import NotComparableError, pair_runs
from ivlm_bench.errors import StoreError, UnknownNameError
from ivlm_bench.store import Run
from ivlm_bench.store.columns import EPISODES

MakeRun = Callable[..., Run]


def test_same_scenarios_pair_by_task_and_seed(make_run: MakeRun, tried: Any) -> None:
    # The same seeds in two tasks: pairing by seed alone would mix them up.
    old = [tried(seed=s, task=t) for t in ("a", "b") for s in range(4)]
    new = [tried(seed=s, task=t, right=t == "a") for t in ("a", "b") for s in range(4)]
    pairs = pair_runs(make_run(old, "old"), make_run(new, "new"))
    assert pairs.overlap == 1.0
    found = pairs.table.groupby("task")["difference"].agg(list)
    assert found["a"] == [0.0] * 4
    assert found["b"] == [-1.0] * 4


@pytest.mark.parametrize(("n_shared", "fits"), [(95, True), (94, False)])
def test_least_overlap(make_run: MakeRun, tried: Any, n_shared: int, *, fits: bool) -> None:
    old = make_run([tried(seed=s) for s in range(100)], "old")
    new = make_run([tried(seed=s) for s in range(n_shared)], "new")
    if fits:
        assert pair_runs(old, new).overlap == 0.95
        assert len(pair_runs(old, new).table) == 95
        return
    with pytest.raises(NotComparableError, match="share 94 of 100 scenarios") as caught:
        pair_runs(old, new)
    assert caught.value.exit_code == 4


def test_runs_without_a_common_scenario(make_run: MakeRun, tried: Any) -> None:
    old = make_run([tried(seed=s) for s in range(20)], "old")
    new = make_run([tried(seed=s) for s in range(20, 40)], "new")
    with pytest.raises(NotComparableError, match=r"share (0 of 20|no) scenario"):
        pair_runs(old, new)


@pytest.mark.parametrize(
    ("fields", "words"),
    [
        ({"suite": "other-v0"}, "suite differs"),
        ({"suite_hash": "b"}, "suite hash differs"),
        ({"schema_version": 99}, r"schema version differs \(1 and 99\)"),
        ({"track": "rgbd"}, "way of showing differs"),
        ({"renderer": "mujoco-gl"}, "way of showing differs"),
        ({"protocol_hash": "q"}, "protocol differs"),
        ({"engines": {"mujoco": "4.1"}}, r"reference engine differs \(mujoco 4.0 and mujoco 4.1\)"),
        ({"engines": {"bullet": "3.2", "mujoco": "4.0"}}, "reference engine differs"),
        ({"base_seed": 1}, "base seed differs"),
    ],
)
def test_other_rules_are_named(
    make_run: MakeRun, tried: Any, fields: dict[str, object], words: str
) -> None:
    episodes = [tried(seed=s) for s in range(3)]
    old, new = make_run(episodes, "old"), make_run(episodes, "new", **fields)
    with pytest.raises(NotComparableError, match=words) as caught:
        pair_runs(old, new)
    assert caught.value.exit_code == 4


def test_an_allowed_change_of_engine(make_run: MakeRun, tried: Any) -> None:
    episodes = [tried(seed=s) for s in range(3)]
    old, new = make_run(episodes, "old"), make_run(episodes, "new", engines={"mujoco": "4.1"})
    assert len(pair_runs(old, new, engines_may_differ=True).table) == 3
    other_suite = make_run(episodes, "third", engines={"mujoco": "4.1"}, suite="other-v0")
    with pytest.raises(NotComparableError, match="suite"):
        pair_runs(old, other_suite, engines_may_differ=True)


def test_a_change_of_the_second_engine_is_no_obstacle(make_run: MakeRun, tried: Any) -> None:
    episodes = [tried(seed=s) for s in range(3)]
    new = make_run(episodes, "new", engines={"mujoco": "4.0", "bullet": "3.3"})
    assert len(pair_runs(make_run(episodes, "old"), new).table) == 3


def test_diverged_in_either_run_is_left_out(make_run: MakeRun, tried: Any) -> None:
    old = [tried(seed=s, right=False, status="sim_diverged" if s == 0 else "ok") for s in range(60)]
    new = [tried(seed=s, right=False, status="sim_diverged" if s == 1 else "ok") for s in range(60)]
    pairs = pair_runs(make_run(old, "old"), make_run(new, "new"))
    assert pairs.n_diverged == 2
    assert sorted(pairs.table["seed"]) == list(range(2, 60))
    assert pairs.overlap == 1.0


def test_repeats_are_averaged(make_run: MakeRun, tried: Any) -> None:
    old = [tried(seed=0, repeat=r, right=r == 0) for r in range(4)]
    new = [tried(seed=0, repeat=r, right=r > 0) for r in range(4)]
    table = pair_runs(make_run(old, "old"), make_run(new, "new")).table
    assert len(table) == 1
    assert table[["old", "new", "difference"]].to_numpy().tolist() == [[0.25, 0.75, 0.5]]


def test_errors_count_as_failures(make_run: MakeRun, tried: Any) -> None:
    old = make_run([tried(seed=0)], "old")
    new = make_run([tried(seed=0, right=False, status="reasoner_error")], "new")
    assert pair_runs(old, new).table["difference"].tolist() == [-1.0]


@pytest.mark.parametrize(
    ("measure", "expected"), [("strict", [-1.0]), ("abstention", [1.0]), ("right", [-1.0, 1.0])]
)
def test_measures(make_run: MakeRun, tried: Any, measure: str, expected: list[float]) -> None:
    old = [tried(seed=0), tried(seed=1, right=False, answerable=False)]
    new = [tried(seed=0, right=False), tried(seed=1, answerable=False, status="abstained")]
    pairs = pair_runs(make_run(old, "old"), make_run(new, "new"), measure=measure)
    assert sorted(pairs.table["difference"]) == expected


def test_an_unknown_measure(make_run: MakeRun, tried: Any) -> None:
    run = make_run([tried(seed=0)], "old")
    with pytest.raises(UnknownNameError, match="strict"):
        pair_runs(run, run, measure="strikt")


@pytest.mark.parametrize(("measure", "answerable"), [("strict", False), ("abstention", True)])
def test_nothing_that_counts(make_run: MakeRun, tried: Any, measure: str, answerable: bool) -> None:
    run = make_run([tried(seed=s, answerable=answerable) for s in (0, 1)], "old")
    with pytest.raises(NotComparableError, match="scenario that the measure"):
        pair_runs(run, run, measure=measure)


def test_a_run_without_an_episode(make_run: MakeRun) -> None:
    run = make_run([], "old")
    with pytest.raises(StoreError, match="it has no episode"):
        pair_runs(run, run)


def test_all_diverged(make_run: MakeRun, tried: Any) -> None:
    run = make_run([tried(seed=0, right=False, status="sim_diverged")], "old")
    with pytest.raises(NotComparableError, match="diverged in 1 of 1 scenarios"):
        pair_runs(run, run)


@pytest.mark.parametrize("column", ["success", "task", "cluster", "scenario_key"])
def test_a_missing_value_is_named(make_run: MakeRun, tried: Any, column: str) -> None:
    run = make_run([tried(seed=0), tried(seed=1)], "old")
    table = run.tables[EPISODES]
    index, kind = table.column_names.index(column), table.schema.field(column).type
    holed = pa.array([None, table[column][1].as_py()], kind)
    tables = {**run.tables, EPISODES: table.set_column(index, column, holed)}
    with pytest.raises(StoreError, match=rf"(lacks|empty).*{column}"):
        pair_runs(Run(run.folder, run.manifest, tables), run)
