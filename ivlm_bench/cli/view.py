"""``ivlm-bench view``: the HTML page of a run."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated

import msgspec
from tyro.conf import Positional, arg

from ivlm_bench.cli.parse import parse
from ivlm_bench.errors import ConfigError
from ivlm_bench.report import write_page
from ivlm_bench.store import Run, load_run


class ViewFlags(msgspec.Struct, frozen=True, kw_only=True):
    """Write the self-contained HTML page of a run and print its path."""

    run: Annotated[Positional[str], arg(metavar="RUN")]
    """Folder of a finished run."""
    episode: Annotated[Positional[str | None], arg(metavar="EPISODE")] = None
    """Beginning of an episode's key, or its number: the path then leads to it."""


def command(argv: Sequence[str]) -> int:
    """Write the page and print its path."""
    flags = parse(ViewFlags, "view", argv)
    run = load_run(flags.run)
    place = "" if flags.episode is None else f"#{episode_key(run, flags.episode)}"
    print(f"{write_page(run.folder)}{place}")
    return 0


def episode_key(run: Run, wanted: str) -> str:
    """Return the key of the episode that ``wanted`` begins, or numbers from 0.

    Raises
    ------
    ConfigError
        If there is none, or more than one.
    """
    keys = [result.episode.episode_key for result in run.results]
    if wanted.isdecimal() and int(wanted) < len(keys):
        return keys[int(wanted)]
    found = [key for key in keys if key.startswith(wanted)]
    if len(found) != 1:
        raise ConfigError(
            f"{wanted!r} begins {len(found)} episode keys of {run.folder}; give a number from 0 "
            f"to {len(keys) - 1} or the beginning of one key."
        )
    return found[0]
