"""``ivlm-bench power``: what a comparison over a suite can tell, before it is run."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Annotated, Literal

import msgspec
from tyro.conf import Positional, UseAppendAction, arg

from ivlm_bench.cli.parse import listed, parse
from ivlm_bench.comparison.resolution import (
    ASSUMED_ICC,
    ASSUMED_RATE,
    ASSUMED_SIZE,
    DISCORDANCES,
    Clustering,
    Resolution,
    of_run,
    of_suite,
)
from ivlm_bench.comparison.resolution_tables import price_table, resolution_json, resolution_table
from ivlm_bench.comparison.sound import check_sound
from ivlm_bench.errors import ConfigError
from ivlm_bench.registry import load_plugins
from ivlm_bench.store import is_sealed, load_run
from ivlm_bench.suite import load_suite


class PowerFlags(msgspec.Struct, frozen=True, kw_only=True):
    """Print the least differences that a suite can show, and what findings cost in scenarios."""

    subject: Annotated[Positional[str], arg(metavar="SUITE|RUN")]
    """Suite by name or file, or the folder of a run, whose own clusters then count."""
    discordance: Annotated[UseAppendAction[tuple[tuple[str, ...], ...]], arg(metavar="SHARE")] = ()
    """Shares of scenarios in which the two methods differ; .05, .1, .2 and .3 if left out."""
    icc: Annotated[float | None, arg(metavar="X")] = None
    """Intra-class correlation of success; of a run estimated, of a suite 0.3 if left out."""
    cluster_size: Annotated[float, arg(metavar="N")] = ASSUMED_SIZE
    """Questions an object, of a suite; a run tells its own."""
    rate: Annotated[float, arg(metavar="SHARE")] = ASSUMED_RATE
    """Success rate of the one method whose interval is told, of a suite."""
    format: Literal["table", "markdown", "json"] = "table"
    """How to print."""


def command(argv: Sequence[str]) -> int:
    """Print both tables, and return 0."""
    flags = parse(PowerFlags, "power", argv)
    found = _resolution(flags)
    if flags.format == "json":
        print(resolution_json(found), end="")
        return 0
    for table in (resolution_table(found), price_table(found)):
        print(table.markdown() if flags.format == "markdown" else table)
    return 0


def _resolution(flags: PowerFlags) -> Resolution:
    discordances = tuple(_share(word) for word in listed(flags.discordance)) or DISCORDANCES
    if is_sealed(flags.subject):
        run = load_run(flags.subject)
        check_sound(run)
        return of_run(run, icc=flags.icc, discordances=discordances)
    if Path(flags.subject).is_dir():
        raise ConfigError(f"{flags.subject} holds no finished run; give one, or a suite.")
    load_plugins()
    icc = ASSUMED_ICC if flags.icc is None else flags.icc
    clustering = Clustering(size=flags.cluster_size, icc=icc, rate=flags.rate)
    return of_suite(load_suite(flags.subject), clustering, discordances=discordances)


def _share(word: str) -> float:
    try:
        return float(word)
    except ValueError:
        raise ConfigError(f"--discordance was given {word!r}; a number is needed.") from None
