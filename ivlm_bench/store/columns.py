"""Columns of the sealed files: records to Arrow tables and back."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from operator import attrgetter, itemgetter
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
#: Columns that hardly ever hold the same twice: a dictionary of them would be read for nothing.
_ALL_DIFFER = frozenset(
    ("episode_key", "scenario_key", "seed", "prediction_hash", "scene_hash", "prediction")
)
#: Fields that become one column a key.
_SPREAD = {"scores": METRIC_PREFIX, "stages": STAGE_PREFIX}


@dataclass(frozen=True, slots=True)
class Spread:
    """Names of the metrics and stages of a run: each becomes a column, sorted."""

    scores: tuple[str, ...]
    stages: tuple[str, ...]

    @classmethod
    def of(cls, records: Iterable[EpisodeRecord]) -> Spread:
        """Return the names that occur in any of the records."""
        scores: set[str] = set()
        stages: set[str] = set()
        for record in records:
            scores.update(record.scores)
            stages.update(record.stages)
        return cls(tuple(sorted(scores)), tuple(sorted(stages)))


def tables(results: Sequence[EpisodeResult]) -> dict[str, pa.Table]:
    """Return the three tables of a run, sorted by task, seed, repeat and key."""
    ordered = sorted(results, key=order)
    return tables_of(ordered, Spread.of(r.episode for r in ordered))


def tables_of(ordered: Sequence[EpisodeResult], spread: Spread) -> dict[str, pa.Table]:
    """Return the three tables of results in their order, with the columns of the whole run."""
    verdicts = [v for r in ordered for v in sorted(r.verdicts, key=lambda v: v.engine)]
    predictions = {
        "episode_key": pa.array([r.episode.episode_key for r in ordered], pa.string()),
        "prediction": pa.array([r.prediction for r in ordered], pa.binary()),
    }
    return {
        EPISODES: _episode_table([r.episode for r in ordered], spread),
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


def arrow_types(kind: type[msgspec.Struct]) -> dict[str, pa.DataType]:
    """Return the type of each column of a record; what is spread over columns is left out."""
    annotations = kind.__annotations__
    return {n: _ARROW[annotations[n]] for n in kind.__struct_fields__ if n not in _SPREAD}


def repeating(schema: pa.Schema) -> list[str]:
    """Return the columns that are written as a dictionary; measured numbers are none of them."""
    return [
        column.name
        for column in schema
        if column.name not in _ALL_DIFFER and not pa.types.is_floating(column.type)
    ]


def order(result: EpisodeResult) -> tuple[str, int, int, str]:
    """Return what the rows of a run are sorted by."""
    episode = result.episode
    return episode.task, episode.seed, episode.repeat, episode.episode_key


def _episode_table(records: Sequence[EpisodeRecord], spread: Spread) -> pa.Table:
    plain = _plain_table(records, EpisodeRecord)
    columns = {name: plain.column(name) for name in plain.column_names}
    for key, values in _cells([r.scores for r in records], spread.scores):
        columns[METRIC_PREFIX + key] = pa.array(values, pa.float64())
    for key, values in _cells([r.stages for r in records], spread.stages):
        columns[STAGE_PREFIX + key] = pa.array(values, pa.string())
    return pa.table(columns)


def _cells(
    rows: Sequence[Mapping[str, Any]], keys: Sequence[str]
) -> Iterator[tuple[str, list[Any]]]:
    """Yield each key with its value in each row, None where a row has not got it."""
    for key in keys:
        try:
            values = list(map(itemgetter(key), rows))
        except KeyError:
            values = [row.get(key) for row in rows]
        yield key, values


def _plain_table(records: Iterable[msgspec.Struct], kind: type[msgspec.Struct]) -> pa.Table:
    rows = list(records)
    return pa.table(
        {
            name: pa.array(list(map(attrgetter(name), rows)), arrow)
            for name, arrow in arrow_types(kind).items()
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
