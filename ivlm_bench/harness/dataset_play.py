"""One item of a public data set: posed, answered and scored by a profile; nothing is simulated."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from msgspec.structs import replace

from ivlm_bench.codec import decode
from ivlm_bench.datasets import DataItem
from ivlm_bench.errors import AssetError, InvalidAnswerError
from ivlm_bench.guard import guarded
from ivlm_bench.harness.dataset_items import protocol_of, read_items
from ivlm_bench.harness.ending import failed, unposed
from ivlm_bench.harness.fingerprint import HASH_BYTES, content_hash
from ivlm_bench.harness.messages import Answer, DataSource, Job
from ivlm_bench.harness.play import Asked, Player, PosingError, Work
from ivlm_bench.harness.score import ABSTAINED
from ivlm_bench.metrics import Profile
from ivlm_bench.metrics.evaluate import told
from ivlm_bench.posing.answers import Prediction, prediction_of
from ivlm_bench.posing.item import Posed, pose_item
from ivlm_bench.records import EpisodeRecord, EpisodeResult
from ivlm_bench.types import Interaction

#: Code of an answer that was scored: there is no success in a heat map.
SCORED = "SCORED"


@dataclass(frozen=True, eq=False, slots=True)
class ItemScorer:
    """A posed item and the protocol that scores answers to it."""

    posed: Posed
    profile: Profile
    params: Mapping[str, Any]

    def predicted(self, given: Interaction | None) -> Prediction:
        """Return the prediction that an answer stands for; a blank one for None."""
        return prediction_of(given, self.posed, self.profile, self.params)

    def scores(self, given: Interaction | None) -> dict[str, float | None]:
        """Return the profile's numbers of an answer, None where there is none.

        Raises
        ------
        InvalidAnswerError
            If the answer does not fit the item.
        AssetError
            If the truth can't be scored against.
        """
        prediction = self.predicted(given).value
        measured = self.profile.score(prediction, self.posed.official, self.params)
        return told(measured.scores)[0]


def play_item(player: Player, job: Job) -> Work:
    """Ask about one item and score the answer.

    An item whose files can't be read ends as ``data_error``; nobody is asked then.

    Raises
    ------
    PosingError
        If the item can't be posed for a reason that no file explains.
    """
    source = player.setup.data
    if source is None:
        raise TypeError("This worker was started without a data set.")
    item = read_items(source)[job.spec.seed]
    profile, params = protocol_of(source)
    record = _record(job, item, source, worker=player.setup.worker)
    posed, error = guarded(lambda: pose_item(item, profile, player.setup.sensors))
    if isinstance(error, AssetError):
        return EpisodeResult(episode=failed(record, "data_error", str(error)))
    if posed is None or error is not None:
        raise PosingError(job, error or TypeError("the item made no question")) from error
    record = replace(record, scene_hash=content_hash(posed.observation))
    answer = yield Asked(job, record, posed.observation, lambda: posed.truth)
    scorer = ItemScorer(posed, profile, params)
    return _judged(replace(record, latency_ms=answer.latency_ms), answer, scorer)


def _record(job: Job, item: DataItem, source: DataSource, *, worker: int) -> EpisodeRecord:
    return replace(
        unposed(job),
        cluster=item.cluster or item.id,
        split=source.split,
        query_text="" if item.query is None else item.query.text,
        worker=worker,
    )


def _judged(record: EpisodeRecord, answer: Answer, scorer: ItemScorer) -> EpisodeResult:
    try:
        if answer.status != "ok":
            ended = failed(record, answer.status, answer.message, code=answer.code)
            return EpisodeResult(episode=replace(ended, scores=scorer.scores(None)))
        finished = _answered(record, decode(answer.blob), scorer)
    except AssetError as error:
        return EpisodeResult(episode=failed(record, "data_error", str(error)))
    digest = hashlib.blake2b(answer.blob, digest_size=HASH_BYTES).hexdigest()
    return EpisodeResult(episode=replace(finished, prediction_hash=digest), prediction=answer.blob)


def _answered(record: EpisodeRecord, given: Interaction, scorer: ItemScorer) -> EpisodeRecord:
    try:
        scores, stages = scorer.scores(given), scorer.predicted(given).stages
    except InvalidAnswerError as error:
        ended = failed(record, "invalid_answer", str(error))
        return replace(ended, scores=scorer.scores(None))
    return replace(
        record,
        status="abstained" if given.abstain else "ok",
        code=ABSTAINED if given.abstain else SCORED,
        abstained=bool(given.abstain),
        confidence=given.feasible_prob,
        stages=stages,
        scores=scores,
    )
