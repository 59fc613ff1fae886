"""The other tables of a board: by task, by kind of object, plausibility beside, feasibility."""

from __future__ import annotations

import csv
import io
from collections.abc import Callable, Iterable, Mapping

import msgspec

from ivlm_bench.leaderboard.board import Board
from ivlm_bench.leaderboard.cells import flat_rate, flat_standing
from ivlm_bench.leaderboard.evidence import INFEASIBLE
from ivlm_bench.leaderboard.feasibility import CAUSES
from ivlm_bench.leaderboard.grid import Grid
from ivlm_bench.leaderboard.reasoning import reasoning_table
from ivlm_bench.leaderboard.standings import Standing, standings
from ivlm_bench.leaderboard.summary import MACRO, RunSummary, metric_unit
from ivlm_bench.leaderboard.tables import (
    TASK_PREFIX,
    board_notes,
    leaderboard_table,
    name_of,
    place_of,
    plain_standing,
    rules_of,
    title_of,
)
from ivlm_bench.metrics import METRICS

_STRICT = (
    "Strict success in per cent of answerable questions; the intervals stand in the JSON form."
)
_BESIDE = (
    "Means over tasks of the means over the episodes that have the metric; they stand beside "
    "success and are part of no rate and no place. + more is better, - less is better."
)
_FEASIBILITY = (
    "Of the answers that were tried on questions that can be done: those whose first failure is "
    "about feasibility. Abstentions and errors are not tried. Fewer is better.",
    *(f"{cause}: {', '.join(codes)}." for cause, codes in CAUSES.items()),
    "place: as in the table of success, on the questions that both runs tried an answer to.",
)


def task_table(board: Board) -> Grid:
    """Return strict success with a row a task and a column a run."""
    runs = board.rows
    names = list(dict.fromkeys(row.task for run in runs for row in run.tasks))
    by_task = [{row.task: row for row in run.tasks} | {MACRO: run.macro} for run in runs]
    rows = tuple(
        (
            name.removeprefix(TASK_PREFIX),
            *(
                rows[name].rates["strict"].text(interval=False) if name in rows else "-"
                for rows in by_task
            ),
        )
        for name in (*sorted(names), MACRO)
    )
    headers = ("task", *map(name_of, runs))
    rules = (len(names),)
    title = f"Tasks of {title_of(board)}"
    return Grid(title, headers, rows, (_STRICT,), rules=rules, droppable=headers[:0:-1])


def family_table(board: Board) -> Grid:
    """Return strict success with a row a kind of object and a column a run."""
    runs = board.rows
    names = sorted({name for run in runs for name in run.families})
    rows = []
    for name in names:
        rates = [run.families.get(name) for run in runs]
        n = max(rate.n for rate in rates if rate is not None)
        if not n:
            continue  # nothing that can be done is asked of it
        cells = ("-" if rate is None else rate.text(interval=False) for rate in rates)
        rows.append((name, str(n), *cells))
    headers = ("kind of object", "n", *map(name_of, runs))
    title = f"Kinds of objects of {title_of(board)}"
    return Grid(title, headers, tuple(rows), (_STRICT,), droppable=headers[:1:-1])


def plausibility_table(board: Board) -> Grid:
    """Return the metrics beside success with a row a metric and a column a run."""
    runs = board.rows
    names = sorted({name for run in runs for name in run.macro.metrics})
    rows = tuple(
        (_metric_title(name), *(_mean(run.macro.metrics.get(name)) for run in runs))
        for name in names
    )
    headers = ("metric", *map(name_of, runs))
    title = f"Beside success: {title_of(board)}"
    return Grid(title, headers, rows, (_BESIDE,), droppable=headers[:0:-1])


def feasibility_table(board: Board) -> Grid:
    """Return runs by their share of infeasible answers, the least first, and what went wrong."""
    runs = feasibility_order(board)
    rows = tuple(
        (
            name_of(run),
            place_of(standing, tied=tied),
            str(run.macro.infeasible.n),
            run.macro.infeasible.text(),
            *(str(run.macro.causes.get(cause, 0)) for cause in CAUSES),
        )
        for run, standing, tied in runs
    )
    headers = ("reasoner", "place", "tried", "infeasible %\n[95 % interval]", *CAUSES)
    texts = (*_FEASIBILITY, *board_notes(board))
    title = f"Feasibility: {title_of(board)}"
    droppable = tuple(CAUSES)[::-1]
    return Grid(title, headers, rows, texts, rules=rules_of(board), droppable=droppable)


