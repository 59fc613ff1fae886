"""What a process that runs foreign code gives up before it begins.

Only light modules are imported here: whatever starts a thread must come after the lock.
"""

from __future__ import annotations

import contextlib
import glob
import os
import resource
import signal
from collections.abc import Callable, Iterable
from pathlib import Path

from ivlm_bench.harness import kernel
from ivlm_bench.harness.landlock import restrict_files
from ivlm_bench.harness.seccomp import restrict_calls

#: Address space that a confined process may take, bytes.
MEMORY_BYTES = 8 << 30
#: Largest file that it may write, bytes.
FILE_BYTES = 64 << 20
#: Files that it may hold open.
N_FILES = 256
#: Threads and processes that it may have (counted by the kernel in a user namespace only).
N_TASKS = 64

#: What stands before a protection that this kernel does not offer.
NOT_ENFORCED = "not enforced by this kernel: "

#: Devices that may be written to: the empty one, and those of graphics cards.
_DEVICES = ("/dev/null", "/dev/nvidia*", "/dev/dri/renderD*", "/dev/kfd")


def confine(folder: Path, *, parent: int, readable: Iterable[Path] = ()) -> tuple[str, ...]:
    """Give up all that answering needs not; return in words what the kernel enforces, or not.

    Parameters
    ----------
    folder
        The only folder that may be written to.
    parent
        Process id of the parent, without which this process ends.
    readable
        Files and folders that may be read, beside those of the system's libraries; no others.
    """
    kernel.prctl(kernel.PR_SET_PDEATHSIG, signal.SIGKILL)
    if os.getppid() != parent:  # it was gone before the call
        os._exit(1)
    kernel.prctl(kernel.PR_SET_NO_NEW_PRIVS, 1)
    alone = _own_namespaces()
    _set_limits(alone)
    with contextlib.suppress(OSError):
        kernel.drop_capabilities()
    devices = [Path(name) for pattern in _DEVICES for name in glob.glob(pattern)]
    steps: dict[str, Callable[[], None]] = {
        "files can be written in a scratch folder only, and read only there, among libraries and "
        "in the reasoner's own code": lambda: restrict_files(
            folder, devices=devices, readable=readable
        ),
        "no further processes, sockets or signals to others": restrict_calls,
    }
    told = [f"memory {MEMORY_BYTES >> 30} GiB, files {FILE_BYTES >> 20} MiB"]
    told.append(("" if alone else NOT_ENFORCED) + "a network of its own, without any interface")
    for words, step in steps.items():
        told.append(("" if _taken(step) else NOT_ENFORCED) + words)
    return tuple(told)


def _taken(step: Callable[[], None]) -> bool:
    try:
        step()
    except OSError:
        return False
    return True


def _own_namespaces() -> bool:
    """Leave the network and shared memory; tell whether the kernel allowed it."""
    user, group = os.getuid(), os.getgid()
    try:
        kernel.unshare(kernel.CLONE_NEWUSER | kernel.CLONE_NEWNET | kernel.CLONE_NEWIPC)
    except OSError:
        return False
    with contextlib.suppress(OSError):
        Path("/proc/self/uid_map").write_text(f"{user} {user} 1")
        Path("/proc/self/setgroups").write_text("deny")
        Path("/proc/self/gid_map").write_text(f"{group} {group} 1")
    return True


def _set_limits(alone: bool) -> None:
    limits = {
        resource.RLIMIT_AS: MEMORY_BYTES,
        resource.RLIMIT_FSIZE: FILE_BYTES,
        resource.RLIMIT_NOFILE: N_FILES,
        resource.RLIMIT_CORE: 0,
    }
    if alone:  # elsewhere all processes of the user would count
        limits[resource.RLIMIT_NPROC] = N_TASKS
    for name, wanted in limits.items():
        _, hard = resource.getrlimit(name)
        most = wanted if hard == resource.RLIM_INFINITY else min(wanted, hard)
        resource.setrlimit(name, (most, most))
