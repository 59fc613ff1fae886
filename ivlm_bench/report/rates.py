"""The rates of a run as a table and a plot; the numbers are those of the leaderboard."""

from __future__ import annotations

from dataclasses import dataclass

from markupsafe import Markup

from ivlm_bench.report.forest import ForestRow, forest
from ivlm_bench.report.words import share, task_name
from ivlm_bench.stats.clusters import Sample, rate_interval, scenario_means
from ivlm_bench.store import Run


@dataclass(frozen=True, slots=True)
class Column:
    """Heading of a column, and what it means."""

    text: str
    title: str = ""


@dataclass(frozen=True, slots=True)
class RateRow:
    """One row of the table: a task, or their mean (``strong``)."""

    label: str
    cells: tuple[str, ...]
    strong: bool = False


@dataclass(frozen=True, slots=True)
class Rates:
    """The table and the plot; ``unranked`` says why the run is not ranked, if so."""

    caption: str
    columns: tuple[Column, ...]
    rows: tuple[RateRow, ...]
    plot: Markup
    unranked: str = ""


def rates(run: Run) -> Rates:
    """Return the rates of a run, over answerable episodes."""
    answerable = [r.episode for r in run.results if r.episode.answerable]
    rows, points = [], []
    for task in sorted({episode.task for episode in answerable}):
        own = [e for e in answerable if e.task == task and e.status != "sim_diverged"]
        sample = scenario_means(
            [float(e.success) for e in own],
            [e.scenario_key for e in own],
            [e.cluster for e in own],
        )
        label = task_name(task)
        rows.append(RateRow(label, (str(len(own)), share(sample.mean))))
        points.append(_point(label, sample))
    columns = (Column("task"), Column("episodes"), Column("strict"))
    plot = forest(tuple(points), title="Strict success rate") if points else Markup("")
    return Rates("Answerable episodes.", columns, tuple(rows), plot)


def _point(label: str, sample: Sample) -> ForestRow:
    interval = rate_interval(sample)
    low, high = (None, None) if interval is None else (interval.low, interval.high)
    return ForestRow(label, sample.mean, low, high)
