"""``ivlm-bench run``: one reasoner over one suite, or over a public data set."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated, Any

import msgspec
from tyro.conf import UseAppendAction, arg

from ivlm_bench.cli.parse import listed, parameters, parse
from ivlm_bench.errors import ConfigError
from ivlm_bench.harness.config import DEADLINE_S, RunConfig, flag_of
from ivlm_bench.harness.settings import DENIALS, read_config
from ivlm_bench.tracks import DEFAULT_RENDERER


class RunFlags(msgspec.Struct, frozen=True, kw_only=True):
    """Run a reasoner over a suite or a public data set; the table goes to stdout, progress to
    stderr."""

    config: Annotated[str | None, arg(metavar="FILE.toml")] = None
    """Read the configuration from a file; flags stand over it."""
    suite: Annotated[str, arg(metavar="NAME|FILE")] = "smoke-v0"
    """Suite by name, or a suite file of your own."""
    dataset: Annotated[str | None, arg(metavar="NAME")] = None
    """Public data set instead of a suite, such as agd20k; nothing is simulated then."""
    data: Annotated[str | None, arg(metavar="FOLDER")] = None
    """Folder with the data set's files as its owner gives them."""
    split: Annotated[str | None, arg(metavar="NAME")] = None
    """Split of the data set; the usual one if left out."""
    profile: Annotated[str | None, arg(metavar="PROFILE")] = None
    """Metric profile that scores the data set; its usual one if left out."""
    tasks: Annotated[UseAppendAction[tuple[tuple[str, ...], ...]], arg(metavar="TASK")] = ()
    """Only these tasks of the suite; a comma list will do."""
    reasoner: Annotated[str, arg(metavar="NAME|MODULE:ATTR|FILE.py:ATTR")] = "ivlm"
    """Who answers."""
    param: Annotated[
        UseAppendAction[tuple[str, ...]], arg(aliases=["-P"], metavar="KEY=VALUE")
    ] = ()
    """Constructor parameter of the reasoner."""
    engine: Annotated[UseAppendAction[tuple[tuple[str, ...], ...]], arg(metavar="ENGINE")] = ()
    """Physics engines, the reference first; all installed ones if left out."""
    out: Annotated[str | None, arg(aliases=["-o"], metavar="FOLDER")] = None
    """Folder of the run; runs/SUITE/REASONER-ID if left out."""
    limit: Annotated[int | None, arg(metavar="N")] = None
    """Only the first N questions of each task."""
    workers: Annotated[int | None, arg(metavar="N")] = None
    """Processes; one for each usable core if left out."""
    in_flight: Annotated[int | None, arg(metavar="N")] = None
    """Requests that the whole run may have open at once, of a reasoner that asks a server; what the
    reasoner says if left out."""
    seed: Annotated[int, arg(metavar="N")] = 0
    """Base seed of the reasoner; the questions depend on the suite alone."""
    resume: bool = False
    """Go on with an unfinished run of the same configuration."""
    deadline_s: Annotated[float, arg(metavar="SECONDS")] = DEADLINE_S
    """Time that one answer may take."""
    n_perturbed: Annotated[int | None, arg(metavar="N")] = None
    """Perturbed trials of an answer, on the reference engine only; what the suite says if left out
    (1 in smoke-v0)."""
    no_page: bool = False
    """Write no HTML page."""
    track: Annotated[str | None, arg(metavar="TRACK")] = None
    """Sensor track (rgb, rgb4, rgbd, rgbd4); what the suite says if left out."""
    views: Annotated[int | None, arg(metavar="N")] = None
    """Number of calibrated views, 1 to 4; what the track says if left out."""
    size: Annotated[int | None, arg(metavar="PX")] = None
    """Side of the square views; what the suite says if left out."""
    renderer: Annotated[str, arg(metavar="NAME")] = DEFAULT_RENDERER
    """Who draws the views; a run never mixes two."""
    repeats: Annotated[int | None, arg(metavar="K")] = None
    """Ask each question K times, each with a seed of its own, for reasoners that sample; what the
    suite says if left out."""
    cross_check_share: Annotated[float | None, arg(metavar="SHARE")] = None
    """Share of the questions, chosen by hash, that engines after the reference judge, too; what
    the suite says if left out."""
    shard: Annotated[str | None, arg(metavar="I/N")] = None
    """Only the i-th of N equal parts of the questions; 'ivlm-bench merge' puts them together."""
    isolate: bool = False
    """Run the reasoner in a process of its own that gets observations only, with limits on time,
    memory and files, no network, no further processes."""
    no_cache: bool = False
    """Draw every observation anew."""


def command(argv: Sequence[str]) -> int:
    """Run, print the table, and name the page and both digests last."""
    config = config_of(parse(RunFlags, "run", argv), argv)
    # Only now, so that --help and a mistyped flag need not wait for half a second of imports.
    from ivlm_bench.api import run_suite
    from ivlm_bench.cli.outcome import tell
    from ivlm_bench.cli.progress import progress

    with progress() as watcher:
        outcome, page = run_suite(config, watcher)
    return tell(outcome, page)


def config_of(flags: RunFlags, argv: Sequence[str] = ()) -> RunConfig:
    """Return the configuration that the flags stand for; over a file, those in ``argv`` count."""
    own = _fields(flags)
    fields = {} if flags.config is None else read_config(flags.config)
    given = {name: own[name] for name in _given(argv)}
    if "suite" in given and (given.get("dataset") or fields.get("dataset")):
        # The configuration alone can't tell: its default is a suite, too.
        raise ConfigError(
            f"--suite is {flags.suite} and --dataset names a public data set; a run is on one of "
            "the two, so leave the other out."
        )
    if flags.config is None:
        return RunConfig(**own)
    if "params" in given:
        given["params"] = fields.get("params", {}) | given["params"]
    return RunConfig(**(fields | given))


def _fields(flags: RunFlags) -> dict[str, Any]:
    return {
        "suite": flags.suite,
        "reasoner": flags.reasoner,
        "params": parameters(flags.param),
        "tasks": listed(flags.tasks),
        "engines": listed(flags.engine),
        "out": flags.out,
        "limit": flags.limit,
        "workers": flags.workers,
        "in_flight": flags.in_flight,
        "seed": flags.seed,
        "resume": flags.resume,
        "deadline_s": flags.deadline_s,
        "n_perturbed": flags.n_perturbed,
        "page": not flags.no_page,
        "track": flags.track,
        "views": flags.views,
        "size_px": flags.size,
        "renderer": flags.renderer,
        "repeats": flags.repeats,
        "cross_check_share": flags.cross_check_share,
        "shard": flags.shard,
        "isolate": flags.isolate,
        "cache": not flags.no_cache,
        "dataset": flags.dataset,
        "data": flags.data,
        "split": flags.split,
        "profile": flags.profile,
    }


def _given(argv: Sequence[str]) -> set[str]:
    """Return the fields that flags in ``argv`` set."""
    short = {"-o": "out", "-P": "params"}
    fields = {flag_of(name): name for name in RunConfig.__struct_fields__} | short
    fields |= {f"--{name.replace('_', '-')}": field for name, field in DENIALS.items()}
    words = [word.partition("=")[0] for word in argv]
    names = [word if word in short else word.replace("_", "-") for word in words]
    return {fields[name] for name in names if name in fields}
