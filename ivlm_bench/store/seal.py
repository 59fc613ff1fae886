"""Sealing: Parquet files, their SHA-256 sums, and the manifest last."""

from __future__ import annotations

import hashlib
import os
from collections import Counter
from collections.abc import Sequence
from pathlib import Path

import msgspec
import pyarrow as pa
import pyarrow.parquet as pq

from ivlm_bench.digest import bit_digest, outcome_digest
from ivlm_bench.records import EpisodeResult, FileEntry, Manifest
from ivlm_bench.store.columns import tables

#: Written last: its presence marks a complete run.
MANIFEST = "manifest.json"

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
    entries = tuple(write_table(folder, name, t) for name, t in tables(results).items())
    sealed = msgspec.structs.replace(
        manifest,
        files=entries,
        n_planned=len(results),
        n_by_status=dict(sorted(Counter(r.episode.status for r in results).items())),
        bit_digest=bit_digest(results),
        outcome_digest=outcome_digest(results),
    )
    sums = "".join(f"{entry.sha256}  {entry.name}\n" for entry in entries)
    write_whole(folder / SUMS, sums.encode())
    text = msgspec.json.format(msgspec.json.encode(sealed), indent=2)
    write_whole(folder / MANIFEST, text + b"\n")
    return sealed


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
