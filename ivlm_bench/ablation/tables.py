"""The ablations of a reasoner as a table, and as plain numbers."""

from __future__ import annotations

from collections.abc import Sequence

import msgspec

from ivlm_bench.ablation.differences import Change, MetricChange
from ivlm_bench.ablation.runs import Ablated
from ivlm_bench.comparison.tables import numbers
from ivlm_bench.leaderboard.grid import Grid
from ivlm_bench.records import sensors_of
from ivlm_bench.stats.intervals import Interval

#: Scores that the table shows beside success, with their headers.
SHOWN = {"pointing_hit": "pointing", "affordance_iou": "IoU", "region_iou": "region\nIoU"}

#: First row of the table.
DEFAULT = "(defaults)"


def ablation_table(found: Ablated, rows: Sequence[Change]) -> Grid:
    """Return a row for the defaults, then one a setting."""
    manifest = found.default.manifest
    shown = [name for name in SHOWN if any(name in row.metrics for row in rows)]
    first = rows[0]
    head = (
        DEFAULT,
        str(first.comparison.macro.n),
        f"{100 * first.comparison.macro.old:.1f}",
        *("-" for _ in ("difference", "p", "p Holm")),
        *(_level(first.metrics.get(name)) for name in shown),
    )
    label = f"{manifest.suite} ({sensors_of(manifest).label})"
    return Grid(
        f"{manifest.reasoner.display}: one changed setting at a time on {label}",
        (
            "setting",
            "n",
            "success %",
            "difference\n[95 % interval]",
            "p",
            "p Holm",
            *(SHOWN[name] for name in shown),
        ),
        (head, *(_cells(row, shown) for row in rows)),
        _notes(found, rows),
        rules=(1,),
        droppable=tuple(SHOWN[name] for name in reversed(shown)),
    )


def _cells(row: Change, shown: Sequence[str]) -> tuple[str, ...]:
    macro = row.comparison.macro
    return (
        row.name,
        str(macro.n),
        f"{100 * macro.new:.1f}",
        f"{100 * macro.difference:+.1f} {_span(macro.interval)}",
        _p(macro.p.p),
        _p(row.p_holm),
        *(_moved(row.metrics.get(name)) for name in shown),
    )


def _level(change: MetricChange | None) -> str:
    return "n/a" if change is None else f"{100 * change.old:.1f}"


def _moved(change: MetricChange | None) -> str:
    if change is None:
        return "n/a"
    return f"{100 * change.difference:+.1f} {_span(change.interval)}"


def _span(interval: Interval | None) -> str:
    if interval is None:
        return "n/a"
    return f"[{100 * interval.low:+.1f}, {100 * interval.high:+.1f}]"


def _p(value: float) -> str:
    return "<.001" if value < 0.001 else f"{value:.3f}"


def _notes(found: Ablated, rows: Sequence[Change]) -> tuple[str, ...]:
    pairs = rows[0].comparison.pairs
    return (
        f"Measure {pairs.measure}, in points, paired by scenario, mean over "
        f"{len(rows[0].comparison.tasks)} tasks of equal weight; an interval is n/a under 10 "
        "object instances.",
        f"p: two-sided, whole clusters flipping their sign; Holm bounds any false finding over the "
        f"{len(rows)} settings.",
        "Scores, of 100: the mean in the first row, below it what a setting changes, over the "
        "answerable questions that have the score in both runs; abstentions and errors give 0.",
        f"{found.n_kept} of {1 + len(rows)} runs were there before.",
    )


def ablation_json(found: Ablated, rows: Sequence[Change]) -> str:
    """Return all numbers as JSON; shares, not points."""
    manifest = found.default.manifest
    plain = {
        "reasoner": manifest.reasoner.name,
        "params": manifest.reasoner.params,
        "suite": manifest.suite,
        "suite_hash": manifest.suite_hash,
        "sensors": sensors_of(manifest).label,
        "measure": rows[0].comparison.pairs.measure,
        "default_run": str(found.default.folder),
        "n_kept": found.n_kept,
        "settings": [_plain(row) for row in rows],
    }
    return msgspec.json.format(msgspec.json.encode(plain), indent=1).decode() + "\n"


def _plain(row: Change) -> dict[str, object]:
    return {
        "name": row.name,
        "params": row.params,
        "run": str(row.comparison.pairs.new.folder),
        "p_holm": row.p_holm,
        "macro": numbers(row.comparison.macro),
        "tasks": [numbers(task) for task in row.comparison.tasks],
        "metrics": msgspec.to_builtins(row.metrics),
    }
