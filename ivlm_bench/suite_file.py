"""What a suite file may hold, and every value of it that no question can be asked with."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

import msgspec

from ivlm_bench.errors import UnknownNameError
from ivlm_bench.tracks import DEFAULT_SIZE_PX, MAX_SIZE_PX, MIN_SIZE_PX, get_track

#: Most questions of a suite: over 100 times those of core-v0, and listed in a moment.
MAX_QUESTIONS = 100_000
#: Digits of the largest seed that can be stored (2^63 - 1).
_SEED_DIGITS = 19


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


def n_questions(file: SuiteFile) -> int:
    """Return how many questions a suite asks, without listing them."""
    return sum(max(seeds.count, 0) for seeds in file.tasks.values()) * max(file.repeats, 0)


def impossible_values(file: SuiteFile) -> Iterator[str]:
    """Yield a sentence for each value that no question can be asked with."""
    try:
        get_track(file.track)
    except UnknownNameError as error:
        yield f"{error} (key 'track')"
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
    if n_questions(file) > MAX_QUESTIONS:
        yield f"it asks {n_questions(file)} questions; at most {MAX_QUESTIONS} can be planned."


def _impossible_seeds(task: str, seeds: TaskSeeds) -> Iterator[str]:
    where = f" of task {task!r}"
    yield from _too_small("count" + where, seeds.count, 0)
    yield from _too_small("first_seed" + where, seeds.first_seed, 0)
    planned = range(seeds.first_seed, seeds.first_seed + seeds.count)
    for seed, instead in seeds.replaced.items():
        if planned and not _is_planned(seed, planned):
            yield (
                f"'replaced'{where} names the seed {seed!r}, which is none of the planned "
                f"{planned.start} to {planned.stop - 1}."
            )
        yield from _too_small(f"'replaced' for seed {seed}{where}", instead, 0)


def _is_planned(seed: str, planned: range) -> bool:
    is_number = len(seed) <= _SEED_DIGITS and seed.isdecimal() and str(int(seed)) == seed
    return is_number and int(seed) in planned


def _too_small(key: str, value: int, least: int) -> Iterator[str]:
    if value < least:
        yield f"{key} is {value}; a whole number of at least {least} is needed."


def suite_toml(file: SuiteFile) -> str:
    """Return the TOML text of a suite file: what is read back equals ``file``."""
    plain = msgspec.to_builtins(file)
    tasks = plain.pop("tasks")
    lines = [f"{key} = {_toml(value)}" for key, value in plain.items() if value is not None]
    for task, seeds in tasks.items():
        lines += ["", f"[tasks.{_toml(task)}]"]
        lines += [f"{key} = {_toml(value)}" for key, value in seeds.items() if value != {}]
    return "\n".join(lines) + "\n"


def _toml(value: object) -> str:
    """Return a string, number or table of numbers; JSON's strings are TOML's basic strings."""
    if isinstance(value, dict):
        return "{ " + ", ".join(f"{_toml(k)} = {_toml(v)}" for k, v in value.items()) + " }"
    return msgspec.json.encode(value).decode()
