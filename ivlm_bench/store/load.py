"""Sealed runs, read back and held to their SHA-256 sums."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path

import msgspec
import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq

from ivlm_bench.errors import StoreError
from ivlm_bench.records import EpisodeResult, FileEntry, Manifest
from ivlm_bench.store.columns import EPISODES, PREDICTIONS, VERDICTS, results_from
from ivlm_bench.store.faults import told
from ivlm_bench.store.schema import misfit
from ivlm_bench.store.seal import MANIFEST


@dataclass(frozen=True, eq=False)
class Run:
    """One sealed run.

    ``episodes``: one row an episode, metrics in columns ``m_<metric>``, stages in
    ``stage_<name>``. ``verdicts``: one row an episode and engine. ``predictions``: serialised
    answer by episode key.
    """

    folder: Path
    manifest: Manifest
    tables: Mapping[str, pa.Table] = field(repr=False)

    def columns(
        self, name: str, columns: Sequence[str] | None = None, encoded: Sequence[str] = ()
    ) -> pa.Table:
        """Return some columns of a sealed file, in their stored order; those alone are read.

        Columns that the file lacks are left out. ``encoded`` texts may come as a dictionary of
        what occurs, as they lie in the file.
        """
        if isinstance(self.tables, SealedTables):
            return self.tables.columns(name, columns, encoded)
        table = self.tables[name]
        return table if columns is None else table.select(_shared(table.column_names, columns))

    def numbers(self, name: str, columns: Sequence[str]) -> dict[str, tuple[np.ndarray, int]]:
        """Return columns as (n,) float arrays, NaN where a cell is empty, and how many are."""
        if isinstance(self.tables, SealedTables):
            return _numbers(self.tables.parts(name, columns), columns, self.tables.n_rows(name))
        table = self.columns(name, columns)
        return _numbers([table], columns, table.num_rows)

    def column_names(self, name: str) -> list[str]:
        """Return the columns of a sealed file without reading one."""
        if isinstance(self.tables, SealedTables):
            return self.tables.column_names(name)
        return list(self.tables[name].column_names)

    @cached_property
    def episodes(self) -> pd.DataFrame:
        """One row an episode."""
        return self.tables[EPISODES].to_pandas()

    @cached_property
    def verdicts(self) -> pd.DataFrame:
        """One row an episode and engine."""
        return self.tables[VERDICTS].to_pandas()

    @cached_property
    def predictions(self) -> dict[str, bytes]:
        """Serialised answer by episode key."""
        rows = self.tables[PREDICTIONS].to_pylist()
        return {row["episode_key"]: row["prediction"] for row in rows}

    @cached_property
    def results(self) -> tuple[EpisodeResult, ...]:
        """The records themselves, in the order of ``episodes``.

        Raises
        ------
        StoreError
            If a cell holds what no record holds, or an answer is missing.
        """
        tables = (self.tables[name] for name in (EPISODES, VERDICTS, PREDICTIONS))
        try:
            return results_from(*tables)
        except msgspec.ValidationError as error:
            raise _broken(self.folder, f"a record is none: {error}") from None
        except KeyError as error:
            raise _broken(self.folder / PREDICTIONS, f"it lacks the answer of {error}") from None


class SealedTables(Mapping[str, pa.Table]):
    """The tables of a run whose files were held to their sums; each is read when it is asked for.

    Parameters
    ----------
    folder
        Folder of the run.
    entries
        The sealed files by name.

    Raises
    ------
    StoreError
        If a file is missing or not what was sealed.
    """

    def __init__(self, folder: Path, entries: Mapping[str, FileEntry]) -> None:
        self._folder, self._entries = folder, entries
        self._read: dict[str, pa.Table] = {}
        self._names = {name: _checked(folder, entry) for name, entry in entries.items()}

    def __getitem__(self, name: str) -> pa.Table:
        if name not in self._read:
            self._names[name]  # an unknown name is a KeyError, as in any mapping
            self._read[name] = _read(self._folder / name, None)
        return self._read[name]

    def __iter__(self) -> Iterator[str]:
        return iter(self._names)

    def __len__(self) -> int:
        return len(self._names)

    def columns(
        self, name: str, columns: Sequence[str] | None, encoded: Sequence[str] = ()
    ) -> pa.Table:
        """Return some columns (those of them that there are) of a file."""
        if columns is None:
            return self[name]
        wanted = _shared(self._names[name], columns)
        if name in self._read:
            return self._read[name].select(wanted)
        return _read(self._folder / name, wanted, encoded=[n for n in wanted if n in encoded])

    def parts(self, name: str, columns: Sequence[str]) -> Iterator[pa.Table]:
        """Yield some columns of a file a group of rows after the other; none is kept."""
        yield from _parts(self._folder / name, _shared(self._names[name], columns))

    def n_rows(self, name: str) -> int:
        """Return how many rows a file has."""
        return self._entries[name].rows

    def column_names(self, name: str) -> list[str]:
        """Return the columns of a file."""
        return list(self._names[name])


def _shared(names: Sequence[str], wanted: Sequence[str]) -> list[str]:
    return [name for name in names if name in wanted]


def is_sealed(folder: Path | str) -> bool:
    """Tell whether a folder holds a complete run (its manifest is written last)."""
    return (Path(folder) / MANIFEST).is_file()


def load_run(path: Path | str) -> Run:
    """Read a sealed run and check every file against its SHA-256 sum.

    Raises
    ------
    StoreError
        If the folder holds no sealed run, or a file is missing or damaged; it is named.
    """
    folder = Path(path)
    folder = folder.parent if folder.name == MANIFEST else folder
    manifest = read_manifest(folder)
    entries = {entry.name: entry for entry in manifest.files}
    missing = {EPISODES, VERDICTS, PREDICTIONS} - set(entries)
    if missing:
        raise StoreError(
            f"{folder / MANIFEST} does not list {', '.join(sorted(missing))}; "
            "restore the folder from a copy or run again."
        )
    return Run(folder, manifest, SealedTables(folder, entries))


def read_manifest(folder: Path) -> Manifest:
    """Return a run's manifest; ``StoreError`` if there is none or it is damaged."""
    path = folder / MANIFEST
    if not folder.is_dir():
        raise StoreError(f"There is no folder {folder}; give the folder of a run.")
    if not path.is_file():
        begun = (folder / "journal.sqlite").exists()
        remedy = "finish the run with --resume" if begun else "give the folder of a finished run"
        raise StoreError(f"{folder} holds no sealed run ({MANIFEST} is missing); {remedy}.")
    with told(path, "reading"):
        content = path.read_bytes()
    try:
        return msgspec.json.decode(content, type=Manifest)
    except msgspec.DecodeError as error:
        raise _broken(path, str(error)) from None


