"""What each table says: columns, rows, notes; and the same numbers as CSV and JSON."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable, Iterator
from pathlib import Path

import msgspec

from ivlm_bench.leaderboard.board import Board, boards
from ivlm_bench.leaderboard.cells import (
    flat_rate,
    flat_standing,
    flat_stated,
    mean_head,
    number_cell,
)
from ivlm_bench.leaderboard.cross_checks import strict_intervals
from ivlm_bench.leaderboard.dataset_table import data_of, dataset_table, quantities_of
from ivlm_bench.leaderboard.grid import Grid
from ivlm_bench.leaderboard.rates import Rate
from ivlm_bench.leaderboard.standings import Standing
from ivlm_bench.leaderboard.stated import THINGS
from ivlm_bench.leaderboard.summary import LIMITED, MACRO, Row, RunSummary, summarise
from ivlm_bench.metrics.shown import head_of, number
from ivlm_bench.records import sensors_of
from ivlm_bench.stats.clusters import MIN_CLUSTERS
from ivlm_bench.store import Run

#: Left out of task names where room is short: all tasks of ours begin with it.
TASK_PREFIX = "ivlm/"

#: Latencies below this (ms) are shown with one decimal.
_SHORT_MS = 10.0

#: Above what an answer costs.
COST_HEADER = "cost\ns/100"

#: Costs below the first (seconds) are told to be less, those below the second with one decimal.
LEAST_COST_S, SHORT_COST_S = 0.1, 10.0

_RUN_HEADERS = (
    "task",
    "n",
    "strict %\n[95 % interval]",
    "condi-\ntional",
    "error",
    "robust",
    "engines\nagree",
    "abstains\nright",
    "abstains\nwrong",
)
_BOARD_HEADERS = (
    "reasoner",
    "place",
    "n",
    "strict %\n[95 % interval]",
    "worst task",
    "condi-\ntional",
    "error",
    "robust",
    "seen/\nunseen",
    "engine\nagree",
    "abstain\nright/\nwrong",
    "ms p50\n/p95",
    COST_HEADER,
)
#: Above the rates of ``rates.UNREAD``, which have columns where they occur.
_UNREAD_HEADERS = {
    "unparsed": "un-\nparsed",
    "refused": "refused",
    "out_of_range": "out of\nrange",
}
_UNREAD_LEGEND = (
    "unparsed, refused, out of range: per cent of all questions whose answer can't be read in the "
    "model's dialect, was declined, or lies outside of the picture.",
)
#: What goes on below in a narrow terminal, the least important first.
_RUN_DROPPABLE = ("abstains\nwrong", "abstains\nright", "error", "condi-\ntional", "robust")
_BOARD_DROPPABLE = (
    "condi-\ntional",
    "error",
    "engine\nagree",
    "abstain\nright/\nwrong",
    COST_HEADER,
    "ms p50\n/p95",
    "robust",
    "seen/\nunseen",
    "worst task",
)
_LEGEND = (
    "Per cent of answerable questions; strict: errors fail; conditional: errors left out.",
    "macro: mean over tasks. Intervals: Wilson's, of the independent trials that the questions are "
    f"worth, as some ask about the same object instance; n/a under {MIN_CLUSTERS} instances.",
)
#: So many characters of what a reasoner was given stand beside its name.
LONGEST_GIVEN = 20
#: The mark of the group that the best belongs to.
WITH_BEST = "="
_BOARD_LEGEND = (
    f"place: what paired tests leave open (clusters flip their sign, Holm over all pairs, 5 %); "
    f"{WITH_BEST} can't be told from the best.",
    "cost: seconds for which 100 answers keep one process of the run's machine busy, errors and "
    "waiting for others included; what a remote model charges is in no record. * is not ranked.",
)


def run_table(run: Run | RunSummary) -> Grid:
    """Return the table of one run: a row a task, then the macro row.

    A run on a public data set has a row a number instead.
    """
    if isinstance(run, Run) and run.manifest.data is not None:
        return dataset_table(run)
    summary = run if isinstance(run, RunSummary) else summarise(run)
    manifest = summary.manifest
    met = tuple(summary.macro.unread)
    rows = tuple(_run_cells(row) + _unread(row, met) for row in (*summary.tasks, summary.macro))
    notes = (*_run_notes(summary), *_LEGEND, *(_UNREAD_LEGEND if met else ()))
    title = f"{manifest.reasoner.display} on {manifest.suite} ({sensors_of(manifest).label})"
    rules = (len(summary.tasks),)
    more = tuple(_UNREAD_HEADERS[name] for name in met)
    headers, droppable = (*_RUN_HEADERS, *more), (*_RUN_DROPPABLE, *more)
    return Grid(title, headers, rows, notes, rules=rules, droppable=droppable)


def leaderboard_table(board: Board) -> Grid:
    """Return the table of one board: ranked runs, unranked ones, privileged ones."""
    if board.rows and board.rows[0].manifest.data is not None:
        return _dataset_board(board)
    met = tuple(n for n in _UNREAD_HEADERS if any(n in row.macro.unread for row in board.rows))
    rows = tuple(_board_cells(board, row) + _unread(row.macro, met) for row in board.rows)
    title = title_of(board)
    unread = _UNREAD_LEGEND if met else ()
    texts = (*board_notes(board), *_LEGEND, *_BOARD_LEGEND, *unread)
    more = tuple(_UNREAD_HEADERS[name] for name in met)
    headers, droppable = (*_BOARD_HEADERS, *more), (*_BOARD_DROPPABLE, *more)
    return Grid(title, headers, rows, texts, rules=rules_of(board), droppable=droppable)


def title_of(board: Board) -> str:
    """Return what all runs of a board share."""
    key = board.key
    seed = f", seed {key.base_seed}" if key.base_seed else ""
    scope = f", {key.scope}" if key.scope else ""
    return (
        f"{key.suite} ({key.sensors.label}), suite {key.suite_hash[:8]}, "
        f"{key.reference_engine}{seed}{scope}"
    )


def rules_of(board: Board) -> tuple[int, ...]:
    """Return before which rows a rule stands: unranked ones, and bounds."""
    n_ranked, n = len(board.ranked), len(board.rows)
    return tuple(sorted({k for k in (n_ranked, n_ranked + len(board.unranked)) if 0 < k < n}))


def board_notes(board: Board) -> list[str]:
    """Return the marks of the runs, and the floor and ceiling rows that are missing."""
    notes = [f"{name_of(row)}: {'; '.join(row.marks)}" for row in board.rows if row.marks]
    if board.lacking:
        notes.append(
            f"Floor and ceiling rows that are missing: {', '.join(board.lacking)}{_made_by(board)}."
        )
    return notes


def _made_by(board: Board) -> str:
    """Return the command that makes the missing rows; none makes those of single tasks."""
    key = board.key
    limit = LIMITED.fullmatch(key.scope)
    if key.scope and limit is None:
        return ""
    return (
        f"; make them with ivlm-bench baselines --suite {key.suite} --track {key.sensors.track}"
        f"{f' --limit {limit[1]}' if limit else ''} --reasoner {','.join(board.lacking)}"
    )


def _dataset_board(board: Board) -> Grid:
    """Return the table of runs on one split: a column a number of its profile."""
    first = data_of(board.rows[0].manifest)
    quantities = quantities_of(first)
    rows = tuple(
        (
            name_of(row),
            str(row.macro.n_answerable),
            *(number(data_of(row.manifest).numbers.get(q.name)) for q in quantities),
            f"{_ms(row.macro.latency_ms[0])}/{_ms(row.macro.latency_ms[1])}",
        )
        for row in board.rows
    )
    key = board.key
    title = f"{key.suite} ({key.sensors.label}), {first.profile}, split {key.suite_hash[:8]}"
    notes = [f"{name_of(row)}: {'; '.join(row.marks)}" for row in board.rows if row.marks]
    headers = ("reasoner", "n", *(head_of(q) for q in quantities), "ms p50\n/p95")
    return Grid(title, headers, rows, tuple(notes), droppable=("ms p50\n/p95",))


def leaderboard_tables(runs: Iterable[Run | Path | str]) -> list[Grid]:
    """Return one table for each board of ``runs``."""
    return [leaderboard_table(board) for board in boards(runs)]


def boards_csv(found: Iterable[Board]) -> str:
    """Return all numbers of all boards, one line a run and task (macro included)."""
    lines = [line for board in found for run in board.rows for line in _flat(board, run)]
    names = list(dict.fromkeys(name for line in lines for name in line))
    sheet = io.StringIO()
    writer = csv.DictWriter(sheet, names, restval="", lineterminator="\n")
    writer.writeheader()
    writer.writerows(lines)
    return sheet.getvalue()


def boards_json(found: Iterable[Board]) -> str:
    """Return all numbers of all boards as JSON; what is not there is null."""
    plain = [
        {
            "key": msgspec.to_builtins(board.key),
            "lacking": list(board.lacking),
            "runs": [
                {
                    "run_id": run.manifest.run_id,
                    "reasoner": msgspec.to_builtins(run.manifest.reasoner),
                    "ranked": run.ranked,
                    "marks": list(run.marks),
                    "bit_digest": run.manifest.bit_digest,
                    "outcome_digest": run.manifest.outcome_digest,
                    "standing": plain_standing(board.standing(run)),
                    "cost": {
                        "answer_s": run.macro.answer_s,
                        "machine": run.manifest.machine,
                        "charged": None,
                    },
                    "families": msgspec.to_builtins(run.families),
                    "intervals": strict_intervals(run),
                    "rows": [msgspec.to_builtins(row) for row in (run.macro, *run.tasks)],
                }
                for run in board.rows
            ],
        }
        for board in found
    ]
    return msgspec.json.format(msgspec.json.encode(plain), indent=2).decode() + "\n"


def plain_standing(standing: Standing | None) -> object:
    """Return where a run stands as plain values."""
    return None if standing is None else msgspec.to_builtins(standing)


def _run_cells(row: Row) -> tuple[str, ...]:
    rates = row.rates
    return (
        row.task.removeprefix(TASK_PREFIX),
        str(row.n_answerable),
        rates["strict"].text(),
        rates["conditional"].text(interval=False),
        rates["error"].text(interval=False),
        rates["robust"].text(interval=False),
        row.agreement.text(interval=False),
        rates["right_abstention"].text(interval=False),
        rates["wrong_abstention"].text(interval=False),
    )


def _unread(row: Row, met: tuple[str, ...]) -> tuple[str, ...]:
    """Return the cells of the rates that occur in the table; a run without them has none."""
    rates = [row.unread.get(name) for name in met]
    return tuple("0.0" if rate is None else rate.text(interval=False) for rate in rates)


def _run_notes(summary: RunSummary) -> Iterator[str]:
    macro = summary.macro
    engines = ", ".join(f"{name} {rate.text()}" for name, rate in macro.engines.items())
    yield f"seen {macro.rates['seen'].text()}, unseen {macro.rates['unseen'].text()}"
    if engines:
        yield f"engines: {engines}"
    yield f"latency: p50 {_ms(macro.latency_ms[0])} ms, p95 {_ms(macro.latency_ms[1])} ms"
    yield from _told(macro)
    if macro.n_diverged:
        yield f"{macro.n_diverged} of {macro.n_episodes} simulations diverged (left out)"
    yield from summary.marks


def _told(row: Row) -> Iterator[str]:
    """Yield which things were taken, where there are several, and what was stated is worth."""
    asked, other, none = (row.things.get(name) for name in THINGS)
    if asked and other and none and asked.n:
        yield (
            f"contact on the asked thing {asked.text()}, on another "
            f"{other.text(interval=False)}, on none {none.text(interval=False)}"
        )
    if row.stated is not None and row.stated.auroc is not None:
        yield (
            f"feasible_prob: AUROC {row.stated.auroc:.3f}, ECE {row.stated.ece or 0.0:.3f} "
            f"({row.stated.n} questions with an answer, {row.stated.n_without} without)"
        )


def _board_cells(board: Board, summary: RunSummary) -> tuple[str, ...]:
    row = summary.macro
    rates = row.rates
    return (
        name_of(summary),
        place_of(board.standing(summary), tied=board.tied),
        str(row.n_answerable),
        rates["strict"].text(),
        _worst(summary),
        rates["conditional"].text(interval=False),
        rates["error"].text(interval=False),
        rates["robust"].text(interval=False),
        _pair(rates["seen"], rates["unseen"]),
        row.agreement.text(interval=False),
        _pair(rates["right_abstention"], rates["wrong_abstention"]),
        f"{_ms(row.latency_ms[0])}/{_ms(row.latency_ms[1])}",
        _cost(row.answer_s),
    )


def place_of(standing: Standing | None, *, tied: bool) -> str:
    """Return the places that are left open; ``tied``: several can't be told from the best."""
    if standing is None:
        return "-"
    return standing.text + (WITH_BEST if tied and standing.place.with_best else "")


