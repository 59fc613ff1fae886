"""PyBullet's module, imported without its banner: output belongs to results."""

from __future__ import annotations

import contextlib
import ctypes
import importlib
import os
import sys
from collections.abc import Iterator
from typing import Any


@contextlib.contextmanager
def silenced() -> Iterator[None]:
    """Send what C code prints nowhere, until the block ends."""
    # It comes from C's buffered streams: point the descriptors elsewhere until it is out.
    sys.stdout.flush()
    sys.stderr.flush()
    flush = ctypes.CDLL(None).fflush
    flush(None)
    kept, nowhere = (os.dup(1), os.dup(2)), os.open(os.devnull, os.O_WRONLY)
    try:
        os.dup2(nowhere, 1)
        os.dup2(nowhere, 2)
        yield
        flush(None)
    finally:
        for descriptor, copy in zip((1, 2), kept, strict=True):
            os.dup2(copy, descriptor)
            os.close(copy)
        os.close(nowhere)


def _import_quietly() -> Any:
    with silenced():
        return importlib.import_module("pybullet")


pybullet = _import_quietly()
