"""The numbers of a set: every stored answer scored once more, all together, by the profile."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any

from msgspec.structs import replace

from ivlm_bench.codec import decode
from ivlm_bench.errors import InvalidAnswerError
from ivlm_bench.harness.dataset_items import protocol_of, read_items
from ivlm_bench.harness.messages import DataSource
from ivlm_bench.harness.plan import Plan
from ivlm_bench.metrics import Evaluation, evaluate
from ivlm_bench.posing.answers import prediction_of
from ivlm_bench.posing.item import Posed, pose_item
from ivlm_bench.records import EpisodeResult, Manifest
from ivlm_bench.tracks import Sensors

#: Status of an item that nobody could be asked about.
UNREAD = "data_error"


def scored_set(plan: Plan, manifest: Manifest, results: Iterable[EpisodeResult]) -> Manifest:
    """Return the manifest with the set's numbers, as ``metrics.evaluate`` gives them.

    Items that could not be read are left out; where there is no answer a blank one counts.
    """
    if plan.data is None or manifest.data is None:
        return manifest
    records = sorted(results, key=lambda result: result.episode.seed)
    read = [result for result in records if result.episode.status != UNREAD]
    found = _evaluated(plan.data, plan.sensors, read)
    data = replace(
        manifest.data,
        numbers=dict(found),
        reasons=dict(found.reasons),
        n=dict(found.n),
        n_unread=len(records) - len(read),
        n_blank=sum(result.episode.stages.get("prediction", "none") == "none" for result in read),
    )
    return replace(manifest, data=data)


def _evaluated(source: DataSource, sensors: Sensors, results: list[EpisodeResult]) -> Evaluation:
    profile, params = protocol_of(source)
    truths: list[Any] = []

    def taken() -> Iterator[Any]:
        for _, posed, prediction in predictions(source, sensors, results):
            truths.append(posed.official)
            yield prediction

    def held() -> Iterator[Any]:
        for _ in results:
            yield truths.pop()

    return evaluate(profile, taken(), held(), strict=False, **params)


def predictions(
    source: DataSource, sensors: Sensors, results: Iterable[EpisodeResult]
) -> Iterator[tuple[str, Posed, Any]]:
    """Yield id, posed item and prediction of each result whose item can be read, one at a time.

    The predictions are what ``ivlm-bench score-files`` takes.

    Raises
    ------
    AssetError
        If an item's files can't be read any more.
    """
    profile, params = protocol_of(source)
    items = read_items(source)
    for result in results:
        if result.episode.status == UNREAD:
            continue
        item = items[result.episode.seed]
        posed = pose_item(item, profile, sensors)
        answer = decode(result.prediction) if result.prediction else None
        try:
            found = prediction_of(answer, posed, profile, params)
        except InvalidAnswerError:
            found = prediction_of(None, posed, profile, params)
        yield item.id, posed, found.value
