"""Physics engines behind one protocol, imported only when asked for."""

from __future__ import annotations

import importlib
import importlib.util
from dataclasses import dataclass

from ivlm_bench.errors import (
    MissingDependencyError,
    PluginError,
    UnknownNameError,
    did_you_mean,
)
from ivlm_bench.protocols import Engine
from ivlm_bench.registry import load_plugins


@dataclass(frozen=True, slots=True)
class EngineEntry:
    """Where an engine's class lives, the package it needs, and what to say without it."""

    module: str
    attribute: str
    requires: str
    if_missing: str


ENGINES: dict[str, EngineEntry] = {
    "mujoco": EngineEntry(
        "ivlm_bench.engines.mujoco_engine",
        "MujocoEngine",
        "mujoco",
        "Engine 'mujoco' needs the package mujoco: pip install 'mujoco>=4.0,<5'.",
    ),
    "pybullet": EngineEntry(
        "ivlm_bench.engines.bullet_engine",
        "BulletEngine",
        "pybullet",
        "Engine 'pybullet' needs the package pybullet: pip install pybullet==3.2.7. "
        "PyBullet has wheels for Python 3.10/3.11 on Linux x86-64 only; elsewhere run with "
        "--engine mujoco, and results are marked single-engine.",
    ),
}

_instances: dict[str, Engine] = {}


def register_engine(name: str, entry: EngineEntry) -> None:
    """Add an engine of a plugin; a second one under the same name is a ``PluginError``."""
    if ENGINES.setdefault(name, entry) != entry:
        raise PluginError(f"Two engines are called {name!r}; rename one of them.")


def available_engines() -> tuple[str, ...]:
    """Return the engines whose package is installed, the reference first.

    Engines of plugins are among them once ``ivlm_bench.registry.load_plugins`` has run.
    """
    return tuple(n for n, e in ENGINES.items() if importlib.util.find_spec(e.requires) is not None)


def get_engine(name: str) -> Engine:
    """Return the engine called ``name``, one instance a process.

    Raises
    ------
    UnknownNameError
        If no engine has that name; the message lists near names.
    MissingDependencyError
        If its package is not installed; the message gives the pip line.
    """
    if name not in ENGINES:
        load_plugins()
    if name not in ENGINES:
        hint = did_you_mean(name, list(ENGINES))
        raise UnknownNameError(f"No engine is called {name!r}.{hint}")
    entry = ENGINES[name]
    if importlib.util.find_spec(entry.requires) is None:
        raise MissingDependencyError(entry.if_missing)
    if name not in _instances:
        _instances[name] = getattr(importlib.import_module(entry.module), entry.attribute)()
    return _instances[name]
