"""Ranks that admit what is not known: intervals, ties with the best, rank violations."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from ivlm_bench.stats.multiplicity import holm


@dataclass(frozen=True, slots=True)
class RankInterval:
    """Best and worst place that the evidence leaves open, and whether the best is among them.

    ``with_best``: cannot be told from the method with the highest score.
    """

    best: int
    worst: int
    with_best: bool


def rank_intervals(
    scores: Mapping[str, float], p_values: Mapping[tuple[str, str], float], *, alpha: float = 0.05
) -> dict[str, RankInterval]:
    """Return the simultaneous rank interval of each method.

    A method's best place is 1 + the number of methods that beat it, its worst place N - the number
    that it beats; "beats" is a higher score with a Holm-adjusted p of at most ``alpha`` over all
    pairs. With probability 1 - alpha all true ranks lie in their intervals.

    Parameters
    ----------
    scores
        Higher is better.
    p_values
        Two-sided p of every unordered pair, under either order of its names.

    References
    ----------
    D. Al Mohamad, J. J. Goeman and E. W. van Zwet, "Simultaneous confidence intervals for ranks",
    Biometrical Journal 64 (2022), 1001-1018.

    Raises
    ------
    ValueError
        If a pair has no p-value.
    """
    names = list(scores)
    pairs = [(a, b) for i, a in enumerate(names) for b in names[i + 1 :]]
    known = {frozenset(pair): p for pair, p in p_values.items()}
    missing = [pair for pair in pairs if frozenset(pair) not in known]
    if missing:
        raise ValueError(f"There is no p-value of {missing[0][0]} against {missing[0][1]}.")
    adjusted = holm([known[frozenset(pair)] for pair in pairs])
    apart = {frozenset(pair) for pair, p in zip(pairs, adjusted, strict=True) if p <= alpha}
    top = max(names, key=lambda name: scores[name]) if names else ""
    return {name: _interval(name, scores, apart, top) for name in names}


def _interval(
    name: str, scores: Mapping[str, float], apart: set[frozenset[str]], top: str
) -> RankInterval:
    told = [other for other in scores if frozenset((name, other)) in apart]
    n_better = sum(scores[other] > scores[name] for other in told)
    n_worse = sum(scores[other] < scores[name] for other in told)
    return RankInterval(1 + n_better, len(scores) - n_worse, frozenset((name, top)) not in apart)


def mean_maximum_rank_violation(first: Sequence[float], second: Sequence[float]) -> float | None:
    """Return the mean over methods of the worst gap in ``first`` that ``second`` orders wrongly.

    0 where both order alike; in the unit of ``first``. None under two methods.

    References
    ----------
    X. Li et al., "Evaluating real-world robot manipulation policies in simulation" (SimplerEnv),
    CoRL 2024, section 4.

    Examples
    --------
    >>> mean_maximum_rank_violation([0.1, 0.5, 0.9], [0.2, 0.9, 0.5])
    0.26666666666666666
    """
    a, b = np.asarray(first, dtype=np.float64), np.asarray(second, dtype=np.float64)
    if a.shape != b.shape or a.ndim != 1:
        raise ValueError("Two lists of scores of the same methods were expected.")
    if len(a) < 2:
        return None
    gaps = np.abs(a[:, None] - a[None, :])
    wrong = (a[:, None] < a[None, :]) != (b[:, None] < b[None, :])
    return float((gaps * wrong).max(axis=1).mean())
