"""Contact of vertices: precision, recall, F1 and geodesic error, by DECO's rules and with guards.

A vertex is predicted to be in contact where its value reaches 0.5. The two families of rules
differ where nothing is predicted or nothing is true, and nowhere else by more than 1e-9.

References
----------
S. Tripathi et al., "DECO: dense estimation of 3D human-scene contact in the wild", ICCV 2023;
its ``utils/metrics.py`` (commit d1061cef), and ``utils/eval_utils.py`` of InteractVLM (79b4bf26).
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from jaxtyping import Num

#: A vertex is in contact where the prediction reaches this (all official codes).
CONTACT = 0.5

#: Guard of every quotient in LEMON, InteractVLM and DECO's second function.
GUARD = 1e-10


@dataclass(frozen=True, slots=True)
class Tally:
    """Sums over vertices: ``hit`` true contact where predicted, ``chosen``, ``true``, ``n``."""

    hit: float
    chosen: float
    true: float
    n: int


@dataclass(frozen=True, slots=True)
class Agreement:
    """Precision, recall and F1 of one prediction, each in [0, 1]."""

    precision: float
    recall: float
    f1: float


def tally(prediction: Num[np.ndarray, " n"], truth: Num[np.ndarray, " n"]) -> Tally:
    """Return what ``prediction >= 0.5`` has in common with a truth in [0, 1] (soft truths add up).

    Examples
    --------
    >>> tally(np.array([0.5, 0.9, 0.1]), np.array([1.0, 0.0, 1.0]))
    Tally(hit=1.0, chosen=2.0, true=2.0, n=3)
    """
    chosen = prediction >= CONTACT
    true = truth.astype(np.float64)
    return Tally(float(true[chosen].sum()), float(chosen.sum()), float(true.sum()), chosen.size)


def agreement_deco(counts: Tally) -> Agreement:
    """Return precision, recall and F1 by DECO's rules.

    Nothing predicted gives (1, 0, 0), even if nothing is true; else nothing true gives (0, 1, 0);
    no hit gives (0, 0, 0).

    Examples
    --------
    >>> agreement_deco(Tally(hit=0.0, chosen=0.0, true=0.0, n=3))
    Agreement(precision=1.0, recall=0.0, f1=0.0)
    """
    if counts.chosen == 0.0:
        return Agreement(1.0, 0.0, 0.0)
    if counts.true == 0.0:
        return Agreement(0.0, 1.0, 0.0)
    precision, recall = counts.hit / counts.chosen, counts.hit / counts.true
    if precision + recall <= GUARD:
        return Agreement(0.0, 0.0, 0.0)
    return Agreement(precision, recall, 2.0 * precision * recall / (precision + recall))


def agreement_guarded(counts: Tally) -> Agreement:
    """Return precision, recall and F1 with 1e-10 added to each denominator: nothing gives 0.

    Examples
    --------
    >>> agreement_guarded(Tally(hit=0.0, chosen=0.0, true=0.0, n=3))
    Agreement(precision=0.0, recall=0.0, f1=0.0)
    """
    precision = counts.hit / (counts.chosen + GUARD)
    recall = counts.hit / (counts.true + GUARD)
    return Agreement(precision, recall, 2.0 * precision * recall / (precision + recall + GUARD))


def agreement_plain(counts: Tally) -> Agreement:
    """Return precision, recall and F1 without guard: a quotient by zero is 0.

    Examples
    --------
    >>> agreement_plain(Tally(hit=1.0, chosen=1.0, true=2.0, n=3)).recall
    0.5
    """
    precision = counts.hit / counts.chosen if counts.chosen else 0.0
    recall = counts.hit / counts.true if counts.true else 0.0
    both = precision + recall
    return Agreement(precision, recall, 2.0 * precision * recall / both if both else 0.0)


def accuracy(counts: Tally) -> float:
    """Return the share of vertices that are rightly in contact or rightly not.

    Examples
    --------
    >>> accuracy(Tally(hit=1.0, chosen=1.0, true=2.0, n=4))
    0.75
    """
    rightly_free = counts.n - counts.chosen - counts.true + counts.hit
    return (counts.hit + rightly_free) / counts.n


def geodesic_errors_m(
    prediction: Num[np.ndarray, " n"],
    truth: Num[np.ndarray, " n"],
    distances_m: Num[np.ndarray, "n n"],
) -> tuple[float, float]:
    """Return the false-positive and the false-negative geodesic error (m).

    The first is the mean distance of predicted vertices (``>= 0.5``) to the nearest true one
    (``== 1``), the second that of true ones to the nearest predicted one. Where nothing is
    predicted, every vertex counts as predicted; where nothing is true, every vertex as true: the
    first is then 0.

    Examples
    --------
    >>> line = np.abs(np.subtract.outer(np.arange(3.0), np.arange(3.0)))
    >>> geodesic_errors_m(np.array([0.0, 0.5, 0.9]), np.array([1.0, 0.0, 0.0]), line)
    (1.5, 1.0)
    """
    chosen, true = prediction >= CONTACT, truth == 1
    rows = chosen if chosen.any() else np.ones_like(chosen)
    columns = true if true.any() else np.ones_like(true)
    gaps_m = distances_m[np.ix_(rows, columns)]
    nearest_true = gaps_m.min(axis=1).mean(dtype=np.float64)
    return float(nearest_true), float(gaps_m.min(axis=0).mean(dtype=np.float64))
