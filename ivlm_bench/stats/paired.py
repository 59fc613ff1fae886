"""Two methods on the same scenarios: intervals and tests of their paired difference."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np
from scipy.optimize import brentq
from scipy.special import bdtr, ndtri

from ivlm_bench.stats.clusters import Sample, shared_labels
from ivlm_bench.stats.intervals import LEVEL, Interval
from ivlm_bench.stats.means import stratified_t

#: Which differences speak against the null hypothesis of none.
Alternative = Literal["two-sided", "less", "greater"]

#: Up to this many clusters that differ all sign patterns are enumerated, beyond it they are drawn.
MAX_ENUMERATED = 16

#: Sign patterns that are drawn; the least p-value is 1 / (N_FLIPS + 1).
N_FLIPS = 10_000

#: Sums within this share of the total count as equal: they differ by rounding only.
_TIE = 1e-12


@dataclass(frozen=True, slots=True)
class PairedTest:
    """A p-value, how it was found, and from how many clusters that differ."""

    p: float
    method: str
    n_clusters: int


def mcnemar(n_gained: int, n_lost: int, *, alternative: Alternative = "two-sided") -> float:
    """Return the p-value of the exact McNemar test of discordant pairs; 1 if there are none.

    ``less``: the new method is worse (few gained).

    References
    ----------
    Q. McNemar, "Note on the sampling error of the difference between correlated proportions or
    percentages", Psychometrika 12 (1947), 153-157; exact binomial form.

    Examples
    --------
    >>> round(mcnemar(1, 9), 6)
    0.021484
    """
    if n_gained < 0 or n_lost < 0:
        raise ValueError("Counts of discordant pairs are not negative.")
    n = n_gained + n_lost
    if n == 0:
        return 1.0
    if alternative == "less":
        return float(bdtr(n_gained, n, 0.5))
    if alternative == "greater":
        return float(bdtr(n_lost, n, 0.5))
    return min(1.0, 2.0 * float(bdtr(min(n_gained, n_lost), n, 0.5)))


def tango(n_gained: int, n_lost: int, n: int, *, level: float = LEVEL) -> Interval | None:
    """Return Tango's score interval of a paired difference of rates; None for ``n`` = 0.

    The difference is ``(n_gained - n_lost) / n``, in [-1, 1], over independent pairs.

    References
    ----------
    T. Tango, "Equivalence test and confidence interval for the difference in proportions for the
    paired-sample design", Statistics in Medicine 17 (1998), 891-908.
    """
    if min(n_gained, n_lost) < 0 or n_gained + n_lost > n:
        raise ValueError(f"{n_gained} gained and {n_lost} lost of {n} pairs are impossible.")
    if n == 0:
        return None
    z = float(ndtri(0.5 + level / 2))
    low = _tango_end(n_gained, n_lost, n, z)
    high = -_tango_end(n_lost, n_gained, n, z)
    return Interval(low, high, "tango", n, n)


def _tango_end(n_gained: int, n_lost: int, n: int, z: float) -> float:
    """Return the lower end: where the score statistic comes to ``z``."""
    middle = (n_gained - n_lost) / n
    if middle <= -1.0:
        return -1.0

    def excess(delta: float) -> float:
        return _tango_score(n_gained, n_lost, n, delta) - z

    low = -1.0 + 1e-12
    return float(brentq(excess, low, middle, xtol=1e-14)) if excess(low) > 0.0 else -1.0


def _tango_score(n_gained: int, n_lost: int, n: int, delta: float) -> float:
    """Return the score statistic of a true difference ``delta`` (Tango 1998, equation 12)."""
    a = 2.0 * n
    b = -n_gained - n_lost + (2.0 * n - n_gained + n_lost) * delta
    c = -n_lost * delta * (1.0 - delta)
    lost_prob = (math.sqrt(max(b * b - 4.0 * a * c, 0.0)) - b) / (2.0 * a)
    variance = n * (2.0 * lost_prob + delta * (1.0 - delta))
    gap = n_gained - n_lost - n * delta
    if variance <= 0.0:
        return 0.0 if gap == 0.0 else math.copysign(math.inf, gap)
    return gap / math.sqrt(variance)


def difference_interval(
    differences: Sequence[Sample], *, level: float = LEVEL
) -> tuple[float, Interval | None]:
    """Return the mean paired difference over tasks of equal weight, and its interval.

    ``differences``: one sample a task, of new minus old by scenario, in [-1, 1]. Tango where there
    is one task, every scenario is its own cluster and every difference is -1, 0 or 1; else the
    stratified cluster-t with Satterthwaite's degrees of freedom (``means.stratified_t``), in which
    a cluster that is part of several tasks counts once.

    Simulated coverage of a nominal .95 for rates .5/.5, .9/.9 and .9/.8 of the two methods
    (beta-binomial clusters, intra-class correlation .3, 1,500 runs), clusters of six tasks all
    their own; half shared; all shared; and one task alone:

    - 20 clusters of 10: .950, .955, .952; .945, .954, .965; .941, .949, .955; .955, .969, .945;
    - 20 clusters of 2, 10 and 20: .949, .943, .945; .937, .960, .952; .926, .955, .933; .929, .955,
      .946.

    Returns
    -------
    tuple
        Mean and interval; the interval is None if t would rest on under ``MIN_CLUSTERS`` clusters.

    Raises
    ------
    ValueError
        If there is no sample, or an empty one.
    """
    if not differences or any(not len(sample.values) for sample in differences):
        raise ValueError("At least one paired scenario a task is needed.")
    mean = float(np.mean([sample.mean for sample in differences]))
    only = differences[0]
    if len(differences) == 1 and _is_binary(only):
        gained, lost = int((only.values > 0).sum()), int((only.values < 0).sum())
        return mean, tango(gained, lost, len(only.values), level=level)
    return mean, stratified_t(differences, (-1.0, 1.0), level=level)


def _is_binary(sample: Sample) -> bool:
    alone = sample.n_clusters == len(sample.values)
    return alone and bool(np.isin(sample.values, (-1.0, 0.0, 1.0)).all())


def cluster_sums(strata: Sequence[Sample]) -> np.ndarray:
    """Return (G,) what each cluster adds to the mean over tasks of equal weight.

    A cluster that is part of several tasks (one object, asked for different things) counts once.
    """
    if not strata:
        return np.zeros(0)
    labels = shared_labels(strata)
    weights = [sample.values / (len(sample.values) * len(strata)) for sample in strata]
    index = np.concatenate([each.codes for each in labels])
    size = len(labels[0].names)
    present = np.bincount(index, minlength=size) > 0
    return np.bincount(index, weights=np.concatenate(weights), minlength=size)[present]


def bounded_sums(strata: Sequence[Sample]) -> np.ndarray:
    """Return (G,) differences in [-1, 1], one a cluster, for a sequential test to bet on.

    Each is what its cluster adds to the mean over tasks of equal weight (``cluster_sums``), in
    units of the heaviest cluster's weight: their sum is not negative just where that mean is not.
    """
    ones = [Sample(np.ones(len(sample.values)), sample.labels) for sample in strata]
    return np.clip(cluster_sums(strata) / cluster_sums(ones).max(), -1.0, 1.0)


def sign_flip(
    sums: np.ndarray, rng: np.random.Generator, *, alternative: Alternative = "two-sided"
) -> PairedTest:
    """Test that paired differences are symmetric about 0, whole clusters flipping their sign.

    All 2^k sign patterns of the k clusters that differ are enumerated up to k = 16; beyond, 10,000
    are drawn, and the observed one counts among them. Where all differing clusters weigh the same
    the test is the exact sign test, which for single binary pairs is the exact McNemar test.

    Parameters
    ----------
    sums : (G,) array
        Sum of differences of each cluster (``cluster_sums``), new minus old.
    rng
        Draws the sign patterns where they are not enumerated.
    alternative
        ``less``: the new method is worse.

    References
    ----------
    R. A. Fisher, The Design of Experiments (1935), section 21; with clusters as units as in
    I. A. Canay, J. P. Romano and A. M. Shaikh, Econometrica 85 (2017), 1013-1030.
    """
    sums = np.asarray(sums, dtype=np.float64)
    if not np.isfinite(sums).all():
        raise ValueError("Finite sums of differences were expected.")
    moved = sums[np.abs(sums) > _TIE * max(float(np.abs(sums).max(initial=0.0)), 1e-300)]
    k = len(moved)
    if k == 0:
        return PairedTest(1.0, "no difference", 0)
    weights = np.abs(moved)
    if float(np.ptp(weights)) <= _TIE * float(weights.max()):
        n_up = int((moved > 0).sum())
        return PairedTest(mcnemar(n_up, k - n_up, alternative=alternative), "exact sign", k)
    if k <= MAX_ENUMERATED:
        signs = 1.0 - 2.0 * ((np.arange(2**k)[:, None] >> np.arange(k)) & 1)
        return PairedTest(_share(signs @ weights, moved, alternative), "enumerated flips", k)
    flipped = (2.0 * rng.integers(0, 2, (N_FLIPS, k), dtype=np.int8) - 1.0) @ weights
    flipped = np.append(flipped, moved.sum())
    return PairedTest(_share(flipped, moved, alternative), "drawn flips", k)


def _share(flipped: np.ndarray, moved: np.ndarray, alternative: Alternative) -> float:
    """Return the share of sign patterns at least as extreme as the observed one."""
    observed, slack = float(moved.sum()), _TIE * float(np.abs(moved).sum())
    if alternative == "less":
        return float((flipped <= observed + slack).mean())
    if alternative == "greater":
        return float((flipped >= observed - slack).mean())
    return float((np.abs(flipped) >= abs(observed) - slack).mean())
