"""Masks of several views after LISA and InteractVLM, and our functional-region IoU."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from ivlm_bench.errors import AssetError
from ivlm_bench.metrics import region, trivial
from ivlm_bench.metrics.profile import Control, Measured, Profile, Quantity, add_profile
from ivlm_bench.metrics.shaped import (
    predicted_array,
    predicted_shares,
    true_array,
    true_shares,
)
from ivlm_bench.metrics.spec import Absent

#: Logit of a pixel that is surely in the mask, for controls.
_SURE = 10.0

_VIEW = "a view without the class in prediction and truth has IoU 1"


def _score_masks(prediction: Any, truth: Any, params: Mapping[str, Any]) -> Measured:
    labels = _labels(truth)
    logits = predicted_array(prediction, "logits")
    logits = logits[None] if logits.ndim == 2 else logits
    logits = predicted_array(logits, "logits", shape=labels.shape)
    found = region.view_overlap(logits, labels)
    (both_bg, both_fg), (either_bg, either_fg) = found.intersection_px, found.union_px
    return Measured(
        {
            "giou": found.iou[1],
            "giou_bg": found.iou[0],
            "intersection_px": both_fg,
            "union_px": either_fg,
            "intersection_bg_px": both_bg,
            "union_bg_px": either_bg,
        }
    )


def _labels(truth: Any) -> np.ndarray:
    """Return labels (v, h, w) of 0, 1 and -1; fractions are cut off as by the official code."""
    labels = true_array(truth, "masks").astype(np.int64)
    labels = labels[None] if labels.ndim == 2 else labels
    if labels.ndim != 3:
        raise AssetError(f"The true masks have shape {labels.shape}; (v, h, w) was expected.")
    if labels.min() < region.IGNORED or labels.max() > 1:
        raise AssetError(
            f"The true masks hold labels {labels.min()} to {labels.max()}; 0, 1 and -1 (ignored) "
            "were expected."
        )
    return labels


def _combine_masks(measured: Sequence[Measured]) -> dict[str, float | Absent]:
    names = list(measured[0].scores)
    means: dict[str, float | Absent] = {n: _mean(n, measured) for n in names}
    both, either = _total("intersection_px", measured), _total("union_px", measured)
    return means | {"ciou": both / (either + region.SET_GUARD)}


def _mean(name: str, measured: Sequence[Measured]) -> float:
    return _total(name, measured) / len(measured)


def _total(name: str, measured: Sequence[Measured]) -> float:
    scores = [sample.scores[name] for sample in measured]
    return float(np.sum([score for score in scores if not isinstance(score, Absent)]))


def _score_region(prediction: Any, truth: Any, params: Mapping[str, Any]) -> Measured:
    true = true_shares(truth, "region")
    predicted = predicted_shares(prediction, "region", shape=true.shape)
    return Measured({"region_iou": region.region_iou(predicted, true)})


def _as_logits(truth: Any, rng: np.random.Generator) -> np.ndarray:
    return np.where(np.asarray(truth) == 1, _SURE, -_SURE)


def _all_in(truth: Any, rng: np.random.Generator) -> np.ndarray:
    return np.full(np.shape(truth), _SURE)


def _any_logits(truth: Any, rng: np.random.Generator) -> np.ndarray:
    return rng.normal(size=np.shape(truth))


def _pixels(name: str) -> Quantity:
    return Quantity(name=name, unit="px", high=None, empty_truth="0", each=True)


_MASK_CONTROLS: dict[str, Control] = {
    "oracle": _as_logits,
    "constant": _all_in,
    "random": _any_logits,
}

add_profile(
    Profile(
        name="masks:interactvlm",
        title="Masks of several views: gIoU and cIoU after LISA, as InteractVLM takes them",
        source="saidwivedi/InteractVLM 79b4bf26 utils/eval_utils.py:get_segmentation_metrics",
        form="masks",
        prediction="logits (v, h, w), one map a view; a pixel is in the mask where > 0",
        truth="labels (v, h, w): 1, 0, or -1 for pixels that do not count",
        quantities=(
            Quantity(name="giou", empty_truth=_VIEW),
            Quantity(name="ciou", empty_truth="0 if no image has any pixel", each=False),
            Quantity(name="giou_bg", empty_truth=_VIEW),
            _pixels("intersection_px"),
            _pixels("union_px"),
            _pixels("intersection_bg_px"),
            _pixels("union_bg_px"),
        ),
        score=_score_masks,
        combine=_combine_masks,
        controls=_MASK_CONTROLS,
        quirks=(
            "An empty mask where nothing is true has IoU 1 (1 of 1 views), so images without an "
            "object lift giou and not ciou.",
            "1e-5 in each view's denominator keeps giou just below 1.",
        ),
    )
)

add_profile(
    Profile(
        name="region:ivlm",
        title="Functional-region IoU (ours): predicted and true region of one shape, both >= 0.5",
        source="own: intersection over union at 0.5; no data set has an official one",
        form="values",
        prediction="values in [0, 1] of any shape: pixels, vertices, points or voxels",
        truth="values in [0, 1] of the same shape",
        quantities=(Quantity(name="region_iou", empty_truth="none: it is not in the mean"),),
        score=_score_region,
        controls=trivial.OF_REGIONS,
        quirks=("Ours: it is not comparable with any published number.",),
    )
)
