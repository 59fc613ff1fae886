"""What a suite can tell: power, needed scenarios and the least difference that can be found."""

from __future__ import annotations

import math

import numpy as np
from scipy.optimize import brentq
from scipy.special import bdtr, gammaln, ndtr, ndtri

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
