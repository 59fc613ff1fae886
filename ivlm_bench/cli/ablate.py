"""``ivlm-bench ablate``: what each setting of a reasoner is worth."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Annotated, Literal

import msgspec
from tyro.conf import UseAppendAction, arg

from ivlm_bench.ablation.differences import Change, changes
from ivlm_bench.ablation.runs import Ablated, ablated
from ivlm_bench.ablation.settings import chosen
from ivlm_bench.ablation.tables import ablation_json, ablation_table
from ivlm_bench.cli.parse import listed, parameters, parse
from ivlm_bench.cli.place import check_place, hand_over
from ivlm_bench.cli.progress import progress
from ivlm_bench.guard import visible
from ivlm_bench.harness.config import RunConfig
from ivlm_bench.harness.run import INCOMPLETE, RunOutcome, execute
from ivlm_bench.registry import load_plugins

#: How ``--format`` and ``--out`` tell what was found.
Format = Literal["text", "markdown", "json"]


class AblateFlags(msgspec.Struct, frozen=True, kw_only=True):
    """Run a reasoner with its defaults and with one changed setting at a time, on the same
    questions, and print what each setting is worth, paired by scenario.

    Finished runs of the same code over these questions are taken instead of new ones.
    """

    reasoner: Annotated[str, arg(metavar="NAME|MODULE:ATTR|FILE.py:ATTR")] = "ivlm"
    """Who answers."""
    param: Annotated[
        UseAppendAction[tuple[str, ...]], arg(aliases=["-P"], metavar="KEY=VALUE")
    ] = ()
    """Constructor parameter of the reasoner, the same with every setting."""
    switch: Annotated[UseAppendAction[tuple[tuple[str, ...], ...]], arg(metavar="NAME=VALUE")] = ()
    """Only these settings; all that the reasoner offers if left out."""
    suite: Annotated[str, arg(metavar="NAME|FILE")] = "core-v0"
    """Suite by name, or a suite file of your own."""
    track: Annotated[str, arg(metavar="TRACK")] = "rgbd4"
    """Sensor track (rgb, rgb4, rgbd, rgbd4)."""
    tasks: Annotated[UseAppendAction[tuple[tuple[str, ...], ...]], arg(metavar="TASK")] = ()
    """Only these tasks of the suite; a comma list will do."""
    limit: Annotated[int | None, arg(metavar="N")] = None
    """Only the first N questions of each task."""
    measure: Literal["strict", "right", "abstention"] = "strict"
    """What counts: success of what can be done, that and right abstentions, or those alone."""
    runs: Annotated[str, arg(metavar="FOLDER")] = "results"
    """Folder of finished runs that may be taken instead of new ones."""
    home: Annotated[str, arg(metavar="FOLDER")] = "runs/ablations"
    """Folder that new runs are written below, and found again."""
    workers: Annotated[int | None, arg(metavar="N")] = None
    """Processes; one for each usable core if left out."""
    format: Format = "text"
    """How to print."""
    out: Annotated[str | None, arg(aliases=["-o"], metavar="FILE")] = None
    """Write it to a file instead."""


def command(argv: Sequence[str]) -> int:
    """Run what is missing and print the table; 5 if a run was not complete."""
    flags = parse(AblateFlags, "ablate", argv)
    if flags.out is not None:
        check_place(Path(flags.out))
    load_plugins()
    ablations = chosen(flags.reasoner, listed(flags.switch))
    kept = [Path(flags.runs)]
    found = ablated(_base(flags), ablations, home=Path(flags.home), kept=kept, play=_play)
    hand_over(_text(flags.format, found, changes(found, measure=flags.measure)), flags.out)
    for complaint in found.complaints:
        print(f"ivlm-bench: {visible(complaint)}", file=sys.stderr)
    return INCOMPLETE if found.complaints else 0


def _base(flags: AblateFlags) -> RunConfig:
    return RunConfig(
        suite=flags.suite,
        reasoner=flags.reasoner,
        params=parameters(flags.param),
        tasks=listed(flags.tasks),
        track=flags.track,
        limit=flags.limit,
        workers=flags.workers,
        page=False,
    )


def _play(config: RunConfig) -> RunOutcome:
    setting = " ".join(f"{key}={value}" for key, value in config.params.items())
    print(f"{config.reasoner} with {setting or 'its defaults'}", file=sys.stderr, flush=True)
    with progress() as watcher:
        return execute(config, watcher)


def _text(form: Format, found: Ablated, rows: Sequence[Change]) -> str:
    if form == "json":
        return ablation_json(found, rows)
    table = ablation_table(found, rows)
    return table.markdown() if form == "markdown" else str(table)
