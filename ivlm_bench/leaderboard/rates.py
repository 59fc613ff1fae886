"""Rates of one task: which episodes count, and what each of them adds."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd

from ivlm_bench.records import ERROR_STATUSES
from ivlm_bench.stats.clusters import Sample, macro_interval, rate_interval, scenario_means
from ivlm_bench.stats.intervals import Interval
from ivlm_bench.store.columns import METRIC_PREFIX

#: Column of the mean success over perturbed trials.
ROBUST = f"{METRIC_PREFIX}robust_success"

#: What a rate may read of an episode.
COLUMNS = (
    "episode_key",
    "scenario_key",
    "cluster",
    "split",
    "status",
    "answerable",
    "abstained",
    "success",
    ROBUST,
)


@dataclass(frozen=True, slots=True)
class Rate:
    """A rate in [0, 1] with its interval; None of nothing.

    ``n`` counts scenarios (repeats are averaged first), ``n_clusters`` their clusters.
    """

    value: float | None
    interval: Interval | None
    n: int
    n_clusters: int

    def text(self, *, interval: bool = True) -> str:
        """Return per cent as '62.5 [48.4, 74.8]', '62.5 n/a (3 clusters)' or '-'."""
        if self.value is None:
            return "-"
        number = f"{100 * self.value:.1f}"
        if not interval:
            return number
        if self.interval is None:
            return f"{number} n/a ({self.n_clusters} clusters)"
        return f"{number} [{100 * self.interval.low:.1f}, {100 * self.interval.high:.1f}]"


def rate_of(sample: Sample) -> Rate:
    """Return the rate of one task."""
    return Rate(sample.mean, rate_interval(sample), len(sample.values), sample.n_clusters)


def macro_of(samples: Sequence[Sample]) -> Rate:
    """Return the mean of the task means, tasks without episodes left out."""
    filled = [sample for sample in samples if len(sample.values)]
    value = float(np.mean([sample.mean for sample in filled])) if filled else None
    n = sum(len(sample.values) for sample in filled)
    n_clusters = sum(sample.n_clusters for sample in filled)
    return Rate(value, macro_interval(filled), n, n_clusters)


def strict(frame: pd.DataFrame) -> Sample:
    """Success of answerable episodes; errors fail, diverged simulations are left out."""
    rows = _answerable(frame)
    return _sample(rows, rows["success"])


def conditional(frame: pd.DataFrame) -> Sample:
    """Success of answerable episodes that ended in an answer or an abstention."""
    rows = _answerable(frame)
    rows = rows[~rows["status"].isin(ERROR_STATUSES)]
    return _sample(rows, rows["success"])


def error(frame: pd.DataFrame) -> Sample:
    """Errors among answerable episodes, diverged simulations left out."""
    rows = _answerable(frame)
    return _sample(rows, rows["status"].isin(ERROR_STATUSES))


def wrong_abstention(frame: pd.DataFrame) -> Sample:
    """Abstentions among answerable episodes."""
    rows = _answerable(frame)
    return _sample(rows, rows["abstained"])


def right_abstention(frame: pd.DataFrame) -> Sample:
    """Abstentions among unanswerable episodes; an error is none."""
    rows = frame[~frame["answerable"]]
    return _sample(rows, rows["abstained"])


def robust(frame: pd.DataFrame) -> Sample:
    """Mean success over perturbed trials of answerable episodes; errors count as 0.

    Empty if no perturbed trial ran.
    """
    rows = _answerable(frame)
    if ROBUST not in rows or not rows[ROBUST].notna().any():
        return _sample(rows[:0], pd.Series(dtype=float))
    values = rows[ROBUST].mask(rows["status"].isin(ERROR_STATUSES), 0.0)
    known = values.notna()
    return _sample(rows[known], values[known])


def seen(frame: pd.DataFrame) -> Sample:
    """``strict`` on object instances from the seen parameter range."""
    return strict(frame[frame["split"] == "seen"])


def unseen(frame: pd.DataFrame) -> Sample:
    """``strict`` on object instances from the unseen parameter range."""
    return strict(frame[frame["split"] == "unseen"])


#: Every rate by name, in the order in which they are listed.
RATES: Mapping[str, Callable[[pd.DataFrame], Sample]] = {
    "strict": strict,
    "conditional": conditional,
    "error": error,
    "robust": robust,
    "seen": seen,
    "unseen": unseen,
    "right_abstention": right_abstention,
    "wrong_abstention": wrong_abstention,
}


def engine_success(frame: pd.DataFrame, verdicts: pd.DataFrame) -> Sample:
    """Success of answerable episodes by one engine's ``verdicts``; no verdict counts as failure.

    Episodes on which that engine diverged are left out.
    """
    by_key = verdicts.set_index("episode_key")
    rows = frame[frame["answerable"]]
    diverged = rows["episode_key"].map(by_key["status"]) == "sim_diverged"
    rows = rows[~diverged]
    success = rows["episode_key"].map(by_key["success"]).astype(object)
    return _sample(rows, success.where(success.notna(), other=False))


def agreement(frame: pd.DataFrame, verdicts: Sequence[pd.DataFrame]) -> Sample:
    """Episodes on which all engines give the same success, among those that all could try."""
    rows = frame
    columns = []
    for table in verdicts:
        tried = table[(table["status"] == "ok") & (table["n_steps"] > 0)]
        columns.append(frame["episode_key"].map(tried.set_index("episode_key")["success"]))
        rows = rows[columns[-1].notna().reindex(rows.index)]
    same = pd.concat(columns, axis=1).loc[rows.index].nunique(axis=1) == 1
    return _sample(rows, same)


def _answerable(frame: pd.DataFrame) -> pd.DataFrame:
    return frame[frame["answerable"] & (frame["status"] != "sim_diverged")]


def _sample(rows: pd.DataFrame, values: pd.Series) -> Sample:
    numbers = values.astype(float).tolist()
    return scenario_means(numbers, rows["scenario_key"].tolist(), rows["cluster"].tolist())
