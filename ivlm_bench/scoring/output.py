"""A ``Scored`` as table, Markdown, CSV, LaTeX or JSON."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from typing import Any

import msgspec

from ivlm_bench.guard import storable, visible
from ivlm_bench.leaderboard.grid import Grid
from ivlm_bench.metrics.shown import head_of, number
from ivlm_bench.reference import ReferenceRow
from ivlm_bench.scoring.latex import tabular
from ivlm_bench.scoring.scored import Line, Scored
from ivlm_bench.scoring.words import faults_of, notes_of, shown, title_of

#: Name of the user's row among published ones.
OWN = "these files"

#: Numbers that fit beside each other in a table of published rows.
MAX_COLUMNS = 6

#: Formats that hold all that there is to say; with others, faults and warnings go elsewhere.
COMPLETE = ("table", "markdown", "json")


def grids(scored: Scored, *, up: str = "↑", down: str = "↓") -> list[Grid]:
    """Return the table of the numbers, and one with published rows if any fit."""
    controls = tuple(dict.fromkeys(name for line in scored.lines for name in line.controls))
    rows = tuple(
        (
            head_of(line.quantity, up=up, down=down),
            number(line.value),
            _interval(line),
            str(line.n),
            *(number(line.controls.get(name)) for name in controls),
        )
        for line in scored.lines
    )
    headers = ("quantity", "value", "95 % interval", "n", *controls)
    found = [Grid(title_of(scored), headers, rows, droppable=controls[::-1])]
    if scored.references.rows:
        found.append(_published(scored, up=up, down=down))
    return found


def _published(scored: Scored, *, up: str, down: str) -> Grid:
    published = scored.references.rows
    lines = [x for x in scored.lines if any(x.quantity.name in row.values for row in published)]
    heads = tuple(head_of(line.quantity, up=up, down=down) for line in lines)
    names = (OWN, *(_method(row) for row in published))
    columns = [
        (number(x.value), *(number(row.values.get(x.quantity.name)) for row in published))
        for x in lines
    ]
    title = f"Published rows: {published[0].setting}, measured with {scored.profile.name}"
    told = dict.fromkeys(
        f"{r.method}, {r.status}: {r.source}. {r.note}".rstrip() for r in published
    )
    status = ("", *(row.status for row in published))
    if len(lines) > MAX_COLUMNS:  # turned round: a row a quantity
        rows = tuple((head, *cells) for head, cells in zip(heads, columns, strict=True))
        turned = ("quantity", *(name.replace(" (", "\n(") for name in names))
        return Grid(title, turned, (*rows, ("status", *status)), tuple(told), rules=(len(rows),))
    cells = tuple(zip(names, *columns, status, strict=True))
    return Grid(title, ("method", *heads, "status"), cells, tuple(told), rules=(1,))


def _method(row: ReferenceRow) -> str:
    year = f" ({row.year})" if row.year else ""
    return f"{row.method}{year}" + (f", {row.category}" if row.category else "")


def _interval(line: Line) -> str:
    if line.interval is None:
        return "n/a"
    return f"[{number(line.interval.low)}, {number(line.interval.high)}]"


def as_text(scored: Scored) -> str:
    """Return tables, notes, faults and warnings as plain text for a terminal."""
    blocks = []
    for grid in grids(scored):  # a caption would be folded to the width of its table
        blocks += [replace(grid, notes=()).text().rstrip("\n"), "\n".join(grid.notes)]
    blocks += ["\n".join(notes_of(scored)), "\n".join(complaints(scored))]
    return "\n\n".join(block for block in blocks if block) + "\n"


def as_markdown(scored: Scored) -> str:
    """Return the same as GitHub Markdown."""
    blocks = [grid.markdown() for grid in grids(scored)]
    notes = [f"- {_bulleted(line)}" for line in (*notes_of(scored), *complaints(scored))]
    blocks += ["\n".join(notes) + "\n"] if notes else []
    return "\n".join(blocks)


def complaints(scored: Scored) -> list[str]:
    """Return faults and warnings, one a line."""
    return [*faults_of(scored), *(f"Warning: {visible(text)}" for text in scored.warnings)]


def as_latex(scored: Scored) -> str:
    """Return the tables as LaTeX with plain rules: no package is needed."""
    found = grids(scored, up="$\\uparrow$", down="$\\downarrow$")
    notes = [*notes_of(scored)]
    return "\n".join(tabular(grid) for grid in found) + "".join(
        f"% {storable(note)}\n" for note in notes
    )


def as_csv(scored: Scored) -> str:
    """Return one line a number: the user's, each control's and each published row's."""
    sheet = io.StringIO()
    writer = csv.writer(sheet, lineterminator="\n")
    writer.writerow(
        ("row", "quantity", "unit", "higher_is_better", "value", "low", "high", "n", "note")
    )
    for line in scored.lines:
        unit, better = line.quantity.unit, line.quantity.higher_is_better
        head = (line.quantity.name, unit, str(better).lower())
        span = (line.interval.low, line.interval.high) if line.interval else ("", "")
        note = line.reason or line.no_interval
        writer.writerow((OWN, *head, _plain(line.value), *span, line.n, note))
        for name, value in line.controls.items():
            writer.writerow((name, *head, _plain(value), "", "", line.n, "control"))
        for row in scored.references.rows:
            if line.quantity.name in row.values:
                value = row.values[line.quantity.name]
                writer.writerow((_method(row), *head, value, "", "", "", row.status))
    return sheet.getvalue()


