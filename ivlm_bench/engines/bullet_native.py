"""PyBullet's module, imported without its banner: output belongs to results."""

from __future__ import annotations

import ctypes
import importlib
import os
import sys
from typing import Any


def _import_quietly() -> Any:
    # The banner comes from C's buffered streams: point the descriptors elsewhere until it is out.
    sys.stdout.flush()
    sys.stderr.flush()
    flush = ctypes.CDLL(None).fflush
    flush(None)
    kept, nowhere = (os.dup(1), os.dup(2)), os.open(os.devnull, os.O_WRONLY)
    try:
        os.dup2(nowhere, 1)
        os.dup2(nowhere, 2)
        module = importlib.import_module("pybullet")
        flush(None)
    finally:
        for descriptor, copy in zip((1, 2), kept, strict=True):
            os.dup2(copy, descriptor)
            os.close(copy)
        os.close(nowhere)
    return module


pybullet = _import_quietly()
