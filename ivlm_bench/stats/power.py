"""What a suite can tell: power, needed scenarios and the least difference that can be found."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np
from scipy.optimize import brentq
from scipy.special import bdtr, gammaln, ndtr, ndtri

from ivlm_bench.stats.clusters import Sample

#: Two-sided level and power of all planning, unless said otherwise.
ALPHA, POWER = 0.05, 0.80


def design_effect(mean_cluster_size: float, icc: float) -> float:
    """Return by how much clusters inflate a variance: ``1 + (m - 1) * icc``.

    References
    ----------
    L. Kish, Survey Sampling (1965), section 5.4.
    """
    if mean_cluster_size < 1.0 or not 0.0 <= icc <= 1.0:
        raise ValueError("Clusters of at least 1 and a correlation in [0, 1] were expected.")
    return 1.0 + (mean_cluster_size - 1.0) * icc


def size_of_clusters(sample: Sample) -> float:
    """Return the mean cluster size that a value sees: ``sum_g n_g^2 / n``; 1 of nothing.

    It is what ``design_effect`` takes where clusters differ in size.

    References
    ----------
    L. Kish, Survey Sampling (1965), section 5.4.
    """
    sizes = sample.cluster_sums(np.ones(len(sample.values)))
    return float(sizes @ sizes / sizes.sum()) if len(sizes) else 1.0


def intraclass_correlation(strata: Sequence[Sample]) -> float | None:
    """Return how alike the values of one cluster are, by one-way analysis of variance.

    ``(MSB - MSW) / (MSB + (m0 - 1) MSW)`` with the squares and degrees of freedom of all strata
    added up, cut to [0, 1]. None where it can't be told: no cluster has two values, there is but
    one cluster, or nothing varies.

    Parameters
    ----------
    strata
        Samples, such as one a task, whose means may differ.

    References
    ----------
    A. Donner, "A review of inference procedures for the intraclass correlation coefficient in the
    one-way random effects model", International Statistical Review 54 (1986), 67-82.

    Examples
    --------
    >>> sample = Sample(np.array([1.0, 1.0, 0.0, 0.0, 1.0, 0.0]), ("a", "a", "b", "b", "c", "c"))
    >>> round(intraclass_correlation([sample]), 6)  # MSB = 1/2, MSW = 1/6
    0.5
    """
    between = within = spread_size = 0.0
    dof_between = dof_within = 0
    for sample in strata:
        n, sizes = len(sample.values), sample.cluster_sums(np.ones(len(sample.values)))
        if not n:
            continue
        means = sample.cluster_sums(sample.values) / sizes
        between += float(sizes @ (means - sample.values.mean()) ** 2)
        within += float(sample.values @ sample.values - sizes @ means**2)
        dof_between += len(sizes) - 1
        dof_within += n - len(sizes)
        spread_size += n - float(sizes @ sizes) / n
    if not dof_between or not dof_within:
        return None
    size = spread_size / dof_between
    mean_between, mean_within = between / dof_between, max(within, 0.0) / dof_within
    total = mean_between + (size - 1.0) * mean_within
    if total <= 0.0:
        return None
    return min(max((mean_between - mean_within) / total, 0.0), 1.0)


def needed_pairs(
    difference: float, discordance: float, *, alpha: float = ALPHA, power: float = POWER
) -> int:
    """Return how many independent paired scenarios find a difference of rates.

    ``discordance`` is the share of scenarios in which the two methods differ, at least as large as
    the difference.

    References
    ----------
    R. J. Connor, "Sample size for testing differences in proportions for the paired-sample design",
    Biometrics 43 (1987), 207-211.

    Examples
    --------
    >>> needed_pairs(0.05, 0.1), needed_pairs(0.1, 0.2)
    (312, 155)
    """
    d, psi = abs(difference), discordance
    if not 0.0 < d <= psi <= 1.0:
        raise ValueError("0 < difference <= discordance <= 1 was expected.")
    z_alpha, z_power = float(ndtri(1.0 - alpha / 2.0)), float(ndtri(power))
    root = z_alpha * math.sqrt(psi) + z_power * math.sqrt(psi - d * d)
    return math.ceil((root / d) ** 2)


def noninferiority_pairs(
    margin: float, discordance: float, *, alpha: float = ALPHA, power: float = POWER
) -> int:
    """Return how many independent pairs refute a loss of ``margin`` where there is none.

    ``(z_alpha + z_power)^2 * discordance / margin^2``, one-sided.

    References
    ----------
    J.-p. Liu et al., "Tests for equivalence or non-inferiority for paired binary data", Statistics
    in Medicine 21 (2002), 231-245, with equal rates.

    Examples
    --------
    >>> noninferiority_pairs(0.02, 0.05), noninferiority_pairs(0.05, 0.2)
    (773, 495)
    """
    if not 0.0 < margin <= 1.0 or not 0.0 < discordance <= 1.0:
        raise ValueError("A margin and a discordance in (0, 1] were expected.")
    z = float(ndtri(1.0 - alpha)) + float(ndtri(power))
    return math.ceil(z * z * discordance / margin**2)


def detectable_difference(
    n_pairs: float, discordance: float, *, alpha: float = ALPHA, power: float = POWER
) -> float | None:
    """Return the least difference of rates that ``n_pairs`` scenarios find; None if none is.

    ``n_pairs`` may be an effective number, divided by the design effect.
    """

    def shortage(d: float) -> float:
        return _power(d, n_pairs, discordance, alpha) - power

    if n_pairs <= 0.0 or shortage(discordance) < 0.0:
        return None
    return float(brentq(shortage, 1e-9, discordance))


def _power(difference: float, n: float, discordance: float, alpha: float) -> float:
    """Return the power by the normal formula that ``needed_pairs`` solves for n."""
    spread = math.sqrt(max(discordance - difference**2, 1e-300))
    z_alpha = float(ndtri(1.0 - alpha / 2.0))
    return float(ndtr((difference * math.sqrt(n) - z_alpha * math.sqrt(discordance)) / spread))


def mcnemar_power(
    gained_prob: float, lost_prob: float, n_pairs: int, *, alpha: float = ALPHA
) -> float:
    """Return the exact power of the two-sided exact McNemar test, by enumeration.

    ``gained_prob`` and ``lost_prob`` are the shares of scenarios that only the new, and only the
    old method solves.
    """
    psi = gained_prob + lost_prob
    if min(gained_prob, lost_prob) < 0.0 or psi > 1.0:
        raise ValueError("Two shares that add up to at most 1 were expected.")
    if psi == 0.0:
        return 0.0
    n = np.arange(1, n_pairs + 1)
    most = _largest_rejected(n, alpha)
    share = gained_prob / psi
    low = np.where(most >= 0, bdtr(np.maximum(most, 0), n, share), 0.0)
    high = np.where(most >= 0, bdtr(np.maximum(most, 0), n, 1.0 - share), 0.0)
    return float((_binomial(n, n_pairs, psi) * (low + high)).sum())


def _largest_rejected(n: np.ndarray, alpha: float) -> np.ndarray:
    """Return the largest k with 2 P(X <= k) <= alpha for X ~ B(n, 1/2); -1 if there is none."""
    guess = np.full(len(n), -1)
    for k in range(int(n.max()) // 2 + 1):
        inside = (k < n / 2) & (2.0 * bdtr(k, n, 0.5) <= alpha)
        if not inside.any():
            break
        guess[inside] = k
    return guess


def _binomial(k: np.ndarray, n: int, prob: float) -> np.ndarray:
    if prob == 1.0:
        return (k == n).astype(np.float64)
    log = gammaln(n + 1) - gammaln(k + 1) - gammaln(n - k + 1)
    return np.asarray(np.exp(log + k * math.log(prob) + (n - k) * math.log1p(-prob)))
