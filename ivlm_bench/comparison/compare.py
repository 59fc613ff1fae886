"""The comparison of two runs: per task and over all, with tests that honour clusters."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace

import numpy as np
import pandas as pd

from ivlm_bench.comparison.pair import Pairs, pair_runs
from ivlm_bench.stats.clusters import Sample, count_clusters
from ivlm_bench.stats.differences import difference_interval
from ivlm_bench.stats.intervals import Interval
from ivlm_bench.stats.multiplicity import benjamini_hochberg, holm
from ivlm_bench.stats.paired import PairedTest, bounded_sums, cluster_sums, sign_flip
from ivlm_bench.store import Run

#: Seed of the sign flips that are drawn: the same two runs always give the same p-value.
FLIP_SEED = 20261122

#: Two-sided level each of whose ends is a one-sided 95 % bound.
ONE_SIDED = 0.90


@dataclass(frozen=True, eq=False, slots=True)
class TaskComparison:
    """One task (or all, ``task`` = "macro") in both runs.

    ``interval``: two-sided 95 %; ``one_sided``: 90 %, each end of which is a one-sided 95 % bound.
    ``p``: two-sided, cluster sign-flip. ``p_worse``: one-sided, against "not worse". ``p_holm`` and
    ``p_bh``: ``p`` adjusted over the tasks; None for the macro row, which is one test by itself.
    ``by_cluster``: (G,) what each cluster gained or lost, in [-1, 1] (``bounded_sums``).
    """

    task: str
    n: int
    n_clusters: int
    old: float
    new: float
    difference: float
    interval: Interval | None
    p: PairedTest
    p_worse: PairedTest
    n_gained: int
    n_lost: int
    one_sided: Interval | None = None
    p_holm: float | None = None
    p_bh: float | None = None
    by_cluster: np.ndarray = field(default_factory=lambda: np.zeros(0))


@dataclass(frozen=True, eq=False, slots=True)
class Comparison:
    """Two runs compared: the macro row, the tasks, and the pairs that they rest on."""

    pairs: Pairs
    macro: TaskComparison
    tasks: tuple[TaskComparison, ...]

    @property
    def flips(self) -> pd.DataFrame:
        """Scenarios in which the runs differ, the largest losses first."""
        table = self.pairs.table
        return table[table["difference"] != 0.0].sort_values(
            ["difference", "task", "scenario_key"], ignore_index=True
        )


def compare(
    old: Run, new: Run, *, measure: str = "strict", engines_may_differ: bool = False
) -> Comparison:
    """Compare ``new`` with ``old``; see ``pair_runs`` for what can be compared.

    Raises
    ------
    NotComparableError
        As ``pair_runs``.
    """
    return of_pairs(pair_runs(old, new, measure=measure, engines_may_differ=engines_may_differ))


def of_pairs(pairs: Pairs) -> Comparison:
    """Return the comparison of paired scenarios."""
    macro, tasks = compare_table(pairs.table)
    return Comparison(pairs, macro, tasks)


def compare_table(table: pd.DataFrame) -> tuple[TaskComparison, tuple[TaskComparison, ...]]:
    """Return the macro row and the tasks of a table as in ``Pairs``.

    Raises
    ------
    ValueError
        If the table has no row.
    """
    by_task = {str(name): rows for name, rows in table.groupby("task", sort=True)}
    rows = [_row(name, [part]) for name, part in by_task.items()]
    p_values = [row.p.p for row in rows]
    adjusted = zip(rows, holm(p_values), benjamini_hochberg(p_values), strict=True)
    tasks = tuple(replace(row, p_holm=float(h), p_bh=float(bh)) for row, h, bh in adjusted)
    return _row("macro", list(by_task.values())), tasks


def _row(name: str, tables: Sequence[pd.DataFrame]) -> TaskComparison:
    if not tables:
        raise ValueError("Two runs that share no scenario can't be compared.")
    strata = [_sample(table) for table in tables]
    difference, interval = difference_interval(strata)
    sums, rows = cluster_sums(strata), pd.concat(tables)
    return TaskComparison(
        task=name,
        n=len(rows),
        n_clusters=count_clusters(strata),
        old=float(np.mean([table["old"].mean() for table in tables])),
        new=float(np.mean([table["new"].mean() for table in tables])),
        difference=difference,
        interval=interval,
        p=sign_flip(sums, np.random.default_rng(FLIP_SEED)),
        p_worse=sign_flip(sums, np.random.default_rng(FLIP_SEED), alternative="less"),
        n_gained=int((rows["difference"] > 0).sum()),
        n_lost=int((rows["difference"] < 0).sum()),
        one_sided=difference_interval(strata, level=ONE_SIDED)[1],
        by_cluster=bounded_sums(strata),
    )


def _sample(table: pd.DataFrame) -> Sample:
    return Sample(table["difference"].to_numpy(float), tuple(table["cluster"]))
