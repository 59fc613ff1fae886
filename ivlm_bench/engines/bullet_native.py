"""PyBullet's module, imported without its banner: output belongs to results."""

from __future__ import annotations

import ctypes
import importlib
import os
import sys
from typing import Any


def _import_quietly() -> Any:
    # The banner comes from C's buffered printf: point the descriptor elsewhere until it is out.
    sys.stdout.flush()
    flush = ctypes.CDLL(None).fflush
    flush(None)
    kept, nowhere = os.dup(1), os.open(os.devnull, os.O_WRONLY)
    try:
        os.dup2(nowhere, 1)
        module = importlib.import_module("pybullet")
        flush(None)
    finally:
        os.dup2(kept, 1)
        os.close(kept)
        os.close(nowhere)
    return module


pybullet = _import_quietly()
