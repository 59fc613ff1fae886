"""``ivlm-bench baselines``: every baseline on a suite, with the bounds that belong beside it."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Annotated

import msgspec
from tyro.conf import UseAppendAction, arg

from ivlm_bench.cli.parse import listed, parse
from ivlm_bench.harness.config import RunConfig


class BaselinesFlags(msgspec.Struct, frozen=True, kw_only=True):
    """Run all baselines and bounds over a suite, and write the table of the folder.

    Runs that are there already, equal in configuration and code, are kept.
    """

    suite: Annotated[str, arg(metavar="NAME|FILE")] = "core-v0"
    """Suite by name, or a suite file of your own."""
    track: Annotated[UseAppendAction[tuple[tuple[str, ...], ...]], arg(metavar="TRACK")] = ()
    """Sensor tracks, a comma list will do; what the suite says if left out."""
    reasoner: Annotated[UseAppendAction[tuple[tuple[str, ...], ...]], arg(metavar="NAME")] = ()
    """Only these; a comma list will do."""
    limit: Annotated[int | None, arg(metavar="N")] = None
    """Only the first N questions of each task; such runs have a table of their own."""
    out: Annotated[str, arg(aliases=["-o"], metavar="FOLDER")] = "results"
    """Folder of the runs: FOLDER/SUITE/REASONER, with /TRACK between for another track."""
    anew: bool = False
    """Make runs anew that are there already; each is replaced when the new one is complete."""
    workers: Annotated[int | None, arg(metavar="N")] = None
    """Processes; one for each usable core if left out."""


def command(argv: Sequence[str]) -> int:
    """Run, publish, print the table; 5 if a run was not complete."""
    flags = parse(BaselinesFlags, "baselines", argv)
    # Only now, so that --help and a mistyped flag need not wait for half a second of imports.
    from ivlm_bench.cli.outcome import complain
    from ivlm_bench.cli.progress import progress
    from ivlm_bench.harness.anew import execute_anew
    from ivlm_bench.harness.run import execute
    from ivlm_bench.leaderboard import leaderboard_tables, publish
    from ivlm_bench.reasoners import with_role
    from ivlm_bench.registry import load_plugins
    from ivlm_bench.suite import load_suite
    from ivlm_bench.testing import privileged  # noqa: F401  # registers the bounds

    load_plugins()
    run = execute_anew if flags.anew else execute
    suite = load_suite(flags.suite)
    code, runs = 0, []
    chosen = listed(flags.reasoner) or with_role("baseline") + with_role("bound")
    for track in listed(flags.track) or (None,):
        other = track not in (None, suite.sensors.track)
        home = Path(flags.out) / suite.name / (str(track) if other else "")
        for reasoner in chosen:
            with progress() as watcher:
                outcome = run(_config(flags, reasoner, track, home / reasoner), watcher)
            code = max(code, complain(outcome))
            runs.append(outcome.run)
    publish(flags.out)
    for table in leaderboard_tables(runs):
        print(table)
    return code


def _config(flags: BaselinesFlags, reasoner: str, track: str | None, home: Path) -> RunConfig:
    return RunConfig(
        suite=flags.suite,
        reasoner=reasoner,
        track=track,
        limit=flags.limit,
        out=str(home),
        workers=flags.workers,
        page=False,
        resume=True,
    )
