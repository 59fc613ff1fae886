"""``ivlm-bench replay``: one stored answer tried again, compared, and filmed."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Annotated

import msgspec
from tyro.conf import Positional, arg

from ivlm_bench.cli.parse import parse
from ivlm_bench.harness.replay import FRAME_S, Replay, replay
from ivlm_bench.report.choose import one
from ivlm_bench.report.film import draw_film, writer
from ivlm_bench.report.words import code_sentence
from ivlm_bench.store import Run, load_run

#: Exit code when the outcome is not the stored one.
DIFFERENT = 1


class ReplayFlags(msgspec.Struct, frozen=True, kw_only=True):
    """Try one stored answer again, without its reasoner, and compare the outcome."""

    run: Annotated[Positional[str], arg(metavar="RUN")]
    """Folder of a finished run."""
    episode: Annotated[Positional[str], arg(metavar="EPISODE")]
    """The beginning of its key, or TASK:SEED[:REPEAT], such as GraspAny:3."""
    engine: Annotated[str | None, arg(metavar="ENGINE")] = None
    """Engine to try it in; by default the reference engine of the run."""
    out: Annotated[str | None, arg(aliases=["-o"], metavar="FILE")] = None
    """Also write a film of the trial: a .gif, or an .mp4 where ffmpeg is there."""
    perturbed: Annotated[int, arg(metavar="K")] = 0
    """Number of the perturbed repetition, from 1; 0 is the nominal trial."""


def command(argv: Sequence[str]) -> int:
    """Print the stored and the new outcome; return 1 if they differ."""
    flags = parse(ReplayFlags, "replay", argv)
    write = None if flags.out is None else writer(Path(flags.out))
    run = load_run(flags.run)
    made = replay(
        run, one(run.results, flags.episode), engine=flags.engine, perturbed=flags.perturbed
    )
    print("\n".join(_told(made)))
    if write is not None and flags.out is not None:
        frames = draw_film(made)
        write(Path(flags.out), frames)
        n = len(frames)
        print(f"film    {flags.out} ({n} frame{'s' * (n != 1)}, {n * FRAME_S:.1f} s)")
    if made.is_same:
        return 0
    print(f"ivlm-bench: {_difference(made, run)}", file=sys.stderr)
    return DIFFERENT


def _told(made: Replay) -> list[str]:
    kind = made.episode.truth.trial.kind
    fresh = made.outcome
    trial = f"perturbed trial {made.perturbed}" if made.perturbed else "nominal trial"
    if made.stored is None or made.stored_code is None:
        stored = f"the run holds no such trial in {made.engine}"
    else:
        simulated = bool(made.perturbed) or made.stored.n_steps > 0
        sentence = code_sentence(made.stored_code, kind, simulated=simulated)
        stored = f"{made.stored_code}: {sentence}"
    again = f"{fresh.code}: {code_sentence(fresh.code, kind, simulated=fresh.n_steps > 0)}"
    return [
        f"{made.episode.task}, seed {made.episode.seed}: {made.episode.observation.query.text}",
        f"trial   {trial} in {made.engine} {made.engine_version}",
        f"stored  {stored}",
        f"again   {again}",
        f"result  {_result(made)}",
    ]


def _result(made: Replay) -> str:
    if made.stored_code is None:
        return "nothing to compare with"
    if not made.is_same:
        return "another outcome"
    n = len(made.outcome.checks)
    if made.perturbed or n == 0:
        return "the same outcome"
    if made.is_same_to_the_bit:
        return f"the same outcome, and the same value to the last bit in each of {n} checks"
    return "the same outcome, with other values in some checks"


def _difference(made: Replay, run: Run) -> str:
    stored, manifest = made.stored, run.manifest
    version = "" if stored is None else stored.engine_version
    return (
        f"tried again, {made.engine} {made.engine_version} says {made.outcome.code} where the run "
        f"says {made.stored_code}; the run was made with {made.engine} {version} by version "
        f"{manifest.tool_version}."
    )
