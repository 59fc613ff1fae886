"""``ivlm-bench robustness``: does the ranking hang on the constants of the protocol?"""

from __future__ import annotations

import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Annotated, Literal

import msgspec
from tyro.conf import UseAppendAction, arg

from ivlm_bench.cli.parse import listed, parse
from ivlm_bench.errors import (
    ConfigError,
    MissingDependencyError,
    UnknownNameError,
    did_you_mean,
)
from ivlm_bench.leaderboard.board import find_runs
from ivlm_bench.registry import load_plugins
from ivlm_bench.robustness.asked import Asked, asked_again
from ivlm_bench.robustness.ranking import agreement_table, rates_table, robustness_json
from ivlm_bench.robustness.rescored import rescored
from ivlm_bench.robustness.variants import Variant, variants
from ivlm_bench.store import Run, load_run
from ivlm_bench.store.load import read_manifest

#: Reasoners that a ranking needs.
FEWEST = 2


class RobustnessFlags(msgspec.Struct, frozen=True, kw_only=True):
    """Try stored answers again under other protocols, and print how far the rankings agree.

    Reasoners are asked again under 'other-renderer' alone, as another picture gets another answer.
    """

    suite: Annotated[str, arg(metavar="NAME")] = "core-v0"
    """Suite whose runs are taken."""
    runs: Annotated[str, arg(metavar="FOLDER")] = "results"
    """Folder of runs, such as 'ivlm-bench baselines' makes."""
    reasoner: Annotated[UseAppendAction[tuple[tuple[str, ...], ...]], arg(metavar="NAME")] = ()
    """Only these reasoners; all that have a run and don't know the truth if left out."""
    variant: Annotated[UseAppendAction[tuple[tuple[str, ...], ...]], arg(metavar="NAME")] = ()
    """Only these variants; all that can be tried here if left out."""
    limit: Annotated[int | None, arg(metavar="N")] = 10
    """Only the first N answerable questions of each task; costs grow with it."""
    format: Literal["table", "markdown", "json"] = "table"
    """How to print."""


def command(argv: Sequence[str]) -> int:
    """Print both tables, and return 0."""
    flags = parse(RobustnessFlags, "robustness", argv)
    load_plugins()
    if flags.limit is not None and flags.limit < 1:
        raise ConfigError(f"--limit is {flags.limit}; a whole number of at least 1 is needed.")
    chosen = variants(listed(flags.variant))
    runs = _runs(flags)
    chosen, asked = _ready(runs, chosen, named=bool(listed(flags.variant)))
    found = rescored(runs, chosen, limit=flags.limit, heard=_Dots(), asked=asked)
    if flags.format == "json":
        print(robustness_json(found), end="")
        return 0
    for table in (agreement_table(found, flags.suite), rates_table(found)):
        print(table.markdown() if flags.format == "markdown" else table)
    return 0


def _ready(
    runs: dict[str, Run], chosen: tuple[Variant, ...], *, named: bool
) -> tuple[tuple[Variant, ...], Asked | None]:
    """Return the variants that can be tried, and the reasoners that are to be asked again.

    What can't be tried here is told in a sentence, and is an error only if it was asked for.
    """
    try:
        return chosen, asked_again(runs, chosen) if len(runs) > 1 else None
    except (MissingDependencyError, UnknownNameError, ConfigError) as error:
        if named:
            raise
        print(f"ivlm-bench: other-renderer is left out: {error}", file=sys.stderr)
        return tuple(variant for variant in chosen if not variant.redrawn), None


class _Dots:
    """Counts questions on a terminal's stderr."""

    def __init__(self) -> None:
        self._n = 0

    def __call__(self) -> None:
        self._n += 1
        if sys.stderr.isatty():
            print(f"\r{self._n} questions", end="", file=sys.stderr, flush=True)


def _runs(flags: RobustnessFlags) -> dict[str, Run]:
    found: dict[str, Path] = {}
    for folder in find_runs(flags.runs):
        manifest = read_manifest(folder)
        card = manifest.reasoner
        if manifest.suite == flags.suite and (not card.privileged or listed(flags.reasoner)):
            found[card.name] = folder
    if len(found) < FEWEST and not listed(flags.reasoner):
        raise ConfigError(
            f"{flags.runs} holds runs of {len(found)} reasoners on {flags.suite}, and a ranking "
            f"needs {FEWEST} or more; make them with 'ivlm-bench baselines --suite {flags.suite}'."
        )
    wanted = listed(flags.reasoner) or tuple(found)
    for name in wanted:
        if name not in found:
            raise UnknownNameError(
                f"{flags.runs} holds no run of {name!r} on {flags.suite}; make it with 'ivlm-bench "
                f"run --suite {flags.suite} --reasoner {name}'.{did_you_mean(name, list(found))}"
            )
    return {name: load_run(found[name]) for name in wanted}
