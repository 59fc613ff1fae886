"""Phase 3: the answer as stored is completed and tried in each engine."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import msgspec

from ivlm_bench.codec import decode
from ivlm_bench.completion import complete
from ivlm_bench.engines import get_engine
from ivlm_bench.env import Episode
from ivlm_bench.errors import StoreError
from ivlm_bench.keyframes import encode_keyframes
from ivlm_bench.records import VerdictRecord
from ivlm_bench.trials.judge import judge
from ivlm_bench.types import Check, Interaction, Keyframe, Verdict


@dataclass(frozen=True, eq=False, slots=True)
class Judged:
    """What the engines say of one answer.

    ``interaction`` is the completed answer that was tried; ``stages`` tells which of its stages
    were the reasoner's own. ``keyframes`` has one entry a verdict.
    """

    interaction: Interaction
    stages: Mapping[str, str]
    verdicts: tuple[Verdict, ...] = ()
    keyframes: tuple[tuple[Keyframe, ...], ...] = ()


def simulate(
    episode: Episode, blob: bytes, *, engines: tuple[str, ...], n_perturbed: int
) -> Judged:
    """Complete the answer in ``blob`` and try it on each of ``engines``, the reference first.

    Perturbed trials run on the reference only: the cross-check engine confirms verdicts, and its
    trials cost five to ten times as much.

    Raises
    ------
    InvalidAnswerError
        If the answer can't be completed.
    StoreError
        If ``blob`` is damaged.
    """
    answer = decode(blob)
    if answer.abstain:
        return Judged(answer, {})
    completed, stages = complete(episode.sensed, answer)
    verdicts, keyframes = [], []
    for name in engines:
        verdict, frames = judge(
            get_engine(name),
            episode.scene,
            completed,
            episode.truth,
            scenario_seed=episode.seed,
            n_perturbed=n_perturbed if name == engines[0] else 0,
            record=True,
        )
        verdicts.append(verdict)
        keyframes.append(frames)
    return Judged(completed, stages, tuple(verdicts), tuple(keyframes))


def verdict_records(episode_key: str, judged: Judged) -> tuple[VerdictRecord, ...]:
    """Return one record an engine."""
    pairs = zip(judged.verdicts, judged.keyframes, strict=True)
    return tuple(_record(episode_key, verdict, frames) for verdict, frames in pairs)


def verdict_of(record: VerdictRecord) -> Verdict:
    """Return the verdict that a record was made from; ``StoreError`` if it is damaged."""
    plain = {name: getattr(record, name) for name in Verdict.__struct_fields__}
    try:
        checks = msgspec.json.decode(record.checks, type=tuple[Check, ...])
        return msgspec.convert(plain | {"checks": checks}, Verdict)
    except msgspec.MsgspecError as error:
        raise StoreError(
            f"The stored {record.engine} verdict of episode {record.episode_key} is damaged: "
            f"{error}."
        ) from None


def _record(episode_key: str, verdict: Verdict, frames: tuple[Keyframe, ...]) -> VerdictRecord:
    return VerdictRecord(
        episode_key=episode_key,
        engine=verdict.engine,
        engine_version=verdict.engine_version,
        status=verdict.status,
        code=verdict.code,
        success=bool(verdict.success),
        robust_prob=verdict.robust_prob,
        robust_codes=verdict.robust_codes,
        n_perturbed=verdict.n_perturbed,
        n_steps=verdict.n_steps,
        checks=msgspec.json.encode(verdict.checks),
        keyframes=encode_keyframes(frames),
    )
