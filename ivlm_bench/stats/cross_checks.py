"""The same number by every interval that there is: how much hangs on the choice of one."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace

import numpy as np
from scipy.special import ndtri

from ivlm_bench.stats.bootstrap import macro_bootstrap
from ivlm_bench.stats.clusters import Sample
from ivlm_bench.stats.intervals import (
    LEVEL,
    Interval,
    clopper_pearson,
    exact_ends,
    jeffreys,
    jeffreys_ends,
)
from ivlm_bench.stats.joint import joined
from ivlm_bench.stats.means import stratified_t, t_quantile
from ivlm_bench.stats.rates import effective_trials, macro_interval, plain_trials, rate_interval

#: Seed of the bootstrap's draws: the same run always gives the same interval.
BOOTSTRAP_SEED = 20261122

#: Intervals of a rate, that of the tables first.
NAMES = ("wilson", "cluster_t", "clopper_pearson", "jeffreys", "cluster_bootstrap")

#: Ends of an interval of a rate seen in so many trials, at a level.
Ends = Callable[[float, float, float], tuple[float, float]]


def rate_intervals(strata: Sequence[Sample], *, level: float = LEVEL) -> dict[str, Interval | None]:
    """Return the intervals of the mean of task rates by name, that of the tables first.

    ``wilson``: as in the tables. ``cluster_t``: symmetric, cut to [0, 1]; too narrow near 0 and 1.
    ``clopper_pearson`` and ``jeffreys``: of single binary scenarios as they stand, else of
    effective trials as Korn and Graubard (1998) have it, ``n_eff (z / t)^2``.
    ``cluster_bootstrap``: percentiles of draws with a fixed seed. None where there is none.
    """
    if not strata:
        return dict.fromkeys(NAMES)
    rng = np.random.default_rng(BOOTSTRAP_SEED)
    alone = plain_trials(strata)
    if alone is None:
        exact = _effective(strata, exact_ends, "clopper-pearson of effective trials", level)
        bayes = _effective(strata, jeffreys_ends, "jeffreys of effective trials", level)
    else:
        exact, bayes = clopper_pearson(*alone, level=level), jeffreys(*alone, level=level)
    one = rate_interval(strata[0], level=level) if len(strata) == 1 else None
    found = (
        one or macro_interval(strata, level=level),
        stratified_t(strata, (0.0, 1.0), level=level),
        exact,
        bayes,
        macro_bootstrap(strata, rng, level=level),
    )
    return dict(zip(NAMES, found, strict=True))


def difference_intervals(
    differences: Sequence[Sample], *, level: float = LEVEL
) -> dict[str, Interval | None]:
    """Return the intervals of a mean paired difference that stand beside that of the tables.

    ``cluster_t``: stratified, cut to [-1, 1]. ``cluster_bootstrap``: percentiles of draws with a
    fixed seed.
    """
    rng = np.random.default_rng(BOOTSTRAP_SEED)
    return {
        "cluster_t": stratified_t(differences, (-1.0, 1.0), level=level),
        "cluster_bootstrap": macro_bootstrap(differences, rng, level=level),
    }


def _effective(strata: Sequence[Sample], ends: Ends, method: str, level: float) -> Interval | None:
    shown = macro_interval(strata, level=level)
    if shown is None:
        return None
    seen = effective_trials(strata, joined(strata))
    shrunk = seen.n * (float(ndtri(0.5 + level / 2)) / t_quantile(seen.dof, level)) ** 2
    low, high = ends(seen.rate, shrunk, level)
    return replace(shown, low=low, high=high, method=method)
