"""Columns of the sealed files: records to Arrow tables and back."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

import msgspec
import pyarrow as pa

from ivlm_bench.records import EpisodeRecord, EpisodeResult, VerdictRecord

#: Prefix of a metric's column, and of a stage's column.
METRIC_PREFIX = "m_"
STAGE_PREFIX = "stage_"

#: Sealed files in the order that they are written.
EPISODES, VERDICTS, PREDICTIONS = "episodes.parquet", "verdicts.parquet", "predictions.parquet"

_ARROW = {
    "str": pa.string(),
    "int": pa.int64(),
    "float": pa.float64(),
    "bool": pa.bool_(),
    "bytes": pa.binary(),
    "float | None": pa.float64(),
    "tuple[str, ...]": pa.list_(pa.string()),
    "Status": pa.string(),
}
#: Fields that become one column a key.
_SPREAD = {"scores": METRIC_PREFIX, "stages": STAGE_PREFIX}


def tables(results: Sequence[EpisodeResult]) -> dict[str, pa.Table]:
    """Return the three tables of a run, sorted by task, seed, repeat and key."""
    ordered = sorted(results, key=_order)
    verdicts = [v for r in ordered for v in sorted(r.verdicts, key=lambda v: v.engine)]
    predictions = {
        "episode_key": pa.array([r.episode.episode_key for r in ordered], pa.string()),
        "prediction": pa.array([r.prediction for r in ordered], pa.binary()),
    }
    return {
        EPISODES: _episode_table([r.episode for r in ordered]),
        VERDICTS: _plain_table(verdicts, VerdictRecord),
        PREDICTIONS: pa.table(predictions),
    }


def results_from(
    episodes: pa.Table, verdicts: pa.Table, predictions: pa.Table
) -> tuple[EpisodeResult, ...]:
    """Return the records that ``tables`` was made from (scores that are None are left out).

    Raises
    ------
    msgspec.ValidationError, KeyError
        If the tables are not those of a run.
    """
    answers = {row["episode_key"]: row["prediction"] for row in predictions.to_pylist()}
    judged: dict[str, list[VerdictRecord]] = {}
    for row in verdicts.to_pylist():
        verdict = _convert(row, VerdictRecord)
        judged.setdefault(verdict.episode_key, []).append(verdict)
    records = [_convert(_gather(row), EpisodeRecord) for row in episodes.to_pylist()]
    return tuple(
        EpisodeResult(
            episode=record,
            verdicts=tuple(judged.get(record.episode_key, ())),
            prediction=answers[record.episode_key],
        )
        for record in records
    )


def _order(result: EpisodeResult) -> tuple[str, int, int, str]:
    episode = result.episode
    return episode.task, episode.seed, episode.repeat, episode.episode_key


def _episode_table(records: Sequence[EpisodeRecord]) -> pa.Table:
    plain = _plain_table(records, EpisodeRecord, leave_out=tuple(_SPREAD))
    columns = {name: plain.column(name) for name in plain.column_names}
    for field, prefix in _SPREAD.items():
        kind = pa.float64() if field == "scores" else pa.string()
        rows = [getattr(record, field) for record in records]
        for key in sorted({key for row in rows for key in row}):
            columns[prefix + key] = pa.array([row.get(key) for row in rows], kind)
    return pa.table(columns)


def _plain_table(
    records: Iterable[msgspec.Struct], kind: type[msgspec.Struct], leave_out: tuple[str, ...] = ()
) -> pa.Table:
    rows = list(records)
    annotations = kind.__annotations__
    return pa.table(
        {
            name: pa.array([getattr(row, name) for row in rows], _ARROW[annotations[name]])
            for name in kind.__struct_fields__
            if name not in leave_out
        }
    )


def _gather(row: dict[str, Any]) -> dict[str, Any]:
    """Put the spread columns of one row back into dicts; empty cells are left out."""
    record: dict[str, Any] = {field: {} for field in _SPREAD}
    for name, value in row.items():
        field = next((f for f, prefix in _SPREAD.items() if name.startswith(prefix)), None)
        if field is None:
            record[name] = value
        elif value is not None:
            record[field][name.removeprefix(_SPREAD[field])] = value
    return record


def _convert(row: dict[str, Any], kind: type[Any]) -> Any:
    return msgspec.convert(row, kind, builtin_types=(bytes,))
