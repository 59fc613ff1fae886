"""The table of what a question is hard by: task by task, from the region to the doubt."""

from __future__ import annotations

from collections.abc import Callable

from ivlm_bench.leaderboard.board import Board
from ivlm_bench.leaderboard.grid import Grid
from ivlm_bench.leaderboard.stated import THINGS
from ivlm_bench.leaderboard.summary import MACRO, Row
from ivlm_bench.leaderboard.tables import TASK_PREFIX, board_notes, name_of, title_of

#: Metrics that are shown, by their heads.
SHOWN = {
    "region IoU": "region_iou",
    "pointing %": "pointing_hit",
    "beyond chance %": "pointing_beyond_chance",
    "small: region IoU": "small_part_region_iou",
    "small: pointing %": "small_part_pointing",
}
_LEGEND = (
    "strict: success in per cent of answerable questions. region IoU, pointing: means over the "
    "answers that have them.",
    "beyond chance: (hit - area) / (1 - area), area being the part's share of its thing in sight; "
    "parts over 0.6 of it left out. small: parts of which no view shows a breadth of 6 px.",
    "right, other, no thing: where several things stand on the table, whether the contact is on "
    "the asked one, on another, or 2 cm and more from all (or the reasoner abstains); errors left "
    "out.",
    "AUROC: how often a question that can be done gets a higher feasible_prob than one that "
    "can't. ECE: gap between stated and true share of doable questions, 15 bins. In the row "
    f"{MACRO} both are of all questions together; all else is the mean over tasks.",
)


def reasoning_table(board: Board) -> Grid:
    """Return a row a task and quantity, and a column a run; what no run has is left out."""
    runs = board.rows
    names = sorted({row.task for run in runs for row in run.tasks})
    by_task = [{row.task: row for row in run.tasks} | {MACRO: run.macro} for run in runs]
    rows: list[tuple[str, ...]] = []
    rules: list[int] = []
    for name in (*names, MACRO):
        found = [rows_by_name.get(name) for rows_by_name in by_task]
        block = [
            (name.removeprefix(TASK_PREFIX), head, *(text(row) if row else "-" for row in found))
            for head, text in QUANTITIES.items()
        ]
        rows += [cells for cells in block if set(cells[2:]) != {"-"}]
        rules.append(len(rows))
    headers = ("task", "quantity", *map(name_of, runs))
    notes = (*board_notes(board), *_LEGEND)
    title = f"Reasoning on {title_of(board)}"
    return Grid(
        title, headers, tuple(rows), notes, rules=tuple(rules[:-1]), droppable=headers[:1:-1]
    )


def _strict(row: Row) -> str:
    return row.rates["strict"].text(interval=False)


def _metric(name: str, *, percent: bool) -> Callable[[Row], str]:
    def text(row: Row) -> str:
        value = row.metrics.get(name)
        if value is None:
            return "-"
        return f"{100 * value:.1f}" if percent else f"{value:.3f}"

    return text


def _thing(name: str) -> Callable[[Row], str]:
    def text(row: Row) -> str:
        return row.things[name].text(interval=False) if name in row.things else "-"

    return text


def _auroc(row: Row) -> str:
    return "-" if row.stated is None or row.stated.auroc is None else f"{row.stated.auroc:.3f}"


def _ece(row: Row) -> str:
    return "-" if row.stated is None or row.stated.ece is None else f"{row.stated.ece:.3f}"


#: What the table tells of a row of a run, by head.
QUANTITIES: dict[str, Callable[[Row], str]] = {
    "strict %": _strict,
    **{head: _metric(name, percent=head.endswith("%")) for head, name in SHOWN.items()},
    **{f"{name.replace('_', ' ')} %": _thing(name) for name in THINGS},
    "AUROC": _auroc,
    "ECE": _ece,
}