def read_table(folder: Path, entry: FileEntry) -> pa.Table:
    """Return a sealed file's table; ``StoreError`` if it is missing or not what was sealed."""
    _checked(folder, entry, of_run=False)
    return _read(folder / entry.name, None)


def _checked(folder: Path, entry: FileEntry, *, of_run: bool = True) -> tuple[str, ...]:
    """Return the columns of a file that is what was sealed; its rows are hashed, not decoded."""
    path = folder / entry.name
    if not path.is_file():
        raise _broken(path, "it is missing")
    with told(path, "reading"), path.open("rb") as file:
        digest = hashlib.file_digest(file, "sha256").hexdigest()
    if digest != entry.sha256:
        raise _broken(path, "its SHA-256 is not the one in the manifest")
    try:
        head = pq.read_metadata(path)
        schema = head.schema.to_arrow_schema()
    except (pa.ArrowException, OSError) as error:
        raise _broken(path, str(error)) from None
    if of_run and (wrong := misfit(entry.name, schema)):
        raise _broken(path, wrong)
    if head.num_rows != entry.rows:
        raise _broken(path, f"it has {head.num_rows} rows, not {entry.rows}")
    return tuple(schema.names)


def _read(path: Path, columns: list[str] | None, encoded: Sequence[str] = ()) -> pa.Table:
    return pa.concat_tables(_parts(path, columns, encoded))


def _parts(
    path: Path, columns: list[str] | None, encoded: Sequence[str] = ()
) -> Iterator[pa.Table]:
    # One thread and one group of rows at a time: packed bytes of no more than that are held.
    try:
        with pq.ParquetFile(path, read_dictionary=list(encoded)) as file:
            if not file.num_row_groups:
                yield file.read(columns=columns)
            for group in range(file.num_row_groups):
                yield file.read_row_group(group, columns=columns, use_threads=False)
    except (pa.ArrowException, OSError) as error:
        raise _broken(path, str(error)) from None


def _numbers(
    parts: Iterable[pa.Table], columns: Sequence[str], n_rows: int
) -> dict[str, tuple[np.ndarray, int]]:
    found = {name: np.empty(n_rows) for name in columns}
    n_empty = dict.fromkeys(columns, 0)
    start = 0
    for part in parts:
        for name in columns:
            column = part[name].cast(pa.float64())
            found[name][start : start + len(column)] = column.to_numpy()
            n_empty[name] += column.null_count
        start += part.num_rows
    return {name: (values, n_empty[name]) for name, values in found.items()}


def _broken(path: Path, detail: str) -> StoreError:
    return StoreError(
        f"{path} is damaged ({detail}); restore it from a copy, or run again into another folder."
    )
