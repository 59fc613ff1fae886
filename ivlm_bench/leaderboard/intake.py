"""What is wrong with a run that can be read: each fault is named and keeps it from the ranking."""

from __future__ import annotations

from collections.abc import Iterator
from typing import get_args

import numpy as np
import pyarrow.compute as pc

from ivlm_bench.harness.manifest import SCHEMA_VERSION
from ivlm_bench.leaderboard.episodes import Table, labels_of
from ivlm_bench.records import Manifest, Status
from ivlm_bench.store import Run
from ivlm_bench.store.columns import EPISODES

#: Columns of numbers that no rate is made from; a NaN there tells of a broken writer all the same.
_ASIDE = ("confidence", "render_ms", "simulate_ms")


def faults(run: Run, table: Table) -> Iterator[str]:
    """Yield one clause for each thing that keeps a run from being ranked."""
    yield from other_version(run.manifest)
    yield from damage(run, table)
    yield from _all_diverged(table)


def other_version(manifest: Manifest) -> Iterator[str]:
    """Yield a clause where another version of the store wrote the run."""
    if manifest.schema_version != SCHEMA_VERSION:
        yield (
            f"its schema version is {manifest.schema_version}, this version writes {SCHEMA_VERSION}"
        )


def damage(run: Run, table: Table) -> Iterator[str]:
    """Yield one clause for each thing that no run has that was written and kept as it should be.

    Episodes are missing or doubled, a task has none, a number is none, or a status is unknown:
    checksums can't show it where the writer was broken.
    """
    if not len(table.episodes):
        yield "it has no episode"
    yield from _counts(run, table)
    yield from _empty_tasks(run.manifest, table)
    yield from _not_numbers(run, table)
    known = get_args(Status)
    names = labels_of(run.columns(EPISODES, ("status",), ("status",))["status"]).names
    yield from (f"the status {name!r} is unknown" for name in names.tolist() if name not in known)


def _counts(run: Run, table: Table) -> Iterator[str]:
    n, planned = len(table.episodes), run.manifest.n_planned
    if n != planned:
        yield f"{n} episodes are there, {planned} were planned"
    if bool((np.diff(table.episodes.scenario) > 0).all()):
        return  # every question stands once
    asked = run.columns(EPISODES, ("scenario_key", "repeat"))
    once = asked.group_by(["scenario_key", "repeat"]).aggregate([]).num_rows
    if n != once:
        yield f"{n - once} {'episode stands' if n - once == 1 else 'episodes stand'} more than once"


def _not_numbers(run: Run, table: Table) -> Iterator[str]:
    aside = [name for name in run.column_names(EPISODES) if name in _ASIDE]
    n_wrong = dict(table.n_wrong)
    for name, (values, n_empty) in run.numbers(EPISODES, aside).items():
        n_wrong[name] = int((~np.isfinite(values)).sum()) - n_empty
    for name, n in n_wrong.items():
        if n:
            where = _first_wrong(run, name)
            yield f"{name} is NaN or infinite in {n} episode{'s' * (n != 1)} ({where})"


def _first_wrong(run: Run, name: str) -> str:
    rows = run.columns(EPISODES, (name, "task", "seed"))
    place = pc.index(pc.fill_null(pc.is_finite(rows[name]), True), False).as_py()
    return f"first: {rows['task'][place].as_py()}, seed {rows['seed'][place].as_py()}"


def _empty_tasks(manifest: Manifest, table: Table) -> Iterator[str]:
    there = set(table.task.names.tolist())
    missing = [name for name in manifest.config.get("tasks", "").split() if name not in there]
    if missing:
        yield f"no episode of {', '.join(missing)}"


def _all_diverged(table: Table) -> Iterator[str]:
    for name, _, episodes in table.tasks():
        asked = episodes.answerable
        if asked.any() and not (asked & ~episodes.diverged).any():
            yield f"every simulation of {name} diverged, so it has no rate"