def feasibility_order(board: Board) -> list[tuple[RunSummary, Standing | None, bool]]:
    """Return the runs in the order of that table, where they stand, and if they tie the best."""
    ranked = sorted(board.ranked, key=_infeasible)
    known = [(run.macro.infeasible.value, run.evidence) for run in ranked if _scored(run)]
    found = standings([(v, e) for v, e in known if e is not None], measure=INFEASIBLE)
    n_tied = sum(standing.place.with_best for standing in found)
    scored = list(zip(filter(_scored, ranked), found, strict=True))
    silent: list[tuple[RunSummary, Standing | None]] = [(r, None) for r in ranked if not _scored(r)]
    below = [
        (run, None)
        for group in (board.unranked, (*board.privileged, *board.borrowed))
        for run in sorted(group, key=_infeasible)
    ]
    return [(run, standing, n_tied > 1) for run, standing in [*scored, *silent, *below]]


def feasibility_lines(board: Board) -> list[dict[str, object]]:
    """Return the numbers of the feasibility table, a line a run and task (macro included)."""
    return [
        {
            "suite": board.key.suite,
            "suite_hash": board.key.suite_hash,
            "scope": board.key.scope,
            "sensors": board.key.sensors.label,
            "reasoner": run.manifest.reasoner.name,
            "run_id": run.manifest.run_id,
            "ranked": run.ranked and not run.manifest.reasoner.privileged,
            "task": row.task,
            **flat_rate("infeasible", row.infeasible),
            **{f"n_{cause.replace(' ', '_')}": n for cause, n in row.causes.items()},
            **(flat_standing(standing) if row.task == MACRO else {}),
        }
        for run, standing, _ in feasibility_order(board)
        for row in (run.macro, *run.tasks)
    ]


def feasibility_csv(found: Iterable[Board]) -> str:
    """Return the numbers of the feasibility tables of all boards."""
    lines = [line for board in found for line in feasibility_lines(board)]
    names = list(dict.fromkeys(name for line in lines for name in line))
    sheet = io.StringIO()
    writer = csv.DictWriter(sheet, names, restval="", lineterminator="\n")
    writer.writeheader()
    writer.writerows(lines)
    return sheet.getvalue()


def feasibility_json(found: Iterable[Board]) -> str:
    """Return the numbers of the feasibility tables of all boards; what is not there is null."""
    plain = [
        {
            "key": msgspec.to_builtins(board.key),
            "causes": {cause: list(codes) for cause, codes in CAUSES.items()},
            "runs": [
                {
                    "run_id": run.manifest.run_id,
                    "reasoner": run.manifest.reasoner.name,
                    "standing": plain_standing(standing),
                    "rows": [
                        {
                            "task": row.task,
                            "infeasible": msgspec.to_builtins(row.infeasible),
                            "causes": dict(row.causes),
                        }
                        for row in (run.macro, *run.tasks)
                    ],
                }
                for run, standing, _ in feasibility_order(board)
            ],
        }
        for board in found
    ]
    return msgspec.json.format(msgspec.json.encode(plain), indent=2).decode() + "\n"


def _scored(run: RunSummary) -> bool:
    return run.macro.infeasible.value is not None


def _infeasible(run: RunSummary) -> tuple[float, str, str]:
    value = run.macro.infeasible.value
    return (2.0 if value is None else value), run.manifest.reasoner.name, run.manifest.run_id


def _metric_title(name: str) -> str:
    unit = metric_unit(name)
    if name not in METRICS.names():
        return name
    sign = "+" if dict(METRICS)[name].higher_is_better else "-"
    plain = unit == "1" or name.endswith(f"_{unit}")
    return f"{name} {sign}" if plain else f"{name} ({unit}) {sign}"


def _mean(value: float | None) -> str:
    return "-" if value is None else f"{value:.3g}"


#: Every table of a board by name.
VIEWS: Mapping[str, Callable[[Board], Grid]] = {
    "success": leaderboard_table,
    "tasks": task_table,
    "families": family_table,
    "plausibility": plausibility_table,
    "feasibility": feasibility_table,
    "reasoning": reasoning_table,
}
