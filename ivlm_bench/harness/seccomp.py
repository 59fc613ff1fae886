"""A filter of system calls: no new processes, no sockets, no hands on other processes."""

from __future__ import annotations

import ctypes
import errno
import os
import platform
import struct

from ivlm_bench.harness.kernel import syscall

#: Calls that are refused, with their numbers on x86-64 and on arm64 (None: there is no such call);
#: sources: arch/x86/entry/syscalls/syscall_64.tbl, include/uapi/asm-generic/unistd.h of Linux.
DENIED: dict[str, tuple[int, int | None]] = {
    "fork": (57, None),
    "vfork": (58, None),
    "socket": (41, 198),
    "ptrace": (101, 117),
    "process_vm_readv": (310, 270),
    "process_vm_writev": (311, 271),
    "tkill": (200, 130),
    "pidfd_open": (434, 434),
    "pidfd_getfd": (438, 438),
    "pidfd_send_signal": (424, 424),
    "io_uring_setup": (425, 425),  # its rings would open sockets unseen
    "bpf": (321, 280),
    "perf_event_open": (298, 241),
    "userfaultfd": (323, 282),
    "add_key": (248, 217),
    "request_key": (249, 218),
    "keyctl": (250, 219),
    "unshare": (272, 97),
    "setns": (308, 268),
    "chmod": (90, None),
    "fchmod": (91, 52),
    "fchmodat": (268, 53),
    "fchmodat2": (452, 452),
    "chown": (92, None),
    "fchown": (93, 55),
    "lchown": (94, None),
    "fchownat": (260, 54),
    # Times and attributes of files can be written where Landlock forbids to write the files.
    "utime": (132, None),
    "utimes": (235, None),
    "futimesat": (261, None),
    "utimensat": (280, 88),
    "setxattr": (188, 5),
    "lsetxattr": (189, 6),
    "fsetxattr": (190, 7),
    "setxattrat": (463, 463),
    "removexattr": (197, 14),
    "lremovexattr": (198, 15),
    "fremovexattr": (199, 16),
    "removexattrat": (466, 466),
    # Memory and messages that outlive the process, or that no limit counts.
    "shmget": (29, 194),
    "shmctl": (31, 195),
    "shmat": (30, 196),
    "semget": (64, 190),
    "msgget": (68, 186),
    "mq_open": (240, 180),
    "memfd_create": (319, 279),
    "memfd_secret": (447, 447),
}
#: Calls that may name no process but the caller (0 stands for it where the kernel says so).
OWN_ONLY: dict[str, tuple[int, int]] = {
    "kill": (62, 129),
    "tgkill": (234, 131),
    "rt_sigqueueinfo": (129, 138),
    "rt_tgsigqueueinfo": (297, 240),
    "prlimit64": (302, 261),
}
CLONE, CLONE3 = (56, 220), (435, 435)
SECCOMP = (317, 277)

#: Column of the tables above, and the kernel's mark of the architecture (linux/audit.h).
ARCHITECTURES = {"x86_64": (0, 0xC000003E), "aarch64": (1, 0xC00000B7)}

#: Calls from here on belong to the x32 variant of x86-64, with numbers of its own.
_X32 = 0x40000000
#: A clone with this flag starts a thread, not a process (linux/sched.h).
_CLONE_THREAD = 0x00010000

# Instructions of the filter language (linux/bpf_common.h): load a word, jump, return.
_LOAD, _JUMP_EQUAL, _JUMP_LEAST, _JUMP_BITS, _RETURN = 0x20, 0x15, 0x35, 0x45, 0x06
# Answers of the filter (linux/seccomp.h).
_ALLOW, _ERRNO, _KILL = 0x7FFF0000, 0x00050000, 0x80000000
# Offsets in struct seccomp_data: number of the call, architecture, first argument.
_NUMBER, _ARCHITECTURE, _ARGUMENT = 0, 4, 16

_SET_FILTER, _ALL_THREADS = 1, 1

Instruction = tuple[int, int, int, int]


class _Program(ctypes.Structure):
    _fields_ = (("length", ctypes.c_ushort), ("filter", ctypes.c_char_p))


def restrict_calls() -> None:
    """Refuse the calls of ``DENIED`` to this process from now on.

    Raises
    ------
    OSError
        If the kernel or the architecture knows no filters.
    """
    known = ARCHITECTURES.get(platform.machine())
    if known is None:
        raise OSError(errno.ENOSYS, f"no filter is written for {platform.machine()}")
    column, mark = known
    program = _program(column, mark, os.getpid())
    code = b"".join(struct.pack("=HBBI", op, yes, no, k) for op, yes, no, k in program)
    filled = _Program(len(program), code)
    syscall(SECCOMP[column], _SET_FILTER, _ALL_THREADS, ctypes.byref(filled))


def _program(column: int, mark: int, own_pid: int) -> list[Instruction]:
    refuse = _ERRNO | errno.EPERM
    program: list[Instruction] = [
        (_LOAD, 0, 0, _ARCHITECTURE),
        (_JUMP_EQUAL, 1, 0, mark),
        (_RETURN, 0, 0, _KILL),
        (_LOAD, 0, 0, _NUMBER),
    ]
    if column == 0:
        program += [(_JUMP_LEAST, 0, 1, _X32), (_RETURN, 0, 0, refuse)]
    for numbers in DENIED.values():
        number = numbers[column]
        if number is not None:
            program += [(_JUMP_EQUAL, 0, 1, number), (_RETURN, 0, 0, refuse)]
    # The C library falls back from clone3, whose flags no filter can read, to clone.
    program += [(_JUMP_EQUAL, 0, 1, CLONE3[column]), (_RETURN, 0, 0, _ERRNO | errno.ENOSYS)]
    program += [
        (_JUMP_EQUAL, 0, 4, CLONE[column]),
        (_LOAD, 0, 0, _ARGUMENT),
        (_JUMP_BITS, 0, 1, _CLONE_THREAD),
        (_RETURN, 0, 0, _ALLOW),
        (_RETURN, 0, 0, refuse),
    ]
    for name, own in OWN_ONLY.items():
        itself = 0 if name == "prlimit64" else own_pid
        program += [
            (_JUMP_EQUAL, 0, 5, own[column]),
            (_LOAD, 0, 0, _ARGUMENT),
            (_JUMP_EQUAL, 1, 0, own_pid),
            (_JUMP_EQUAL, 0, 1, itself),
            (_RETURN, 0, 0, _ALLOW),
            (_RETURN, 0, 0, refuse),
        ]
    return [*program, (_RETURN, 0, 0, _ALLOW)]
