"""Suites: named, versioned lists of questions, written in TOML."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Mapping
from pathlib import Path

import msgspec

from ivlm_bench.errors import ConfigError, UnknownNameError, did_you_mean
from ivlm_bench.records import EpisodeSpec
from ivlm_bench.registry import Registry
from ivlm_bench.tracks import DEFAULT_SIZE_PX, MAX_SIZE_PX, MIN_SIZE_PX, TRACKS, Sensors

#: Suite files that plugin packages ship, by suite name.
SUITES: Registry[Path] = Registry("suite")


class TaskSeeds(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Which seeds of one task a suite asks: ``count`` from ``first_seed``, some replaced.

    ``replaced`` maps a seed that failed its certificate to the one that stands in for it.
    """

    count: int
    first_seed: int = 0
    replaced: Mapping[str, int] = {}

    def seeds(self) -> tuple[int, ...]:
        """Return the seeds in order, replacements in place."""
        planned = range(self.first_seed, self.first_seed + self.count)
        return tuple(self.replaced.get(str(seed), seed) for seed in planned)


class SuiteFile(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The content of a suite file.

    ``track``: sensor track. ``size_px``: side of the square views. ``n_perturbed``: perturbed
    trials of an answer on the reference engine, beside the nominal one. ``cross_check_share``:
    share of the questions, chosen by the hash of each, that engines after the reference judge, too.
    ``frozen``: the suite's hash once released.
    """

    name: str
    title: str
    track: str
    tasks: Mapping[str, TaskSeeds]
    size_px: int = DEFAULT_SIZE_PX
    n_perturbed: int = 1
    repeats: int = 1
    cross_check_share: float = 1.0
    frozen: str | None = None


class Suite:
    """A loaded suite: its file, and the episodes that it plans."""

    def __init__(self, file: SuiteFile) -> None:
        self.file = file
        self.name = file.name
        self.title = file.title
        self.sensors = Sensors(track=file.track, size_px=file.size_px)
        self.n_perturbed = file.n_perturbed
        self.tasks: tuple[str, ...] = tuple(file.tasks)

    def episodes(self) -> tuple[EpisodeSpec, ...]:
        """Return every planned question, tasks in file order."""
        return tuple(
            EpisodeSpec(task=task, seed=seed, repeat=repeat)
            for task, seeds in self.file.tasks.items()
            for seed in seeds.seeds()
            for repeat in range(self.file.repeats)
        )

    @property
    def hash(self) -> str:
        """BLAKE2b-128 of all that decides what is asked (title and frozen hash left out)."""
        content: dict[str, object] = {
            "name": self.name,
            "track": self.sensors.track,
            "size_px": self.sensors.size_px,
            "n_perturbed": self.n_perturbed,
            "episodes": [[e.task, e.seed, e.repeat] for e in self.episodes()],
        }
        if self.file.cross_check_share < 1.0:  # left out else: hashes of older suites stay
            content["cross_check_share"] = self.file.cross_check_share
        canonical = msgspec.json.encode(content, order="sorted")
        return hashlib.blake2b(canonical, digest_size=16).hexdigest()


def suite_names() -> list[str]:
    """Return the names of all shipped suites."""
    return SUITES.names()


def register_folder(folder: Path) -> None:
    """Register every ``<name>.toml`` of a folder under its file name."""
    for path in sorted(folder.glob("*.toml")):
        SUITES.register(path.stem, path)


def load_suite(name_or_path: str) -> Suite:
    """Load a suite by name or from a TOML file of the user's own.

    Raises
    ------
    ConfigError
        If the file is missing, is no TOML, has an unknown key or a value that can't be, asks
        nothing, asks one question twice, or differs from its frozen hash.
    UnknownNameError
        If no suite has that name.
    """
    if name_or_path.endswith(".toml") or "/" in name_or_path:
        path = Path(name_or_path)
    else:
        path = SUITES.get(name_or_path)
    file = _read(path)
    for complaint in _impossible(file):
        raise ConfigError(f"The suite file {path} can't be used: {complaint}")
    suite = Suite(file)
    _check(suite, path)
    return suite


def _read(path: Path) -> SuiteFile:
    try:
        return msgspec.toml.decode(path.read_bytes(), type=SuiteFile)
    except OSError as error:
        raise ConfigError(f"The suite file {path} can't be read: {error.strerror}.") from None
    except msgspec.ValidationError as error:
        raise ConfigError(f"The suite file {path} is not valid: {error}.") from None
    except msgspec.DecodeError as error:
        raise ConfigError(f"The suite file {path} is not valid TOML: {error}.") from None


def _impossible(file: SuiteFile) -> Iterator[str]:
    """Yield a sentence for each value that no question can be asked with."""
    if file.track not in TRACKS:
        yield f"no sensor track is called {file.track!r} (key 'track')." + did_you_mean(
            file.track, list(TRACKS)
        )
    if not MIN_SIZE_PX <= file.size_px <= MAX_SIZE_PX:
        yield (
            f"size_px is {file.size_px}; views of {MIN_SIZE_PX} to {MAX_SIZE_PX} px can be drawn."
        )
    yield from _too_small("n_perturbed", file.n_perturbed, 0)
    yield from _too_small("repeats", file.repeats, 1)
    if not 0.0 <= file.cross_check_share <= 1.0:
        yield f"cross_check_share is {file.cross_check_share}; a share between 0 and 1 is needed."
    for task, seeds in file.tasks.items():
        yield from _impossible_seeds(task, seeds)


def _impossible_seeds(task: str, seeds: TaskSeeds) -> Iterator[str]:
    where = f" of task {task!r}"
    yield from _too_small("count" + where, seeds.count, 0)
    yield from _too_small("first_seed" + where, seeds.first_seed, 0)
    planned = range(seeds.first_seed, seeds.first_seed + seeds.count)
    names = {str(seed) for seed in planned}
    for seed, instead in seeds.replaced.items():
        if planned and seed not in names:
            yield (
                f"'replaced'{where} names the seed {seed!r}, which is none of the planned "
                f"{planned.start} to {planned.stop - 1}."
            )
        yield from _too_small(f"'replaced' for seed {seed}{where}", instead, 0)


def _too_small(key: str, value: int, least: int) -> Iterator[str]:
    if value < least:
        yield f"{key} is {value}; a whole number of at least {least} is needed."


def _check(suite: Suite, path: Path) -> None:
    episodes = suite.episodes()
    if not episodes:
        raise ConfigError(f"The suite file {path} asks no question; give a task a count above 0.")
    if len(set(episodes)) != len(episodes):
        raise ConfigError(f"The suite file {path} asks a question twice; check 'replaced'.")
    if suite.file.frozen is not None and suite.file.frozen != suite.hash:
        raise ConfigError(
            f"The suite {suite.name!r} in {path} is frozen as {suite.file.frozen} but now hashes "
            f"to {suite.hash}; a released suite never changes: copy it under a new name."
        )


def select_tasks(suite: Suite, tasks: tuple[str, ...]) -> tuple[str, ...]:
    """Return the tasks of ``suite`` that ``tasks`` names (all if empty), by id or short name.

    ``GraspAny`` and ``GraspAny-v0`` stand for ``ivlm/GraspAny-v0``.
    """
    if not tasks:
        return suite.tasks
    short = {name.split("/")[-1].rsplit("-v", 1)[0]: name for name in suite.tasks}
    short |= {name.split("/")[-1]: name for name in suite.tasks} | {n: n for n in suite.tasks}
    for task in tasks:
        if task not in short:
            hint = did_you_mean(task, list(short))
            raise UnknownNameError(f"The suite {suite.name!r} has no task {task!r}.{hint}")
    wanted = {short[task] for task in tasks}
    return tuple(task for task in suite.tasks if task in wanted)
