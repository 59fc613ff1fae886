"""Stated probabilities, and shares of the things that were taken, counted by hand."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Callable
from itertools import product
from typing import Any

import pytest

from ivlm_bench.leaderboard import VIEWS, boards, boards_csv, boards_json, run_table, summarise
from ivlm_bench.leaderboard.stated import THINGS
from ivlm_bench.store import Run

MakeRun = Callable[..., Run]
Toy = Any

OTHER_TASK = "ivlm/Press-v0"
#: Stated probabilities of questions with an answer, and of some without.
DOABLE, UNDOABLE = (0.9, 0.9, 0.6, 0.3), (0.6, 0.2)


@pytest.fixture
def doubting(make_run: MakeRun, toy: Toy) -> Run:
    toys = [toy(seed=i, confidence=p) for i, p in enumerate(DOABLE)]
    toys += [
        toy(seed=10 + i, confidence=p, answerable=False, status="abstained")
        for i, p in enumerate(UNDOABLE)
    ]
    toys += [toy(seed=20, status="timeout", answerable=False)]
    toys += [toy(task=OTHER_TASK, seed=i, confidence=0.8) for i in range(2)]
    return make_run(toys, "doubting")


def by_pairs(doable: tuple[float, ...], undoable: tuple[float, ...]) -> float:
    pairs = list(product(doable, undoable))
    return sum((a > b) + 0.5 * (a == b) for a, b in pairs) / len(pairs)


def test_auroc_is_the_share_of_pairs_in_order(doubting: Run) -> None:
    """Of the 8 pairs 6 are in order and one is equal."""
    summary = summarise(doubting)
    grasp, press = (row.stated for row in summary.tasks)
    assert grasp is not None
    assert press is not None
    assert grasp.auroc == 6.5 / 8 == by_pairs(DOABLE, UNDOABLE)
    assert (grasp.n, grasp.n_without) == (4, 2)  # the timeout states nothing
    assert press.auroc is None  # nothing there that can't be done
    assert summary.macro.stated is not None
    assert summary.macro.stated.auroc == by_pairs((*DOABLE, 0.8, 0.8), UNDOABLE)


def test_ece_by_hand(doubting: Run) -> None:
    """Bins of 1/15: 0.9 (2 of 2 done), 0.6 (1 of 2), 0.3 (1 of 1), 0.2 (0 of 1), 0.8 (2 of 2)."""
    summary = summarise(doubting)
    grasp, press = (row.stated for row in summary.tasks)
    assert grasp is not None
    assert press is not None
    gaps = abs(1.8 - 2) + abs(1.2 - 1) + abs(0.3 - 1) + abs(0.2 - 0)
    assert grasp.ece == pytest.approx(gaps / 6)
    assert press.ece == pytest.approx(0.2)
    assert summary.macro.stated is not None
    assert summary.macro.stated.ece == pytest.approx((gaps + 0.4) / 8)


@pytest.fixture
def confused(make_run: MakeRun, toy: Toy) -> Run:
    """Of 12 questions with things beside: 7 right, 2 other, 2 on none, 1 declined; 3 without."""

    def told(right: float, other: float | None) -> dict[str, float | None]:
        return {"right_thing": right, "other_thing": other}

    marks = [told(1.0, 0.0)] * 7 + [told(0.0, 1.0)] * 2 + [told(0.0, 0.0)] * 2
    toys = [toy(seed=i, more=more) for i, more in enumerate(marks)]
    toys += [toy(seed=11, status="abstained", more=told(0.0, None))]
    toys += [toy(seed=12, status="timeout")]
    toys += [toy(task=OTHER_TASK, seed=i) for i in range(3)]
    return make_run(toys, "confused")


def test_right_other_and_no_thing_add_up(confused: Run) -> None:
    summary = summarise(confused)
    shares = [summary.tasks[0].things[name] for name in THINGS]
    assert [rate.n for rate in shares] == [12, 12, 12]
    assert [rate.value for rate in shares] == pytest.approx([7 / 12, 2 / 12, 3 / 12])
    assert all(rate.interval is not None for rate in shares)
    assert [summary.tasks[1].things[name].value for name in THINGS] == [None] * 3
    # The other task has nothing that could be confused, and takes no part in the mean.
    assert summary.macro.things["right_thing"].value == pytest.approx(7 / 12)


def test_the_table_tells_what_some_run_has(confused: Run, doubting: Run) -> None:
    (board,) = boards([confused, doubting])
    grid = VIEWS["reasoning"](board)
    assert [name.rstrip("*") for name in grid.headers[2:]] == ["doubting", "confused"]
    cells = {row[:2]: row[2:] for row in grid.rows}
    assert cells["Grasp-v0", "right thing %"] == ("-", "58.3")
    assert cells["Grasp-v0", "other thing %"] == ("-", "16.7")
    assert cells["Grasp-v0", "no thing %"] == ("-", "25.0")
    assert cells["Grasp-v0", "AUROC"] == ("0.812", "-")
    assert ("Press-v0", "AUROC") not in cells
    assert ("Grasp-v0", "region IoU") not in cells
    assert cells["Press-v0", "ECE"] == ("0.200", "-")


def test_one_run_tells_it_below_its_table(confused: Run, doubting: Run) -> None:
    told = "\n".join(run_table(confused).notes)
    assert "contact on the asked thing 58.3" in told
    assert "on another 16.7, on none 25.0" in told
    assert "AUROC" not in told
    told = "\n".join(run_table(doubting).notes)
    assert "contact on" not in told
    assert "AUROC 0.875" in told


def test_csv_and_json_hold_it(confused: Run, doubting: Run) -> None:
    found = boards([confused, doubting])
    lines = list(csv.DictReader(io.StringIO(boards_csv(found))))
    sheet = {(line["reasoner"], line["task"]): line for line in lines}
    assert float(sheet["confused", "ivlm/Grasp-v0"]["right_thing"]) == pytest.approx(
        7 / 12, abs=1e-5
    )
    assert sheet["confused", "macro"]["feasible_auroc"] == ""
    assert float(sheet["doubting", "ivlm/Grasp-v0"]["feasible_auroc"]) == 0.8125
    (board,) = json.loads(boards_json(found))
    macro = next(r for r in board["runs"] if r["reasoner"]["name"] == "doubting")["rows"][0]
    assert macro["stated"]["auroc"] == by_pairs((*DOABLE, 0.8, 0.8), UNDOABLE)
