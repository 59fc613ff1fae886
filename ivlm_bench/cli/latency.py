"""``ivlm-bench latency``: how long answers take, beside an image tower that everybody knows."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Annotated, Literal

import msgspec
from tyro.conf import UseAppendAction, arg

from ivlm_bench.cli.parse import listed, parameters, parse
from ivlm_bench.cli.place import check_place, hand_over
from ivlm_bench.errors import ConfigError
from ivlm_bench.harness.run import INCOMPLETE
from ivlm_bench.reasoners import describe_reasoner
from ivlm_bench.registry import load_plugins
from ivlm_bench.suite import load_suite
from ivlm_bench.timing.fresh import fresh_latency, usable_cores
from ivlm_bench.timing.latency import N_TIMED, N_WARM, Latency, LatencyJob
from ivlm_bench.timing.latency_tables import in_short, latency_json, latency_table
from ivlm_bench.timing.shown import shown_track
from ivlm_bench.tracks import DEFAULT_SIZE_PX, MAX_SIZE_PX, MIN_SIZE_PX

#: Ways of showing that are timed unless some are named: the official tracks, and eight views.
SHOWN = ("rgb", "rgb4", "rgb8", "rgbd", "rgbd4", "rgbd8")


class LatencyFlags(msgspec.Struct, frozen=True, kw_only=True):
    """Time the answers of reasoners on each sensor track, in fresh processes, taking turns with
    the image tower of CLIP ViT-B/16 where torch and transformers are installed."""

    reasoner: Annotated[
        UseAppendAction[tuple[tuple[str, ...], ...]], arg(metavar="NAME|FILE.py:ATTR")
    ] = ()
    """Who answers; ivlm if left out."""
    param: Annotated[
        UseAppendAction[tuple[str, ...]], arg(aliases=["-P"], metavar="KEY=VALUE")
    ] = ()
    """Constructor parameter of the reasoner, if there is only one."""
    track: Annotated[UseAppendAction[tuple[tuple[str, ...], ...]], arg(metavar="TRACK")] = ()
    """Ways of showing: rgb or rgbd, and 2 to 8 behind it for so many views; the four official
    tracks and eight views with and without depth if left out."""
    suite: Annotated[str, arg(metavar="NAME|FILE")] = "core-v0"
    """Suite whose answerable questions are asked, its tasks in turn."""
    n: Annotated[int, arg(metavar="N")] = N_TIMED
    """Answers that are timed in each row."""
    warm_up: Annotated[int, arg(metavar="N")] = N_WARM
    """Answers before those."""
    size: Annotated[int, arg(metavar="PX")] = DEFAULT_SIZE_PX
    """Side of the square views."""
    threads: Annotated[int | None, arg(metavar="N")] = None
    """Cores that the process and the tower may use; all usable ones if left out."""
    no_clip: bool = False
    """Leave CLIP out."""
    format: Literal["text", "markdown", "json"] = "text"
    """How to print."""
    out: Annotated[str | None, arg(aliases=["-o"], metavar="FILE")] = None
    """Write it to a file instead."""


def command(argv: Sequence[str]) -> int:
    """Time and print; 5 if a reasoner could not be timed on a track."""
    flags = parse(LatencyFlags, "latency", argv)
    if flags.out is not None:
        check_place(Path(flags.out))
    found = []
    for job in _jobs(flags):
        print(f"{job.reasoner} on {job.track} ...", file=sys.stderr, flush=True)
        found.append(fresh_latency(job))
        print(f"  {in_short(found[-1])}", file=sys.stderr, flush=True)
    hand_over(_text(flags.format, found), flags.out)
    return INCOMPLETE if any(row.reason for row in found) else 0


def _jobs(flags: LatencyFlags) -> list[LatencyJob]:
    """Return what is to be timed, all names and numbers checked."""
    load_plugins()
    reasoners, params = listed(flags.reasoner) or ("ivlm",), parameters(flags.param)
    if params and len(reasoners) > 1:
        raise ConfigError("-P can't be given for several reasoners at once; time one at a time.")
    n_cores = usable_cores()
    threads = n_cores if flags.threads is None else flags.threads
    for flag, value, least, most in (
        ("--n", flags.n, 1, None),
        ("--warm-up", flags.warm_up, 0, None),
        ("--size", flags.size, MIN_SIZE_PX, MAX_SIZE_PX),
        ("--threads", threads, 1, n_cores),
    ):
        _check_range(flag, value, least, most)
    load_suite(flags.suite)
    for reasoner in reasoners:
        describe_reasoner(reasoner, params)
    tracks = listed(flags.track) or SHOWN
    for track in tracks:
        shown_track(track)
    return [
        LatencyJob(
            reasoner=reasoner,
            params=params,
            suite=flags.suite,
            track=track,
            size_px=flags.size,
            n=flags.n,
            n_warm=flags.warm_up,
            n_threads=threads,
            tower=not flags.no_clip,
        )
        for reasoner in reasoners
        for track in tracks
    ]


def _check_range(flag: str, value: int, least: int, most: int | None) -> None:
    if value < least or (most is not None and value > most):
        wanted = f"of at least {least}" if most is None else f"from {least} to {most}"
        raise ConfigError(f"{flag} is {value}; a whole number {wanted} is needed.")


def _text(form: str, found: Sequence[Latency]) -> str:
    if form == "json":
        return latency_json(found)
    table = latency_table(found)
    return table.markdown() if form == "markdown" else str(table)
