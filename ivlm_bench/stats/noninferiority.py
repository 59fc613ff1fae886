"""Is a loss of more than a margin refuted? "Not shown" is never taken for "not there"."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from ivlm_bench.stats.clusters import Sample
from ivlm_bench.stats.differences import difference_interval
from ivlm_bench.stats.intervals import Interval

#: One-sided level of the decision.
ALPHA = 0.05

#: ``superior``: any loss is refuted. ``noninferior``: a loss as large as the margin is.
#: ``open``: it is not. ``too few``: there is no bound to decide by.
Conclusion = Literal["superior", "noninferior", "open", "too few"]


@dataclass(frozen=True, slots=True)
class NonInferiority:
    """The mean paired difference, new minus old, its one-sided lower bound, and what follows."""

    difference: float
    bound: float | None
    margin: float
    conclusion: Conclusion


def noninferiority(
    differences: Sequence[Sample], margin: float, *, alpha: float = ALPHA
) -> NonInferiority:
    """Say whether a loss of ``margin`` or more is refuted at one-sided level ``alpha``.

    The lower end of the two-sided interval of level ``1 - 2 alpha`` must lie above ``-margin``.

    Parameters
    ----------
    differences
        One sample a task, of new minus old by scenario, in [-1, 1]; tasks weigh the same.
    margin
        The loss that matters, in [0, 1).
    alpha
        Chance of refuting a loss of just the margin.

    Raises
    ------
    ValueError
        If the margin is out of range, or there is no sample, or an empty one.

    References
    ----------
    J.-p. Liu et al., "Tests for equivalence or non-inferiority for paired binary data", Statistics
    in Medicine 21 (2002), 231-245: the confidence interval inclusion rule.

    Examples
    --------
    >>> import numpy as np
    >>> even = Sample(np.array([1.0, -1.0] * 3 + [0.0] * 194), tuple(map(str, range(200))))
    >>> found = noninferiority([even], 0.05)
    >>> round(found.bound, 4), found.conclusion, noninferiority([even], 0.02).conclusion
    (-0.0239, 'noninferior', 'open')
    """
    mean, interval = difference_interval(differences, level=1.0 - 2.0 * alpha)
    low = None if interval is None else interval.low
    return NonInferiority(mean, low, margin, conclude(interval, margin))


def conclude(one_sided: Interval | None, margin: float) -> Conclusion:
    """Return what a two-sided interval of level ``1 - 2 alpha`` says of a loss of ``margin``."""
    if not 0.0 <= margin < 1.0:
        raise ValueError(f"A margin in [0, 1) was expected, got {margin}.")
    if one_sided is None:
        return "too few"
    if one_sided.low > 0.0:
        return "superior"
    return "noninferior" if one_sided.low > -margin else "open"
