"""``ivlm-bench predict``: a reasoner answers a folder of observations."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from typing import Annotated

import msgspec
from tyro.conf import Positional, UseAppendAction, arg

from ivlm_bench.cli.parse import parameters, parse
from ivlm_bench.harness.config import DEADLINE_S


class PredictFlags(msgspec.Struct, frozen=True, kw_only=True):
    """Ask a reasoner every question of a folder of observations; no physics and no truth.

    A privileged reasoner, for tests of the bench itself, is given the folder's truth.
    """

    observations: Annotated[Positional[str], arg(metavar="OBSERVATIONS")]
    """Folder that 'ivlm-bench render' made."""
    out: Annotated[str, arg(aliases=["-o"], metavar="FOLDER")]
    """Folder of the predictions."""
    reasoner: Annotated[str, arg(metavar="NAME|MODULE:ATTR|FILE.py:ATTR")] = "ivlm"
    """Who answers."""
    param: Annotated[
        UseAppendAction[tuple[str, ...]], arg(aliases=["-P"], metavar="KEY=VALUE")
    ] = ()
    """Constructor parameter of the reasoner."""
    seed: Annotated[int, arg(metavar="N")] = 0
    """Base seed of the reasoner."""
    repeats: Annotated[int | None, arg(metavar="K")] = None
    """Ask each question K times, each with a seed of its own; what the suite says if left out."""
    workers: Annotated[int | None, arg(metavar="N")] = None
    """Processes; one for each usable core if left out."""
    in_flight: Annotated[int | None, arg(metavar="N")] = None
    """Requests that the whole run may have open at once, of a reasoner that asks a server; what the
    reasoner says if left out."""
    deadline_s: Annotated[float, arg(metavar="SECONDS")] = DEADLINE_S
    """Time that one answer may take."""
    isolate: bool = False
    """Run the reasoner in a process of its own that gets observations only, with limits on time,
    memory and files, no network, no further processes."""
    resume: bool = False
    """Go on with unfinished predictions of the same configuration."""


def command(argv: Sequence[str]) -> int:
    """Ask, and say where the predictions are and how the answers ended."""
    flags = parse(PredictFlags, "predict", argv)
    # Only now, so that --help and a mistyped flag need not wait for half a second of imports.
    from ivlm_bench.cli.progress import counting
    from ivlm_bench.harness.answering import PredictConfig, answer_all, n_answers
    from ivlm_bench.harness.observations import load_observations

    config = PredictConfig(
        reasoner=flags.reasoner,
        params=parameters(flags.param),
        out=flags.out,
        workers=flags.workers,
        in_flight=flags.in_flight,
        seed=flags.seed,
        repeats=flags.repeats,
        resume=flags.resume,
        deadline_s=flags.deadline_s,
        isolate=flags.isolate,
    )
    observations = load_observations(flags.observations)
    n = n_answers(config, observations)
    print(
        f"{flags.reasoner} on {observations.manifest.suite}: {n} answers, from "
        f"{flags.observations} into {flags.out}",
        file=sys.stderr,
    )
    with counting("answers", n) as heard:
        answers = answer_all(config, observations, heard)
    counts = ", ".join(f"{n} {s}" for s, n in answers.manifest.n_by_status.items())
    print(f"answers      {answers.manifest.n_planned} ({counts})")
    print(f"predictions  {answers.folder}")
    if answers.complaint:
        print(f"ivlm-bench: {answers.complaint}", file=sys.stderr)
    return answers.exit_code
