"""``ivlm-bench compare``: two runs, question by question."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Annotated, Literal

import msgspec
from tyro.conf import Positional, arg

from ivlm_bench.cli.parse import parse
from ivlm_bench.comparison import compare
from ivlm_bench.comparison.tables import comparison_json, comparison_table, flips_table
from ivlm_bench.errors import ConfigError
from ivlm_bench.store import load_run


class CompareFlags(msgspec.Struct, frozen=True, kw_only=True):
    """Compare two runs paired by scenario; under 95 % overlap they are not comparable (exit 4)."""

    old: Annotated[Positional[str], arg(metavar="OLD")]
    """Folder of the run to compare with."""
    new: Annotated[Positional[str], arg(metavar="NEW")]
    """Folder of the run in question."""
    measure: Literal["strict", "right", "abstention"] = "strict"
    """What counts: success of what can be done, that and right abstentions, or those alone."""
    format: Literal["table", "markdown", "json"] = "table"
    """How to print."""
    flips: Annotated[int, arg(metavar="N")] = 10
    """Scenarios that differ, listed below the table."""
    page: Annotated[str | None, arg(metavar="FILE")] = None
    """Also write an HTML page that shows both answers to the scenarios that differ."""
    allow_engine_change: bool = False
    """Compare over another version of the reference engine; for information only."""


def command(argv: Sequence[str]) -> int:
    """Write the page, if asked for, and print the comparison."""
    flags = parse(CompareFlags, "compare", argv)
    if flags.flips < 0:
        raise ConfigError(f"--flips is {flags.flips}; a whole number from 0 on is needed.")
    old, new = load_run(flags.old), load_run(flags.new)
    found = compare(old, new, measure=flags.measure, engines_may_differ=flags.allow_engine_change)
    page = None
    if flags.page is not None:
        from ivlm_bench.report.versus import write_versus

        page = write_versus(found, Path(flags.page), most=flags.flips)
    if flags.format == "json":
        print(comparison_json(found), end="")
    else:
        for table in (comparison_table(found), flips_table(found, flags.flips)):
            print(table.markdown() if flags.format == "markdown" else table)
    if page is not None:
        print(f"page     {page}", file=sys.stderr if flags.format == "json" else sys.stdout)
    return 0
