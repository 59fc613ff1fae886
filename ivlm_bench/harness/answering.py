"""Phase ``predict`` by itself: a folder of observations becomes a folder of predictions."""

from __future__ import annotations

import os
import shlex
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

import msgspec
from msgspec.structs import replace

import ivlm_bench
from ivlm_bench.digest import blake_key, episode_key
from ivlm_bench.errors import ConfigError, StoreError
from ivlm_bench.harness.config import DEADLINE_S, RunConfig, check_config
from ivlm_bench.harness.drive import faults_of, first_reason, record_open
from ivlm_bench.harness.manifest import machine, packages
from ivlm_bench.harness.messages import Job, Ready, Setup
from ivlm_bench.harness.observations import TRUTH, Observations
from ivlm_bench.harness.plan import SHORT_ID
from ivlm_bench.harness.pool import Pool
from ivlm_bench.harness.submission import PredictionManifest, is_complete, write_predictions
from ivlm_bench.records import EpisodeResult, EpisodeSpec
from ivlm_bench.store import RunHeader, RunStore

SCHEMA_VERSION = 1

#: Exit code where the reasoner or the machine failed.
INCOMPLETE = 5


class PredictConfig(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Who answers, and how; ``RunConfig`` says what each field means."""

    reasoner: str
    out: str
    params: dict[str, str] = {}
    workers: int | None = None
    in_flight: int | None = None
    seed: int = 0
    repeats: int | None = None
    resume: bool = False
    deadline_s: float = DEADLINE_S
    isolate: bool = False


@dataclass(frozen=True, slots=True)
class Answers:
    """Complete predictions, and the sentence that says what went wrong (empty if nothing did)."""

    folder: Path
    manifest: PredictionManifest
    complaint: str = ""

    @property
    def exit_code(self) -> int:
        """0 if every question got an answer that can be tried, else 5."""
        return INCOMPLETE if self.complaint else 0


def n_answers(config: PredictConfig, observations: Observations) -> int:
    """Return how many answers will be asked for."""
    manifest = observations.manifest
    return len(manifest.questions) * (config.repeats or manifest.repeats)


def answer_all(
    config: PredictConfig, observations: Observations, heard: Callable[[], object]
) -> Answers:
    """Ask the reasoner every question of a folder; ``heard`` is called after each.

    Deadlines, statuses and deaths of workers are those of a run. A privileged reasoner is given
    the truth of the folder; no other ever opens it.

    Raises
    ------
    IvlmBenchError
        If a number, the reasoner or a folder is not fit; nothing that was recorded is lost.
    Interrupted
        After Ctrl-C; the message says how to go on.
    """
    _check(config)
    folder = Path(config.out)
    if is_complete(folder):
        raise StoreError(f"{folder} holds finished predictions; choose another --out folder.")
    n_workers = config.workers or len(os.sched_getaffinity(0))
    with Pool(_setup(config, observations), n_workers, config.deadline_s) as pool:
        ready = pool.start(n_answers(config, observations))
        _check_privilege(ready, observations)
        jobs = _jobs(config, observations, ready)
        with RunStore(folder) as store:
            recorded = store.begin(_header(config, observations, ready, jobs), resume=config.resume)
            for _ in recorded:
                heard()
            record_open(pool, store, jobs, recorded=recorded, heard=lambda _: heard())
            pool.close()
            results = store.complete()
            manifest = _manifest(config, observations, ready)
            sealed = store.seal_as(lambda: write_predictions(folder, results, manifest))
    return Answers(folder, sealed, _complaint(ready, folder, results))


def _check(config: PredictConfig) -> None:
    check_config(
        RunConfig(
            workers=config.workers,
            in_flight=config.in_flight,
            seed=config.seed,
            repeats=config.repeats,
            deadline_s=config.deadline_s,
        )
    )


def _check_privilege(ready: Ready, observations: Observations) -> None:
    if ready.card.privileged and not observations.has_truth:
        raise ConfigError(
            f"{ready.card.name!r} answers from the truth, and {observations.folder} holds none "
            f"(its folder {TRUTH!r} was left out); render it again, or choose another reasoner."
        )


def _setup(config: PredictConfig, observations: Observations) -> Setup:
    return Setup(
        worker=0,
        reasoner=config.reasoner,
        params=config.params,
        tasks=(),
        sensors=observations.manifest.sensors,
        engines=(),
        n_perturbed=0,
        base_seed=config.seed,
        isolate=config.isolate,
        deadline_s=config.deadline_s,
        in_flight=config.in_flight,
        phase="predict",
        folder=str(observations.folder.resolve()),
    )


def _jobs(config: PredictConfig, observations: Observations, ready: Ready) -> tuple[Job, ...]:
    manifest = observations.manifest
    return tuple(
        Job(
            spec=EpisodeSpec(task=question.task, seed=question.seed, repeat=repeat),
            scenario_key=question.scenario_key,
            episode_key=episode_key(question.scenario_key, ready.card.fingerprint, repeat),
        )
        for question in manifest.questions
        for repeat in range(config.repeats or manifest.repeats)
    )


def _header(
    config: PredictConfig, observations: Observations, ready: Ready, jobs: tuple[Job, ...]
) -> RunHeader:
    manifest = observations.manifest
    fixed = {
        "observations": blake_key([[q.scenario_key, q.seen_sha256] for q in manifest.questions]),
        "reasoner": ready.card.name,
        "reasoner fingerprint": ready.card.fingerprint,
        "seed": str(config.seed),
        "repeats": str(config.repeats or manifest.repeats),
        "isolate": str(config.isolate),
        "deadline_s": str(config.deadline_s),
        "version": ivlm_bench.__version__,
    }
    now, config_hash = datetime.now(UTC), blake_key(fixed)
    return RunHeader(
        run_id=f"{now:%Y%m%d-%H%M%S}-{config_hash[:SHORT_ID]}",
        config_hash=config_hash,
        planned=tuple(job.episode_key for job in jobs),
        created_at=now.isoformat(timespec="seconds"),
        config=fixed,
    )


def _manifest(
    config: PredictConfig, observations: Observations, ready: Ready
) -> PredictionManifest:
    seen = observations.manifest
    return PredictionManifest(
        schema_version=SCHEMA_VERSION,
        created_at=datetime.now(UTC).isoformat(timespec="seconds"),
        tool_version=ivlm_bench.__version__,
        suite=seen.suite,
        suite_hash=seen.suite_hash,
        protocol_hash=seen.protocol_hash,
        asked=replace(seen.asked, repeats=config.repeats or seen.repeats, isolate=config.isolate),
        sensors=seen.sensors,
        reasoner=ready.card,
        base_seed=config.seed,
        deadline_s=config.deadline_s,
        n_planned=0,
        n_by_status={},
        machine=machine(),
        packages=packages(),
        files=(),
        isolation=ready.isolation,
        imagination=ready.imagination,
        calibration=ready.calibration,
    )


def _complaint(ready: Ready, folder: Path, results: tuple[EpisodeResult, ...]) -> str:
    records = [result.episode for result in results]
    faults = faults_of(records)
    if not faults:
        return ""
    return (
        f"{ready.card.name!r} left {', '.join(faults)} in {len(records)} answers of "
        f"{shlex.quote(str(folder))}{first_reason(records)}."
    )
