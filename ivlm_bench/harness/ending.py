"""Terminal records of episodes that gave no answer to judge."""

from __future__ import annotations

from msgspec.structs import replace

from ivlm_bench.harness.messages import Job
from ivlm_bench.records import EpisodeRecord, Status

#: Code of a question that was not answered because nobody was there to ask.
SERVER_LOST = "SERVER_LOST"


def failed(record: EpisodeRecord, status: Status, message: str, *, code: str = "") -> EpisodeRecord:
    """Return ``record`` ended by an error; the code is the status in capitals if none is given."""
    code = code or status.upper()
    return replace(record, status=status, code=code, success=False, message=message)


def ended(job: Job, record: EpisodeRecord | None, status: Status, message: str) -> EpisodeRecord:
    """Return the record of a job whose worker is gone.

    ``record`` is what the worker had told of it; without it the question was never posed, and the
    episode counts as an answerable one of its own cluster.
    """
    return failed(record or unposed(job), status, message)


def unposed(job: Job) -> EpisodeRecord:
    """Return the record of an episode of which only the job is known; its status is ``crashed``."""
    spec = job.spec
    return EpisodeRecord(
        episode_key=job.episode_key,
        scenario_key=job.scenario_key,
        task=spec.task,
        seed=spec.seed,
        repeat=spec.repeat,
        cluster=f"{spec.task}#{spec.seed}",
        split="",
        answerable=True,
        status="crashed",
        abstained=False,
        success=False,
        code="CRASHED",
        confidence=None,
        stages={},
        scores={},
        prediction_hash="",
        scene_hash="",
        query_text="",
        tries=job.tries,
    )