def as_json(scored: Scored) -> str:
    """Return everything but the numbers of single items as JSON; what is not there is null."""
    plain = {
        "profile": scored.profile.name,
        "dataset": scored.profile.dataset,
        "split": scored.split,
        "setting": scored.setting,
        "params": {name: shown(value) for name, value in scored.params.items()},
        "n_items": scored.n_items,
        "n_scored": scored.n_scored,
        "quantities": [_line(line) for line in scored.lines],
        "faults": [{"id": f.id, "file": f.where, "cause": f.cause} for f in scored.faults],
        "missing": list(scored.missing),
        "counted_as_nothing": list(scored.filled),
        "foreign": list(scored.foreign),
        "problems": list(scored.problems),
        "warnings": list(scored.warnings),
        "references": msgspec.to_builtins(scored.references.rows),
        "references_left_out": scored.references.left_out,
        "quirks": list(scored.profile.quirks),
    }
    return storable(json.dumps(plain, indent=2, ensure_ascii=False, allow_nan=False)) + "\n"


def samples_csv(scored: Scored) -> str:
    """Return one line an item: id, category, cluster, its numbers, and why there is none."""
    names = [line.quantity.name for line in scored.lines if line.quantity.each]
    sheet = io.StringIO()
    writer = csv.writer(sheet, lineterminator="\n")
    writer.writerow(("id", "category", "cluster", *names, "reason"))
    for sample in scored.samples:
        category, cluster = scored.groups.get(sample.id, ("", ""))
        reasons = dict.fromkeys(sample.reasons.values())
        reason = sample.error or "; ".join(reasons)
        numbers = (_plain(sample.scores.get(name)) for name in names)
        row = (sample.id, category, cluster, *numbers, reason)
        writer.writerow([storable(cell) if isinstance(cell, str) else cell for cell in row])
    return sheet.getvalue()


def _line(line: Line) -> dict[str, Any]:
    interval = line.interval
    return {
        "name": line.quantity.name,
        "unit": line.quantity.unit,
        "higher_is_better": line.quantity.higher_is_better,
        "value": line.value,
        "reason": line.reason or None,
        "interval": None if interval is None else msgspec.to_builtins(interval),
        "no_interval": line.no_interval or None,
        "n": line.n,
        "controls": dict(line.controls),
    }


def _plain(value: float | None) -> str | float:
    return "" if value is None else value


def _bulleted(line: str) -> str:
    return line.strip().replace("|", "\\|").replace("<", "&lt;")


#: Each format by name.
FORMATS: Mapping[str, Callable[[Scored], str]] = {
    "table": as_text,
    "markdown": as_markdown,
    "csv": as_csv,
    "latex": as_latex,
    "json": as_json,
}


def silent_complaints(scored: Scored, form: str) -> Sequence[str]:
    """Return the faults and warnings that a format leaves out."""
    return [] if form in COMPLETE else complaints(scored)
