"""Which columns, of which types, the sealed files of a run must have."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping

import msgspec
import pyarrow as pa

from ivlm_bench.records import EpisodeRecord, VerdictRecord
from ivlm_bench.store.columns import (
    EPISODES,
    METRIC_PREFIX,
    PREDICTIONS,
    STAGE_PREFIX,
    VERDICTS,
    arrow_types,
)

#: Columns that every record has, and those that a writer of an older kind may have left out.
_RECORDS: Mapping[str, type[msgspec.Struct]] = {EPISODES: EpisodeRecord, VERDICTS: VerdictRecord}

_PREDICTIONS = {"episode_key": pa.string(), "prediction": pa.binary()}

#: Fields of records that lie in a column for each of their keys.
_SPREAD = {METRIC_PREFIX: pa.float64(), STAGE_PREFIX: pa.string()}


def misfit(name: str, schema: pa.Schema) -> str | None:
    """Return what is wrong with the columns of a sealed file: the first clause; None if nothing.

    Parameters
    ----------
    name
        Name of the file, such as ``episodes.parquet``; of one that is unknown nothing is asked.
    schema
        Its Arrow schema.
    """
    return next(_misfits(name, schema), None)


def _misfits(name: str, schema: pa.Schema) -> Iterator[str]:
    expected, needed = _expected(name)
    if not expected:
        return
    yield from (f"it has no column {column}" for column in needed if column not in schema.names)
    for column in schema.names:
        prefix = next((p for p in _SPREAD if column.startswith(p)), None)
        wanted = expected.get(column, _SPREAD.get(prefix or ""))
        if wanted is None or (prefix and name != EPISODES):
            yield f"it has the column {column}, which no run has"
        elif schema.names.count(column) > 1:
            yield f"it has the column {column} more than once"
        elif not _fits(schema.field(column).type, wanted):
            yield f"its column {column} holds {schema.field(column).type}, not {wanted}"


def _expected(name: str) -> tuple[Mapping[str, pa.DataType], tuple[str, ...]]:
    """Return the type of each plain column of a file, and the columns that it can't lack."""
    if name == PREDICTIONS:
        return _PREDICTIONS, tuple(_PREDICTIONS)
    if name not in _RECORDS:
        return {}, ()
    types = arrow_types(_RECORDS[name])
    required = (f.name for f in msgspec.structs.fields(_RECORDS[name]) if f.required)
    return types, tuple(column for column in required if column in types)


def _fits(found: pa.DataType, wanted: pa.DataType) -> bool:
    """Tell whether a column may be read as ``wanted``: as another tool may have written it anew."""
    if pa.types.is_dictionary(found):
        found = found.value_type
    if pa.types.is_list(wanted):
        lists = pa.types.is_list(found) or pa.types.is_large_list(found)
        return lists and _fits(found.value_type, wanted.value_type)
    return any(test(wanted) and any(also(found) for also in tests) for test, tests in _ALIKE)


_Test = Callable[[pa.DataType], bool]

#: Types that stand for a type: larger offsets, other widths, a column in which no cell is filled.
_ALIKE: tuple[tuple[_Test, tuple[_Test, ...]], ...] = (
    (pa.types.is_string, (pa.types.is_string, pa.types.is_large_string)),
    (pa.types.is_binary, (pa.types.is_binary, pa.types.is_large_binary)),
    (pa.types.is_int64, (pa.types.is_integer,)),
    (pa.types.is_float64, (pa.types.is_floating, pa.types.is_null)),
    (pa.types.is_boolean, (pa.types.is_boolean,)),
)
