"""The rates of a run as a table and a plot; every number is the leaderboard's."""

from __future__ import annotations

from dataclasses import dataclass

from markupsafe import Markup

from ivlm_bench.leaderboard import RunSummary, run_table, summarise
from ivlm_bench.leaderboard.dataset_table import dataset_table, fine_print
from ivlm_bench.leaderboard.summary import Row
from ivlm_bench.records import DataNumbers
from ivlm_bench.report.forest import ForestRow, forest
from ivlm_bench.store import Run


@dataclass(frozen=True, slots=True)
class Mark:
    """Something that a reader must know before any number."""

    name: str
    sentence: str


@dataclass(frozen=True, slots=True)
class RateRow:
    """One row of the table: a task, or their mean (``strong``)."""

    label: str
    cells: tuple[str, ...]
    strong: bool = False


@dataclass(frozen=True, slots=True)
class Rates:
    """Marks of the run, table, its caption, notes below it, plot."""

    marks: tuple[Mark, ...]
    columns: tuple[str, ...]
    rows: tuple[RateRow, ...]
    notes: tuple[str, ...]
    plot: Markup
    caption: str = "Rates in per cent, with 95 % intervals"


def rates(run: Run) -> Rates:
    """Return the rates of a run; of one on a public data set its profile's numbers."""
    summary = summarise(run)
    if run.manifest.data is not None:
        return _of_dataset(run, run.manifest.data, summary)
    table = run_table(summary)
    last = len(table.rows) - 1
    return Rates(
        marks=tuple(_mark(text) for text in summary.marks),
        columns=tuple(_flat(header) for header in table.headers),
        rows=tuple(RateRow(row[0], row[1:], strong=i == last) for i, row in enumerate(table.rows)),
        notes=tuple(note for note in table.notes if note not in summary.marks),
        plot=_plot(summary),
    )


def _of_dataset(run: Run, data: DataNumbers, summary: RunSummary) -> Rates:
    table = dataset_table(run)
    return Rates(
        marks=tuple(_mark(text) for text in summary.marks),
        columns=table.headers,
        rows=tuple(RateRow(row[0], row[1:]) for row in table.rows),
        notes=(*table.notes, *fine_print(data)),
        plot=Markup(""),
        caption=f"{data.profile}: {data.title}",
    )


def _mark(text: str) -> Mark:
    name, colon, sentence = text.partition(":")
    name = name[:1].upper() + name[1:]
    return Mark(name + (":" if colon else ""), sentence.strip())


def _flat(header: str) -> str:
    """Return a heading without the breaks that a terminal needs."""
    return header.replace("-\n", "").replace("\n", " ")


def _plot(summary: RunSummary) -> Markup:
    rows = [*(_point(row) for row in summary.tasks), _point(summary.macro, strong=True)]
    return forest(rows, title="Strict success rate")


def _point(row: Row, *, strong: bool = False) -> ForestRow:
    rate = row.rates["strict"]
    low, high = (None, None) if rate.interval is None else (rate.interval.low, rate.interval.high)
    label = "macro" if strong else row.task.rsplit("/", 1)[-1].rsplit("-v", 1)[0]
    return ForestRow(label, rate.value, low, high, strong)
