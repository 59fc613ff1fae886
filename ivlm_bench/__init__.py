"""Simulation-in-the-loop benchmarking of 3D interaction reasoning from images."""

from typing import Any

__version__ = "0.1.0"

#: Names of the Python face, imported only when they are asked for.
_API = ("RunConfig", "evaluate", "load_run")


def __getattr__(name: str) -> Any:
    if name in _API:
        from importlib import import_module

        return getattr(import_module("ivlm_bench.api"), name)
    raise AttributeError(f"module 'ivlm_bench' has no attribute {name!r}")
