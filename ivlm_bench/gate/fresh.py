"""Fresh questions: both methods answer what neither has seen, so that a screen can't fool us."""

from __future__ import annotations

import subprocess
import sys
import zlib
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

from ivlm_bench.comparison import compare
from ivlm_bench.errors import ConfigError, StoreError
from ivlm_bench.gate.ladder import Rows
from ivlm_bench.gate.policy import GatePolicy
from ivlm_bench.records import sensors_of
from ivlm_bench.store import Run, load_run
from ivlm_bench.store.faults import told
from ivlm_bench.store.seal import write_whole
from ivlm_bench.suite import Suite, read_suite_file, suite_path
from ivlm_bench.suite_file import SuiteFile, TaskSeeds, suite_toml

#: Fresh seeds start here: beyond those of every suite.
FIRST_FRESH = 1_000_000_000

#: Nights that draw different seeds: a run's id is mapped to one of so many stretches.
N_STRETCHES = 10_000

#: Seeds of one stretch; no suite asks more of one task.
STRETCH = 100_000


def fresh_suite(file: SuiteFile, tasks: Sequence[str], *, factor: int, salt: str) -> SuiteFile:
    """Return a suite of ``factor`` times as many other questions of some tasks.

    ``salt`` decides which: the id of the run that is to be confirmed.
    """
    first = FIRST_FRESH + zlib.crc32(salt.encode()) % N_STRETCHES * STRETCH
    asked = {
        task: TaskSeeds(count=min(file.tasks[task].count * factor, STRETCH), first_seed=first)
        for task in tasks
    }
    return SuiteFile(
        name=f"{file.name}-fresh",
        title=f"{file.title}: fresh questions",
        track=file.track,
        tasks=asked,
        size_px=file.size_px,
        n_perturbed=0,
        repeats=file.repeats,
        cross_check_share=0.0,
    )


@dataclass(frozen=True, slots=True)
class FreshQuestions:
    """Runs both methods on fresh questions, each by the Python that has its code.

    Attributes
    ----------
    baseline, night
        The two runs that differ.
    folder
        Where the suite and both runs are written.
    baseline_python
        Interpreter of the baseline's environment; this one if None.
    baseline_reasoner, night_reasoner
        What to run where the name in the run is not enough, as ``FILE.py:ATTR``.
    suite
        File of the suite, where it is one of the user's own.
    policy
        How many fresh questions a task, and what counts as right.
    engines_may_differ
        Whether the two environments may have different reference engines.
    """

    baseline: Run
    night: Run
    folder: Path
    baseline_python: str | None = None
    baseline_reasoner: str | None = None
    night_reasoner: str | None = None
    suite: str | None = None
    policy: GatePolicy = field(default_factory=GatePolicy)
    engines_may_differ: bool = False

    def __call__(self, tasks: tuple[str, ...]) -> Rows:
        """Ask the tasks, and compare.

        Raises
        ------
        StoreError
            If a run fails.
        """
        path = self._written(tasks)
        old = self._asked(
            "baseline", path, self.baseline, self.baseline_reasoner, python=self.baseline_python
        )
        new = self._asked("night", path, self.night, self.night_reasoner)
        found = compare(
            old,
            new,
            measure=self.policy.measure,
            engines_may_differ=self.engines_may_differ,
        )
        return found.macro, found.tasks

    def _asked(
        self, name: str, path: Path, run: Run, reasoner: str | None, *, python: str | None = None
    ) -> Run:
        out = self.folder / name
        words = command(path, run, out, reasoner=reasoner or run.manifest.reasoner.name)
        _run([python or sys.executable, "-m", "ivlm_bench.cli.main", *words], name)
        return load_run(out)

    def _written(self, tasks: tuple[str, ...]) -> Path:
        manifest = self.night.manifest
        named = self.suite or manifest.suite
        suite = Suite(read_suite_file(suite_path(named)))
        if suite.hash != manifest.suite_hash:
            raise ConfigError(
                f"The suite {named!r} is not the one of the run; name its file with --suite."
            )
        file = fresh_suite(
            suite.file, tasks, factor=self.policy.confirm_factor, salt=manifest.run_id
        )
        path = self.folder / f"{file.name}.toml"
        with told(path, "writing"):
            self.folder.mkdir(parents=True, exist_ok=True)
            write_whole(path, suite_toml(file).encode())
        return path


def command(suite: Path, run: Run, out: Path, *, reasoner: str) -> list[str]:
    """Return the arguments of ``ivlm-bench`` that ask a reasoner the questions of a suite.

    Its parameters, the sensors, the reference engine and the seed are those of ``run``.
    """
    manifest = run.manifest
    engines = [part for name in list(manifest.engines)[:1] for part in ("--engine", name)]
    params = [p for key, text in manifest.reasoner.params.items() for p in ("-P", f"{key}={text}")]
    sensors = sensors_of(manifest)
    return [
        *("run", "--suite", str(suite), "--reasoner", reasoner, *params, *engines),
        *("--track", sensors.track, "--size", str(sensors.size_px)),
        *("--renderer", sensors.renderer, "--seed", str(manifest.base_seed)),
        *("--no-page", "--resume", "--out", str(out)),
    ]


def _run(words: list[str], name: str) -> None:
    try:
        ended = subprocess.run(words, check=False, stdout=subprocess.DEVNULL)
    except OSError as error:
        raise StoreError(f"{words[0]} can't be started: {error.strerror}.") from None
    if ended.returncode:
        raise StoreError(
            f"The {name}'s reasoner did not finish the fresh questions (exit code "
            f"{ended.returncode}); what it said is above."
        )
