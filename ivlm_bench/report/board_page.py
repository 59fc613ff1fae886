"""The page of a leaderboard: every board with its tables and a forest plot, without scripts."""

from __future__ import annotations

import base64
import hashlib
import re
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from jinja2 import Environment, PackageLoader, StrictUndefined, Template
from markupsafe import Markup

import ivlm_bench
from ivlm_bench.guard import visible
from ivlm_bench.leaderboard.board import Board
from ivlm_bench.leaderboard.grid import Grid
from ivlm_bench.leaderboard.reasoning import reasoning_table
from ivlm_bench.leaderboard.summary import RunSummary
from ivlm_bench.leaderboard.tables import leaderboard_table, name_of, title_of
from ivlm_bench.leaderboard.views import (
    family_table,
    feasibility_order,
    feasibility_table,
    plausibility_table,
    task_table,
)
from ivlm_bench.report.forest import ForestRow, forest

#: An interval or a count behind a number, and the blank at which no line ends.
_BRACKETS, NO_BREAK = re.compile(r"\[[^]]*\]|\([^)]*\)"), "\u00a0"

#: Characters of a name that the plot has room for.
LABEL_CHARS = 18


@dataclass(frozen=True, slots=True)
class Line:
    """One row of a table; ``badge`` stands behind its second cell, ``rule`` above the row."""

    name: str
    cells: tuple[str, ...]
    badge: str
    rule: bool


@dataclass(frozen=True, slots=True)
class Sheet:
    """One table: caption, headers, rows and what to know of them."""

    title: str
    headers: tuple[str, ...]
    lines: tuple[Line, ...]
    notes: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Section:
    """One board: its headline sheet, the plots, and the sheets that are folded."""

    anchor: str
    title: str
    success: Sheet
    plot: Markup
    infeasible: Markup
    sheets: tuple[Sheet, ...]


def board_page(found: Sequence[Board]) -> str:
    """Return one self-contained HTML page of all boards; it needs no network and no script."""
    home = Path(__file__).parent / "templates"
    style = "".join((home / n).read_text(encoding="utf-8") for n in ("page.css", "board.css"))
    return _template().render(
        sections=[_section(number, board) for number, board in enumerate(found)],
        version=ivlm_bench.__version__,
        style=Markup(style),
        style_hash=_source_hash(style),
    )


def _section(number: int, board: Board) -> Section:
    best = [board.tied and standing.place.with_best for standing in board.standings]
    success = _sheet("Success", leaderboard_table(board), tied=best)
    anchor, title = f"board-{number}", visible(title_of(board))
    if not any(run.tasks for run in board.rows):  # runs on a data set: nothing was tried
        return Section(anchor, title, success, Markup(), Markup(), ())
    order = feasibility_order(board)
    less = [tied and s is not None and s.place.with_best for _, s, tied in order]
    return Section(
        anchor=anchor,
        title=title,
        success=success,
        plot=_plot(board.rows, "strict", "strict success"),
        infeasible=_plot([run for run, _, _ in order], "infeasible", "infeasible answers"),
        sheets=(
            _sheet("Tasks", task_table(board)),
            _sheet("Kinds of objects", family_table(board)),
            _sheet("Beside success", plausibility_table(board)),
            _sheet("Feasibility", feasibility_table(board), tied=less),
            _sheet("Reasoning", reasoning_table(board)),
        ),
    )


def _sheet(title: str, grid: Grid, *, tied: Sequence[bool] = ()) -> Sheet:
    badges = ["cannot be told from the best" if flag else "" for flag in tied]
    badges += [""] * (len(grid.rows) - len(badges))
    return Sheet(
        title=title,
        headers=tuple(_cell(_one_line(header)) for header in grid.headers),
        lines=tuple(
            Line(visible(row[0]), tuple(map(_cell, row[1:])), badge, number in grid.rules)
            for number, (row, badge) in enumerate(zip(grid.rows, badges, strict=True))
        ),
        notes=tuple(map(visible, grid.notes)),
    )


def _cell(text: str) -> str:
    """Return a text whose brackets stay on one line where a phone breaks it."""
    return _BRACKETS.sub(lambda found: found[0].replace(" ", NO_BREAK), visible(text))


def _one_line(header: str) -> str:
    return header.replace("-\n", "").replace("/\n", "/").replace("\n", " ")


def _plot(runs: Sequence[RunSummary], measure: str, words: str) -> Markup:
    rows = []
    for run in runs:
        rate = run.macro.infeasible if measure == "infeasible" else run.macro.rates[measure]
        low, high = (rate.interval.low, rate.interval.high) if rate.interval else (None, None)
        strong = run.ranked and not run.manifest.reasoner.privileged
        rows.append(ForestRow(_short(visible(name_of(run))), rate.value, low, high, strong))
    return forest(rows, title=f"{words}, mean over tasks, 95 % interval")


def _short(name: str) -> str:
    return name if len(name) <= LABEL_CHARS else name[: LABEL_CHARS - 1] + "…"


@cache
def _template() -> Template:
    environment = Environment(
        loader=PackageLoader("ivlm_bench.report"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    return environment.get_template("board.html.jinja")


def _source_hash(text: str) -> str:
    digest = hashlib.sha256(text.encode()).digest()
    return "sha256-" + base64.b64encode(digest).decode("ascii")
