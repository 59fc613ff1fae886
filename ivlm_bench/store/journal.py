"""The journal of a running run: one row an episode, safe against a kill at any moment."""

from __future__ import annotations

import fcntl
import hashlib
import math
import os
import sqlite3
import sys
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from types import TracebackType
from typing import Any, TypeVar

import msgspec

from ivlm_bench.digest import decode_result, encode_result
from ivlm_bench.errors import StoreError
from ivlm_bench.records import EpisodeResult, Manifest
from ivlm_bench.store.columns import Spread
from ivlm_bench.store.faults import RESUME, damaged, told
from ivlm_bench.store.load import is_sealed
from ivlm_bench.store.seal import GROUP_ROWS, seal_parts

#: Name of the journal inside a run's folder.
JOURNAL = "journal.sqlite"

#: Bytes of the BLAKE2b checksum that guards each row.
CHECKSUM_BYTES = 16

#: Keys that one query asks for (SQLite takes 32,766 by default).
_ASKED_AT_ONCE = 5000

_SCHEMA = """
CREATE TABLE IF NOT EXISTS header (id INTEGER PRIMARY KEY, payload BLOB, checksum BLOB);
CREATE TABLE IF NOT EXISTS results (episode_key TEXT PRIMARY KEY, payload BLOB, checksum BLOB);
"""

Sealed = TypeVar("Sealed")


