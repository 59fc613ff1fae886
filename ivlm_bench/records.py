"""What touches disk: one row an episode, one row an episode and engine, one manifest a run."""

from __future__ import annotations

from typing import Literal

import msgspec

from ivlm_bench.tracks import DEFAULT_SIZE_PX, Sensors

#: Terminal states of an episode. ``ok`` and ``abstained`` are answers; ``sim_diverged`` lies
#: outside the strict and the conditional rate; ``data_error`` is an item of a public data set that
#: can't be read, and nobody was asked; all others count as failures in the strict rate.
Status = Literal[
    "ok",
    "abstained",
    "invalid_answer",
    "reasoner_error",
    "timeout",
    "crashed",
    "sim_diverged",
    "data_error",
]

#: Statuses that are the reasoner's or the machine's fault and make the exit code non-zero.
ERROR_STATUSES: tuple[Status, ...] = ("invalid_answer", "reasoner_error", "timeout", "crashed")


# Records below have gc=False: they are in no cycle, and a million of them are read three times
# as fast where the garbage collector does not look at all that live again and again.


class EpisodeSpec(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One question of a suite: an environment id, a seed, and a repeat of the same question."""

    task: str
    seed: int
    repeat: int = 0


class VerdictRecord(
    msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, gc=False
):
    """One engine's verdict of one episode (``verdicts.parquet``)."""

    episode_key: str
    engine: str
    engine_version: str
    status: str
    code: str
    success: bool
    robust_prob: float | None
    robust_codes: tuple[str, ...]
    n_perturbed: int
    n_steps: int
    checks: bytes  # JSON of tuple[Check, ...]
    keyframes: bytes  # JSON of key frames of the nominal trial, for the film strip


class EpisodeRecord(
    msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, gc=False
):
    """One terminal record an episode (``episodes.parquet``).

    ``success``: the reference engine's nominal trial succeeded; for an unanswerable query, the
    reasoner abstained. ``scores`` holds one value a metric, None where it does not apply.
    The last block is volatile: never part of a digest.
    """

    episode_key: str
    scenario_key: str
    task: str
    seed: int
    repeat: int
    cluster: str
    split: str
    answerable: bool
    status: Status
    abstained: bool
    success: bool
    code: str
    confidence: float | None
    stages: dict[str, str]  # stage -> own | shared
    scores: dict[str, float | None]
    prediction_hash: str
    scene_hash: str
    query_text: str
    message: str = ""
    # volatile
    latency_ms: float | None = None
    render_ms: float | None = None
    simulate_ms: float | None = None
    worker: int = 0
    tries: int = 1


#: Columns that never enter a digest.
VOLATILE = ("latency_ms", "render_ms", "simulate_ms", "worker", "tries", "message")


class EpisodeResult(
    msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, gc=False
):
    """All that one finished episode leaves: its record, its verdicts, its serialised answer."""

    episode: EpisodeRecord
    verdicts: tuple[VerdictRecord, ...] = ()
    prediction: bytes = b""


class FileEntry(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One sealed file: name, SHA-256 in hex, number of rows."""

    name: str
    sha256: str
    rows: int


class ReasonerCard(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Who answered: name, parameters, what it may see, fingerprint of its code and parameters."""

    name: str
    display: str
    params: dict[str, str]
    fingerprint: str
    privileged: bool = False
    licence: str = ""
    notes: str = ""


class Calibration(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Whether a reasoner's conventions (axis order, scale, frames) were examined, and the outcome.

    ``unknown``: not examined, or its answers did not tell. ``words`` say which.
    """

    state: Literal["calibrated", "deviates", "unknown"]
    words: str


class DataNumbers(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What a run on a public data set was about, and the numbers of the set.

    ``items``: ids of the items in the order of their seeds, and ``items_hash`` the hash of all that
    is asked of them. ``convention``: how an item was shown, and how an answer became a prediction.
    ``numbers`` are the profile's, None with a reason where there is none; ``n`` counts the items
    behind each. ``n_unread`` items could not be read and are in no number; ``n_blank`` got no
    answer (an error or an abstention) and count as a blank prediction. ``remarks`` are sentences
    about files of the split that are no item.
    """

    dataset: str
    split: str
    title: str
    licence: str
    profile: str
    params: dict[str, str]
    form: str
    convention: str
    items_hash: str
    items: tuple[str, ...]
    numbers: dict[str, float | None] = {}
    reasons: dict[str, str] = {}
    n: dict[str, int] = {}
    n_unread: int = 0
    n_blank: int = 0
    remarks: tuple[str, ...] = ()


class Manifest(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What a sealed run is; written last, so its presence marks a complete run."""

    schema_version: int
    run_id: str
    created_at: str
    tool_version: str
    suite: str
    suite_hash: str
    track: str
    protocol: str
    protocol_hash: str
    engines: dict[str, str]
    renderer: str
    single_engine: bool
    reasoner: ReasonerCard
    n_planned: int
    n_by_status: dict[str, int]
    n_perturbed: int
    base_seed: int
    bit_digest: str
    outcome_digest: str
    machine: dict[str, str]
    packages: dict[str, str]
    files: tuple[FileEntry, ...]
    notes: str = ""
    size_px: int | None = None  # side of the square views; None where it was not recorded
    cross_check_share: float = 1.0  # share of the questions that engines after the first judged
    repeats: int = 1
    shard: str = ""  # "i/N" for one of N shards
    config: dict[str, str] = {}  # all that decided the records, readable
    isolation: str = ""  # what kept the reasoner to itself; empty where nothing did
    imagination: str = ""  # where it tried its grasps before it answered; empty where nowhere
    calibration: Calibration | None = None  # None for a reasoner that needs no examination
    data: DataNumbers | None = None  # of a run on a public data set; None where all is simulated


def sensors_of(manifest: Manifest) -> Sensors:
    """Return how the questions of a run were shown."""
    return Sensors(
        track=manifest.track,
        size_px=manifest.size_px or DEFAULT_SIZE_PX,
        renderer=manifest.renderer,
    )
