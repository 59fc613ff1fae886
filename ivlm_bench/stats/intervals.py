"""Confidence intervals of one binomial rate."""

from __future__ import annotations

import math
from dataclasses import dataclass

from scipy.special import betaincinv, ndtri

#: Confidence level of every interval that is shown.
LEVEL = 0.95


@dataclass(frozen=True, slots=True)
class Interval:
    """A two-sided confidence interval, how it was made and from how much."""

    low: float
    high: float
    method: str
    n: int
    n_clusters: int


def wilson(n_successes: int, n: int, *, level: float = LEVEL) -> Interval | None:
    """Return Wilson's score interval; None for ``n`` = 0.

    References
    ----------
    E. B. Wilson, "Probable inference, the law of succession, and statistical inference",
    JASA 22 (1927), 209-212.

    Examples
    --------
    >>> interval = wilson(0, 10)
    >>> interval.low, round(interval.high, 6)
    (0.0, 0.277533)
    """
    _check(n_successes, n, level)
    if n == 0:
        return None
    low, high = score_ends(n_successes / n, n, float(ndtri(0.5 + level / 2)))
    return Interval(low, high, "wilson", n, n)


def score_ends(rate: float, n: float, quantile: float) -> tuple[float, float]:
    """Return the ends of Wilson's interval of a rate in [0, 1] seen in ``n`` > 0 trials.

    ``n`` may be an effective number; ``quantile`` is the normal one, or Student's where the
    variance was estimated. The ends p solve ``|rate - p| = quantile * sqrt(p (1 - p) / n)``.
    """
    square = quantile * quantile / n
    centre = (rate + square / 2) / (1 + square)
    spread = math.sqrt(square * (rate * (1 - rate) + square / 4)) / (1 + square)
    return (0.0 if rate == 0.0 else centre - spread), (1.0 if rate == 1.0 else centre + spread)


def clopper_pearson(n_successes: int, n: int, *, level: float = LEVEL) -> Interval | None:
    """Return the exact interval, never below its level; None for ``n`` = 0.

    References
    ----------
    C. J. Clopper and E. S. Pearson, "The use of confidence or fiducial limits illustrated in
    the case of the binomial", Biometrika 26 (1934), 404-413.
    """
    _check(n_successes, n, level)
    if n == 0:
        return None
    return Interval(*exact_ends(n_successes / n, n, level), "clopper-pearson", n, n)


def exact_ends(rate: float, n: float, level: float) -> tuple[float, float]:
    """Return the ends of Clopper and Pearson's interval of a rate seen in ``n`` > 0 trials.

    ``n`` may be an effective number.
    """
    tail = (1 - level) / 2
    hits, misses = rate * n, (1.0 - rate) * n
    low = 0.0 if rate == 0.0 else float(betaincinv(hits, misses + 1.0, tail))
    high = 1.0 if rate == 1.0 else float(betaincinv(hits + 1.0, misses, 1.0 - tail))
    return low, high


def jeffreys(n_successes: int, n: int, *, level: float = LEVEL) -> Interval | None:
    """Return Jeffreys' interval with its edges set to 0 and 1; None for ``n`` = 0.

    References
    ----------
    L. D. Brown, T. T. Cai and A. DasGupta, "Interval estimation for a binomial proportion",
    Statistical Science 16 (2001), 101-133, section 4.3.
    """
    _check(n_successes, n, level)
    if n == 0:
        return None
    return Interval(*jeffreys_ends(n_successes / n, n, level), "jeffreys", n, n)


def jeffreys_ends(rate: float, n: float, level: float) -> tuple[float, float]:
    """Return the ends of Jeffreys' interval of a rate seen in ``n`` > 0 trials.

    ``n`` may be an effective number.
    """
    tail = (1 - level) / 2
    a, b = rate * n + 0.5, (1.0 - rate) * n + 0.5
    low = 0.0 if rate == 0.0 else float(betaincinv(a, b, tail))
    high = 1.0 if rate == 1.0 else float(betaincinv(a, b, 1.0 - tail))
    return low, high


def _check(n_successes: int, n: int, level: float) -> None:
    if not 0 <= n_successes <= n:
        raise ValueError(f"{n_successes} successes out of {n} are impossible.")
    if not 0.0 < level < 1.0:
        raise ValueError(f"A level in (0, 1) was expected, got {level}.")
