"""What models that write do instead of answering has a column where it occurs, and nowhere else."""

from __future__ import annotations

import csv
import io
from collections.abc import Callable
from typing import Any

import pytest

from ivlm_bench.leaderboard import boards, boards_csv
from ivlm_bench.leaderboard.summary import summarise
from ivlm_bench.leaderboard.tables import leaderboard_table, run_table

MakeRun = Callable[..., Any]
PRESS = "ivlm/Press-v0"


def written(toy: Callable[..., Any]) -> list[Any]:
    """Of eight questions two are unparsed and one refused; of four others one is unparsed."""
    wrong = {"status": "invalid_answer"}
    first = [toy(seed=k, code="UNPARSED", **wrong) for k in range(2)]
    first += [toy(seed=2, code="REFUSED", answerable=False, **wrong)]
    first += [toy(seed=k) for k in range(3, 8)]
    second = [toy(task=PRESS, seed=0, code="UNPARSED", **wrong)]
    return first + second + [toy(task=PRESS, seed=k) for k in range(1, 4)]


def test_rates_are_of_all_questions_and_each_task_counts_alike(
    make_run: MakeRun, toy: Callable[..., Any]
) -> None:
    summary = summarise(make_run(written(toy)))
    shares = {row.task: {n: r.value for n, r in row.unread.items()} for row in summary.tasks}
    assert shares == {
        "ivlm/Grasp-v0": {"unparsed": 2 / 8, "refused": 1 / 8},
        PRESS: {"unparsed": 1 / 4, "refused": 0.0},
    }
    assert summary.macro.unread["unparsed"].value == pytest.approx((2 / 8 + 1 / 4) / 2)
    assert summary.macro.unread["refused"].value == pytest.approx(1 / 16)


def test_the_table_of_the_run_has_the_columns(make_run: MakeRun, toy: Callable[..., Any]) -> None:
    table = run_table(make_run(written(toy)))
    column = table.headers.index("un-\nparsed")
    assert [row[column] for row in table.rows] == ["25.0", "25.0", "25.0"]
    assert [row[table.headers.index("refused")] for row in table.rows] == ["12.5", "0.0", "6.2"]
    assert "out of\nrange" not in table.headers
    assert any("unparsed, refused" in note for note in table.notes)


def test_a_board_has_them_where_one_run_has_and_says_nothing_of_the_other(
    make_run: MakeRun, toy: Callable[..., Any]
) -> None:
    fine = [toy(seed=k) for k in range(8)] + [toy(task=PRESS, seed=k) for k in range(4)]
    runs = [make_run(written(toy), "writes"), make_run(fine, "finds")]
    [board] = boards(runs)
    table = leaderboard_table(board)
    column = table.headers.index("un-\nparsed")
    assert {row[0]: row[column] for row in table.rows} == {"finds": "0.0", "writes": "25.0"}
    lines = list(csv.DictReader(io.StringIO(boards_csv([board]))))
    told = {(line["reasoner"], line["task"]): line["unparsed"] for line in lines}
    assert float(told["writes", "macro"]) == pytest.approx(0.25)
    assert told["finds", "macro"] == ""


def test_a_run_without_any_keeps_its_columns(make_run: MakeRun, toy: Callable[..., Any]) -> None:
    run = make_run([toy(seed=k, status="invalid_answer", code="INVALID_ANSWER") for k in range(3)])
    [board] = boards([run])
    for headers in (run_table(run).headers, leaderboard_table(board).headers):
        assert not {"un-\nparsed", "refused", "out of\nrange"} & set(headers)
    assert "unparsed" not in boards_csv([board])
