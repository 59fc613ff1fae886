"""One episode through its four phases, in one go or each by itself."""

from __future__ import annotations

import hashlib
import time
from collections.abc import Callable, Generator
from dataclasses import dataclass, field

from msgspec.structs import replace

from ivlm_bench.env import Episode
from ivlm_bench.errors import InvalidAnswerError, IvlmBenchError
from ivlm_bench.guard import guarded, in_brief
from ivlm_bench.harness.crosscheck import judging
from ivlm_bench.harness.ending import failed
from ivlm_bench.harness.fingerprint import HASH_BYTES, content_hash
from ivlm_bench.harness.isolate import IsolatedReasoner
from ivlm_bench.harness.messages import Answer, Job, Places, Setup
from ivlm_bench.harness.render import render
from ivlm_bench.harness.score import outcome, score
from ivlm_bench.harness.simulate import simulate, verdict_records
from ivlm_bench.reasoners import AnyReasoner
from ivlm_bench.records import EpisodeRecord, EpisodeResult
from ivlm_bench.types import Observation, Truth

#: Exit code of a run that an unforeseen error of a task ended.
FAULTY_TASK = 5


class PosingError(IvlmBenchError):
    """A question can't be posed: the fault of a task, a file or the machine, not of who answers."""

    def __init__(self, job: Job, error: BaseException) -> None:
        foreseen = isinstance(error, IvlmBenchError)
        what = str(error) if foreseen else f"{in_brief(error)}."
        super().__init__(f"Question {job.spec.seed} of {job.spec.task} can't be posed: {what}")
        self.exit_code = error.exit_code if isinstance(error, IvlmBenchError) else FAULTY_TASK


@dataclass(frozen=True, slots=True)
class Player:
    """What a worker keeps between episodes; without a reasoner where none is asked."""

    setup: Setup
    reasoner: AnyReasoner | IsolatedReasoner | None
    privileged: bool
    places: Places = field(default_factory=Places)


@dataclass(frozen=True, eq=False, slots=True)
class Asked:
    """A question that waits for its answer; with ``answer`` it is known, and nobody is asked."""

    job: Job
    record: EpisodeRecord
    observation: Observation
    truth: Callable[[], Truth]
    answer: Answer | None = None


#: What is done with a job: it stops where somebody is asked, and goes on with the answer.
Work = Generator[Asked, Answer, EpisodeResult]


def play(player: Player, job: Job) -> Work:
    """Play ``job``.

    Raises
    ------
    PosingError
        If the question can't be posed.
    """
    episode, record = pose(player, job)
    answer = yield Asked(job, record, episode.observation, lambda: episode.truth)
    return judged(player, record, episode, answer)


def pose(player: Player, job: Job) -> tuple[Episode, EpisodeRecord]:
    """Phase ``render``: return the episode, and what is known of it before it is answered.

    Raises
    ------
    PosingError
        If the question can't be posed.
    """
    setup, started = player.setup, time.perf_counter()
    episode, error = guarded(lambda: render(job.spec, setup.sensors, cached=setup.cache))
    if episode is None or error is not None:
        raise PosingError(job, error or TypeError("the task made no episode")) from error
    record = posed(job, episode, worker=setup.worker)
    return episode, replace(record, render_ms=1e3 * (time.perf_counter() - started))


def judged(
    player: Player, record: EpisodeRecord, episode: Episode, answer: Answer
) -> EpisodeResult:
    """Phases ``simulate`` and ``score``: return the result of an answered episode."""
    record = replace(record, latency_ms=answer.latency_ms)
    if answer.status != "ok":
        return EpisodeResult(
            episode=failed(record, answer.status, answer.message, code=answer.code)
        )
    try:
        return _tried(record, episode, answer, player.setup)
    except InvalidAnswerError as error:
        return EpisodeResult(
            episode=failed(record, "invalid_answer", str(error)), prediction=answer.blob
        )


def posed(job: Job, episode: Episode, *, worker: int) -> EpisodeRecord:
    """Return what is known of an episode before it is answered; its status is ``crashed``."""
    target = episode.scene.target.model
    return EpisodeRecord(
        episode_key=job.episode_key,
        scenario_key=job.scenario_key,
        task=job.spec.task,
        seed=job.spec.seed,
        repeat=job.spec.repeat,
        cluster=target.cluster,
        split=target.split,
        answerable=episode.truth.feasible,
        status="crashed",
        abstained=False,
        success=False,
        code="CRASHED",
        confidence=None,
        stages={},
        scores={},
        prediction_hash="",
        scene_hash=content_hash(episode.scene),
        query_text=episode.observation.query.text,
        worker=worker,
        tries=job.tries,
    )


def _tried(record: EpisodeRecord, episode: Episode, answer: Answer, setup: Setup) -> EpisodeResult:
    started = time.perf_counter()
    engines = judging(setup.engines, record.scenario_key, setup.cross_check_share)
    tried = simulate(episode, answer.blob, engines=engines, n_perturbed=setup.n_perturbed)
    status, success, code = outcome(tried.interaction, episode.truth, tried.verdicts)
    finished = replace(
        record,
        status=status,
        success=success,
        code=code,
        abstained=bool(tried.interaction.abstain),
        confidence=tried.interaction.feasible_prob,
        stages=dict(tried.stages),
        scores=score(tried.interaction, episode.truth, tried.verdicts),
        prediction_hash=hashlib.blake2b(answer.blob, digest_size=HASH_BYTES).hexdigest(),
        simulate_ms=1e3 * (time.perf_counter() - started),
    )
    return EpisodeResult(
        episode=finished,
        verdicts=verdict_records(record.episode_key, tried),
        prediction=answer.blob,
    )
