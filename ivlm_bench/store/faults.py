"""Faults of disks and files, turned into one sentence: what, where, what to do."""

from __future__ import annotations

import errno
import shlex
import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from ivlm_bench.errors import StoreError

#: Remedy where a run can be gone on with.
RESUME = "run again with --resume"

_FULL = "The disk is full while {doing} {path}; free some space and {remedy}."
_READ_ONLY = "{path} is not writable while {doing} it; make it writable or choose another folder."
_LOCKED = "{path} is in use by another process; wait for it or choose another folder."
_DAMAGED = (
    "{path} is damaged ({detail}); it was left as it is. Its readable rows are kept with: "
    "python3 -c 'import sys; from ivlm_bench.store import salvage; print(salvage(sys.argv[1]))' "
    "{folder}, then run again with --resume."
)
_IN_THE_WAY = "{path} can't be a folder, a file is in the way; choose another folder."
_OTHER = "{begun} {path} failed ({detail}); check the disk and {remedy}."

_BY_ERRNO = {
    errno.ENOSPC: _FULL,
    errno.EDQUOT: _FULL,
    errno.EROFS: _READ_ONLY,
    errno.EACCES: _READ_ONLY,
    errno.EPERM: _READ_ONLY,
    errno.EEXIST: _IN_THE_WAY,
    errno.ENOTDIR: _IN_THE_WAY,
}
_BY_SQLITE_CODE = {
    sqlite3.SQLITE_FULL: _FULL,
    sqlite3.SQLITE_READONLY: _READ_ONLY,
    sqlite3.SQLITE_CANTOPEN: _READ_ONLY,
    sqlite3.SQLITE_PERM: _READ_ONLY,
    sqlite3.SQLITE_BUSY: _LOCKED,
    sqlite3.SQLITE_LOCKED: _LOCKED,
    sqlite3.SQLITE_CORRUPT: _DAMAGED,
    sqlite3.SQLITE_NOTADB: _DAMAGED,
    sqlite3.SQLITE_ERROR: _DAMAGED,  # such as "no such table" in a journal of ours
}
#: SQLite's extended codes carry the primary one in the low byte (sqlite.org/rescode.html).
_PRIMARY_CODE_MASK = 0xFF


@contextmanager
def told(path: Path, doing: str, *, remedy: str = "try again") -> Iterator[None]:
    """Turn faults of the disk into a ``StoreError`` that names ``path`` and what went on.

    Parameters
    ----------
    path : Path
        The file or folder that is worked on.
    doing : str
        A participle such as "writing".
    remedy : str
        What to do once the disk is in order; ``RESUME`` where a run can be gone on with.
    """
    try:
        yield
    except sqlite3.Error as error:
        code = getattr(error, "sqlite_errorcode", sqlite3.SQLITE_ERROR) & _PRIMARY_CODE_MASK
        template = _BY_SQLITE_CODE.get(code, _OTHER)
        raise StoreError(_sentence(template, path, doing, error, remedy)) from None
    except OSError as error:
        template = _BY_ERRNO.get(error.errno or 0, _OTHER)
        raise StoreError(_sentence(template, path, doing, error, remedy)) from None


def damaged(path: Path, detail: str) -> StoreError:
    """Return the error of a damaged journal."""
    return StoreError(_sentence(_DAMAGED, path, "reading", detail))


def _sentence(template: str, path: Path, doing: str, error: object, remedy: str = RESUME) -> str:
    return template.format(
        path=path,
        folder=shlex.quote(str(path.parent)),
        doing=doing,
        begun=doing.capitalize(),
        detail=getattr(error, "strerror", None) or str(error),
        remedy=remedy,
    )
