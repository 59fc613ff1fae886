"""Two methods on the same scenarios: tests of their paired difference."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np
from scipy.special import bdtr

from ivlm_bench.stats.clusters import Sample, shared_labels

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
