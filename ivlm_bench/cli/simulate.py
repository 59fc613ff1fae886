"""``ivlm-bench simulate``: predictions become a sealed run, without their reasoner."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated

import msgspec
from msgspec.structs import replace
from tyro.conf import Positional, UseAppendAction, arg

from ivlm_bench.cli.parse import listed, parse


class SimulateFlags(msgspec.Struct, frozen=True, kw_only=True):
    """Judge predictions in simulation; the run has the digests of one made in one go."""

    predictions: Annotated[Positional[str], arg(metavar="PREDICTIONS")]
    """Folder that 'ivlm-bench predict' made."""
    suite: Annotated[str | None, arg(metavar="NAME|FILE")] = None
    """The suite that was answered; the name that the predictions tell if left out."""
    engine: Annotated[UseAppendAction[tuple[tuple[str, ...], ...]], arg(metavar="ENGINE")] = ()
    """Physics engines, the reference first; all installed ones if left out."""
    out: Annotated[str | None, arg(aliases=["-o"], metavar="FOLDER")] = None
    """Folder of the run; runs/SUITE/REASONER-ID if left out."""
    workers: Annotated[int | None, arg(metavar="N")] = None
    """Processes; one for each usable core if left out."""
    n_perturbed: Annotated[int | None, arg(metavar="N")] = None
    """Perturbed trials of an answer, on the reference engine only; what the suite says if left
    out."""
    cross_check_share: Annotated[float | None, arg(metavar="SHARE")] = None
    """Share of the questions, chosen by hash, that engines after the reference judge, too; what
    the suite says if left out."""
    resume: bool = False
    """Go on with an unfinished run of the same configuration."""
    no_page: bool = False
    """Write no HTML page."""
    no_cache: bool = False
    """Draw every observation anew."""


def command(argv: Sequence[str]) -> int:
    """Judge, print the table, and name the page and both digests last, as ``run`` does."""
    flags = parse(SimulateFlags, "simulate", argv)
    # Only now, so that --help and a mistyped flag need not wait for half a second of imports.
    from ivlm_bench.api import run_suite
    from ivlm_bench.cli.outcome import tell
    from ivlm_bench.cli.progress import progress
    from ivlm_bench.harness.submission import load_submission

    submission = load_submission(flags.predictions)
    config = replace(
        submission.config(flags.suite),
        engines=listed(flags.engine),
        out=flags.out,
        workers=flags.workers,
        n_perturbed=flags.n_perturbed,
        cross_check_share=flags.cross_check_share,
        resume=flags.resume,
        page=not flags.no_page,
        cache=not flags.no_cache,
    )
    with progress() as watcher:
        outcome, page = run_suite(config, watcher, submission=submission)
    return tell(outcome, page)
