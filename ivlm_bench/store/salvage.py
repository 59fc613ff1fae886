"""Rescue of what is readable in a damaged journal."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from pathlib import Path

from ivlm_bench.errors import StoreError
from ivlm_bench.store.faults import told
from ivlm_bench.store.journal import JOURNAL, RunStore, intact, open_journal

_SALVAGED = "journal.salvaged.sqlite"

Row = tuple[str, bytes, bytes]


def salvage(folder: Path | str) -> tuple[int, int]:
    """Set a damaged journal aside as ``journal.damaged-<k>.sqlite`` and keep its readable rows.

    Returns
    -------
    kept, lost : int
        Rows carried over into a new journal; rows that were found but not readable.

    Raises
    ------
    StoreError
        If there is no journal, or not even its header can be read; it then stays as it is.
    """
    with RunStore(folder) as store:
        if not store.journal.exists():
            raise StoreError(f"There is no {store.journal} to salvage; check the folder's name.")
        header, rows, lost = _readable(store.journal)
        if header is None:
            raise StoreError(
                f"The header of {store.journal} is not readable; the file was left as it is. "
                "Start again in another --out folder."
            )
        with told(store.folder, "writing"):
            _replace(store.folder, header, rows)
    return len(rows), lost


def _readable(path: Path) -> tuple[tuple[bytes, bytes] | None, list[Row], int]:
    """Return header, intact rows and the number of rows lost, reading one row at a time."""
    header: tuple[bytes, bytes] | None = None
    rows: list[Row] = []
    lost = 0
    with closing(sqlite3.connect(path)) as database:
        found = _fetch(database, "SELECT payload, checksum FROM header WHERE id = 1")
        if found is not None and intact(*found):
            header = found
        top = _fetch(database, "SELECT MAX(rowid) FROM results")
        for rowid in range(1, (top[0] if top and top[0] else 0) + 1):
            sql = f"SELECT episode_key, payload, checksum FROM results WHERE rowid = {rowid}"
            row = _fetch(database, sql)
            if row is not None and intact(row[1], row[2]):
                rows.append(row)
            else:
                lost += 1
    return header, rows, lost


def _fetch(database: sqlite3.Connection, sql: str) -> tuple | None:  # type: ignore[type-arg]
    try:
        return database.execute(sql).fetchone()
    except sqlite3.DatabaseError:
        return None


def _replace(folder: Path, header: tuple[bytes, bytes], rows: list[Row]) -> None:
    fresh = folder / _SALVAGED
    for suffix in ("", "-wal", "-shm"):
        fresh.with_name(_SALVAGED + suffix).unlink(missing_ok=True)
    with closing(open_journal(fresh)) as database, database:
        database.execute("INSERT INTO header VALUES (1, ?, ?)", header)
        database.executemany("INSERT INTO results VALUES (?, ?, ?)", rows)
    aside = next(
        name
        for name in (f"journal.damaged-{k}.sqlite" for k in range(1, 1_000_000))
        if not (folder / name).exists()
    )
    for suffix in ("-wal", "-shm", ""):
        old = folder / (JOURNAL + suffix)
        if old.exists():
            old.rename(folder / (aside + suffix))
    fresh.rename(folder / JOURNAL)
