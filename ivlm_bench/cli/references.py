"""Published rows as tables: one a data set and split."""

from __future__ import annotations

from collections.abc import Sequence

from ivlm_bench.errors import UnknownNameError, did_you_mean
from ivlm_bench.leaderboard.grid import Grid
from ivlm_bench.reference import ReferenceRow, all_rows, reference_rows

#: Numbers that fit beside each other; rows with more are told in a line each.
MAX_COLUMNS = 5

#: Columns of a table: method, setting and protocol need room.
WIDTH = 120


def tables(dataset: str | None) -> str:
    """Return the rows of one data set, or of all.

    Raises
    ------
    UnknownNameError
        If no row is of that data set.
    """
    names = list(dict.fromkeys(row.dataset for row in all_rows()))
    if dataset is not None and dataset not in names:
        raise UnknownNameError(
            f"No published row is of the data set {dataset!r}.{did_you_mean(dataset, names)}"
        )
    rows = reference_rows(dataset)
    groups = dict.fromkeys((row.dataset, row.split) for row in rows)
    return "\n".join(_told([r for r in rows if (r.dataset, r.split) == key]) for key in groups)


def _told(rows: Sequence[ReferenceRow]) -> str:
    names = list(dict.fromkeys(name for row in rows for name in row.values))
    title = f"{rows[0].dataset}, {rows[0].split}"
    if len(names) > MAX_COLUMNS:
        lines = [
            f"{_method(r)}, {r.setting}, {r.protocol}, {r.status} [{number}]: {_values(r)}"
            for number, r in _numbered(rows)
        ]
        return "\n".join((title, "", *lines, "", *_sources(rows))) + "\n"
    units = {name: unit for row in rows for name, unit in row.units.items()}
    mixed = len({(n, u) for row in rows for n, u in row.units.items()}) > len(units)
    heads = [n if mixed or units[n] == "1" else f"{n} ({units[n]})" for n in names]
    cells = tuple(
        (
            f"{_method(r)} [{number}]",
            r.setting,
            r.protocol,
            *(_cell(r, name, mixed=mixed) for name in names),
            r.status,
        )
        for number, r in _numbered(rows)
    )
    grid = Grid(title, ("method", "setting", "protocol", *heads, "status"), cells)
    return grid.text(width=WIDTH) + "\n".join(_sources(rows)) + "\n"


def _numbered(rows: Sequence[ReferenceRow]) -> list[tuple[int, ReferenceRow]]:
    """Return each row with the number of its source and note."""
    known = list(dict.fromkeys((row.source, row.note) for row in rows))
    return [(known.index((row.source, row.note)) + 1, row) for row in rows]


def _sources(rows: Sequence[ReferenceRow]) -> list[str]:
    told = dict.fromkeys((row.source, row.note) for row in rows)
    return [f"[{i}] {source}. {note}".rstrip() for i, (source, note) in enumerate(told, 1)]


def _method(row: ReferenceRow) -> str:
    return f"{row.method} ({row.year})" if row.year else row.method


def _cell(row: ReferenceRow, name: str, *, mixed: bool) -> str:
    if name not in row.values:
        return "-"
    unit = row.units[name] if mixed and row.units[name] != "1" else ""
    return f"{row.values[name]:g}" + (f" {unit}" if unit else "")


def _values(row: ReferenceRow) -> str:
    return ", ".join(f"{name} {_cell(row, name, mixed=True)}" for name in row.values)
