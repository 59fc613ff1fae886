"""What a worker does with a job: all four phases in one go, or one of them by itself."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from msgspec.structs import replace

from ivlm_bench.errors import InvalidAnswerError, StoreError
from ivlm_bench.fit import check_stored
from ivlm_bench.harness.dataset_play import play_item
from ivlm_bench.harness.ending import failed, unposed
from ivlm_bench.harness.messages import Answer, Job, Phase
from ivlm_bench.harness.observations import opened, write_question
from ivlm_bench.harness.play import Asked, Player, Work, judged, play, pose
from ivlm_bench.records import EpisodeResult
from ivlm_bench.types import Observation


def render_only(player: Player, job: Job) -> Work:
    """Pose the question and write what is seen of it, and apart from it the truth."""
    episode, record = pose(player, job)
    write_question(Path(player.setup.folder), job.scenario_key, episode)
    yield from ()  # nobody is asked
    return EpisodeResult(episode=replace(record, status="ok", code="RENDERED"))


def predict_only(player: Player, job: Job) -> Work:
    """Read what is seen of the question and ask; the truth is opened for a privileged one only."""
    folder = opened(player.setup.folder)
    record = replace(unposed(job), worker=player.setup.worker)
    observation = folder.observation(job.scenario_key)
    answer = yield Asked(job, record, observation, lambda: folder.truth(job.scenario_key))
    record = replace(record, latency_ms=answer.latency_ms)
    if answer.status != "ok":
        return EpisodeResult(
            episode=failed(record, answer.status, answer.message, code=answer.code)
        )
    return EpisodeResult(
        episode=replace(record, status="ok", code="ANSWERED"), prediction=answer.blob
    )


def simulate_only(player: Player, job: Job) -> Work:
    """Pose the question and judge the answer that the job carries."""
    if job.answer is None:
        raise TypeError("There is no answer to simulate.")
    episode, record = pose(player, job)
    told = _admitted(job.answer, episode.observation)
    answer = yield Asked(job, record, episode.observation, lambda: episode.truth, told)
    return judged(player, record, episode, answer)


def _admitted(answer: Answer, observation: Observation) -> Answer:
    """Return the answer, or that it is invalid: it may come from anywhere."""
    if answer.status != "ok":
        return answer
    try:
        check_stored(answer.blob, observation)
    except (InvalidAnswerError, StoreError) as error:
        return replace(answer, blob=b"", status="invalid_answer", message=str(error))
    return answer


#: What is done with a job in each phase.
WORK: dict[Phase, Callable[[Player, Job], Work]] = {
    "run": play,
    "render": render_only,
    "predict": predict_only,
    "simulate": simulate_only,
    "data": play_item,
}
