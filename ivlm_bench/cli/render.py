"""``ivlm-bench render``: a suite as a folder of observations."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from typing import Annotated

import msgspec
from tyro.conf import UseAppendAction, arg

from ivlm_bench.cli.parse import listed, parse
from ivlm_bench.harness.config import RunConfig
from ivlm_bench.tracks import DEFAULT_RENDERER


class RenderFlags(msgspec.Struct, frozen=True, kw_only=True):
    """Draw every question of a suite into a folder; no reasoner and no physics.

    FOLDER/seen holds what a reasoner may see, FOLDER/truth the truth: hand out a copy without it.
    """

    out: Annotated[str, arg(aliases=["-o"], metavar="FOLDER")]
    """Folder of the observations."""
    suite: Annotated[str, arg(metavar="NAME|FILE")] = "smoke-v0"
    """Suite by name, or a suite file of your own."""
    tasks: Annotated[UseAppendAction[tuple[tuple[str, ...], ...]], arg(metavar="TASK")] = ()
    """Only these tasks of the suite; a comma list will do."""
    limit: Annotated[int | None, arg(metavar="N")] = None
    """Only the first N questions of each task."""
    track: Annotated[str | None, arg(metavar="TRACK")] = None
    """Sensor track (rgb, rgb4, rgbd, rgbd4); what the suite says if left out."""
    views: Annotated[int | None, arg(metavar="N")] = None
    """Number of calibrated views, 1 to 4; what the track says if left out."""
    size: Annotated[int | None, arg(metavar="PX")] = None
    """Side of the square views; what the suite says if left out."""
    renderer: Annotated[str, arg(metavar="NAME")] = DEFAULT_RENDERER
    """Who draws the views."""
    shard: Annotated[str | None, arg(metavar="I/N")] = None
    """Only the i-th of N equal parts of the questions."""
    workers: Annotated[int | None, arg(metavar="N")] = None
    """Processes; one for each usable core if left out."""
    no_cache: bool = False
    """Draw every observation anew."""


def command(argv: Sequence[str]) -> int:
    """Draw, and say where the observations are and what comes next."""
    flags = parse(RenderFlags, "render", argv)
    # Only now, so that --help and a mistyped flag need not wait for half a second of imports.
    from pathlib import Path

    from ivlm_bench.cli.progress import counting
    from ivlm_bench.harness.plan import make_plan
    from ivlm_bench.harness.rendering import distinct, render_suite

    plan = make_plan(_config(flags))
    n = len(distinct(plan))
    print(
        f"{plan.suite.name}: {n} questions, track {plan.sensors.track}, {plan.sensors.size_px} px, "
        f"{plan.n_workers} workers, into {flags.out}",
        file=sys.stderr,
    )
    with counting("questions", n) as heard:
        manifest = render_suite(plan, Path(flags.out), heard)
    print(f"questions     {len(manifest.questions)}")
    print(f"observations  {flags.out}")
    return 0


def _config(flags: RenderFlags) -> RunConfig:
    return RunConfig(
        suite=flags.suite,
        tasks=listed(flags.tasks),
        limit=flags.limit,
        track=flags.track,
        views=flags.views,
        size_px=flags.size,
        renderer=flags.renderer,
        shard=flags.shard,
        workers=flags.workers,
        cache=not flags.no_cache,
    )
