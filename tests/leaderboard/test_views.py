"""The other tables of a board, LaTeX and the page: numbers by hand, forms read by a parser."""

from __future__ import annotations

import csv
import io
import json
import re
from collections.abc import Callable
from html.parser import HTMLParser
from typing import Any

import pytest

from ivlm_bench.cli.leaderboard import command
from ivlm_bench.errors import ConfigError
from ivlm_bench.leaderboard import VIEWS, boards, boards_json, latex
from ivlm_bench.leaderboard.board import Board
from ivlm_bench.leaderboard.feasibility import CAUSES
from ivlm_bench.leaderboard.grid import Grid
from ivlm_bench.leaderboard.summary import family_of
from ivlm_bench.leaderboard.views import feasibility_csv, feasibility_json
from ivlm_bench.report.board_page import board_page
from ivlm_bench.store import Run
from ivlm_bench.trials import protocol

MakeRun = Callable[..., Run]
Toy = Any

#: Failures of answers that could be carried out, and codes that are no failure of an answer.
FEASIBLE = {
    "WRONG_PART",
    "WRONG_SUPPORT",
    "OFF_SUPPORT",
    "NOT_MOVED",
    "PARTIAL",
    "SIDE_EFFECT",
    "BAD_DIRECTION",
    "NOT_PRESSED",
    "DISPLACED",
    "SUCCESS",
    "SIM_ERROR",
}


@pytest.fixture
def board(make_run: MakeRun, toy: Toy) -> Board:
    """Clumsy: of 12 tried, 2 slip, 1 collides, 1 takes the wrong part. Shy declines all but 2."""
    lost = (False, False)
    codes = ["SLIP_LIFT", "SLIP_LIFT", "COLLISION_OBJECT", "WRONG_PART"]
    clumsy = [toy(seed=i, engines=lost, code=code) for i, code in enumerate(codes)]
    clumsy += [toy(seed=i) for i in range(4, 12)]
    clumsy += [toy(seed=20, answerable=False, code="SLIP_LIFT")]
    shy = [toy(seed=i, status="abstained") for i in range(10)]
    shy += [toy(seed=i) for i in (10, 11)]
    shy += [toy(seed=20, answerable=False, status="abstained")]
    (found,) = boards([make_run(clumsy, "clumsy"), make_run(shy, "shy")])
    return found


def test_infeasible_answers_by_hand(board: Board) -> None:
    grid = VIEWS["feasibility"](board)
    by_name = {row[0]: row for row in grid.rows}
    assert list(by_name) == ["shy", "clumsy"]
    assert by_name["clumsy"][2] == "12"
    assert by_name["clumsy"][3].startswith("25.0 [")
    assert dict(zip(grid.headers, by_name["clumsy"], strict=True))["slip"] == "2"
    assert by_name["shy"][2:4] == ("2", "0.0 n/a (2 clusters)")
    # The two that both tried do not differ: nobody can be told from the best.
    assert [row[1] for row in grid.rows] == ["1-2=", "1-2="]


def test_the_feasibility_board_as_numbers(board: Board) -> None:
    lines = list(csv.DictReader(io.StringIO(feasibility_csv([board]))))
    macro = {line["reasoner"]: line for line in lines if line["task"] == "macro"}
    assert float(macro["clumsy"]["infeasible"]) == 0.25
    assert macro["clumsy"]["n_collision"] == "1"
    (plain,) = json.loads(feasibility_json([board]))
    assert [run["reasoner"] for run in plain["runs"]] == ["shy", "clumsy"]
    assert plain["runs"][1]["rows"][0]["causes"]["slip"] == 2


def test_who_tries_nothing_has_no_place_in_feasibility(make_run: MakeRun, toy: Toy) -> None:
    silent = make_run([toy(seed=i, status="abstained") for i in range(12)], "silent")
    other = make_run([toy(seed=i) for i in range(12)], "other")
    (found,) = boards([silent, other])
    assert [row[:2] for row in VIEWS["feasibility"](found).rows] == [
        ("other", "1"),
        ("silent", "-"),
    ]


def test_every_code_of_a_trial_is_feasible_or_has_one_cause() -> None:
    lists = (
        protocol.GRASP_CODES,
        protocol.ARTICULATE_CODES,
        protocol.PRESS_CODES,
        protocol.PUSH_CODES,
        protocol.PLACE_CODES,
    )
    codes = [code for group in CAUSES.values() for code in group]
    assert len(codes) == len(set(codes))
    assert set(codes) | FEASIBLE == {code for group in lists for code in group}
    assert not set(codes) & FEASIBLE


