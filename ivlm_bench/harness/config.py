"""What a run is asked to do: at once the Python API, the flags and the resume check."""

from __future__ import annotations

import msgspec

from ivlm_bench.errors import ConfigError
from ivlm_bench.harness.shard import Shard
from ivlm_bench.tracks import DEFAULT_RENDERER, MAX_SIZE_PX, MAX_VIEWS, MIN_SIZE_PX, get_track

#: Seconds that one call of ``predict`` may take.
DEADLINE_S = 60.0


class RunConfig(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One reasoner over one suite.

    Parameters
    ----------
    suite
        Name of a suite, or path of a suite file.
    reasoner
        A registered name, ``package.module:Attr`` or ``path/file.py:Attr``.
    params
        Constructor parameters of the reasoner, as text.
    tasks
        Only these tasks of the suite (all if empty).
    engines
        Physics engines, the reference first; all available ones if empty.
    out
        Folder of the run; ``runs/<suite>/<reasoner>-<short id>`` if None.
    limit
        Only the first so many questions of each task.
    workers
        Processes that answer and simulate; one for each usable core if None.
    in_flight
        Requests that the whole run may have open at once, for reasoners that ask somebody else; as
        many as the reasoner says if None. The results do not depend on it.
    seed
        Base seed of the reasoner; scenes depend on the suite alone.
    resume
        Go on with an unfinished run of the same configuration.
    deadline_s
        Seconds that one call of ``predict`` may take.
    n_perturbed
        Perturbed trials of an answer, on the reference engine only; as the suite says if None.
    page
        Write the HTML page when the run is complete.
    track, views, size_px, renderer
        How the questions are shown; as the suite says if None. ``views`` takes another number of
        calibrated views than the track's.
    repeats
        Times that each question is asked, each with a seed of its own; as the suite says if None.
    cross_check_share
        Share of the questions, chosen by their hash, that engines after the reference judge, too;
        as the suite says if None.
    shard
        ``i/N``: only every N-th question of each task, in the order of their hashes, from the
        i-th (1 <= i <= N).
    isolate
        Ask the reasoner in a process of its own that gets serialised observations only.
    cache
        Read and keep drawn observations in the observation cache.
    dataset, data, split, profile
        A public data set instead of a suite: its name, the folder with the owner's files, one of
        its splits (the usual one if None), and the metric profile that scores it (its usual one if
        None). Nothing is simulated then.
    """

    suite: str = "smoke-v0"
    reasoner: str = "ivlm"
    params: dict[str, str] = {}
    tasks: tuple[str, ...] = ()
    engines: tuple[str, ...] = ()
    out: str | None = None
    limit: int | None = None
    workers: int | None = None
    in_flight: int | None = None
    seed: int = 0
    resume: bool = False
    deadline_s: float = DEADLINE_S
    n_perturbed: int | None = None
    page: bool = True
    track: str | None = None
    views: int | None = None
    size_px: int | None = None
    renderer: str = DEFAULT_RENDERER
    repeats: int | None = None
    cross_check_share: float | None = None
    shard: str | None = None
    isolate: bool = False
    cache: bool = True
    dataset: str | None = None
    data: str | None = None
    split: str | None = None
    profile: str | None = None


#: Fields that hold whole numbers, with the least and the largest that can be.
RANGES: dict[str, tuple[int, int | None]] = {
    "limit": (1, None),
    "workers": (1, None),
    "in_flight": (1, None),
    "seed": (0, None),
    "n_perturbed": (0, None),
    "views": (1, MAX_VIEWS),
    "size_px": (MIN_SIZE_PX, MAX_SIZE_PX),
    "repeats": (1, None),
}

#: Fields whose flag has another name.
FLAGS = {"size_px": "size", "engines": "engine", "params": "param"}


def flag_of(field: str) -> str:
    """Return the flag of the command line that sets a field."""
    return f"--{FLAGS.get(field, field).replace('_', '-')}"


def check_config(config: RunConfig) -> None:
    """Raise ``ConfigError`` for a value out of range; names are checked where they are used."""
    for name in RANGES:
        _check_range(name, getattr(config, name))
    if not 0.0 < config.deadline_s < float("inf"):
        raise ConfigError(
            f"--deadline-s is {config.deadline_s}; give a positive number of seconds."
        )
    share = config.cross_check_share
    if share is not None and not 0.0 <= share <= 1.0:
        raise ConfigError(f"--cross-check-share is {share}; a share between 0 and 1 is needed.")
    if config.track is not None:
        get_track(config.track)
    if config.shard is not None:
        Shard.parse(config.shard)


def _check_range(name: str, value: int | None) -> None:
    least, most = RANGES[name]
    if value is None or (value >= least and (most is None or value <= most)):
        return
    wanted = f"of at least {least}" if most is None else f"from {least} to {most}"
    raise ConfigError(f"{flag_of(name)} is {value}; a whole number {wanted} is needed.")
