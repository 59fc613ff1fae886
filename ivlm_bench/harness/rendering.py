"""Phase ``render`` by itself: a suite becomes a folder of observations."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from datetime import UTC, datetime
from pathlib import Path

from msgspec.structs import replace

import ivlm_bench
from ivlm_bench.digest import scenario_key
from ivlm_bench.errors import StoreError
from ivlm_bench.harness.config import DEADLINE_S, RunConfig
from ivlm_bench.harness.manifest import machine, packages
from ivlm_bench.harness.messages import Job
from ivlm_bench.harness.observations import (
    ObservationManifest,
    RenderedQuestion,
    is_complete,
    seen_path,
    sha256_of,
    truth_path,
    write_manifest,
)
from ivlm_bench.harness.plan import Plan
from ivlm_bench.harness.pool import Pool, WorkerError
from ivlm_bench.records import EpisodeSpec
from ivlm_bench.trials.protocol import protocol_hash

SCHEMA_VERSION = 1

#: What of a configuration decides which questions are asked, and how they are shown.
ASKED = ("suite", "tasks", "limit", "track", "views", "size_px", "renderer", "repeats", "shard")


def distinct(plan: Plan) -> tuple[EpisodeSpec, ...]:
    """Return every question of a plan once, however often it is asked."""
    return tuple(dict.fromkeys(replace(spec, repeat=0) for spec in plan.specs))


def render_suite(plan: Plan, folder: Path, heard: Callable[[], object]) -> ObservationManifest:
    """Draw every question of ``plan`` into ``folder``; ``heard`` is called after each.

    What may be seen lies in ``seen``, the truth in ``truth``; a copy without the second is fit to
    be handed out. The manifest is written last.

    Raises
    ------
    StoreError
        If the folder holds observations already, or the disk is full or not writable.
    WorkerError
        If workers die while they draw.
    """
    if is_complete(folder):
        raise StoreError(f"{folder} holds observations already; choose another --out folder.")
    setup = replace(
        plan.setup(), phase="render", folder=str(folder), reasoner="", params={}, engines=()
    )
    specs = distinct(plan)
    jobs = _jobs(specs)
    with Pool(setup, plan.n_workers, DEADLINE_S) as pool:
        pool.start(len(jobs))
        for result in pool.play(jobs):
            if result.episode.status != "ok":
                episode = result.episode
                raise WorkerError(
                    f"Question {episode.seed} of {episode.task} can't be rendered: "
                    f"{episode.message}"
                )
            heard()
    manifest = _manifest(plan, folder, jobs)
    write_manifest(folder, manifest)
    return manifest


def asked_of(config: RunConfig) -> RunConfig:
    """Return the part of a configuration that decides the questions; all else is the default."""
    return RunConfig(**{name: getattr(config, name) for name in ASKED})


def _jobs(specs: Iterable[EpisodeSpec]) -> tuple[Job, ...]:
    protocol = protocol_hash()
    keys = [(spec, scenario_key(protocol, spec.task, spec.seed)) for spec in specs]
    return tuple(Job(spec=spec, scenario_key=key, episode_key=key) for spec, key in keys)


def _manifest(plan: Plan, folder: Path, jobs: tuple[Job, ...]) -> ObservationManifest:
    return ObservationManifest(
        schema_version=SCHEMA_VERSION,
        created_at=datetime.now(UTC).isoformat(timespec="seconds"),
        tool_version=ivlm_bench.__version__,
        suite=plan.suite.name,
        suite_hash=plan.suite.hash,
        protocol_hash=protocol_hash(),
        asked=asked_of(plan.config),
        sensors=plan.sensors,
        repeats=plan.repeats,
        questions=tuple(_question(folder, job) for job in jobs),
        machine=machine(),
        packages=packages(),
        notes=plan.scope,
    )


def _question(folder: Path, job: Job) -> RenderedQuestion:
    return RenderedQuestion(
        task=job.spec.task,
        seed=job.spec.seed,
        scenario_key=job.scenario_key,
        seen_sha256=sha256_of(seen_path(folder, job.scenario_key)),
        truth_sha256=sha256_of(truth_path(folder, job.scenario_key)),
    )
