"""Which headless OpenGL works here: probed in a process of its own, egl first, then osmesa.

A failing GL library may end the process that tries it, so nothing is tried in ours. A window
system (glfw) is never used: pictures must not depend on a display.
"""

from __future__ import annotations

import atexit
import importlib
import os
import subprocess
import sys
from functools import cache
from typing import Any

from ivlm_bench.errors import ConfigError, MissingDependencyError

#: Backends in the order in which they are tried, with the Debian package that brings each.
BACKENDS = {"egl": "libegl1", "osmesa": "libosmesa6"}
#: Seconds that a probe may take: a cold driver compiles for a while.
PROBE_S = 60.0
#: Variables that name a backend; ours is set for the probe alone.
_VARIABLES = ("MUJOCO_GL", "PYOPENGL_PLATFORM")


@cache
def choose_backend() -> str:
    """Return the first backend that draws here; ``MUJOCO_GL`` narrows the choice.

    Raises
    ------
    ConfigError
        If ``MUJOCO_GL`` asks for a backend that is never used.
    MissingDependencyError
        If none draws; the message says what to install.
    """
    asked = os.environ.get("MUJOCO_GL", "").lower()
    if asked and asked not in BACKENDS:
        raise ConfigError(
            f"MUJOCO_GL is {asked!r}; the renderer mujoco-gl draws without a display only: unset "
            f"it, or set it to one of {', '.join(BACKENDS)}."
        )
    failures = {}
    for backend in [asked] if asked else BACKENDS:
        failures[backend] = probe(backend)
        if not failures[backend]:
            return backend
    packages = " or ".join(BACKENDS[backend] for backend in failures)
    why = "; ".join(f"{backend}: {reason}" for backend, reason in failures.items())
    raise MissingDependencyError(
        f"The renderer mujoco-gl finds no headless OpenGL ({why}). On Debian or Ubuntu install "
        f"one with: apt-get install {packages}. The default renderer 'soft' needs none."
    )


def probe(backend: str) -> str:
    """Open a context in another process; return an empty text, or why that failed."""
    names = {n: v for n, v in os.environ.items() if n not in _VARIABLES}
    command = [sys.executable, "-m", "ivlm_bench.render.gl_backend", backend]
    try:
        done = subprocess.run(
            command, env=names, capture_output=True, text=True, timeout=PROBE_S, check=False
        )
    except subprocess.TimeoutExpired:
        return f"no answer within {PROBE_S:g} s"
    if done.returncode == 0:
        return ""
    lines = done.stderr.strip().splitlines()
    return lines[-1] if lines else f"the probe ended with code {done.returncode}"


def new_context(backend: str, size_px: int) -> Any:
    """Return a current OpenGL context of ``backend``, at least ``size_px`` square."""
    module = importlib.import_module(f"mujoco.{backend}")
    context = module.GLContext(size_px, size_px)
    atexit.register(context.free)  # while the modules that it is freed with are still there
    context.make_current()
    return context


if __name__ == "__main__":
    new_context(sys.argv[1], 16)
