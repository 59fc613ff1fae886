"""Whether the place that is pointed at lies on the asked part."""

from __future__ import annotations

import numpy as np

from ivlm_bench.metrics.mask_hits import pixel_values
from ivlm_bench.metrics.spec import Absent, MetricSpec, add_metric
from ivlm_bench.types import Interaction, Truth, Verdict


def point_in_mask(x_px: float, y_px: float, mask: np.ndarray) -> bool:
    """Tell whether the pixel nearest to (x, y) is set in a mask (h, w); outside is no.

    Pixel (0, 0) is the centre of the top-left pixel; halves go to the right and down.

    Examples
    --------
    >>> point_in_mask(0.5, 0.0, np.array([[False, True]]))
    True
    """
    return bool(pixel_values(np.floor([[x_px + 0.5, y_px + 0.5]]), mask)[0])


def peak_in_mask(maps: np.ndarray, masks: np.ndarray) -> float | Absent:
    """Return the share of the highest cells of maps (v, h, w) whose centre lies in the mask.

    The pointing game of a map; among equal peaks it is the chance of a random pick. Maps may be
    coarser or finer than the masks (v, H, W). A flat map points nowhere.

    References
    ----------
    J. Zhang et al., "Top-down neural attention by excitation backprop", ECCV 2016, section 4.1
    (here without their tolerance of 15 px).
    """
    if len(maps) != len(masks):
        return Absent(f"{len(maps)} maps for {len(masks)} views")
    top = float(maps.max(initial=0.0))
    if not maps.size or top == float(maps.min()):
        return Absent("the predicted maps are flat")
    scale_y, scale_x = masks.shape[1] / maps.shape[1], masks.shape[2] / maps.shape[2]
    hits = [
        point_in_mask((column + 0.5) * scale_x - 0.5, (row + 0.5) * scale_y - 0.5, masks[view])
        for view, row, column in np.argwhere(maps == top)
    ]
    return sum(hits) / len(hits)


def pointing_hit(
    interaction: Interaction, truth: Truth, verdicts: tuple[Verdict, ...]
) -> float | Absent:
    """Return 1.0 if the first of ``points_px`` lies on the asked part as seen, else 0.0.

    Without points, the peak of ``affordance_maps`` points.
    """
    if not truth.part_masks.any():
        return Absent("no view shows the part")
    if interaction.points_px is not None:
        if not len(interaction.points_px):
            return 0.0
        view, x_px, y_px = interaction.points_px[0].tolist()
        known = view == int(view) and 0 <= view < len(truth.part_masks)
        return float(known and point_in_mask(x_px, y_px, truth.part_masks[int(view)]))
    if interaction.affordance_maps is None:
        return Absent("neither points nor a map")
    return peak_in_mask(interaction.affordance_maps, truth.part_masks)


add_metric(
    MetricSpec(
        name="pointing_hit",
        title="Whether the first point, or the peak of the maps, lies on the asked part",
        function=pointing_hit,
        unit="1",
        low=0.0,
        high=1.0,
        higher_is_better=True,
        abstained=0.0,
        empty="0 for an empty list of points, none where neither points nor a map are given",
        source="Point-Bench: the first point decides; pointing game for maps",
    )
)
