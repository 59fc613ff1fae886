"""Suites: named, versioned lists of questions, written in TOML."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from pathlib import Path

import msgspec

from ivlm_bench.errors import ConfigError, UnknownNameError, did_you_mean
from ivlm_bench.records import EpisodeSpec
from ivlm_bench.registry import Registry
from ivlm_bench.suite_file import MAX_QUESTIONS, SuiteFile, impossible_values, n_questions
from ivlm_bench.suite_keys import repaired
from ivlm_bench.tracks import Sensors

#: Suite files that plugin packages ship, by suite name.
SUITES: Registry[Path] = Registry("suite")


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
    path = suite_path(name_or_path)
    suite = Suite(read_suite_file(path))
    for fault in faults(suite):
        raise ConfigError(f"The suite file {path} can't be used: {fault}")
    return suite


def faults(suite: Suite) -> Iterator[str]:
    """Yield a sentence for each reason why a suite can't be run, unknown tasks left out."""
    impossible = tuple(impossible_values(suite.file))
    yield from impossible
    if n_questions(suite.file) > MAX_QUESTIONS:  # nothing that lists them can be asked for
        return
    if not impossible:
        yield from _repeated(suite.episodes())
    if suite.file.frozen is not None and suite.file.frozen != suite.hash:
        yield (
            f"it is frozen as {suite.file.frozen} but now hashes to {suite.hash}; a released suite "
            "never changes: copy it under a new name."
        )


def _repeated(episodes: tuple[EpisodeSpec, ...]) -> Iterator[str]:
    if not episodes:
        yield "it asks no question; give a task a count above 0."
    if len(set(episodes)) != len(episodes):
        yield "it asks a question twice; check 'replaced'."


def suite_path(name_or_path: str) -> Path:
    """Return the file of a suite by name, or the path itself; ``UnknownNameError`` if neither."""
    if name_or_path.endswith(".toml") or "/" in name_or_path:
        return Path(name_or_path)
    return SUITES.get(name_or_path)


def read_suite_file(path: Path) -> SuiteFile:
    """Return the content of a suite file; ``ConfigError`` with the first fault if it is none."""
    file, wrong = suite_file_and_faults(path)
    for fault in wrong:
        raise ConfigError(f"The suite file {path} can't be used: {fault}")
    return file


def suite_file_and_faults(path: Path) -> tuple[SuiteFile, tuple[str, ...]]:
    """Return what can be made of a suite file, and a sentence for each key that is wrong.

    Raises
    ------
    ConfigError
        If it can't be read or is no TOML.
    """
    try:
        content = msgspec.toml.decode(path.read_bytes())
    except OSError as error:
        raise ConfigError(f"The suite file {path} can't be read: {error.strerror}.") from None
    except UnicodeDecodeError as error:
        raise ConfigError(
            f"The suite file {path} is not valid UTF-8 (byte {error.start}); save it as UTF-8."
        ) from None
    except msgspec.DecodeError as error:
        raise ConfigError(f"The suite file {path} is not valid TOML: {error}.") from None
    good, wrong = repaired(content)
    return msgspec.convert(good, SuiteFile), wrong


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
