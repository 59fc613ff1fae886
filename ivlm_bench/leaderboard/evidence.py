"""What one run says of each question, and what two runs say of their difference."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from ivlm_bench.leaderboard.episodes import Episodes, Table
from ivlm_bench.leaderboard.feasibility import infeasible, tried
from ivlm_bench.stats.clusters import Labels, Sample

#: What is compared between runs: strict success, and the share of infeasible answers.
STRICT, INFEASIBLE = "strict", "infeasible"


@dataclass(frozen=True, eq=False, slots=True)
class Measure:
    """(S,) mean of each question over its repeats, and the mask of those that count."""

    values: np.ndarray
    counted: np.ndarray


@dataclass(frozen=True, eq=False, slots=True)
class Evidence:
    """The S questions of a run in the order in which they come: key, task, cluster, measures."""

    keys: pa.Array
    task: Labels
    cluster: Labels
    measures: Mapping[str, Measure]


def evidence_of(table: Table) -> Evidence:
    """Return what a run says of each question."""
    episodes = table.episodes
    first = np.unique(episodes.scenario, return_index=True)[1]
    return Evidence(
        keys=table.keys.combine_chunks().take(pa.array(first)),
        task=table.task.take(first),
        cluster=episodes.cluster.take(first),
        measures={
            STRICT: _measure(episodes, episodes.answerable, episodes.success),
            INFEASIBLE: _measure(episodes, tried(episodes), infeasible(episodes)),
        },
    )


def _measure(episodes: Episodes, rows: np.ndarray, values: np.ndarray) -> Measure:
    """Average ``values`` of the masked rows by question; one that ever diverged counts nowhere."""
    size = int(episodes.scenario.max(initial=-1)) + 1
    sums, counts, diverged = (
        np.bincount(episodes.scenario[mask], minlength=size)
        for mask in (rows & values, rows, rows & episodes.diverged)
    )
    return Measure(sums / np.maximum(counts, 1), (counts > 0) & (diverged == 0))


def overlap(keys: pa.Array, others: pa.Array) -> float:
    """Return the share of ``others`` that are among ``keys``; 1 of none."""
    if keys.equals(others):
        return 1.0
    known = pc.sum(pc.is_in(others, value_set=keys)).as_py() or 0
    return known / len(others) if len(others) else 1.0


def differences(first: Evidence, second: Evidence, measure: str) -> list[Sample]:
    """Return ``second`` - ``first`` on the questions that both count: one sample a task.

    Tasks without such a question are left out.
    """
    a, b = first.measures[measure], second.measures[measure]
    place = np.arange(len(first.keys))
    there = np.ones(len(place), dtype=bool)
    if not first.keys.equals(second.keys):
        found = pc.index_in(first.keys, value_set=second.keys)
        there = np.asarray(pc.is_valid(found).to_numpy(zero_copy_only=False), dtype=bool)
        place = pc.fill_null(found, 0).to_numpy(zero_copy_only=False)
    if not len(second.keys):
        return []
    both = there & a.counted & b.counted[place]
    gaps = b.values[place] - a.values
    rows = [np.flatnonzero(both & (first.task.codes == t)) for t in range(len(first.task.names))]
    return [Sample(gaps[part], first.cluster.take(part)) for part in rows if len(part)]
