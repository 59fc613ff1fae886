"""Sealing: Parquet files, their SHA-256 sums, and the manifest last."""

from __future__ import annotations

import contextlib
import hashlib
import os
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from types import TracebackType

import msgspec
import pyarrow as pa
import pyarrow.parquet as pq

from ivlm_bench.digest import (
    decode_result,
    encode_result,
    outcome_of,
    plain_digest,
    run_digest,
)
from ivlm_bench.records import EpisodeResult, FileEntry, Manifest
from ivlm_bench.store.columns import Spread, order, repeating, tables_of

#: Written last: its presence marks a complete run.
MANIFEST = "manifest.json"

#: Episodes that are held at once while a run is sealed, and rows of a row group.
GROUP_ROWS = 20_000

#: Lines that ``sha256sum --check`` understands.
SUMS = "SHA256SUMS"


def seal_folder(folder: Path, results: Sequence[EpisodeResult], manifest: Manifest) -> Manifest:
    """Write the sealed files of a complete run and return the manifest as written.

    Each file appears under its name only when it is on disk as a whole; a fault before the last
    one leaves a folder that counts as not sealed.

    Raises
    ------
    OSError
        If the disk is full or not writable.
    """
    ordered = [decode_result(encode_result(result)) for result in sorted(results, key=order)]
    parts = (ordered[k : k + GROUP_ROWS] for k in range(0, max(len(ordered), 1), GROUP_ROWS))
    return seal_parts(folder, parts, Spread.of(r.episode for r in ordered), manifest)


def seal_parts(
    folder: Path, parts: Iterable[Sequence[EpisodeResult]], spread: Spread, manifest: Manifest
) -> Manifest:
    """Seal as ``seal_folder``, from results in their order that come ``GROUP_ROWS`` at a time.

    The results hold plain numbers, as decoded ones do; ``spread`` names the columns of all parts.
    No more than one part is held.
    """
    bits: list[tuple[str, str]] = []
    outcomes: list[tuple[str, str]] = []
    counts: Counter[str] = Counter()
    with TableFiles(folder) as files:
        for part in parts:
            files.write(tables_of(part, spread))
            counts.update(r.episode.status for r in part)
            bits += [(r.episode.episode_key, plain_digest(r)) for r in part]
            outcomes += [(r.episode.episode_key, outcome_of(r)) for r in part]
        entries = files.finish()
    sealed = msgspec.structs.replace(
        manifest,
        files=entries,
        n_planned=len(bits),
        n_by_status=dict(sorted(counts.items())),
        bit_digest=run_digest(bits),
        outcome_digest=run_digest(outcomes),
    )
    sums = "".join(f"{entry.sha256}  {entry.name}\n" for entry in entries)
    write_whole(folder / SUMS, sums.encode())
    text = msgspec.json.format(msgspec.json.encode(sealed), indent=2)
    write_whole(folder / MANIFEST, text + b"\n")
    return sealed


class TableFiles:
    """Sealed files while they grow, a row group a part; a context manager.

    Parameters
    ----------
    folder
        Where the files appear under their names, each as a whole, when they are finished.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._writers: dict[str, pq.ParquetWriter] = {}
        self._rows: Counter[str] = Counter()

    def __enter__(self) -> TableFiles:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        for name, writer in self._writers.items():
            with contextlib.suppress(OSError):
                writer.close()
            self._partial(name).unlink(missing_ok=True)

    def write(self, parts: Mapping[str, pa.Table]) -> None:
        """Add a part to each file."""
        for name, table in parts.items():
            if name not in self._writers:
                self._writers[name] = _writer(self._partial(name), table.schema)
            self._writers[name].write_table(table)
            self._rows[name] += table.num_rows

    def finish(self) -> tuple[FileEntry, ...]:
        """Let the files appear and return their entries for the manifest."""
        entries = []
        for name, writer in self._writers.items():
            writer.close()
            partial = self._partial(name)
            with partial.open("rb+") as file:
                digest = hashlib.file_digest(file, "sha256").hexdigest()
                os.fsync(file.fileno())
            os.replace(partial, self._folder / name)
            entries.append(FileEntry(name=name, sha256=digest, rows=self._rows[name]))
        _sync_folder(self._folder)
        return tuple(entries)

    def _partial(self, name: str) -> Path:
        return self._folder / f".{name}.partial"


def _writer(path: Path, schema: pa.Schema) -> pq.ParquetWriter:
    return pq.ParquetWriter(str(path), schema, compression="zstd", use_dictionary=repeating(schema))


def write_whole(path: Path, content: bytes) -> None:
    """Write a file so that its name shows either the old or the new content, never a part."""
    partial = path.with_name(f".{path.name}.partial")
    try:
        with partial.open("wb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        os.replace(partial, path)
    finally:
        partial.unlink(missing_ok=True)
    _sync_folder(path.parent)


def write_table(folder: Path, name: str, table: pa.Table) -> FileEntry:
    """Write one sealed file and return its entry for the manifest."""
    sink = pa.BufferOutputStream()
    pq.write_table(table, sink, compression="zstd")
    content = sink.getvalue().to_pybytes()
    write_whole(folder / name, content)
    digest = hashlib.sha256(content).hexdigest()
    return FileEntry(name=name, sha256=digest, rows=table.num_rows)


def _sync_folder(folder: Path) -> None:
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
