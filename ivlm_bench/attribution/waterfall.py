"""A run's failures, each with the stage that it was lost in, and the shares of all stages."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from ivlm_bench.attribution.asked import AskedAgain
from ivlm_bench.attribution.repairs import Failure, Repairer, Tried
from ivlm_bench.attribution.stages import ACTED, DECLINED, ERROR, NOTHING, failed_in
from ivlm_bench.engines import get_engine
from ivlm_bench.env import Episode
from ivlm_bench.errors import ConfigError
from ivlm_bench.harness.fingerprint import content_hash
from ivlm_bench.harness.render import render
from ivlm_bench.harness.simulate import verdict_of
from ivlm_bench.records import (
    ERROR_STATUSES,
    EpisodeRecord,
    EpisodeResult,
    EpisodeSpec,
    Manifest,
    sensors_of,
)
from ivlm_bench.store import Run
from ivlm_bench.trials.protocol import NO_ANSWER, protocol_hash


@dataclass(frozen=True, slots=True)
class Attributed:
    """One episode: the stage it was lost in (None if it succeeded) and how the failure looked.

    ``look``: what the judge saw of it, without any repair; ``wrong part`` is an object that was
    held firmly by another part than the asked one. ``tried``: all repairs, in their order.
    """

    record: EpisodeRecord
    stage: str | None = None
    look: str | None = None
    tried: tuple[Tried, ...] = ()


@dataclass(frozen=True, slots=True)
class Waterfall:
    """What became of each episode of a run.

    ``skipped``: stages that could not be mended here, with the reason. ``n_diverged`` episodes are
    left out.
    """

    manifest: Manifest
    episodes: tuple[Attributed, ...]
    engine: str
    skipped: Mapping[str, str]
    n_diverged: int


def attribute(
    run: Run, *, limit: int | None = None, heard: Callable[[], object] | None = None
) -> Waterfall:
    """Return where each failed episode of a run was lost.

    Parameters
    ----------
    limit
        Only so many episodes of each task, the first by seed.
    heard
        Called after each episode.

    Raises
    ------
    ConfigError
        If nothing of the run was simulated, it has no episode, its protocol is another version's,
        or a task poses another scene now.
    UnknownNameError
        If a task or the engine of the run is not installed.
    """
    manifest = run.manifest
    _check(run)
    engine = next(iter(manifest.engines))
    asked = AskedAgain(manifest)
    repairer = Repairer(get_engine(engine), asked)
    chosen = _chosen(run.results, limit)
    kept = [result for result in chosen if result.episode.status != "sim_diverged"]
    episodes = []
    for result in kept:
        episodes.append(_attributed(result, manifest, repairer))
        if heard is not None:
            heard()
    return Waterfall(
        manifest,
        tuple(episodes),
        engine,
        {"parse": asked.missing} if asked.missing else {},
        len(chosen) - len(kept),
    )


def _check(run: Run) -> None:
    if run.manifest.data is not None:
        raise ConfigError(
            f"{run.folder} is a run on a public data set: nothing of it was simulated, so no stage "
            "can be mended; 'ivlm-bench view' shows its answers."
        )
    if run.manifest.protocol_hash != protocol_hash():
        raise ConfigError(
            f"{run.folder} was judged by another version of the protocol than this one; run it "
            "again."
        )
    if not run.results:
        raise ConfigError(f"{run.folder} holds no episode.")


def _chosen(results: Sequence[EpisodeResult], limit: int | None) -> list[EpisodeResult]:
    by_task: dict[str, list[EpisodeResult]] = {}
    for result in results:
        by_task.setdefault(result.episode.task, []).append(result)
    return [
        result
        for rows in by_task.values()
        for result in sorted(rows, key=lambda r: (r.episode.seed, r.episode.repeat))[:limit]
    ]


def _attributed(result: EpisodeResult, manifest: Manifest, repairer: Repairer) -> Attributed:
    record = result.episode
    if record.success:
        return Attributed(record)
    if record.status in ERROR_STATUSES:
        return Attributed(record, ERROR, ERROR)
    stored = _stored(result, manifest)
    failure = Failure(
        _posed(record, manifest),
        record.repeat,
        result.prediction,
        stored,
        lifts_itself=record.stages.get("contact") == "own",
    )
    stage, tried = repairer.mend(failure)
    return Attributed(record, stage, look_of(record, stored), tried)


def look_of(record: EpisodeRecord, stored: Tried) -> str:
    """Return what a failed answer looked like to the judge."""
    if record.abstained:
        return DECLINED
    if not record.answerable:
        return ACTED
    return NOTHING if stored.code == NO_ANSWER else failed_in(stored.code, stored.checks)


def _stored(result: EpisodeResult, manifest: Manifest) -> Tried:
    reference = next(iter(manifest.engines))
    for verdict in result.verdicts:
        if verdict.engine == reference:
            return Tried("stored", False, verdict.code, verdict_of(verdict).checks)
    return Tried("stored", False, result.episode.code)


def _posed(record: EpisodeRecord, manifest: Manifest) -> Episode:
    spec = EpisodeSpec(task=record.task, seed=record.seed, repeat=record.repeat)
    episode = render(spec, sensors_of(manifest), cached=True)
    if record.scene_hash and content_hash(episode.scene) != record.scene_hash:
        raise ConfigError(
            f"{record.task} poses another scene for seed {record.seed} than the run was made on "
            f"(by version {manifest.tool_version}); run it again with this version."
        )
    return episode