def _worst(summary: RunSummary) -> str:
    row = summary.worst_task
    if row is None:
        return "-"
    return f"{row.task.removeprefix(TASK_PREFIX)} {row.rates['strict'].text(interval=False)}"


def name_of(summary: RunSummary) -> str:
    """Return a reasoner's name, starred where it is not ranked, and what it was given."""
    reasoner = summary.manifest.reasoner
    star = "" if summary.ranked and not reasoner.privileged else "*"
    given = ",".join(f"{key}={value}" for key, value in sorted(reasoner.params.items()))
    short = given if len(given) <= LONGEST_GIVEN else given[: LONGEST_GIVEN - 1] + "…"
    return f"{reasoner.name}{star} {short}".rstrip()


def _pair(first: Rate, second: Rate) -> str:
    texts = ["-" if r.value is None else f"{100 * r.value:.0f}" for r in (first, second)]
    return "/".join(texts)


def _ms(value: float | None) -> str:
    if value is None:
        return "-"
    return f"{value:.1f}" if value < _SHORT_MS else f"{value:.0f}"


def _cost(answer_s: float | None) -> str:
    """Return the seconds of a hundred answers."""
    if answer_s is None:
        return "n/a"
    cost_s = 100 * answer_s
    if cost_s < LEAST_COST_S:
        return f"<{LEAST_COST_S:g}"
    return f"{cost_s:.1f}" if cost_s < SHORT_COST_S else f"{cost_s:.0f}"


