"""What a miniature is: a small made-up data set that lies on disk exactly as the owner's does."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np

from ivlm_bench.errors import ConfigError
from ivlm_bench.registry import Registry

#: Writes one miniature into a folder that is there and empty.
Maker = Callable[[Path, np.random.Generator], None]

#: Every miniature under the name of the data set whose layout it has.
MINIATURES: Registry[Maker] = Registry("miniature data set")


def add_miniature(name: str, make: Maker) -> Maker:
    """Register ``make`` under the name of its data set."""
    return MINIATURES.register(name, make)


def make_miniature(name: str, folder: Path | str, *, seed: int = 0) -> Path:
    """Make the miniature called ``name`` in ``folder`` and return the folder.

    The same seed gives the same files, byte by byte.

    Raises
    ------
    UnknownNameError
        If there is no such miniature.
    ConfigError
        If the folder is a file or holds something already.
    """
    make = MINIATURES.get(name)
    home = Path(folder)
    if home.exists() and not home.is_dir():
        raise ConfigError(f"{home} is a file; name a new or empty folder for the miniature.")
    if home.is_dir() and any(home.iterdir()):
        raise ConfigError(f"{home} is not empty; name a new or empty folder for the miniature.")
    home.mkdir(parents=True, exist_ok=True)
    make(home, np.random.default_rng(seed))
    return home