class RunHeader(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What a run set out to do: ``--resume`` goes on only with an equal ``config_hash``.

    ``planned`` holds the episode keys; ``config`` is a readable copy of the configuration, for
    the message when another one is tried. ``manifest`` is the run's manifest as far as it is known
    before the end, so that a journal tells what ran.
    """

    run_id: str
    config_hash: str
    planned: tuple[str, ...]
    created_at: str
    config: dict[str, str] = {}
    manifest: Manifest | None = None


class _Head(msgspec.Struct, gc=False):
    """What decides where a record stands, and which columns it needs."""

    task: str
    seed: int
    repeat: int
    scores: dict[str, msgspec.Raw]
    stages: dict[str, msgspec.Raw]


class _Begun(msgspec.Struct, gc=False):
    """A recorded result, of which only its head is read."""

    episode: _Head


_HEADS = msgspec.msgpack.Decoder(_Begun)


class RunStore:
    """One run's folder while it is written; a context manager that holds the folder's lock.

    Raises
    ------
    StoreError
        From every method, if the folder is locked, not writable, full or damaged.
    """

    def __init__(self, folder: Path | str) -> None:
        self.folder = Path(folder)
        self.journal = self.folder / JOURNAL
        self._header: RunHeader | None = None
        self._planned: frozenset[str] = frozenset()
        self._database: sqlite3.Connection | None = None
        with told(self.folder, "opening", remedy=RESUME):
            self.folder.mkdir(parents=True, exist_ok=True)
            self._lock = os.open(self.folder, os.O_RDONLY)
        self._take_lock()

    def __enter__(self) -> RunStore:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()

    def begin(self, header: RunHeader, *, resume: bool = False) -> frozenset[str]:
        """Start a run, or go on with one, and return the keys that are recorded already.

        Raises
        ------
        StoreError
            If the folder holds a sealed run, a begun one and ``resume`` is not asked for, or
            a run of another configuration.
        """
        if is_sealed(self.folder):
            raise StoreError(f"{self.folder} holds a finished run; choose another --out folder.")
        begun = self.journal.exists()
        if begun and not resume:
            raise StoreError(
                f"{self.folder} holds an unfinished run; go on with --resume or choose another "
                "--out folder."
            )
        self._connect()
        self._header = self._same_header(header) if begun else None
        if self._header is None:
            payload = msgspec.msgpack.encode(header)
            self._write("INSERT OR REPLACE INTO header VALUES (1, ?, ?)", payload, ())
            self._header = header
        self._planned = frozenset(self._header.planned)
        return frozenset(r.episode.episode_key for r in self.results())

    def append(self, result: EpisodeResult) -> bool:
        """Record one finished episode; False (and nothing changes) if its key is there already.

        Raises
        ------
        ValueError
            If a score or probability is NaN or infinite, or the key is not planned.
        """
        key = result.episode.episode_key
        if key not in self._planned:
            raise ValueError(f"Episode {key} is not planned in {self.folder}.")
        payload = encode_result(result)
        _refuse_nan(decode_result(payload))
        return self._write("INSERT OR IGNORE INTO results VALUES (?, ?, ?)", payload, (key,)) == 1

    def header(self) -> RunHeader | None:
        """Return what the run set out to do; None if it was killed before that was written."""
        return read_header(self._connect(), self.journal)

    def keys(self) -> frozenset[str]:
        """Return the keys of all recorded episodes."""
        with told(self.journal, "reading", remedy=RESUME):
            rows = self._connect().execute("SELECT episode_key FROM results").fetchall()
        return frozenset(key for (key,) in rows)

    def results(self) -> Iterator[EpisodeResult]:
        """Yield what is recorded, sorted by key; a damaged row is a ``StoreError``."""
        sql = (
            "SELECT episode_key, payload, checksum FROM results WHERE episode_key > ? "
            "ORDER BY episode_key LIMIT ?"
        )
        last = ""
        while rows := self._fetch(sql, (last, GROUP_ROWS)):
            yield from (self._intact(row) for row in rows)
            last = rows[-1][0]

    def _fetch(self, sql: str, values: Sequence[object]) -> list[tuple[Any, ...]]:
        with told(self.journal, "reading", remedy=RESUME):
            return self._connect().execute(sql, values).fetchall()

    def _intact(self, row: Sequence[Any]) -> EpisodeResult:
        key, payload, checksum = row
        if not intact(payload, checksum):
            raise damaged(self.journal, f"the row of episode {key} is not what was written")
        try:
            return decode_result(payload)
        except msgspec.DecodeError as error:
            raise damaged(self.journal, f"episode {key}: {error}") from None

    def seal(self, manifest: Manifest) -> Manifest:
        """Write the sealed files and the manifest, then remove the journal.

        ``files``, counts and digests of ``manifest`` are filled in here. Nothing is removed
        before the manifest is on disk.

        Raises
        ------
        StoreError
            If a planned episode has no record.
        """
        places, spread = self._in_order()
        parts = self._parts(places)
        return self.seal_as(lambda: seal_parts(self.folder, parts, spread, manifest))

    def _in_order(self) -> tuple[list[int], Spread]:
        """Return where the rows of the sealed files lie, in their order, and what they hold.

        Rows are read as they lie in the journal: by their keys, each would be looked up.
        """
        heads: list[tuple[str, int, int, str, int]] = []
        scores: set[str] = set()
        stages: set[str] = set()
        sql = "SELECT episode_key, payload, rowid FROM results WHERE rowid > ? "
        last = 0
        while rows := self._fetch(sql + "ORDER BY rowid LIMIT ?", (last, GROUP_ROWS)):
            for key, payload, place in rows:
                head = self._head(key, payload)
                heads.append((sys.intern(head.task), head.seed, head.repeat, key, place))
                scores.update(head.scores)
                stages.update(head.stages)
            last = rows[-1][-1]
        self._refuse_missing(frozenset(head[3] for head in heads))
        heads.sort()
        return [head[-1] for head in heads], Spread(tuple(sorted(scores)), tuple(sorted(stages)))

    def _head(self, key: str, payload: bytes) -> _Head:
        try:
            return _HEADS.decode(payload).episode
        except msgspec.DecodeError as error:
            raise damaged(self.journal, f"episode {key}: {error}") from None

    def _parts(self, places: list[int]) -> Iterator[list[EpisodeResult]]:
        """Yield the results in the rows ``places``, in their order, a part at a time."""
        for start in range(0, max(len(places), 1), GROUP_ROWS):
            part: list[EpisodeResult] = []
            for first in range(start, min(start + GROUP_ROWS, len(places)), _ASKED_AT_ONCE):
                asked = places[first : min(first + _ASKED_AT_ONCE, start + GROUP_ROWS)]
                marks = ",".join("?" * len(asked))
                sql = "SELECT rowid, episode_key, payload, checksum FROM results WHERE rowid IN "
                rows = {place: row for place, *row in self._fetch(f"{sql}({marks})", asked)}
                part += [self._intact(rows[place]) for place in asked]
            yield part

    def complete(self) -> tuple[EpisodeResult, ...]:
        """Return what is recorded; ``StoreError`` if a planned episode has no record."""
        results = tuple(self.results())
        self._refuse_missing(frozenset(r.episode.episode_key for r in results))
        return results

    def _refuse_missing(self, known: frozenset[str]) -> None:
        missing = self._planned - known
        if missing:
            raise StoreError(
                f"{len(missing)} of {len(self._planned)} planned episodes of {self.folder} have "
                "no record; go on with --resume."
            )

    def seal_as(self, write: Callable[[], Sealed]) -> Sealed:
        """Write what is to be kept by ``write``, then remove the journal; return its value."""
        with told(self.folder, "sealing", remedy=RESUME):
            sealed = write()
        self._drop_journal()
        return sealed

    def close(self) -> None:
        """Close the journal and give the lock back."""
        if self._database is not None:
            self._database.close()
            self._database = None
        if self._lock >= 0:
            os.close(self._lock)
            self._lock = -1

    def _take_lock(self) -> None:
        try:
            fcntl.flock(self._lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError as error:
            self.close()
            if isinstance(error, BlockingIOError):
                raise StoreError(
                    f"Another run is writing into {self.folder}; wait for it or choose another "
                    "--out folder."
                ) from None
            raise StoreError(
                f"{self.folder} can't be locked ({error.strerror}); choose a folder on a local "
                "disk."
            ) from None

    def _connect(self) -> sqlite3.Connection:
        if self._database is None:
            with told(self.journal, "opening", remedy=RESUME):
                self._database = open_journal(self.journal)
        return self._database

    def _write(self, sql: str, payload: bytes, key: tuple[str, ...]) -> int:
        with told(self.journal, "writing", remedy=RESUME), self._connect() as database:
            return database.execute(sql, (*key, payload, checksum_of(payload))).rowcount

    def _same_header(self, header: RunHeader) -> RunHeader | None:
        stored = read_header(self._connect(), self.journal)
        if stored is None and any(True for _ in self.results()):
            raise damaged(self.journal, "its header is missing")
        if stored is None or stored.config_hash == header.config_hash:
            return stored
        names = differing(stored.config, header.config)
        differs = f" (it differs in {', '.join(names)})" if names else ""
        raise StoreError(
            f"{self.folder} was begun with another configuration{differs}; resume with the same "
            "one or choose another --out folder."
        )

    def _drop_journal(self) -> None:
        if self._database is not None:
            self._database.close()
            self._database = None
        with told(self.journal, "removing", remedy=RESUME):
            for suffix in ("-wal", "-shm", ""):
                self.journal.with_name(JOURNAL + suffix).unlink(missing_ok=True)


def differing(ours: dict[str, str], theirs: dict[str, str]) -> list[str]:
    """Return the names, sorted, in which two readable configurations differ."""
    return sorted(name for name in {*ours, *theirs} if ours.get(name) != theirs.get(name))


def open_journal(path: Path) -> sqlite3.Connection:
    """Open a journal in write-ahead mode and make its tables.

    A commit survives the death of the process; only a loss of power may cost the last rows
    (sqlite.org/pragma.html#pragma_synchronous).
    """
    database = sqlite3.connect(path, timeout=5.0)
    database.execute("PRAGMA journal_mode=WAL")
    database.execute("PRAGMA synchronous=NORMAL")
    database.executescript(_SCHEMA)
    return database


def read_header(database: sqlite3.Connection, path: Path) -> RunHeader | None:
    """Return the header row; None if the run was killed before it was written."""
    with told(path, "reading", remedy=RESUME):
        row = database.execute("SELECT payload, checksum FROM header WHERE id = 1").fetchone()
    if row is None:
        return None
    if not intact(*row):
        raise damaged(path, "its header is not what was written")
    try:
        return msgspec.msgpack.decode(row[0], type=RunHeader)
    except msgspec.DecodeError as error:
        raise damaged(path, f"header: {error}") from None


def checksum_of(payload: bytes) -> bytes:
    """Return the checksum that guards a row against silent damage."""
    return hashlib.blake2b(payload, digest_size=CHECKSUM_BYTES).digest()


def intact(payload: object, checksum: object) -> bool:
    """Tell whether a row still is what was written."""
    return isinstance(payload, bytes) and checksum_of(payload) == checksum


def _refuse_nan(result: EpisodeResult) -> None:
    numbers = {**result.episode.scores, "confidence": result.episode.confidence}
    numbers |= {f"robust_prob on {v.engine}": v.robust_prob for v in result.verdicts}
    bad = [name for name, x in numbers.items() if x is not None and not math.isfinite(x)]
    if bad:
        key = result.episode.episode_key
        raise ValueError(f"Episode {key} holds a NaN or infinite value: {', '.join(bad)}.")
