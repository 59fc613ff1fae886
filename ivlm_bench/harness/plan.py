"""What a run will do, and where it will be written."""

from __future__ import annotations

import os
import re
import shutil
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path

import ivlm_bench
from ivlm_bench.digest import blake_key, episode_key, scenario_key
from ivlm_bench.engines import available_engines
from ivlm_bench.errors import ConfigError
from ivlm_bench.harness.config import RunConfig, check_config
from ivlm_bench.harness.messages import DataSource, Job, Ready, Setup
from ivlm_bench.harness.shard import Shard
from ivlm_bench.records import EpisodeSpec
from ivlm_bench.registry import load_plugins
from ivlm_bench.store import RunHeader, is_sealed
from ivlm_bench.suite import Suite, load_suite, select_tasks
from ivlm_bench.tracks import Sensors, get_track
from ivlm_bench.trials.protocol import protocol_hash

#: Folder below which runs are written unless ``--out`` names another.
RUNS = Path("runs")

#: Hex digits of the configuration's hash in a folder's name.
SHORT_ID = 8


@dataclass(frozen=True, slots=True)
class Plan:
    """A checked configuration: the suite, its chosen questions, the engines.

    ``data``: the split of a public data set that takes the suite's place.
    """

    config: RunConfig
    suite: Suite
    tasks: tuple[str, ...]
    specs: tuple[EpisodeSpec, ...]
    engines: tuple[str, ...]
    n_perturbed: int
    sensors: Sensors
    data: DataSource | None = None

    @property
    def cross_check_share(self) -> float:
        """Share of the questions that engines after the reference judge."""
        asked = self.config.cross_check_share
        return self.suite.file.cross_check_share if asked is None else asked

    @property
    def repeats(self) -> int:
        """Times that each question is asked."""
        return self.config.repeats or self.suite.file.repeats

    @property
    def n_workers(self) -> int:
        """Workers as asked for, else one for each usable core."""
        return self.config.workers or len(os.sched_getaffinity(0))

    @property
    def scope(self) -> str:
        """What was left out of the suite; empty for all of it."""
        parts = []
        if len(self.tasks) < len(self.suite.tasks):
            parts.append(f"{len(self.tasks)} of {len(self.suite.tasks)} tasks")
        if self.config.limit is not None:
            parts.append(f"the first {self.config.limit} questions of a task")
        if self.config.shard is not None:
            parts.append(f"shard {self.config.shard}")
        return "only " + ", ".join(parts) if parts else ""

    def setup(self) -> Setup:
        """Return what every worker is told first."""
        return Setup(
            worker=0,
            reasoner=self.config.reasoner,
            params=self.config.params,
            tasks=self.tasks,
            sensors=self.sensors,
            engines=self.engines,
            n_perturbed=self.n_perturbed,
            base_seed=self.config.seed,
            cross_check_share=self.cross_check_share,
            isolate=self.config.isolate,
            deadline_s=self.config.deadline_s,
            in_flight=self.config.in_flight,
            cache=self.config.cache,
            phase="run" if self.data is None else "data",
            data=self.data,
        )

    def jobs(self, ready: Ready) -> tuple[Job, ...]:
        """Return one job a question, with its keys."""
        protocol = protocol_hash()
        scenarios = [scenario_key(protocol, spec.task, spec.seed) for spec in self.specs]
        return tuple(
            Job(
                spec=spec,
                scenario_key=scenario,
                episode_key=episode_key(scenario, ready.card.fingerprint, spec.repeat),
            )
            for spec, scenario in zip(self.specs, scenarios, strict=True)
        )

    def fixed(self, ready: Ready) -> dict[str, str]:
        """Return all that decides the records, readable: a resumed run must agree in it."""
        return {
            "suite": f"{self.suite.name} {self.suite.hash}",
            "tasks": " ".join(self.tasks),
            "limit": str(self.config.limit),
            "reasoner": ready.card.name,
            "reasoner fingerprint": ready.card.fingerprint,
            "params": " ".join(f"{k}={v}" for k, v in sorted(self.config.params.items())),
            "engines": " ".join(f"{k} {v}" for k, v in ready.engines.items()),
            "protocol": protocol_hash(),
            "n_perturbed": str(self.n_perturbed),
            "seed": str(self.config.seed),
            "sensors": f"{self.sensors.track} {self.sensors.size_px} px {self.sensors.renderer}",
            "cross-check share": str(self.cross_check_share),
            "repeats": str(self.repeats),
            "shard": self.config.shard or "",
            "isolate": str(self.config.isolate),
            "deadline_s": str(self.config.deadline_s),
            "version": ivlm_bench.__version__,
        }

    def header(self, ready: Ready, jobs: tuple[Job, ...]) -> RunHeader:
        """Return the journal's header."""
        fixed = self.fixed(ready)
        now = datetime.now(UTC)
        config_hash = blake_key(fixed)
        return RunHeader(
            run_id=f"{now:%Y%m%d-%H%M%S}-{config_hash[:SHORT_ID]}",
            config_hash=config_hash,
            planned=tuple(job.episode_key for job in jobs),
            created_at=now.isoformat(timespec="seconds"),
            config=fixed,
        )


