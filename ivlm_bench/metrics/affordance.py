"""Affordance maps of an answer: KLD, SIM, NSS, AUC and aIoU, with a reason where there is none."""

from __future__ import annotations

import math
from collections.abc import Callable

import numpy as np

from ivlm_bench.metrics import heatmap, point_values
from ivlm_bench.metrics.maps import resize
from ivlm_bench.metrics.point_values import POSITIVE
from ivlm_bench.metrics.spec import Absent, MetricSpec, add_metric
from ivlm_bench.types import Interaction, Truth, Verdict

_LOCATE = "AGD20K: LOCATE utils/evaluation.py, the mean over views that show the region"
_IAGNET = "PIAD: IAGNet evaluation, the mean over views that show the region"


def kld(prediction: np.ndarray, truth: np.ndarray) -> float | Absent:
    """Return the divergence as ``heatmap.kld`` has it; none of an empty truth.

    Examples
    --------
    >>> kld(np.ones(2), np.zeros(2))
    Absent(reason='the true map is empty')
    """
    return heatmap.kld(prediction, truth) if truth.any() else Absent("the true map is empty")


def sim(prediction: np.ndarray, truth: np.ndarray) -> float | Absent:
    """Return the overlap as ``heatmap.sim`` has it, at most 1; none of an empty truth.

    Examples
    --------
    >>> round(sim(np.array([1.0, 1.0]), np.array([1.0, 3.0])), 9)
    0.75
    """
    if not truth.any():
        return Absent("the true map is empty")
    return min(1.0, heatmap.sim(prediction, truth))


def nss(prediction: np.ndarray, truth: np.ndarray) -> float | Absent:
    """Return the value as ``heatmap.nss`` has it; none of a flat truth or prediction.

    Examples
    --------
    >>> round(nss(np.array([0.0, 1.0]), np.array([0.0, 1.0])), 9)
    1.0
    """
    if not heatmap.fixated(truth).any():
        return Absent("the true map is empty or flat")
    if float(prediction.std()) == 0.0:
        return Absent("the predicted map is flat")
    return heatmap.nss(prediction, truth)


def auc(prediction: np.ndarray, truth: np.ndarray) -> float | Absent:
    """Return the area under the curve against ``truth >= 0.5``; none where all are of one class.

    Examples
    --------
    >>> auc(np.array([0.1, 0.4, 0.35, 0.8]), np.array([0.0, 0.0, 1.0, 1.0]))
    0.75
    """
    area = point_values.auc(prediction.ravel(), (truth >= POSITIVE).ravel())
    return Absent("the true map has one class only") if math.isnan(area) else area


def aiou(prediction: np.ndarray, truth: np.ndarray) -> float | Absent:
    """Return the mean IoU over thresholds with ``truth >= 0.5``; none without a positive.

    Examples
    --------
    >>> aiou(np.array([1.0, 0.0]), np.array([1.0, 0.0]))
    0.975
    """
    mean = point_values.aiou(prediction.ravel(), (truth >= POSITIVE).ravel())
    return Absent("the true map has no positive") if math.isnan(mean) else mean


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


#: How the maps of one answer become one number.
_MEAN = "mean over the views that show the region"

for _name, _metric, _what, _low, _high, _up, _worst, _source in (
    (
        "affordance_iou",
        aiou,
        "IoU of map and region over 20 thresholds (aIoU)",
        0.0,
        1.0,
        True,
        0.0,
        _IAGNET,
    ),
    ("auc", auc, "Area under the ROC curve of map against region", 0.0, 1.0, True, 0.0, _IAGNET),
    ("sim", sim, "Overlap of both maps as distributions (SIM)", 0.0, 1.0, True, 0.0, _LOCATE),
    (
        "kld",
        kld,
        "Kullback-Leibler divergence of the map from the true one",
        -1e-6,
        None,
        False,
        None,
        _LOCATE,
    ),
    (
        "nss",
        nss,
        "Standardised value of the map where the true one is high (NSS)",
        None,
        None,
        True,
        None,
        _LOCATE,
    ),
):
    add_metric(
        MetricSpec(
            name=_name,
            title=f"{_what}, {_MEAN}",
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
