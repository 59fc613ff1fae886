"""Predictions on disk: all that is needed to judge a reasoner without having it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import msgspec
import pyarrow as pa
from msgspec.structs import replace

from ivlm_bench.errors import IvlmBenchError, StoreError
from ivlm_bench.harness.config import RunConfig
from ivlm_bench.harness.messages import Answer, Job, Setup
from ivlm_bench.harness.plan import Plan
from ivlm_bench.records import Calibration, EpisodeResult, FileEntry, Manifest, ReasonerCard
from ivlm_bench.registry import load_plugins
from ivlm_bench.store.columns import PREDICTIONS
from ivlm_bench.store.faults import told
from ivlm_bench.store.load import read_table
from ivlm_bench.store.seal import write_table, write_whole
from ivlm_bench.suite import Suite, load_suite
from ivlm_bench.tracks import Sensors
from ivlm_bench.trials.protocol import protocol_hash

#: Written last: its presence marks complete predictions.
MANIFEST = "predictions.json"

#: Columns of the file of answers.
_COLUMNS = {
    "task": pa.string(),
    "seed": pa.int64(),
    "repeat": pa.int64(),
    "scenario_key": pa.string(),
    "episode_key": pa.string(),
    "status": pa.string(),
    "message": pa.string(),
    "latency_ms": pa.float64(),
}


class NotComparableError(IvlmBenchError):
    """The predictions answer other questions than those that would be judged."""

    exit_code = 4


class PredictionManifest(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Who answered what: the suite's part and sensors as in the observations, and the reasoner."""

    schema_version: int
    created_at: str
    tool_version: str
    suite: str
    suite_hash: str
    protocol_hash: str
    asked: RunConfig
    sensors: Sensors
    reasoner: ReasonerCard
    base_seed: int
    deadline_s: float
    n_planned: int
    n_by_status: dict[str, int]
    machine: dict[str, str]
    packages: dict[str, str]
    files: tuple[FileEntry, ...]
    isolation: str = ""
    imagination: str = ""
    calibration: Calibration | None = None
    notes: str = ""


@dataclass(frozen=True, eq=False)
class Submission:
    """Complete predictions: the manifest, and the answer to each episode by its key."""

    folder: Path
    manifest: PredictionManifest
    answers: Mapping[str, Answer]

    def config(self, suite: str | None = None) -> RunConfig:
        """Return the configuration of a run that would ask the same of the same reasoner.

        ``suite``: name or file of the suite on this machine; the name it was answered under if
        None.

        Raises
        ------
        NotComparableError
            If that is not the suite that was answered.
        """
        manifest = self.manifest
        load_plugins()
        self._check_suite(load_suite(suite or manifest.asked.suite))  # before its tasks are sought
        return replace(
            manifest.asked,
            suite=suite or manifest.asked.suite,
            reasoner=manifest.reasoner.name,
            params=manifest.reasoner.params,
            seed=manifest.base_seed,
            deadline_s=manifest.deadline_s,
        )

    def answered(self, jobs: Sequence[Job]) -> tuple[Job, ...]:
        """Return the jobs, each with its answer.

        Raises
        ------
        NotComparableError
            If an episode has no answer, or an answer no episode.
        """
        keys = {job.episode_key for job in jobs}
        if keys != set(self.answers):
            raise NotComparableError(
                f"{self.folder} answers {len(self.answers)} episodes, {len(jobs)} are planned and "
                f"{len(keys & set(self.answers))} are the same; predict again from observations "
                "of this version."
            )
        return tuple(replace(job, answer=self.answers[job.episode_key]) for job in jobs)

    def setup(self, plan: Plan) -> Setup:
        """Return what workers are told that judge these answers.

        Raises
        ------
        NotComparableError
            If ``plan`` asks another suite, or by another version of the protocol.
        """
        self._check(plan)
        return replace(plan.setup(), phase="simulate", reasoner="", params={}, isolate=False)

    def _check_suite(self, suite: Suite) -> None:
        manifest = self.manifest
        if suite.hash != manifest.suite_hash:
            raise NotComparableError(
                f"{self.folder} answers the suite {manifest.suite!r} with hash "
                f"{manifest.suite_hash}; {suite.name!r} here has {suite.hash}. Give the "
                "suite that was answered with --suite."
            )

    def _check(self, plan: Plan) -> None:
        manifest = self.manifest
        self._check_suite(plan.suite)
        if protocol_hash() != manifest.protocol_hash:
            raise NotComparableError(
                f"{self.folder} was made for another version of the protocol (ivlm_bench "
                f"{manifest.tool_version}); predict again from observations of this version."
            )

    def noted(self, manifest: Manifest) -> Manifest:
        """Return a run's manifest with a note that the answers came from elsewhere."""
        where = f"simulated from predictions of {self.manifest.created_at}"
        notes = "; ".join(filter(None, [manifest.notes, where]))
        own = self.manifest
        return replace(
            manifest,
            notes=notes,
            isolation=own.isolation,
            imagination=own.imagination,
            calibration=own.calibration,
        )