def make_plan(config: RunConfig) -> Plan:
    """Check ``config`` and return what it means.

    Raises
    ------
    ConfigError
        If a number is out of range, or the suite file is not valid.
    UnknownNameError
        If suite or task is unknown.
    """
    check_config(config)
    load_plugins()
    suite = load_suite(config.suite)
    tasks = select_tasks(suite, config.tasks)
    planned = suite.file.n_perturbed if config.n_perturbed is None else config.n_perturbed
    engines = config.engines or available_engines()
    if len(set(engines)) < len(engines):
        raise ConfigError(f"--engine names one engine twice: {', '.join(engines)}.")
    specs = tuple(s for task in tasks for s in _questions(suite, task, config))
    if config.shard is not None:
        specs = _part(specs, config.shard)
    sensors = _sensors(config, suite)
    return Plan(config, suite, tasks, specs, tuple(engines), planned, sensors)


def _sensors(config: RunConfig, suite: Suite) -> Sensors:
    """Return the suite's sensors with what the configuration asks for instead."""
    track = get_track(config.track or suite.sensors.track)
    if config.views is not None:
        track = replace(track, n_views=config.views)
    return Sensors(
        track=track.name,
        size_px=config.size_px or suite.sensors.size_px,
        renderer=config.renderer,
    )


def _questions(suite: Suite, task: str, config: RunConfig) -> tuple[EpisodeSpec, ...]:
    """Return the questions of one task, each as often as it is to be asked."""
    repeats = config.repeats or suite.file.repeats
    seeds = suite.file.tasks[task].seeds()[: config.limit]
    return tuple(
        EpisodeSpec(task=task, seed=seed, repeat=repeat)
        for seed in seeds
        for repeat in range(repeats)
    )


def _part(specs: tuple[EpisodeSpec, ...], shard: str) -> tuple[EpisodeSpec, ...]:
    part = Shard.parse(shard).of(specs)
    if not part:
        raise ConfigError(
            f"--shard {shard} is empty: there are fewer questions than shards; use fewer shards."
        )
    return part


def run_folder(plan: Plan, config_hash: str) -> Path:
    """Return the folder of the run: ``--out``, or the first free default one.

    The default is ``runs/<suite>/<reasoner>-<short id>``, with ``-2``, ``-3`` ... when the same
    run was finished before; ``--resume`` takes the last of these that exists.
    """
    if plan.config.out is not None:
        return Path(plan.config.out)
    base = RUNS / plan.suite.name / f"{slug(plan.config.reasoner)}-{config_hash[:SHORT_ID]}"
    folder, number = base, 1
    while is_sealed(folder):
        following = base.with_name(f"{base.name}-{number + 1}")
        if plan.config.resume and not following.exists():
            return folder
        folder, number = following, number + 1
    return folder


def beside(folder: Path) -> Path:
    """Return the folder of a run that is to take the place of the one in ``folder``."""
    return folder.with_name(folder.name + ".new")


def take_the_place_of(folder: Path) -> None:
    """Put the run in ``beside(folder)`` in the place of the one in ``folder``."""
    shutil.rmtree(folder)
    beside(folder).rename(folder)


def slug(reasoner: str) -> str:
    """Return the reasoner's name as part of a folder's name."""
    name = reasoner.rpartition(":")[2] or reasoner
    return re.sub(r"[^A-Za-z0-9._-]+", "-", name).strip("-.") or "reasoner"
