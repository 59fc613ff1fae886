"""Tango's score interval of a paired difference of rates."""

from __future__ import annotations

import math

from scipy.optimize import brentq
from scipy.special import ndtri

from ivlm_bench.stats.intervals import LEVEL, Interval


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
    low, high = tango_ends(n_gained / n, n_lost / n, n, float(ndtri(0.5 + level / 2)))
    return Interval(low, high, "tango", n, n)


def tango_ends(gained: float, lost: float, n: float, quantile: float) -> tuple[float, float]:
    """Return the ends of Tango's interval of ``gained - lost``, shares of ``n`` > 0 pairs.

    ``n`` may be an effective number; ``quantile`` is the normal one, or Student's where the
    variance was estimated.
    """
    return _low_end(gained, lost, n, quantile), -_low_end(lost, gained, n, quantile)


def _low_end(gained: float, lost: float, n: float, quantile: float) -> float:
    """Return the lower end: where the score statistic comes to ``quantile``."""
    middle = gained - lost
    if middle <= -1.0:
        return -1.0

    def excess(delta: float) -> float:
        return _score(gained, lost, n, delta) - quantile

    low = -1.0 + 1e-12
    return float(brentq(excess, low, middle, xtol=1e-14)) if excess(low) > 0.0 else -1.0


def _score(gained: float, lost: float, n: float, delta: float) -> float:
    """Return the score statistic of a true difference ``delta`` (Tango 1998, equation 12)."""
    b = -gained - lost + (2.0 - gained + lost) * delta
    c = -lost * delta * (1.0 - delta)
    lost_prob = (math.sqrt(max(b * b - 8.0 * c, 0.0)) - b) / 4.0
    variance = (2.0 * lost_prob + delta * (1.0 - delta)) / n
    gap = gained - lost - delta
    if variance <= 0.0:
        return 0.0 if gap == 0.0 else math.copysign(math.inf, gap)
    return gap / math.sqrt(variance)