def _flat(board: Board, run: RunSummary) -> Iterator[dict[str, object]]:
    for row in (run.macro, *run.tasks):
        line: dict[str, object] = {
            "suite": board.key.suite,
            **msgspec.to_builtins(board.key.sensors),
            "suite_hash": board.key.suite_hash,
            "scope": board.key.scope,
            "reasoner": run.manifest.reasoner.name,
            "run_id": run.manifest.run_id,
            "privileged": run.manifest.reasoner.privileged,
            "ranked": run.ranked,
            "task": row.task,
            "n_episodes": row.n_episodes,
            "n_answerable": row.n_answerable,
            "n_diverged": row.n_diverged,
        }
        rates = {**row.rates, "agreement": row.agreement, "infeasible": row.infeasible}
        rates |= {f"engine_{name}": rate for name, rate in row.engines.items()}
        for name, rate in (rates | dict(row.unread)).items():
            line |= flat_rate(name, rate)
        line["latency_p50_ms"], line["latency_p95_ms"] = map(number_cell, row.latency_ms)
        line["cost_answer_s"] = number_cell(row.answer_s)
        line |= {f"{mean_head(name)}": number_cell(value) for name, value in row.metrics.items()}
        line |= flat_stated(row)
        line |= {f"n_{cause.replace(' ', '_')}": n for cause, n in row.causes.items()}
        if row.task == MACRO:
            line |= flat_standing(board.standing(run))
        line["marks"] = "; ".join(run.marks) if row.task == MACRO else ""
        yield line