@pytest.mark.parametrize(
    ("cluster", "family"),
    [
        ("mug-seen-0037", "mug"),
        ("bare_bottle-unseen-0021", "bare_bottle"),
        ("mug-3", "mug"),
        ("unseen-seen-1", "unseen"),
        ("photo", "photo"),
    ],
)
def test_the_kind_of_an_object_is_its_name(cluster: str, family: str) -> None:
    assert family_of(cluster) == family


def test_kinds_of_objects_by_hand(make_run: MakeRun, toy: Toy) -> None:
    """Over both tasks: mugs 3 of 4, boxes 0 of 2; a kind that nothing is asked of is left out."""
    lost = (False, False)
    toys = [toy(task=t, seed=i, cluster=f"mug-seen-{i}") for t in "ab" for i in (0, 1)]
    toys[0] = toy(task="a", seed=0, cluster="mug-seen-0", engines=lost)
    toys += [toy(task=t, seed=5, cluster="box-unseen-1", engines=lost) for t in "ab"]
    toys += [toy(task="a", seed=9, cluster="bare-seen-1", answerable=False)]
    (found,) = boards([make_run(toys)])
    assert VIEWS["families"](found).rows == (("box", "2", "0.0"), ("mug", "4", "75.0"))
    (plain,) = json.loads(boards_json([found]))
    assert plain["runs"][0]["families"]["mug"]["value"] == 0.75


def test_metrics_stand_beside_success_and_change_no_rate(board: Board) -> None:
    assert "strict" not in {row[0] for row in VIEWS["plausibility"](board).rows}
    assert VIEWS["tasks"](board).rows[-1] == ("macro", "66.7", "16.7")


def test_latex_has_the_cells_and_prints_special_characters() -> None:
    grid = Grid("50 % & more_x", ("a", "b\nc"), (("x_1", "[2]"), ("y^2", "~3")), rules=(1,))
    lines = latex(grid).splitlines()
    assert r"\caption{50 \% \& more\_x}" in lines
    assert r"\begin{tabular}{lr}" in lines
    assert r"x\_1 & {[2]} \\" in lines
    assert r"y\textasciicircum{}2 & \textasciitilde{}3 \\" in lines
    assert lines.count(r"\midrule") == 2


class Reader(HTMLParser):
    """Collects tags and texts."""

    def __init__(self) -> None:
        super().__init__()
        self.tags: list[str] = []
        self.texts: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)

    def handle_data(self, data: str) -> None:
        self.texts.append(data.strip())


def test_the_page_has_every_table_and_no_script(board: Board) -> None:
    reader = Reader()
    reader.feed(board_page([board]))
    assert "script" not in reader.tags
    assert reader.tags.count("table") == len(VIEWS)
    assert reader.tags.count("svg") == 2
    assert reader.texts.count("cannot be told from the best") == 2
    texts = [text.replace("\u00a0", " ") for text in reader.texts]
    for view in VIEWS.values():
        for row in view(board).rows:
            assert all(not cell or cell in texts for cell in row)


def test_no_interval_is_torn_where_a_phone_breaks_a_line(board: Board) -> None:
    reader = Reader()
    reader.feed(board_page([board]))
    intervals = [text for text in reader.texts if re.match(r"[\d.]+ (\[|n/a \()", text)]
    assert len(intervals) >= 4
    for text in intervals:
        assert text.partition("[")[2].count(" ") == 0
        assert text.partition("(")[2].count(" ") == 0


def test_the_page_shows_a_hostile_name_and_obeys_none(make_run: MakeRun, toy: Toy) -> None:
    run = make_run([toy(seed=0)], "<script>x", run_id="evil")
    page = board_page(boards([run]))
    assert "<script" not in page
    assert "&lt;script&gt;x" in page


@pytest.mark.parametrize("view", sorted(VIEWS))
@pytest.mark.parametrize("form", ["text", "markdown", "latex", "html", "csv", "json"])
def test_the_command_gives_every_table_in_every_form(
    board: Board, capsys: pytest.CaptureFixture[str], tmp_path: Any, view: str, form: str
) -> None:
    out = tmp_path / "table"
    folder = str(tmp_path)
    assert command([folder, "--board", view, "--format", form, "--out", str(out)]) == 0
    assert capsys.readouterr().out == ""
    assert "clumsy" in out.read_text()


def test_one_track_can_be_asked_for(
    make_run: MakeRun, toy: Toy, capsys: pytest.CaptureFixture[str]
) -> None:
    first = make_run([toy(seed=0)], "near", track="rgb")
    make_run([toy(seed=0)], "far", track="rgbd4")
    folder = str(first.folder.parent)
    assert command([folder, "--track", "rgb", "--bounds", "none"]) == 0
    out = capsys.readouterr().out
    assert "near" in out
    assert "far" not in out
    with pytest.raises(ConfigError, match=r"rgbd9.*there are rgb, rgbd4"):
        command([folder, "--track", "rgbd9"])
