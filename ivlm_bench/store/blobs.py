"""A cache of byte strings in a folder, shared by any number of processes."""

from __future__ import annotations

import contextlib
import os
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from ivlm_bench.atomic import PARTIAL, put_whole
from ivlm_bench.errors import StoreError
from ivlm_bench.store.packed import pack, unpack

#: Seconds after which such a file was left behind by a process that died.
_STALE_S = 3600.0
#: Share of the limit that is left after pruning, so that not every entry prunes.
_KEPT_SHARE = 0.9
#: Share of the limit that one process may write before it looks at the whole folder again.
_UNSEEN_SHARE = 1 / 32


@dataclass(frozen=True, slots=True)
class _Entry:
    used_s: float
    size: int
    path: Path


class BlobCache:
    """Content by key; nothing that goes wrong here is an error, only a miss.

    Each entry is compressed, checked when it is read, and written whole under its name. Entries
    not used for longest are removed when all together are larger than ``limit_bytes``.

    Parameters
    ----------
    folder : Path
        Made when the first entry is written.
    limit_bytes : int
        Size of all entries that pruning keeps below.
    """

    def __init__(self, folder: Path, limit_bytes: int) -> None:
        self.folder, self.limit_bytes = folder, limit_bytes
        self._writable = True
        self._unseen = limit_bytes  # what other processes left is not known yet

    def get(self, key: str) -> memoryview | None:
        """Return what was kept under ``key``, or None; a damaged entry is removed and told."""
        path = self._path(key)
        try:
            packed = path.read_bytes()
        except OSError:
            return None
        try:
            content = unpack(packed)
        except StoreError as error:
            self.discard(key, str(error))
            return None
        with contextlib.suppress(OSError):
            os.utime(path)
        return content

    def put(self, key: str, content: bytes) -> None:
        """Keep ``content``; where that can't be written, say so once and write no more."""
        if not self._writable:
            return
        packed = pack(content)
        try:
            put_whole(self._path(key), packed)
        except OSError as error:
            self._writable = False
            _tell(
                f"nothing more is kept in the cache {self.folder} ({error.strerror or error}); "
                "make room there, or set IVLM_BENCH_CACHE to another folder"
            )
            return
        self._unseen += len(packed)
        if self._unseen >= self.limit_bytes * _UNSEEN_SHARE:
            self.prune()

    def discard(self, key: str, why: str) -> None:
        """Remove an entry that can't be used and tell why; a locked folder leaves it."""
        path = self._path(key)
        with contextlib.suppress(OSError):
            path.unlink()
        _tell(f"the cache entry {path} was damaged ({why}) and is made again")

    def size_bytes(self) -> int:
        """Return the size of all entries together."""
        return sum(entry.size for entry in self._entries())

    def prune(self) -> None:
        """Remove the entries not used for longest until the limit holds."""
        self._unseen = 0
        entries = sorted(self._entries(), key=lambda entry: entry.used_s)
        size = sum(entry.size for entry in entries)
        if size <= self.limit_bytes:
            return
        for entry in entries:
            if size <= self.limit_bytes * _KEPT_SHARE:
                break
            with contextlib.suppress(OSError):
                entry.path.unlink()
            size -= entry.size

    def _path(self, key: str) -> Path:
        return self.folder / key[:2] / key

    def _entries(self) -> Iterator[_Entry]:
        """Yield every entry; what a dead process left half written is removed."""
        for path in self.folder.glob("??/*"):
            try:
                facts = path.stat()
                if not path.name.endswith(PARTIAL):
                    yield _Entry(facts.st_mtime, facts.st_size, path)
                elif time.time() - facts.st_mtime > _STALE_S:
                    path.unlink()
            except OSError:  # another process was faster
                continue


def _tell(sentence: str) -> None:
    print(f"ivlm-bench: {sentence}.", file=sys.stderr, flush=True)
