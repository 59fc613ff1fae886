"""Rates of one task: which episodes count, and what each of them adds."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from ivlm_bench.leaderboard.episodes import Episodes
from ivlm_bench.stats.clusters import MIN_CLUSTERS, Sample, count_clusters
from ivlm_bench.stats.intervals import Interval
from ivlm_bench.stats.rates import macro_interval, rate_interval


@dataclass(frozen=True, slots=True)
class Rate:
    """A rate in [0, 1] with its interval; None of nothing.

    ``n`` counts scenarios (repeats are averaged first), ``n_clusters`` their distinct clusters.
    """

    value: float | None
    interval: Interval | None
    n: int
    n_clusters: int

    def text(self, *, interval: bool = True) -> str:
        """Return per cent as '62.5 [48.4, 74.8]', '62.5 n/a (3 clusters)' or '-'.

        A mean over tasks has no interval either where a task has a single cluster.
        """
        if self.value is None:
            return "-"
        number = f"{100 * self.value:.1f}"
        if not interval:
            return number
        if self.interval is None and self.n_clusters >= MIN_CLUSTERS:
            return f"{number} n/a (1 in a task)"
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
    return Rate(value, macro_interval(filled), n, count_clusters(filled))


def strict(episodes: Episodes) -> Sample:
    """Success of answerable episodes; errors fail, diverged simulations are left out."""
    return episodes.sample(strict_rows(episodes), episodes.success)


def conditional(episodes: Episodes) -> Sample:
    """Success of answerable episodes that ended in an answer or an abstention."""
    return episodes.sample(strict_rows(episodes) & ~episodes.error, episodes.success)


def error(episodes: Episodes) -> Sample:
    """Errors among answerable episodes, diverged simulations left out."""
    return episodes.sample(strict_rows(episodes), episodes.error)


def wrong_abstention(episodes: Episodes) -> Sample:
    """Abstentions among answerable episodes."""
    return episodes.sample(strict_rows(episodes), episodes.abstained)


def right_abstention(episodes: Episodes) -> Sample:
    """Abstentions among unanswerable episodes; an error is none."""
    return episodes.sample(~episodes.answerable, episodes.abstained)


def robust(episodes: Episodes) -> Sample:
    """Mean success over perturbed trials of answerable episodes; errors count as 0.

    Empty if no perturbed trial ran.
    """
    rows = strict_rows(episodes)
    if episodes.robust is None or np.isnan(episodes.robust[rows]).all():
        return episodes.sample(np.zeros_like(rows), episodes.success)
    values = np.where(episodes.error, 0.0, episodes.robust)
    return episodes.sample(rows & ~np.isnan(values), values)


def seen(episodes: Episodes) -> Sample:
    """``strict`` on object instances from the seen parameter range."""
    return episodes.sample(strict_rows(episodes) & episodes.seen, episodes.success)


def unseen(episodes: Episodes) -> Sample:
    """``strict`` on object instances from the unseen parameter range."""
    return episodes.sample(strict_rows(episodes) & episodes.unseen, episodes.success)


#: Every rate by name, in the order in which they are listed.
RATES: Mapping[str, Callable[[Episodes], Sample]] = {
    "strict": strict,
    "conditional": conditional,
    "error": error,
    "robust": robust,
    "seen": seen,
    "unseen": unseen,
    "right_abstention": right_abstention,
    "wrong_abstention": wrong_abstention,
}


#: Rates of what models that write do instead of answering, by the code of the record; they are
#: shown where they occur.
UNREAD: Mapping[str, str] = {
    "unparsed": "UNPARSED",
    "refused": "REFUSED",
    "out_of_range": "OUT_OF_RANGE",
}


def unread(episodes: Episodes, code: str) -> Sample:
    """Answers that ended with one of the codes of ``UNREAD``, among all questions."""
    named = np.asarray([name == code for name in episodes.code.names], bool)
    return episodes.sample(~episodes.diverged, named[episodes.code.codes])


def engine_success(episodes: Episodes, engine: str) -> Sample:
    """Success of answerable episodes by one engine's verdicts; no verdict counts as failure.

    Episodes on which that engine diverged are left out.
    """
    judged = episodes.engines[engine]
    return episodes.sample(episodes.answerable & ~judged.diverged, judged.success)


def agreement(episodes: Episodes) -> Sample:
    """Episodes on which all engines give the same success, among those that all could try."""
    judged = list(episodes.engines.values())
    tried = np.logical_and.reduce([one.tried for one in judged])
    same = np.logical_and.reduce([one.success == judged[0].success for one in judged])
    return episodes.sample(tried, same)


def strict_rows(episodes: Episodes) -> np.ndarray:
    """Return the mask of episodes that success is asked of."""
    return episodes.answerable & ~episodes.diverged
