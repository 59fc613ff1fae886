"""Overlap of two regions: masks, voxels, vertices, and LISA's count over labelled views."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from jaxtyping import Bool, Int, Num

from ivlm_bench.metrics.maps import resize
from ivlm_bench.metrics.spec import Absent, MetricSpec, add_metric
from ivlm_bench.types import Interaction, Truth, Verdict

#: A pixel, vertex or voxel belongs to the region where its value reaches this.
REGION = 0.5

#: Label of a pixel outside the render (LISA, InteractVLM).
IGNORED = -1

#: Guard of one view's quotient, and of the quotient of sums over the set (LISA, InteractVLM).
VIEW_GUARD, SET_GUARD = 1e-5, 1e-10


@dataclass(frozen=True, slots=True)
class ViewOverlap:
    """Means over views, each (background, foreground): pixels in both, in either, and IoU."""

    intersection_px: tuple[float, float]
    union_px: tuple[float, float]
    iou: tuple[float, float]


def mask_iou(predicted: Bool[np.ndarray, "*s"], true: Bool[np.ndarray, "*s"]) -> float | Absent:
    """Return |both| / |either| of two masks of one shape, in [0, 1]; none if both are empty.

    Examples
    --------
    >>> mask_iou(np.array([True, True, False]), np.array([False, True, False]))
    0.5
    """
    either = int((predicted | true).sum())
    if either == 0:
        return Absent("both regions are empty")
    return int((predicted & true).sum()) / either


def region_iou(prediction: Num[np.ndarray, "*s"], truth: Num[np.ndarray, "*s"]) -> float | Absent:
    """Return the IoU of ``prediction >= 0.5`` with ``truth >= 0.5``; none if the truth is empty.

    Our functional-region IoU: there is no official one (that of CHAIRS is of voxel occupancy).

    Examples
    --------
    >>> region_iou(np.array([0.5, 0.4]), np.array([1.0, 1.0]))
    0.5
    """
    true = truth >= REGION
    if not true.any():
        return Absent("the true region is empty")
    return mask_iou(prediction >= REGION, true)


def view_overlap(logits: Num[np.ndarray, "v h w"], labels: Int[np.ndarray, "v h w"]) -> ViewOverlap:
    """Return the overlap of ``logits > 0`` with labels 0, 1 or -1 (ignored), meant over views.

    A class that is empty in prediction and label of a view counts as IoU 1 there.

    References
    ----------
    X. Lai et al., "LISA: reasoning segmentation via large language model", CVPR 2024, as in
    InteractVLM ``utils/eval_utils.py`` (79b4bf26).
    """
    predicted = logits > 0
    counted = labels != IGNORED
    sums = [_class_counts(predicted == bool(k), labels == k, counted) for k in (0, 1)]
    means = [
        (float(both.mean()), float(either.mean()), _mean_iou(both, either)) for both, either in sums
    ]
    background, foreground = means
    return ViewOverlap(*zip(background, foreground, strict=True))


def _class_counts(
    predicted: np.ndarray, true: np.ndarray, counted: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    """Return pixels in both and in either of one class, (v,) each."""
    axes = (1, 2)
    return (predicted & true & counted).sum(axis=axes), ((predicted | true) & counted).sum(
        axis=axes
    )


def _mean_iou(both: np.ndarray, either: np.ndarray) -> float:
    iou = both / (either + VIEW_GUARD)
    return float(np.where(either == 0, 1.0, iou).mean())


def part_iou(
    interaction: Interaction, truth: Truth, verdicts: tuple[Verdict, ...]
) -> float | Absent:
    """Return the IoU of ``affordance_maps >= 0.5`` with the asked part as seen, over all views.

    Maps are brought to the size of the masks first; pixels of all views are counted together, so
    what is marked in a view that does not show the part counts against it.
    """
    maps, masks = interaction.affordance_maps, truth.part_masks
    if maps is None:
        return Absent("no affordance map")
    if len(maps) != len(masks):
        return Absent(f"{len(maps)} maps for {len(masks)} views")
    sized = np.stack([resize(view, *masks.shape[1:]) for view in maps])
    return region_iou(sized, masks)


add_metric(
    MetricSpec(
        name="region_iou",
        title="IoU of the predicted region with the asked part as seen, over all views",
        function=part_iou,
        unit="1",
        low=0.0,
        high=1.0,
        higher_is_better=True,
        abstained=0.0,
        empty="none: no affordance map",
        source="own: functional-region IoU at 0.5; there is no official one",
    )
)
