"""Categories that no training may ever see."""

from __future__ import annotations

from functools import cache
from importlib import resources

import msgspec

from ivlm_bench.objects import OBJECTS


class _HeldOut(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    categories: tuple[str, ...]


@cache
def held_out_categories() -> tuple[str, ...]:
    """Return the held-out families' names, as ``objects/held_out.toml`` lists them."""
    text = resources.files("ivlm_envs.objects").joinpath("held_out.toml").read_bytes()
    return msgspec.toml.decode(text, type=_HeldOut).categories


def training_families() -> tuple[str, ...]:
    """Return the names of the families whose seen instances may be trained on."""
    held_out = held_out_categories()
    return tuple(n for n in OBJECTS.names() if n not in held_out and OBJECTS.get(n).n_seen > 0)
