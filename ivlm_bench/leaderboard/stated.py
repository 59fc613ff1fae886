"""What a run says of doubt and of things: stated probabilities, and which thing was taken."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from ivlm_bench.leaderboard.episodes import CONFIDENCE, Episodes
from ivlm_bench.metrics.calibration import expected_calibration_error
from ivlm_bench.metrics.point_values import auc
from ivlm_bench.stats.clusters import Sample
from ivlm_bench.store.columns import METRIC_PREFIX

#: Columns that tell which of several things an answer was about.
RIGHT, OTHER = f"{METRIC_PREFIX}right_thing", f"{METRIC_PREFIX}other_thing"

#: Shares of the answers that are on the asked thing, on another one, and on none.
THINGS = ("right_thing", "other_thing", "no_thing")


@dataclass(frozen=True, slots=True)
class Stated:
    """How well ``feasible_prob`` tells the ``n`` questions with an answer from ``n_without``.

    ``auroc``: share of the pairs of one of each in which the one with an answer was given the
    higher probability, equal ones counting half (Mann-Whitney). ``ece``: mean gap between stated
    and true share in 15 equal bins (Guo 2017). Both None where there is nothing to tell.
    """

    auroc: float | None
    ece: float | None
    n: int
    n_without: int


def stated(parts: Sequence[tuple[Mapping[str, np.ndarray], Episodes]]) -> Stated:
    """Return what the episodes of some tasks state, all of them together; errors state nothing."""
    nothing = np.zeros(0)
    prob = np.concatenate([nothing, *(_column(s, CONFIDENCE, len(e)) for s, e in parts)])
    there = ~np.isnan(prob)
    doable = np.concatenate([nothing, *(e.answerable for e in (e for _, e in parts))]).astype(bool)
    prob, doable = prob[there], doable[there]
    area = auc(prob, doable)
    return Stated(
        auroc=None if math.isnan(area) else area,
        ece=expected_calibration_error(prob.tolist(), doable.tolist()),
        n=int(doable.sum()),
        n_without=int((~doable).sum()),
    )


def things(scores: Mapping[str, np.ndarray], episodes: Episodes) -> dict[str, Sample]:
    """Return the share of each of ``THINGS``: abstentions are on none, errors are left out."""
    right = _column(scores, RIGHT, len(episodes))
    rows = ~np.isnan(right)
    other = np.nan_to_num(_column(scores, OTHER, len(episodes)))
    right = np.nan_to_num(right)
    shares = zip(THINGS, (right, other, 1.0 - right - other), strict=True)
    return {name: episodes.sample(rows, values) for name, values in shares}


def _column(scores: Mapping[str, np.ndarray], name: str, n: int) -> np.ndarray:
    """Return a column (n,), NaN where a run was made without it."""
    return scores.get(name, np.full(n, np.nan))
