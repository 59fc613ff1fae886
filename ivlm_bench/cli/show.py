"""``ivlm-bench show``: one episode of a run, readable in a terminal."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated

import msgspec
from tyro.conf import Positional, arg

from ivlm_bench.cli.parse import parse
from ivlm_bench.report.choose import one
from ivlm_bench.report.told import told
from ivlm_bench.store import load_run


class ShowFlags(msgspec.Struct, frozen=True, kw_only=True):
    """Print one episode: question, answer, stages, checks of each engine, scores, message."""

    run: Annotated[Positional[str], arg(metavar="RUN")]
    """Folder of a finished run."""
    episode: Annotated[Positional[str], arg(metavar="EPISODE")]
    """The beginning of its key, or TASK:SEED[:REPEAT], such as GraspAny:3."""


def command(argv: Sequence[str]) -> int:
    """Print what the run holds of an episode."""
    flags = parse(ShowFlags, "show", argv)
    run = load_run(flags.run)
    print(told(one(run.results, flags.episode), run.manifest))
    return 0
