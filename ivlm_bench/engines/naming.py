"""Looking names up in a simulation."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TypeVar

from ivlm_bench.errors import UnknownNameError, did_you_mean

T = TypeVar("T")


def known(names: Mapping[str, T], name: str, kind: str) -> T:
    """Return what ``name`` stands for; ``UnknownNameError`` with near names otherwise."""
    try:
        return names[name]
    except KeyError:
        hint = did_you_mean(name, list(names))
        raise UnknownNameError(f"The simulation has no {kind} {name!r}.{hint}") from None
