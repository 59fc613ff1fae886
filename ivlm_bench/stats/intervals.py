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
    z = float(ndtri(0.5 + level / 2))
    rate = n_successes / n
    centre = (rate + z * z / (2 * n)) / (1 + z * z / n)
    spread = z / (1 + z * z / n) * math.sqrt(rate * (1 - rate) / n + z * z / (4 * n * n))
    low = 0.0 if n_successes == 0 else centre - spread
    high = 1.0 if n_successes == n else centre + spread
    return Interval(low, high, "wilson", n, n)


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
    tail = (1 - level) / 2
    k, misses = n_successes, n - n_successes
    low = 0.0 if k == 0 else float(betaincinv(k, misses + 1, tail))
    high = 1.0 if misses == 0 else float(betaincinv(k + 1, misses, 1 - tail))
    return Interval(low, high, "clopper-pearson", n, n)


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
    tail = (1 - level) / 2
    a, b = n_successes + 0.5, n - n_successes + 0.5
    low = 0.0 if n_successes == 0 else float(betaincinv(a, b, tail))
    high = 1.0 if n_successes == n else float(betaincinv(a, b, 1 - tail))
    return Interval(low, high, "jeffreys", n, n)


def _check(n_successes: int, n: int, level: float) -> None:
    if not 0 <= n_successes <= n:
        raise ValueError(f"{n_successes} successes out of {n} are impossible.")
    if not 0.0 < level < 1.0:
        raise ValueError(f"A level in (0, 1) was expected, got {level}.")
