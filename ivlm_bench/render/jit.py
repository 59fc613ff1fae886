"""How the renderer's kernels are compiled: IEEE arithmetic, no fast-math, one thread.

A kernel on disk is renewed when the file that holds it changes, and only then: what a kernel
calls, and the constants in it, must stand in its own file.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeVar, cast

import numba

_WITHOUT_ENTRY: dict[str, Any] = {
    "error_model": "numpy",
    "no_cpython_wrapper": True,
    "no_cfunc_wrapper": True,
}

F = TypeVar("F", bound=Callable[..., Any])


def kernel(function: F) -> F:
    """Compile a function that Python calls; it is kept on disk between processes."""
    return cast(F, numba.njit(function, cache=True, error_model="numpy"))


def inner(function: F) -> F:
    """Compile a part of kernels, without an entry from Python: a sixth less time to compile."""
    return cast(F, numba.njit(function, **_WITHOUT_ENTRY))
