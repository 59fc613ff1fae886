"""The public check of a suite: everything that is wrong with it, not only the first thing."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from msgspec.structs import replace

from ivlm_bench.env import TASKS
from ivlm_bench.errors import UnknownNameError
from ivlm_bench.suite import SUITES, Suite, faults, suite_file_and_faults, suite_path
from ivlm_bench.trials.attempt import at_least
from ivlm_bench.types import Check

#: Different objects that a task's questions need before an interval can be trusted.
MIN_CLUSTERS = 10


def suite_faults(name_or_path: str) -> tuple[str, ...]:
    """Return a sentence for each thing that keeps a suite from being run.

    Raises
    ------
    ConfigError
        If the file can't be read or is no TOML.
    UnknownNameError
        If no suite has that name.
    """
    path = suite_path(name_or_path)
    file, wrong = suite_file_and_faults(path)
    if wrong:  # the hash of what is left says nothing
        file = replace(file, frozen=None)
    found = tuple(faults(Suite(file))) if file.tasks or not wrong else ()
    return (*wrong, *found, *_taken_name(file.name, path), *_unknown_tasks(Suite(file)))


def check_suite(suite: Suite) -> tuple[Check, ...]:
    """Pose every question of a suite that can be run, and return what its numbers can bear.

    ``clusters``: different objects of each task; intervals need ten. ``unanswerable``: questions
    without an answer, of which a task needs one to tell a reasoner that never abstains.
    """
    checks: list[Check] = []
    for task in suite.tasks:
        env = TASKS.get(task)(track="rgb", size_px=suite.sensors.size_px)
        seeds = {spec.seed for spec in suite.episodes() if spec.task == task}
        asked = [env.episode(seed) for seed in sorted(seeds)]
        clusters = {episode.scene.target.model.cluster for episode in asked}
        n_unanswerable = sum(not episode.truth.feasible for episode in asked)
        short = task.split("/")[-1]
        checks += [
            at_least(f"{short} clusters", len(clusters), MIN_CLUSTERS, unit="objects"),
            at_least(f"{short} unanswerable", n_unanswerable, 1.0, unit="questions"),
        ]
    return tuple(checks)


def _taken_name(name: str, path: Path) -> Iterator[str]:
    if name in SUITES.names() and SUITES.get(name).read_bytes() != path.read_bytes():
        yield f"it is named {name!r} like a released suite that is another; give it its own name."


def _unknown_tasks(suite: Suite) -> Iterator[str]:
    for task in suite.tasks:
        try:
            TASKS.get(task)
        except UnknownNameError as error:
            yield f"{error} (table 'tasks')"
