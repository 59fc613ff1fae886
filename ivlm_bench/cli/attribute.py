"""``ivlm-bench attribute``: where a run loses success, by putting the truth in stage by stage."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from typing import Annotated, Literal

import msgspec
from tyro.conf import Positional, arg

from ivlm_bench.cli.parse import parse
from ivlm_bench.errors import ConfigError


class AttributeFlags(msgspec.Struct, frozen=True, kw_only=True):
    """Tell in which stage each failed episode of a run was lost.

    The truth is put in stage by stage, and every repaired answer is tried in the run's reference
    engine; the first repair that makes an episode succeed tells its stage.
    """

    run: Annotated[Positional[str], arg(metavar="RUN")]
    """Folder of a finished run."""
    limit: Annotated[int | None, arg(metavar="N")] = None
    """Only the first N episodes of each task."""
    format: Literal["table", "markdown", "json"] = "table"
    """How to print."""


def command(argv: Sequence[str]) -> int:
    """Print the tables, or the JSON, and return 0."""
    flags = parse(AttributeFlags, "attribute", argv)
    if flags.limit is not None and flags.limit < 1:
        raise ConfigError(f"--limit is {flags.limit}; a whole number of at least 1 is needed.")
    from ivlm_bench.attribution.tables import attribution_json, tables
    from ivlm_bench.attribution.waterfall import attribute
    from ivlm_bench.registry import load_plugins
    from ivlm_bench.store import load_run

    load_plugins()
    found = attribute(load_run(flags.run), limit=flags.limit, heard=_Count())
    if flags.format == "json":
        print(attribution_json(found), end="")
        return 0
    for table in tables(found):
        print(table.markdown() if flags.format == "markdown" else table)
    return 0


class _Count:
    """Counts episodes on a terminal's stderr."""

    def __init__(self) -> None:
        self._n = 0

    def __call__(self) -> None:
        self._n += 1
        if sys.stderr.isatty():
            print(f"\r{self._n} episodes", end="", file=sys.stderr, flush=True)
