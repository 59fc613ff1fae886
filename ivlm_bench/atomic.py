"""Files that appear under their name only as a whole, whoever else writes there."""

from __future__ import annotations

import contextlib
import os
import threading
from pathlib import Path

#: Ending of a file that is being written.
PARTIAL = ".partial"


def put_whole(path: Path, content: bytes) -> None:
    """Write a file, and the folders that it lies in.

    Its name shows the old content or the new one, never a part, also where several threads and
    processes write it. It is not forced onto the disk: for what may be made again.

    Raises
    ------
    OSError
        If it can't be written; nothing of it is left then.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    partial = path.with_name(f".{path.name}-{os.getpid()}-{threading.get_ident()}{PARTIAL}")
    try:
        partial.write_bytes(content)
        os.replace(partial, path)
    except OSError:
        with contextlib.suppress(OSError):
            partial.unlink()
        raise