def is_complete(folder: Path) -> bool:
    """Tell whether a folder holds complete predictions."""
    return (folder / MANIFEST).is_file()


def write_predictions(
    folder: Path, results: Sequence[EpisodeResult], manifest: PredictionManifest
) -> PredictionManifest:
    """Write the answers and, last, the manifest, with its sums and counts filled in.

    Raises
    ------
    OSError
        If the disk is full or not writable.
    """
    ordered = sorted(results, key=_order)
    records = [result.episode for result in ordered]
    columns: dict[str, Any] = {
        name: pa.array([getattr(record, name) for record in records], kind)
        for name, kind in _COLUMNS.items()
    }
    columns["prediction"] = pa.array([result.prediction for result in ordered], pa.binary())
    entry = write_table(folder, PREDICTIONS, pa.table(columns))
    counts = Counter(record.status for record in records)
    sealed = replace(
        manifest,
        files=(entry,),
        n_planned=len(records),
        n_by_status=dict(sorted(counts.items())),
    )
    text = msgspec.json.format(msgspec.json.encode(sealed), indent=2)
    write_whole(folder / MANIFEST, text + b"\n")
    return sealed


def load_submission(folder: Path | str) -> Submission:
    """Read predictions and hold the file to its SHA-256 sum.

    Raises
    ------
    StoreError
        If the folder holds no complete predictions, or a file is missing or damaged.
    """
    home = Path(folder)
    path = home / MANIFEST
    if not path.is_file():
        raise StoreError(
            f"{home} holds no predictions ({MANIFEST} is missing); make them with: "
            "ivlm-bench predict OBSERVATIONS --reasoner NAME --out FOLDER"
        )
    with told(path, "reading"):
        content = path.read_bytes()
    try:
        manifest = msgspec.json.decode(content, type=PredictionManifest)
        entry = next(entry for entry in manifest.files if entry.name == PREDICTIONS)
        rows = read_table(home, entry).to_pylist()
        answers = {row["episode_key"]: _answer(row) for row in rows}
    except (msgspec.MsgspecError, KeyError, StopIteration) as error:
        raise StoreError(
            f"{home} is damaged ({error or 'no file of answers is listed'}); restore it from a "
            "copy, or predict again."
        ) from None
    return Submission(home, manifest, answers)


def _answer(row: dict[str, Any]) -> Answer:
    plain = {name: row[name] for name in ("status", "message", "latency_ms")}
    return msgspec.convert(plain | {"blob": row["prediction"]}, Answer, builtin_types=(bytes,))


def _order(result: EpisodeResult) -> tuple[str, int, int, str]:
    episode = result.episode
    return episode.task, episode.seed, episode.repeat, episode.episode_key
