"""Folders that foreign code has written in: how much lies there, and how they are removed.

Nothing here recurses: such a folder may be nested deeper than Python's stack and than any path.
"""

from __future__ import annotations

import contextlib
import itertools
import os
import secrets
import stat
from pathlib import Path

#: Bytes on disk, and files and folders, that an isolated reasoner may leave in its folder.
MAX_BYTES = 256 << 20
MAX_ENTRIES = 5_000
#: Bytes of a block as ``stat`` counts them (POSIX, st_blocks).
_BLOCK_BYTES = 512


def is_overfull(folder: Path) -> bool:
    """Tell whether ``folder`` holds more than may lie there, or hides what it holds."""
    todo, n_bytes, n_entries = [str(folder)], 0, 0
    while todo:
        try:
            with os.scandir(todo.pop()) as entries:
                for entry in entries:
                    n_entries += 1
                    n_bytes += entry.stat(follow_symlinks=False).st_blocks * _BLOCK_BYTES
                    if n_bytes > MAX_BYTES or n_entries > MAX_ENTRIES:
                        return True
                    if entry.is_dir(follow_symlinks=False):
                        todo.append(entry.path)
        except FileNotFoundError:  # removed meanwhile
            continue
        except OSError:  # nested deeper than a path is long, or shut
            return True
    return False


def remove_tree(folder: Path) -> None:
    """Remove ``folder`` with all that is in it, however deep; what can't be removed stays.

    Every folder below is lifted to the top before it is emptied, so that no path and no row of
    open files grows with the depth. Nobody may write in it meanwhile.
    """
    try:
        top = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW)
    except OSError:
        return
    mark, numbers = secrets.token_hex(8), itertools.count()
    try:
        todo = _folders_left(top)
        while todo:
            name = todo.pop()
            with contextlib.suppress(OSError):
                inner = os.open(name, os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW, dir_fd=top)
                try:
                    for child in _folders_left(inner):
                        lifted = f"{mark}-{next(numbers)}"
                        os.rename(child, lifted, src_dir_fd=inner, dst_dir_fd=top)
                        todo.append(lifted)
                finally:
                    os.close(inner)
                os.rmdir(name, dir_fd=top)
    finally:
        os.close(top)
    with contextlib.suppress(OSError):
        folder.rmdir()


def _folders_left(descriptor: int) -> list[str]:
    """Remove all files of an open folder; return the names of the folders in it, made usable."""
    folders = []
    for name in os.listdir(descriptor):
        with contextlib.suppress(OSError):
            kind = os.stat(name, dir_fd=descriptor, follow_symlinks=False).st_mode
            if stat.S_ISDIR(kind):
                folders.append(name)
                os.chmod(name, stat.S_IRWXU, dir_fd=descriptor)
            else:
                os.unlink(name, dir_fd=descriptor)
    return folders
