"""KLD, SIM and NSS of two heat maps of one shape, as AGD20K's official codes compute them.

A prediction keeps its dtype, as there: single precision stays single. Where those codes give NaN,
so do these.
"""

from __future__ import annotations

import numpy as np

#: Guard of the logarithms and quotients (LOCATE ``utils/evaluation.py``), added where it adds it.
EPSILON = 1e-12

#: A pixel is fixated where the min-max normalised truth exceeds this (LOCATE, ``cal_nss``).
FIXATION_FLOOR = 0.1


def normalised(values: np.ndarray) -> np.ndarray:
    """Return ``values / (sum + 1e-12)``.

    Examples
    --------
    >>> normalised(np.array([1.0, 3.0])).round(9)
    array([0.25, 0.75])
    """
    with np.errstate(all="ignore"):
        return values / (values.sum() + EPSILON)


def stretched(values: np.ndarray, guard: float) -> np.ndarray:
    """Return ``(values - min) / (max - min + guard)``; a flat map is 0, or NaN without a guard.

    Examples
    --------
    >>> stretched(np.array([2.0, 3.0, 4.0]), 0.0)
    array([0. , 0.5, 1. ])
    """
    low, high = values.min(), values.max()
    with np.errstate(all="ignore"):
        return (values - low) / (high - low + guard)


def kld(prediction: np.ndarray, truth: np.ndarray) -> float:
    """Return the Kullback-Leibler divergence of prediction from truth, natural log; 0 is best.

    The two guards make values down to about -1e-9 possible. An all-zero prediction gives about
    22, an all-zero truth 0, a negative prediction NaN.

    References
    ----------
    Z. Bylinskii et al., "What do different evaluation metrics tell us about saliency models?",
    IEEE TPAMI 41 (2019); guards as in LOCATE.

    Examples
    --------
    >>> round(kld(np.array([0.5, 0.5]), np.array([0.5, 0.5])), 6) + 0.0
    0.0
    >>> round(kld(np.array([0.5, 0.5]), np.array([1.0, 0.0])), 6)  # ln 2
    0.693147
    """
    return kld_of_shares(normalised(prediction), normalised(truth))


def kld_of_shares(p: np.ndarray, g: np.ndarray) -> float:
    """Return ``kld`` of maps that are normalised already.

    Examples
    --------
    >>> round(kld_of_shares(np.array([0.5, 0.5]), np.array([1.0, 0.0])), 6)
    0.693147
    """
    with np.errstate(all="ignore"):
        terms = g / (p + EPSILON)
        terms += EPSILON
        np.log(terms, out=terms)
        terms *= g
        return float(terms.sum())


def sim(prediction: np.ndarray, truth: np.ndarray) -> float:
    """Return the histogram intersection of the normalised maps; 1 is best, 0 if one is zero.

    Rounding may carry it past 1 by some units in the last place.

    Examples
    --------
    >>> round(sim(np.array([1.0, 1.0]), np.array([1.0, 3.0])), 9)
    0.75
    """
    return sim_of_shares(normalised(prediction), normalised(truth))


def sim_of_shares(p: np.ndarray, g: np.ndarray) -> float:
    """Return ``sim`` of maps that are normalised already.

    Examples
    --------
    >>> sim_of_shares(np.array([0.5, 0.5]), np.array([1.0, 0.0]))
    0.5
    """
    return float(np.minimum(p, g).sum())


def fixated(truth: np.ndarray) -> np.ndarray:
    """Return where the min-max normalised truth exceeds 0.1; nowhere in a flat one.

    Examples
    --------
    >>> fixated(np.array([0.0, 1.0, 10.0, 11.0]))
    array([False, False,  True,  True])
    """
    low = truth.min()
    return (truth - low) / (truth.max() - low + EPSILON) > FIXATION_FLOOR


def nss(
    prediction: np.ndarray,
    truth: np.ndarray,
    *,
    scale: float = 1.0,
    deviation_guard: float = 0.0,
    guard_each: bool = True,
) -> float:
    """Return the mean z-score of the prediction over the fixated pixels; higher is better.

    Parameters
    ----------
    prediction, truth
        Arrays of one shape.
    scale
        What both are divided by first (255 in the official codes): it counts where a guard is
        added to the deviation.
    deviation_guard
        Added to the deviation: 0 in LOCATE and Cross-View-AG (a flat prediction gives NaN), 1e-12
        in OOAL (it gives 0).
    guard_each
        Whether 1e-12 is added for each pixel to the number of fixated ones (LOCATE, OOAL), or once
        (Cross-View-AG's extension). A flat truth gives 0 either way.

    Examples
    --------
    >>> round(nss(np.array([0.0, 1.0]), np.array([0.0, 1.0])), 9)
    1.0
    """
    scores = prediction / scale
    chosen = fixated(truth / scale).astype(np.float64)
    mean, deviation = np.mean(scores), np.std(scores)
    with np.errstate(all="ignore"):
        scores -= mean
        scores /= deviation + deviation_guard
        total = (scores * chosen).sum()
        n_chosen = chosen.sum() + EPSILON
        if guard_each:
            chosen += EPSILON
            n_chosen = chosen.sum()
        return float(total / n_chosen)
