"""What is wrong with a run that can be read: each fault is named and keeps it from the ranking."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import pyarrow.compute as pc

from ivlm_bench.leaderboard.episodes import Table
from ivlm_bench.records import Manifest
from ivlm_bench.store import Run
from ivlm_bench.store.columns import EPISODES


def faults(run: Run, table: Table) -> Iterator[str]:
    """Yield one clause for each thing that keeps a run from being ranked."""
    yield from _counts(run, table)
    yield from _not_numbers(table)
    yield from _empty_tasks(run.manifest, table)


def _counts(run: Run, table: Table) -> Iterator[str]:
    n, planned = len(table.episodes), run.manifest.n_planned
    if not n:
        yield "it has no episode"
    if n != planned:
        yield f"{n} episodes are there, {planned} were planned"
    if bool((np.diff(table.episodes.scenario) > 0).all()):
        return  # every question stands once
    keys = run.columns(EPISODES, ("episode_key",))["episode_key"]
    n_twice = len(keys) - int(pc.count_distinct(keys).as_py())
    if n_twice:
        yield f"{n_twice} {'episode stands' if n_twice == 1 else 'episodes stand'} more than once"


def _not_numbers(table: Table) -> Iterator[str]:
    for name, n in table.n_wrong.items():
        yield f"{name} is NaN or infinite in {n} episode{'s' * (n != 1)}"


def _empty_tasks(manifest: Manifest, table: Table) -> Iterator[str]:
    there = set(table.task.names.tolist())
    missing = [name for name in manifest.config.get("tasks", "").split() if name not in there]
    if missing:
        yield f"no episode of {', '.join(missing)}"
    for name, _, episodes in table.tasks():
        asked = episodes.answerable
        if asked.any() and not (asked & ~episodes.diverged).any():
            yield f"every simulation of {name} diverged, so it has no rate"
