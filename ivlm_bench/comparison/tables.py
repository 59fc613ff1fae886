"""A comparison as a table, and as plain numbers."""

from __future__ import annotations

import msgspec
import pandas as pd

from ivlm_bench.comparison.compare import Comparison, TaskComparison
from ivlm_bench.comparison.cross_checks import beside
from ivlm_bench.leaderboard.grid import Grid
from ivlm_bench.stats.clusters import MIN_CLUSTERS
from ivlm_bench.stats.intervals import Interval

#: Left out of task names: all tasks of ours begin with it.
_PREFIX = "ivlm/"

#: How the intervals of a difference are made, for the foot of a table.
INTERVALS = (
    "Intervals: Tango's, 95 %, of the independent pairs that the questions are worth, as some ask "
    f"about the same object instance; n/a under {MIN_CLUSTERS} instances."
)

_HEADERS = (
    "task",
    "n",
    "old %",
    "new %",
    "difference\n[95 % interval]",
    "lost/\ngained",
    "p",
    "p Holm",
    "p BH",
)


def comparison_table(found: Comparison) -> Grid:
    """Return a row a task, then the macro row."""
    old, new = found.pairs.old.manifest, found.pairs.new.manifest
    rows = tuple(_cells(row) for row in (*found.tasks, found.macro))
    return Grid(
        f"{new.reasoner.display} (new) against {old.reasoner.display} (old) on {new.suite}",
        _HEADERS,
        rows,
        _notes(found),
        rules=(len(found.tasks),),
        droppable=("p BH", "lost/\ngained"),
    )


def _cells(row: TaskComparison) -> tuple[str, ...]:
    return (
        row.task.removeprefix(_PREFIX),
        str(row.n),
        f"{100 * row.old:.1f}",
        f"{100 * row.new:.1f}",
        f"{100 * row.difference:+.1f} {_span(row)}",
        f"{row.n_lost}/{row.n_gained}",
        _p(row.p.p),
        _p(row.p_holm),
        _p(row.p_bh),
    )


def _span(row: TaskComparison) -> str:
    if row.interval is None and row.n_clusters >= MIN_CLUSTERS:
        return "n/a (1 in a task)"
    if row.interval is None:
        return f"n/a ({row.n_clusters} clusters)"
    return f"[{100 * row.interval.low:+.1f}, {100 * row.interval.high:+.1f}]"


def _p(value: float | None) -> str:
    if value is None:
        return "-"
    return "<.001" if value < 0.001 else f"{value:.3f}"


def _notes(found: Comparison) -> tuple[str, ...]:
    pairs = found.pairs
    what = {
        "strict": "success of what can be done, errors fail",
        "right": "success of what can be done, abstention from what can't",
        "abstention": "abstention from what can't be done",
    }
    notes = [
        f"Measure {pairs.measure}: {what[pairs.measure]}. Paired by scenario: {len(pairs.table)} "
        f"of them, overlap {100 * pairs.overlap:.1f} %.",
        INTERVALS,
        "p: two-sided, whole clusters flipping their sign; Holm bounds any false finding over the "
        "tasks, BH the share of false ones. Macro: tasks with equal weight.",
    ]
    if pairs.n_diverged:
        notes.append(f"{pairs.n_diverged} scenarios whose simulation diverged are left out.")
    if pairs.old.manifest.machine != pairs.new.manifest.machine:
        notes.append("The runs were made on different kinds of machine.")
    return tuple(notes)


def flips_table(found: Comparison, most: int) -> Grid:
    """Return the scenarios in which the runs differ, losses first, at most so many."""
    flips = found.flips
    rows = tuple(_flip_cells(row) for _, row in flips.head(most).iterrows())
    left = len(flips) - len(rows)
    notes = (f"{left} more; --flips N shows more.",) if left else ()
    return Grid("Scenarios that differ", ("task", "seed", "object", "old", "new"), rows, notes)


def _flip_cells(row: pd.Series) -> tuple[str, ...]:
    return (
        str(row["task"]).removeprefix(_PREFIX),
        str(row["seed"]),
        str(row["cluster"]),
        f"{row['old']:g}",
        f"{row['new']:g}",
    )


def comparison_json(found: Comparison) -> str:
    """Return all numbers and all flips as JSON."""
    more = beside(found)
    plain = {
        "old": found.pairs.old.manifest.run_id,
        "new": found.pairs.new.manifest.run_id,
        "measure": found.pairs.measure,
        "overlap": found.pairs.overlap,
        "n_diverged": found.pairs.n_diverged,
        "rows": [numbers(row) | more[row.task] for row in (found.macro, *found.tasks)],
        "flips": found.flips.to_dict(orient="records"),
    }
    return msgspec.json.format(msgspec.json.encode(plain), indent=1).decode() + "\n"


def numbers(row: TaskComparison) -> dict[str, object]:
    """Return the numbers of a row by name; intervals as [low, high] or None."""
    return {
        "task": row.task,
        "n": row.n,
        "n_clusters": row.n_clusters,
        "old": row.old,
        "new": row.new,
        "difference": row.difference,
        "interval": _ends(row.interval),
        "interval_method": None if row.interval is None else row.interval.method,
        "one_sided": _ends(row.one_sided),
        "lost": row.n_lost,
        "gained": row.n_gained,
        "p": row.p.p,
        "p_worse": row.p_worse.p,
        "test": row.p.method,
        "p_holm": row.p_holm,
        "p_bh": row.p_bh,
    }


def _ends(interval: Interval | None) -> list[float] | None:
    return None if interval is None else [interval.low, interval.high]
