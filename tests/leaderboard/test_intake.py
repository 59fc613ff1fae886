"""What is wrong with a run is named, and such a run is never ranked."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import msgspec
import numpy as np
import pyarrow as pa
import pytest

from ivlm_bench.errors import StoreError
from ivlm_bench.leaderboard import boards, find_runs, leaderboard_table, summarise
from ivlm_bench.store import Run

MakeRun = Callable[..., Run]
Toy = Any

EPISODES = "episodes.parquet"


def altered(run: Run, table: pa.Table, **fields: Any) -> Run:
    """Return a run with other episodes, as if it had been sealed so."""
    manifest = msgspec.structs.replace(run.manifest, **fields)
    return Run(run.folder, manifest, {**run.tables, EPISODES: table})


def with_column(run: Run, name: str, values: list[Any]) -> Run:
    table = run.tables[EPISODES]
    index = table.column_names.index(name)
    column = pa.array(values, table.schema.field(name).type, from_pandas=False)
    return altered(run, table.set_column(index, name, column))


@pytest.fixture
def run(make_run: MakeRun, toy: Toy) -> Run:
    """Twelve episodes in order."""
    return make_run([toy(seed=i, robust=0.5) for i in range(12)])


def unranked(run: Run, words: str) -> None:
    summary = summarise(run)
    assert not summary.ranked
    assert any(words in mark and mark.startswith("not ranked: ") for mark in summary.marks)


def test_a_run_in_order_is_ranked(run: Run) -> None:
    assert summarise(run).ranked


def test_missing_episodes_are_named(run: Run) -> None:
    table = run.tables[EPISODES].slice(0, 10)
    unranked(altered(run, table), "10 episodes are there, 12 were planned")


def test_duplicate_episodes_are_named(run: Run) -> None:
    table = run.tables[EPISODES]
    twice = pa.concat_tables([table, table.slice(3, 1)])
    unranked(altered(run, twice, n_planned=13), "1 episode stands more than once")


@pytest.mark.parametrize("value", [np.nan, np.inf])
def test_a_number_that_is_none_is_named(run: Run, value: float) -> None:
    values = [0.5] * 11 + [value]
    unranked(with_column(run, "m_robust_success", values), "m_robust_success is NaN or infinite")


def test_an_empty_cell_of_a_metric_is_in_order(run: Run) -> None:
    assert summarise(with_column(run, "m_robust_success", [0.5] * 11 + [None])).ranked


@pytest.mark.parametrize("name", ["success", "cluster", "status", "scenario_key"])
def test_an_empty_cell_that_no_record_leaves_is_an_error(run: Run, name: str) -> None:
    column = run.tables[EPISODES][name].to_pylist()
    with pytest.raises(StoreError, match=f"empty cells in {name}"):
        summarise(with_column(run, name, [*column[:-1], None]))


def test_a_missing_column_is_an_error(run: Run) -> None:
    with pytest.raises(StoreError, match="has no column cluster"):
        summarise(altered(run, run.tables[EPISODES].drop_columns("cluster")))


def test_two_verdicts_of_one_engine_are_an_error(run: Run) -> None:
    verdicts = run.tables["verdicts.parquet"]
    twice = pa.concat_tables([verdicts, verdicts.slice(0, 1)])
    tables = {**run.tables, "verdicts.parquet": twice}
    with pytest.raises(StoreError, match="two verdicts of bullet on episode"):
        summarise(Run(run.folder, run.manifest, tables))


def test_a_question_about_two_objects_is_an_error(run: Run, toy: Toy, make_run: MakeRun) -> None:
    toys = [toy(seed=0, cluster="mug-1"), toy(seed=0, repeat=1, cluster="mug-2")]
    with pytest.raises(StoreError, match="two objects"):
        summarise(make_run(toys, "torn"))


def test_an_empty_task_is_named(make_run: MakeRun, toy: Toy) -> None:
    config = {"tasks": "ivlm/Grasp-v0 ivlm/Press-v0"}
    unranked(make_run([toy(seed=0)], config=config), "no episode of ivlm/Press-v0")


def test_a_task_that_diverged_as_a_whole_is_named(make_run: MakeRun, toy: Toy) -> None:
    toys = [toy(seed=i) for i in range(300)]
    toys += [toy(task="ivlm/Press-v0", status="sim_diverged")]
    unranked(make_run(toys), "every simulation of ivlm/Press-v0 diverged")


def test_a_run_that_was_asked_less_is_not_ranked_beside_others(make_run: MakeRun, toy: Toy) -> None:
    whole = [make_run([toy(seed=i) for i in range(12)], name) for name in ("a", "b")]
    half = make_run([toy(seed=i) for i in range(6)], "half")
    (board,) = boards([*whole, half])
    assert [row.manifest.reasoner.name for row in board.ranked] == ["a", "b"]
    (row,) = board.unranked
    assert "not ranked: it was asked 6 of the 12 questions of this board" in row.marks


def test_copies_below_a_baselines_folder_are_no_runs(run: Run, tmp_path: Path) -> None:
    copy = tmp_path / "baselines" / "nightly"
    copy.mkdir(parents=True)
    (copy / "manifest.json").write_bytes((run.folder / "manifest.json").read_bytes())
    assert find_runs(tmp_path) == [run.folder]
    assert find_runs(tmp_path / "baselines") == [copy]


def test_missing_floor_and_ceiling_rows_are_named_with_the_command(run: Run) -> None:
    (board,) = boards([run])
    assert board.lacking == ("abstain", "random-region", "oracle-region", "oracle")
    (note,) = [n for n in leaderboard_table(board).notes if n.startswith("Floor and ceiling")]
    assert "ivlm-bench baselines --suite toy-v0 --track rgb" in note


def test_floor_and_ceiling_rows_are_taken_from_committed_runs(
    make_run: MakeRun, toy: Toy, tmp_path: Path
) -> None:
    mine = make_run([toy(seed=0)], "mine")
    make_run([toy(seed=0, status="abstained")], "abstain")
    make_run([toy(seed=0)], "oracle", privileged=True)
    make_run([toy(seed=0)], "oracle-region", privileged=True, suite_hash="b" * 16)
    (board,) = boards([mine], bounds=tmp_path)
    assert [row.manifest.reasoner.name for row in board.borrowed] == ["oracle", "abstain"]
    assert board.lacking == ("random-region", "oracle-region")
    assert len(board.standings) == 1
    assert all(row.marks[0].startswith("taken from ") for row in board.borrowed)


def test_a_run_without_numbers_is_named_and_the_others_are_shown(run: Run) -> None:
    column = run.tables[EPISODES]["cluster"].to_pylist()
    torn = with_column(run, "cluster", [*column[:-1], None])
    manifest = msgspec.structs.replace(run.manifest, bit_digest="other", run_id="torn")
    torn = Run(run.folder, manifest, torn.tables)
    damaged: list[StoreError] = []
    (board,) = boards([run, torn], damaged=damaged)
    assert [row.manifest.run_id for row in board.rows] == [run.manifest.run_id]
    assert "empty cells in cluster" in str(damaged[0])
    with pytest.raises(StoreError, match="empty cells"):
        boards([run, torn])


def test_damaged_bounds_count_as_missing(make_run: MakeRun, toy: Toy, tmp_path: Path) -> None:
    mine = make_run([toy(seed=0)], "mine")
    oracle = make_run([toy(seed=0)], "oracle", privileged=True)
    (oracle.folder / EPISODES).write_bytes(b"")
    (board,) = boards([mine], bounds=tmp_path)
    assert board.borrowed == ()
    assert "oracle" in board.lacking
