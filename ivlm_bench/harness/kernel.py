"""Calls of the Linux kernel that Python's ``os`` has no name for."""

from __future__ import annotations

import ctypes
import os

#: Commands of prctl (linux/prctl.h).
PR_SET_PDEATHSIG = 1
PR_SET_DUMPABLE = 4
PR_SET_NO_NEW_PRIVS = 38

#: Version of the structures of capset (linux/capability.h, _LINUX_CAPABILITY_VERSION_3).
_CAPABILITY_VERSION = 0x20080522
#: Flags of unshare (linux/sched.h).
CLONE_NEWIPC = 0x08000000
CLONE_NEWUSER = 0x10000000
CLONE_NEWNET = 0x40000000

_libc = ctypes.CDLL(None, use_errno=True)
_libc.syscall.restype = ctypes.c_long


def syscall(number: int, *arguments: object) -> int:
    """Make a system call by its number; ``OSError`` if the kernel refuses."""
    return _checked(int(_libc.syscall(ctypes.c_long(number), *arguments)))


def prctl(command: int, value: int) -> None:
    """Set a property of this process; ``OSError`` if the kernel refuses."""
    _checked(_libc.prctl(command, ctypes.c_ulong(value), 0, 0, 0))


def unshare(flags: int) -> None:
    """Leave namespaces that are shared with other processes; ``OSError`` if it is not allowed."""
    _checked(_libc.unshare(flags))


def drop_capabilities() -> None:
    """Give up every privilege of a superuser, for good."""
    header = (ctypes.c_uint32 * 2)(_CAPABILITY_VERSION, 0)
    _checked(_libc.capset(ctypes.byref(header), ctypes.byref((ctypes.c_uint32 * 6)())))


def _checked(result: int) -> int:
    if result < 0:
        number = ctypes.get_errno()
        raise OSError(number, os.strerror(number))
    return result
