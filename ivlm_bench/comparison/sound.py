"""Whether a run's episodes can be counted at all: complete, each once, no hole, no NaN."""

from __future__ import annotations

from typing import get_args

import pyarrow as pa
import pyarrow.compute as pc

from ivlm_bench.errors import StoreError
from ivlm_bench.records import Status
from ivlm_bench.store import Run
from ivlm_bench.store.columns import EPISODES

#: Cells that no record leaves empty and that a comparison reads.
_NEVER_EMPTY = (
    "episode_key",
    "scenario_key",
    "task",
    "cluster",
    "split",
    "seed",
    "repeat",
    "answerable",
    "status",
    "success",
    "scene_hash",
    "prediction_hash",
)


def check_sound(run: Run) -> None:
    """Refuse a run whose episodes are damaged in a way that its checksums can't show.

    Raises
    ------
    StoreError
        If a column is missing or has an empty cell, a number is NaN or infinite, an episode is
        there twice, its status is unknown, or there are not as many episodes as were planned.
    """
    table = run.tables[EPISODES]
    fault = _hole(table) or _not_finite(table) or _twice(table) or _strange_status(table)
    if fault is None and table.num_rows != run.manifest.n_planned:
        fault = f"holds {table.num_rows} of {run.manifest.n_planned} planned episodes"
    if fault is not None:
        raise StoreError(
            f"{run.folder / EPISODES} {fault}; restore it from a copy, or run again into another "
            "folder."
        )


def _hole(table: pa.Table) -> str | None:
    for name in _NEVER_EMPTY:
        if name not in table.column_names:
            return f"has no column {name}"
        if table[name].null_count:
            return f"has empty cells in {name}"
    return None


def _not_finite(table: pa.Table) -> str | None:
    for name in table.column_names:
        if not pa.types.is_floating(table[name].type):
            continue
        finite = pc.fill_null(pc.is_finite(table[name]), True)
        if not pc.all(finite, min_count=0).as_py():
            row = pc.index(finite, False).as_py()
            task, seed = table["task"][row].as_py(), table["seed"][row].as_py()
            return f"has a number that is not finite in {name} ({task}, seed {seed})"
    return None


def _twice(table: pa.Table) -> str | None:
    groups = table.group_by(["scenario_key", "repeat"]).aggregate([("seed", "count")])
    n_twice = pc.sum(pc.greater(groups["seed_count"], 1), min_count=0).as_py()
    if n_twice:
        return f"holds {n_twice} episode{'s' * (n_twice != 1)} more than once"
    return None


def _strange_status(table: pa.Table) -> str | None:
    strange = sorted(set(table["status"].unique().to_pylist()) - set(get_args(Status)))
    return f"has the unknown status {strange[0]!r}" if strange else None
