"""Places that admit what is not known: no bare ranks, but what the paired evidence leaves open."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from ivlm_bench.leaderboard.evidence import INFEASIBLE, STRICT, Evidence, differences
from ivlm_bench.stats.differences import difference_interval
from ivlm_bench.stats.intervals import Interval
from ivlm_bench.stats.multiplicity import holm
from ivlm_bench.stats.paired import cluster_sums, sign_flip
from ivlm_bench.stats.ranks import RankInterval, rank_intervals

#: Seed of the sign flips that are drawn, as in a comparison of two runs: the same p for the same
#: two runs.
FLIP_SEED = 20261122

#: Measures in which less is better.
LESS_IS_BETTER = (INFEASIBLE,)


@dataclass(frozen=True, slots=True)
class Standing:
    """Where one method stands among the ranked ones.

    ``gap``: score minus the best one's, on the questions that both count, with its 95 % interval.
    ``p``: two-sided, whole clusters flipping their sign; ``p_holm``: adjusted over all pairs of the
    board. All four are None of the best itself.
    """

    place: RankInterval
    gap: float | None = None
    interval: Interval | None = None
    p: float | None = None
    p_holm: float | None = None

    @property
    def text(self) -> str:
        """The places that are left open, such as '1-3'."""
        best, worst = self.place.best, self.place.worst
        return str(best) if best == worst else f"{best}-{worst}"


def standings(
    methods: Sequence[tuple[float | None, Evidence]], *, measure: str = STRICT
) -> list[Standing]:
    """Return where each method stands, given its score and its evidence.

    All pairs are tested on the questions that both count, by the paired test of a comparison;
    methods without a score share the last place of all.
    """
    sign = -1.0 if measure in LESS_IS_BETTER else 1.0
    scores = {
        str(n): (-np.inf if value is None else sign * value) for n, (value, _) in enumerate(methods)
    }
    pairs = [(a, b) for a in range(len(methods)) for b in range(a + 1, len(methods))]
    p = [_p(methods[a][1], methods[b][1], measure) for a, b in pairs]
    names = [(str(a), str(b)) for a, b in pairs]
    places = rank_intervals(scores, dict(zip(names, p, strict=True)))
    adjusted = dict(zip(names, holm(p), strict=True)) if p else {}
    raw = dict(zip(names, p, strict=True))
    top = max(scores, key=lambda name: scores[name], default="")
    found = []
    for number, (value, evidence) in enumerate(methods):
        name = str(number)
        if name == top or value is None:
            found.append(Standing(places[name]))
            continue
        strata = differences(methods[int(top)][1], evidence, measure)
        gap, interval = difference_interval(strata) if strata else (None, None)
        pair = (name, top) if (name, top) in raw else (top, name)
        found.append(Standing(places[name], gap, interval, raw[pair], float(adjusted[pair])))
    return found


def _p(first: Evidence, second: Evidence, measure: str) -> float:
    """Return the two-sided p of a pair; 1 where no question is counted by both."""
    sums = cluster_sums(differences(first, second, measure))
    return sign_flip(sums, np.random.default_rng(FLIP_SEED)).p
