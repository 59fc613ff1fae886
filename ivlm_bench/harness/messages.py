"""What driver and workers say to each other: records only, as msgpack, never pickles."""

from __future__ import annotations

from typing import Literal

import msgspec

from ivlm_bench.records import (
    Calibration,
    EpisodeRecord,
    EpisodeResult,
    EpisodeSpec,
    ReasonerCard,
    Status,
)
from ivlm_bench.tracks import Sensors

#: What a worker does with a job: all of it, or one phase.
Phase = Literal["run", "render", "predict", "simulate", "data"]

#: The card of a worker that was not asked for a reasoner.
NOBODY = ReasonerCard(name="", display="", params={}, fingerprint="")


class Answer(msgspec.Struct, frozen=True, kw_only=True):
    """What came of asking: the encoded answer, or a status that says why there is none.

    ``code``: what the record's code will be; the status in capitals if empty.
    """

    blob: bytes = b""
    status: Status = "ok"
    message: str = ""
    code: str = ""
    latency_ms: float | None = None


class DataSource(msgspec.Struct, frozen=True, kw_only=True):
    """A split of a public data set on the user's disk, and the protocol that scores it."""

    dataset: str
    folder: str
    split: str
    profile: str


class Setup(msgspec.Struct, frozen=True, kw_only=True, tag="setup"):
    """The first message to a worker: all that its episodes have in common.

    ``folder``: where observations are written to or read from, in the phases that do.
    ``deadline_s`` and ``scratch`` (where temporary folders go) are for isolated reasoners.
    ``data``: what is asked about, in the phase ``data``. ``n_workers``: workers of the run;
    ``in_flight``: requests that the run may have open at once, None for as many as the reasoner
    says.
    """

    worker: int
    reasoner: str
    params: dict[str, str]
    tasks: tuple[str, ...]
    sensors: Sensors
    engines: tuple[str, ...]
    n_perturbed: int
    base_seed: int
    cross_check_share: float = 1.0
    phase: Phase = "run"
    folder: str = ""
    cache: bool = False
    isolate: bool = False
    deadline_s: float = 60.0
    scratch: str = ""
    data: DataSource | None = None
    n_workers: int = 1
    in_flight: int | None = None


class Job(msgspec.Struct, frozen=True, kw_only=True, tag="job"):
    """One episode to play; ``tries`` counts from 1, ``answer`` is what is to be simulated."""

    spec: EpisodeSpec
    scenario_key: str
    episode_key: str
    tries: int = 1
    answer: Answer | None = None


class Places(msgspec.Struct, frozen=True, kw_only=True):
    """How many questions are asked at the same time.

    ``in_flight``: requests that the run may have open, 0 where the reasoner answers by itself.
    ``at_once``: questions that each worker asks at the same time. ``batch``: questions that one
    call may answer.
    """

    in_flight: int = 0
    at_once: int = 1
    batch: int = 1


class Ready(msgspec.Struct, frozen=True, kw_only=True, tag="ready"):
    """A worker has built its reasoner and found its engines (name -> version).

    ``isolation``: what keeps the reasoner to itself, in words. ``imagination``: where it may try
    its grasps, in words; empty where it did not ask for it. ``calibration``: what is known of its
    conventions, None where that need not be. ``places``: the same in all workers of a run.
    """

    card: ReasonerCard
    engines: dict[str, str]
    isolation: str = ""
    imagination: str = ""
    calibration: Calibration | None = None
    places: Places = Places()


class Refused(msgspec.Struct, frozen=True, kw_only=True, tag="refused"):
    """A worker can't start, or can't pose a question, for a reason that a user can mend."""

    sentence: str
    exit_code: int


class Predicting(msgspec.Struct, frozen=True, kw_only=True, tag="predicting"):
    """The reasoner is being asked; ``record`` is what is known of the episode so far."""

    record: EpisodeRecord


class Predicted(msgspec.Struct, frozen=True, kw_only=True, tag="predicted"):
    """The reasoner has answered, whatever it answered."""

    episode_key: str


class Done(msgspec.Struct, frozen=True, kw_only=True, tag="done"):
    """The episode has ended."""

    result: EpisodeResult


FromDriver = Setup | Job
FromWorker = Ready | Refused | Predicting | Predicted | Done

encode = msgspec.msgpack.Encoder().encode
from_driver: msgspec.msgpack.Decoder[FromDriver] = msgspec.msgpack.Decoder(FromDriver)
from_worker: msgspec.msgpack.Decoder[FromWorker] = msgspec.msgpack.Decoder(FromWorker)
