"""Affordance maps against true ones: KLD, SIM, NSS, AUC and aIoU as the field computes them."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from ivlm_bench.metrics.maps import resize
from ivlm_bench.metrics.spec import Absent, MetricSpec, add_metric
from ivlm_bench.types import Interaction, Truth, Verdict

#: Guards of LOCATE's ``utils/evaluation.py``, added where it adds them.
EPSILON = 1e-12

#: A pixel is fixated where the min-max normalised truth exceeds this (LOCATE, NSS).
FIXATION_FLOOR = 0.1

#: A pixel or point affords the interaction where the truth reaches this (IAGNet, AUC and aIoU).
POSITIVE = 0.5

#: Thresholds of aIoU (IAGNet). In float32, as scores are compared there.
AIOU_THRESHOLDS = np.linspace(0.0, 1.0, 20).astype(np.float32)

_LOCATE = "AGD20K: LOCATE utils/evaluation.py, the mean over views that show the region"
_IAGNET = "PIAD: IAGNet evaluation, the mean over views that show the region"


def normalised(values: np.ndarray) -> np.ndarray:
    """Return ``values / (sum + 1e-12)``."""
    return values / (values.sum() + EPSILON)


def kld(prediction: np.ndarray, truth: np.ndarray) -> float | Absent:
    """Return the Kullback-Leibler divergence of prediction from truth, natural log; 0 is best.

    Both are non-negative arrays of one shape. The two guards make values down to about -1e-9
    possible. An all-zero prediction gives about 22.

    References
    ----------
    Z. Bylinskii et al., "What do different evaluation metrics tell us about saliency models?",
    IEEE TPAMI 41 (2019); guards as in LOCATE.
    """
    if not truth.any():
        return Absent("the true map is empty")
    p, g = normalised(prediction), normalised(truth)
    return float((g * np.log(g / (p + EPSILON) + EPSILON)).sum())


def sim(prediction: np.ndarray, truth: np.ndarray) -> float | Absent:
    """Return the histogram intersection of the normalised maps in [0, 1]; 1 is best.

    Examples
    --------
    >>> round(sim(np.array([1.0, 1.0]), np.array([1.0, 3.0])), 9)
    0.75
    """
    if not truth.any():
        return Absent("the true map is empty")
    return min(1.0, float(np.minimum(normalised(prediction), normalised(truth)).sum()))


def nss(prediction: np.ndarray, truth: np.ndarray) -> float | Absent:
    """Return the mean z-score of the prediction over the fixated pixels; higher is better.

    Examples
    --------
    >>> round(nss(np.array([0.0, 1.0]), np.array([0.0, 1.0])), 9)
    1.0
    """
    spread = truth.max() - truth.min()
    fixated = (truth - truth.min()) / (spread + EPSILON) > FIXATION_FLOOR
    if not fixated.any():
        return Absent("the true map is empty or flat")
    deviation = float(prediction.std())
    if deviation == 0.0:
        return Absent("the predicted map is flat")
    scores = (prediction - prediction.mean()) / deviation
    return float((scores * fixated).sum() / (fixated + EPSILON).sum())


def auc(prediction: np.ndarray, truth: np.ndarray) -> float | Absent:
    """Return the area under the ROC curve of ``truth >= 0.5``, ties by mid-rank, in [0, 1].

    Examples
    --------
    >>> auc(np.array([0.1, 0.4, 0.35, 0.8]), np.array([0.0, 0.0, 1.0, 1.0]))
    0.75
    """
    positive = (truth >= POSITIVE).ravel()
    scores = prediction.ravel()
    chosen, others = scores[positive], np.sort(scores[~positive])
    if not chosen.size or not others.size:
        return Absent("the true map has one class only")
    below = np.searchsorted(others, chosen, side="left").sum(dtype=np.int64)
    not_above = np.searchsorted(others, chosen, side="right").sum(dtype=np.int64)
    return float(below + not_above) / (2.0 * chosen.size * others.size)


def aiou(prediction: np.ndarray, truth: np.ndarray) -> float | Absent:
    """Return the mean IoU of ``prediction >= t`` with ``truth >= 0.5`` over 20 thresholds t.

    Thresholds 0 and 1 are among them, so the best value is below 1: (19 + share) / 20 for the
    true mask itself, where share is the fraction of positives.

    References
    ----------
    Y. Yang et al., "Grounding 3D object affordance from 2D interactions in images", ICCV 2023.
    """
    positive = (truth >= POSITIVE).ravel()
    if not positive.any():
        return Absent("the true map has no positive")
    scores = prediction.ravel().astype(np.float32)
    both = _n_reaching(scores[positive])
    either = int(positive.sum()) + _n_reaching(scores[~positive])
    return float((both / either).mean())


def _n_reaching(scores: np.ndarray) -> np.ndarray:
    """Return (20,) counts of scores that reach each threshold of aIoU."""
    n_passed = np.searchsorted(AIOU_THRESHOLDS, scores, side="right")
    counts = np.bincount(n_passed, minlength=len(AIOU_THRESHOLDS) + 1)
    return np.cumsum(counts[::-1])[::-1][1:]


MapMetric = Callable[[np.ndarray, np.ndarray], float | Absent]


def over_views(metric: MapMetric, maps: np.ndarray | None, true_maps: np.ndarray) -> float | Absent:
    """Return the mean of ``metric`` over the views (v, h, w) that show the region.

    Predicted maps are brought to the size of the true ones (linear, as in AGD20K's evaluation),
    so that a small region is not averaged away.
    """
    if maps is None:
        return Absent("no affordance map")
    if len(maps) != len(true_maps):
        return Absent(f"{len(maps)} maps for {len(true_maps)} views")
    shown = [i for i, truth in enumerate(true_maps) if truth.any()]
    if not shown:
        return Absent("no view shows the region")
    scores = [metric(resize(maps[i], *true_maps[i].shape), true_maps[i]) for i in shown]
    values = [score for score in scores if not isinstance(score, Absent)]
    if len(values) < len(scores):
        return next(score for score in scores if isinstance(score, Absent))
    return float(np.mean(values))


def _on_maps(
    metric: MapMetric,
) -> Callable[[Interaction, Truth, tuple[Verdict, ...]], float | Absent]:
    def score(
        interaction: Interaction, truth: Truth, verdicts: tuple[Verdict, ...]
    ) -> float | Absent:
        return over_views(metric, interaction.affordance_maps, truth.affordance_maps)

    return score


for _name, _metric, _low, _high, _up, _worst, _source in (
    ("affordance_iou", aiou, 0.0, 1.0, True, 0.0, _IAGNET),
    ("auc", auc, 0.0, 1.0, True, 0.0, _IAGNET),
    ("sim", sim, 0.0, 1.0, True, 0.0, _LOCATE),
    ("kld", kld, -1e-6, None, False, None, _LOCATE),
    ("nss", nss, None, None, True, None, _LOCATE),
):
    add_metric(
        MetricSpec(
            name=_name,
            function=_on_maps(_metric),
            unit="1",
            low=_low,
            high=_high,
            higher_is_better=_up,
            abstained=_worst,
            empty="none: no affordance map",
            source=_source,
        )
    )
