"""Sealed runs, read back and held to their SHA-256 sums."""

from __future__ import annotations

import hashlib
import io
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path

import msgspec
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq

from ivlm_bench.errors import StoreError
from ivlm_bench.records import EpisodeResult, FileEntry, Manifest
from ivlm_bench.store.columns import EPISODES, PREDICTIONS, VERDICTS, results_from
from ivlm_bench.store.faults import told
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
        """The records themselves, in the order of ``episodes``."""
        return results_from(self.tables[EPISODES], self.tables[VERDICTS], self.tables[PREDICTIONS])


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
    return Run(folder, manifest, {name: read_table(folder, e) for name, e in entries.items()})


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
    path = folder / entry.name
    if not path.is_file():
        raise _broken(path, "it is missing")
    with told(path, "reading"):
        content = path.read_bytes()
    if hashlib.sha256(content).hexdigest() != entry.sha256:
        raise _broken(path, "its SHA-256 is not the one in the manifest")
    try:
        table = pq.read_table(io.BytesIO(content))
    except (pa.ArrowException, OSError) as error:
        raise _broken(path, str(error)) from None
    if table.num_rows != entry.rows:
        raise _broken(path, f"it has {table.num_rows} rows, not {entry.rows}")
    return table


def _broken(path: Path, detail: str) -> StoreError:
    return StoreError(
        f"{path} is damaged ({detail}); restore it from a copy, or run again into another folder."
    )
