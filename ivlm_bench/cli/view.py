"""``ivlm-bench view``: the HTML page of a run."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated

import msgspec
from tyro.conf import Positional, arg

from ivlm_bench.cli.parse import parse
from ivlm_bench.report import write_page


class ViewFlags(msgspec.Struct, frozen=True, kw_only=True):
    """Write the self-contained HTML page of a run and print its path."""

    run: Annotated[Positional[str], arg(metavar="RUN")]
    """Folder of a finished run."""
    episode: Annotated[Positional[str | None], arg(metavar="EPISODE")] = None
    """This episode alone: the beginning of its key, or Task-v0/seed."""


def command(argv: Sequence[str]) -> int:
    """Write the page and print its path."""
    flags = parse(ViewFlags, "view", argv)
    print(write_page(flags.run, episode=flags.episode))
    return 0
