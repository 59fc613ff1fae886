"""Files under the kernel's lock: a process writes in one folder only, and some it can't read.

Landlock also keeps it from tracing, and so from reading the memory of, processes outside of its own
lock (docs.kernel.org/userspace-api/landlock.html).
"""

from __future__ import annotations

import contextlib
import ctypes
import os
from collections.abc import Iterable, Iterator
from pathlib import Path

from ivlm_bench.harness.kernel import syscall

#: Numbers of the three calls, the same on all architectures.
_CREATE, _ADD_RULE, _RESTRICT = 444, 445, 446
_ASK_VERSION = 1
_PATH_BENEATH = 1

#: Rights over files that are taken away, with the version of Landlock that knows them
#: (linux/landlock.h): write a file; remove folders and files; make nodes of seven kinds; link and
#: rename between folders; cut a file short. The right to read is taken where files are hidden.
_WRITE_FILE, _READ_FILE, _TRUNCATE = 1 << 1, 1 << 2, 1 << 14
_RIGHTS = {1: sum(1 << bit for bit in (1, 4, 5, 6, 7, 8, 9, 10, 11, 12)), 2: 1 << 13, 3: _TRUNCATE}
#: Bind and connect over TCP, known from version 4 on.
_TCP, _TCP_VERSION = 0b11, 4
#: Abstract sockets and signals of processes outside, known from version 6 on.
_OUTSIDE, _OUTSIDE_VERSION = 0b11, 6


def restrict_files(
    folder: Path, *, devices: Iterable[Path] = (), hidden: Iterable[Path] = ()
) -> None:
    """Let this process write below ``folder`` and into ``devices`` only, from now on.

    It can't read ``hidden`` files and folders, nor files that are made beside them later on.

    Raises
    ------
    OSError
        If the kernel does not know Landlock, or has it switched off.
    """
    version = syscall(_CREATE, None, ctypes.c_size_t(0), _ASK_VERSION)
    rights = sum(bits for since, bits in _RIGHTS.items() if since <= version)
    network = _TCP if version >= _TCP_VERSION else 0
    outside = _OUTSIDE if version >= _OUTSIDE_VERSION else 0
    secrets = {path.resolve() for path in hidden}
    fields = (
        [rights | (_READ_FILE if secrets else 0)]
        + [network] * (version >= 4)
        + [outside] * (version >= 6)
    )
    attributes = (ctypes.c_uint64 * len(fields))(*fields)
    size = ctypes.c_size_t(ctypes.sizeof(attributes))
    ruleset = syscall(_CREATE, ctypes.byref(attributes), size, 0)
    try:
        _allow(ruleset, folder, rights)
        for path in _but(Path("/"), secrets) if secrets else ():
            with contextlib.suppress(OSError):  # gone by now, or not to be opened by us
                _allow(ruleset, path, _READ_FILE)
        for device in devices:
            with contextlib.suppress(OSError):
                _allow(ruleset, device, rights & (_WRITE_FILE | _TRUNCATE))
        syscall(_RESTRICT, ruleset, 0)
    finally:
        os.close(ruleset)


def _but(folder: Path, hidden: set[Path]) -> Iterator[Path]:
    """Yield files and folders that together are all below ``folder`` without the hidden ones."""
    children: list[Path] = []
    with contextlib.suppress(PermissionError):
        children = sorted(folder.iterdir())
    for child in children:
        real = child.resolve() if child.is_symlink() else child
        if real in hidden:
            continue
        if not any(real in path.parents for path in hidden):
            yield child
        elif not child.is_symlink():
            yield from _but(child, hidden)


def _allow(ruleset: int, path: Path, rights: int) -> None:
    descriptor = os.open(path, os.O_PATH | os.O_CLOEXEC)
    try:
        # struct landlock_path_beneath_attr is packed: eight bytes of rights, four of descriptor
        content = rights.to_bytes(8, "little") + descriptor.to_bytes(4, "little")
        syscall(_ADD_RULE, ruleset, _PATH_BENEATH, ctypes.c_char_p(content), 0)
    finally:
        os.close(descriptor)
