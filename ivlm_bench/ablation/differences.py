"""What each setting changes, paired by scenario: success, and the scores of answers."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
import pandas as pd

from ivlm_bench.ablation.runs import Ablated
from ivlm_bench.comparison import Comparison, compare
from ivlm_bench.metrics import METRICS, MetricSpec
from ivlm_bench.records import ERROR_STATUSES
from ivlm_bench.stats.clusters import Sample
from ivlm_bench.stats.differences import difference_interval
from ivlm_bench.stats.intervals import Interval
from ivlm_bench.stats.multiplicity import holm
from ivlm_bench.store import Run
from ivlm_bench.store.columns import METRIC_PREFIX

#: The outcome of the trial, which is compared as success already.
_SUCCESS = ("success",)


@dataclass(frozen=True, slots=True)
class MetricChange:
    """One score with the defaults and with a changed setting, means over tasks of equal weight.

    Over the ``n`` scenarios in which both have it; an error of the reasoner counts as an
    abstention. ``interval``: two-sided 95 % of ``difference`` = new - old.
    """

    n: int
    old: float
    new: float
    difference: float
    interval: Interval | None


@dataclass(frozen=True, eq=False, slots=True)
class Change:
    """One setting against the defaults.

    ``p_holm``: p-value of the macro difference, adjusted over all settings.
    ``metrics``: by name, those that apply to a scenario that both answered.
    """

    name: str
    params: dict[str, str]
    comparison: Comparison
    metrics: dict[str, MetricChange]
    p_holm: float = 1.0


def changes(found: Ablated, *, measure: str = "strict") -> tuple[Change, ...]:
    """Return one entry a setting, in their order.

    Raises
    ------
    NotComparableError
        As ``comparison.pair_runs``.
    """
    rows = [
        _change(ablation.name, ablation.params, compare(found.default, run, measure=measure))
        for ablation, run in found.switched
    ]
    adjusted = holm([row.comparison.macro.p.p for row in rows])
    return tuple(replace(row, p_holm=float(p)) for row, p in zip(rows, adjusted, strict=True))


def _change(name: str, params: dict[str, str], comparison: Comparison) -> Change:
    pairs = comparison.pairs
    changed = {
        metric: _metric_change(pairs.table, *(_means(run, spec) for run in (pairs.old, pairs.new)))
        for metric, spec in METRICS
        if metric not in _SUCCESS and _is_share(spec)
    }
    return Change(name, params, comparison, {k: v for k, v in changed.items() if v is not None})


def _is_share(spec: MetricSpec) -> bool:
    """Tell whether a score lies in [0, 1] and says of every answerable question how good it is."""
    return (spec.low, spec.high, spec.abstained) == (0.0, 1.0, 0.0)


def _means(run: Run, spec: MetricSpec) -> pd.Series:
    """Return the mean score of each scenario over its repeats; those without one are left out."""
    column = f"{METRIC_PREFIX}{spec.name}"
    episodes = run.episodes
    if column not in episodes:
        return pd.Series(dtype=float)
    failed = episodes["status"].isin(ERROR_STATUSES) & episodes["answerable"]
    scores = episodes[column].astype(float).mask(failed, spec.abstained)
    return scores.groupby(episodes["scenario_key"]).mean().dropna()


def _metric_change(table: pd.DataFrame, old: pd.Series, new: pd.Series) -> MetricChange | None:
    """Return the change over the scenarios of ``table`` that have a score in both series."""
    keys = table["scenario_key"]
    scored = table.assign(old=keys.map(old), new=keys.map(new)).dropna(subset=["old", "new"])
    if not len(scored):
        return None
    tasks = [rows for _, rows in scored.groupby("task", sort=True)]
    difference, interval = difference_interval([_sample(rows) for rows in tasks])
    return MetricChange(
        n=len(scored),
        old=_macro(tasks, "old"),
        new=_macro(tasks, "new"),
        difference=difference,
        interval=interval,
    )


def _macro(tasks: Sequence[pd.DataFrame], column: str) -> float:
    return float(np.mean([rows[column].mean() for rows in tasks]))


def _sample(rows: pd.DataFrame) -> Sample:
    return Sample((rows["new"] - rows["old"]).to_numpy(float), tuple(rows["cluster"]))
