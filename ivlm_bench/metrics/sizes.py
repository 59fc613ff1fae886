"""What the size of the asked part makes of a score: chance taken out, small parts apart."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from jaxtyping import Bool
from scipy import ndimage

from ivlm_bench.metrics.pointing import pointing_hit
from ivlm_bench.metrics.region import part_iou
from ivlm_bench.metrics.spec import Absent, MetricSpec, add_metric
from ivlm_bench.types import Interaction, Truth, Verdict

#: A part of which no view shows a breadth of so many pixels is small.
SMALL_PX = 6.0
#: Where the part is a larger share of the thing than this, whoever points at the thing hits it.
MOST_AREA = 0.6

Score = Callable[[Interaction, Truth, tuple[Verdict, ...]], "float | Absent"]


def breadth_px(mask: Bool[np.ndarray, "h w"]) -> float:
    """Return how broad (px) a region is where it is broadest: about its largest disc's diameter.

    It is 2 d - 1, where d is the distance of the innermost pixel to the nearest one outside; the
    border of the picture is outside. 0 of an empty region.

    Examples
    --------
    >>> breadth_px(np.ones((5, 40), bool))
    5.0
    """
    if not mask.any():
        return 0.0
    inner = ndimage.distance_transform_edt(np.pad(mask, 1))
    return 2.0 * float(inner.max()) - 1.0


def part_breadth_px(truth: Truth) -> float | Absent:
    """Return the breadth (px) of the asked part in the view that shows it broadest."""
    breadth = max((breadth_px(mask) for mask in truth.part_masks), default=0.0)
    return breadth if breadth > 0.0 else Absent("no view shows the part")


def area_share(truth: Truth) -> float | Absent:
    """Return the part's share of the pixels of its thing, all views together.

    Whoever points at the thing blindly hits the part with this probability.
    """
    if not truth.thing_px:
        return Absent("how much of the thing is in sight is not known")
    shown_px = int(truth.part_masks.sum())
    if not shown_px:
        return Absent("no view shows the part")
    return min(1.0, shown_px / max(sum(truth.thing_px), 1))


def pointing_beyond_chance(
    interaction: Interaction, truth: Truth, verdicts: tuple[Verdict, ...]
) -> float | Absent:
    """Return ``(hit - area) / (1 - area)``: 1 of a hit, 0 on average of blind pointing.

    ``hit`` is ``pointing_hit``, ``area`` the share of the thing's pixels that show the part. Parts
    that are more than 0.6 of their thing are left out: blind pointing hits them. Abstentions miss.
    """
    if not truth.feasible:
        return Absent("the query can't be answered")
    area = area_share(truth)
    if isinstance(area, Absent):
        return area
    if area > MOST_AREA:
        return Absent(f"the part is {area:.2f} of the thing")
    hit = 0.0 if interaction.abstain else pointing_hit(interaction, truth, verdicts)
    return hit if isinstance(hit, Absent) else (hit - area) / (1.0 - area)


def of_small_parts(score: Score) -> Score:
    """Return a score of the questions whose part is under 6 px broad; abstentions get 0 there."""

    def of_small(
        interaction: Interaction, truth: Truth, verdicts: tuple[Verdict, ...]
    ) -> float | Absent:
        if not truth.feasible:
            return Absent("the query can't be answered")
        breadth = part_breadth_px(truth)
        if isinstance(breadth, Absent):
            return breadth
        if breadth >= SMALL_PX:
            return Absent(f"the part is {breadth:.0f} px broad")
        return 0.0 if interaction.abstain else score(interaction, truth, verdicts)

    return of_small


add_metric(
    MetricSpec(
        name="pointing_beyond_chance",
        title="Pointing without what blind pointing at the thing would hit",
        function=pointing_beyond_chance,
        unit="1",
        low=-MOST_AREA / (1.0 - MOST_AREA),
        high=1.0,
        higher_is_better=True,
        answerable_only=False,
        empty="none: neither points nor a map",
        source="own: Cohen's correction for chance, per question, chance being the share of area",
    )
)
for _name, _score, _title in (
    ("small_part_pointing", pointing_hit, "Pointing where no view shows 6 px of the part"),
    ("small_part_region_iou", part_iou, "Region IoU where no view shows 6 px of it"),
):
    add_metric(
        MetricSpec(
            name=_name,
            title=_title,
            function=of_small_parts(_score),
            unit="1",
            low=0.0,
            high=1.0,
            higher_is_better=True,
            answerable_only=False,
            empty="none: neither points nor a map",
            source="own: parts under 6 px apart, as resolution rather than reason decides there",
        )
    )
