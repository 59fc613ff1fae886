"""Files under the kernel's lock: a process writes in one folder only, and reads what it is allowed.

Landlock also keeps it from tracing, and so from reading the memory of, processes outside of its own
lock (docs.kernel.org/userspace-api/landlock.html).
"""

from __future__ import annotations

import contextlib
import ctypes
import os
from collections.abc import Iterable
from pathlib import Path

from ivlm_bench.harness.kernel import syscall

#: Numbers of the three calls, the same on all architectures.
_CREATE, _ADD_RULE, _RESTRICT = 444, 445, 446
_ASK_VERSION = 1
_PATH_BENEATH = 1

#: Rights over files that are taken away, with the version of Landlock that knows them
#: (linux/landlock.h): write a file; remove folders and files; make nodes of seven kinds; link and
#: rename between folders; cut a file short. Reading a file is bit 2.
_WRITE_FILE, _READ_FILE, _TRUNCATE = 1 << 1, 1 << 2, 1 << 14
_RIGHTS = {1: sum(1 << bit for bit in (1, 4, 5, 6, 7, 8, 9, 10, 11, 12)), 2: 1 << 13, 3: _TRUNCATE}
#: Bind and connect over TCP, known from version 4 on.
_TCP, _TCP_VERSION = 0b11, 4
#: Abstract sockets and signals of processes outside, known from version 6 on.
_OUTSIDE, _OUTSIDE_VERSION = 0b11, 6


def restrict_files(
    folder: Path, *, devices: Iterable[Path] = (), readable: Iterable[Path] = ()
) -> None:
    """Let this process write below ``folder`` and into ``devices`` only, from now on.

    Beside these it can read ``readable`` files, and those below ``readable`` folders.

    Raises
    ------
    OSError
        If the kernel does not know Landlock, or has it switched off.
    """
    version = syscall(_CREATE, None, ctypes.c_size_t(0), _ASK_VERSION)
    rights = _READ_FILE | sum(bits for since, bits in _RIGHTS.items() if since <= version)
    network = _TCP if version >= _TCP_VERSION else 0
    outside = _OUTSIDE if version >= _OUTSIDE_VERSION else 0
    fields = [rights] + [network] * (version >= 4) + [outside] * (version >= 6)
    attributes = (ctypes.c_uint64 * len(fields))(*fields)
    size = ctypes.c_size_t(ctypes.sizeof(attributes))
    ruleset = syscall(_CREATE, ctypes.byref(attributes), size, 0)
    try:
        _allow(ruleset, folder, rights)
        for path in readable:
            with contextlib.suppress(OSError):  # gone by now, or not to be opened by us
                _allow(ruleset, path, _READ_FILE)
        for device in devices:
            with contextlib.suppress(OSError):
                _allow(ruleset, device, rights & (_READ_FILE | _WRITE_FILE | _TRUNCATE))
        syscall(_RESTRICT, ruleset, 0)
    finally:
        os.close(ruleset)


def _allow(ruleset: int, path: Path, rights: int) -> None:
    descriptor = os.open(path, os.O_PATH | os.O_CLOEXEC)
    try:
        # struct landlock_path_beneath_attr is packed: eight bytes of rights, four of descriptor
        content = rights.to_bytes(8, "little") + descriptor.to_bytes(4, "little")
        syscall(_ADD_RULE, ruleset, _PATH_BENEATH, ctypes.c_char_p(content), 0)
    finally:
        os.close(descriptor)
