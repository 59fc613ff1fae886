"""Chance and size of parts: masks whose breadth and share are known by hand."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from ivlm_bench.codec.observation import decode_truth, encode_truth
from ivlm_bench.env import TASKS
from ivlm_bench.metrics import METRICS
from ivlm_bench.metrics.sizes import area_share, breadth_px, part_breadth_px
from ivlm_bench.metrics.spec import Absent
from ivlm_bench.types import Interaction, TrialSpec, Truth

BEYOND, SMALL_POINTING, SMALL_IOU = (
    dict(METRICS)[name]
    for name in ("pointing_beyond_chance", "small_part_pointing", "small_part_region_iou")
)
SIZE_PX = 40


def bar(height_px: int, *, at_px: int = 10) -> np.ndarray:
    """A bar of 20 px length and some height, in one view."""
    mask = np.zeros((1, SIZE_PX, SIZE_PX), bool)
    mask[0, at_px : at_px + height_px, 5:25] = True
    return mask


def truth_of(masks: np.ndarray, *thing_px: int) -> Truth:
    return Truth(
        interaction_label="grasp",
        feasible=True,
        trial=TrialSpec(kind="grasp"),
        oracle=Interaction(),
        target_part="handle",
        part_masks=masks,
        affordance_maps=masks.astype(np.float32),
        vertex_affordance=np.zeros(1, np.float32),
        thing_px=thing_px,
    )


def pointed(x_px: int, y_px: int) -> Interaction:
    return Interaction(points_px=np.array([[0, x_px, y_px]], np.float32))


HIT, MISS = pointed(10, 11), pointed(35, 35)


@pytest.mark.parametrize(("height_px", "breadth"), [(1, 1.0), (3, 3.0), (5, 5.0), (7, 7.0)])
def test_a_bar_is_as_broad_as_its_short_side(height_px: int, breadth: float) -> None:
    assert breadth_px(bar(height_px)[0]) == breadth
    assert breadth_px(bar(height_px)[0].T) == breadth
    assert breadth_px(bar(height_px, at_px=0)[0]) == breadth  # the picture's border ends it


def test_a_disc_is_as_broad_as_its_diameter() -> None:
    y, x = np.indices((SIZE_PX, SIZE_PX)) - 20
    disc = x**2 + y**2 <= 9**2
    assert breadth_px(disc) == pytest.approx(19.0, abs=2.0)
    assert breadth_px(disc & (x > 20)) == 0.0


def test_the_broadest_view_counts() -> None:
    assert part_breadth_px(truth_of(np.concatenate([bar(3), bar(7)]))) == 7.0
    assert isinstance(part_breadth_px(truth_of(np.zeros((2, 4, 4), bool))), Absent)


def test_the_share_is_of_all_views_together() -> None:
    # 60 px of 100 and 140 px of 400.
    assert area_share(truth_of(np.concatenate([bar(3), bar(7)]), 100, 400)) == pytest.approx(0.4)


def test_a_question_drawn_without_the_count_has_no_chance() -> None:
    assert isinstance(area_share(truth_of(bar(3))), Absent)
    assert BEYOND(HIT, truth_of(bar(3)), ()) is None


def test_a_hit_is_one_and_a_miss_costs_what_chance_would_have_won() -> None:
    truth = truth_of(bar(3), 240)  # 60 of 240: a quarter
    assert BEYOND(HIT, truth, ()) == 1.0
    assert BEYOND(MISS, truth, ()) == pytest.approx(-0.25 / 0.75)
    assert BEYOND(Interaction(abstain=True), truth, ()) == pytest.approx(-0.25 / 0.75)
    assert BEYOND(HIT, replace(truth, feasible=False), ()) is None


def test_blind_pointing_at_the_thing_gets_nothing_on_average() -> None:
    """The bar lies in a thing of four times its size; every pixel of it is pointed at once."""
    truth = truth_of(bar(3), 240)
    answers = [pointed(x, y) for y in range(10, 22) for x in range(5, 25)]
    scores = [BEYOND(answer, truth, ()) for answer in answers]
    assert np.mean(np.array(scores, float)) == pytest.approx(0.0, abs=1e-12)


@pytest.mark.parametrize(("thing_px", "counts"), [(100, True), (99, False)])
def test_parts_that_are_most_of_their_thing_are_left_out(thing_px: int, counts: bool) -> None:
    assert (BEYOND(HIT, truth_of(bar(3), thing_px), ()) is not None) == counts


@pytest.mark.parametrize(("height_px", "small"), [(5, True), (7, False)])
def test_small_parts_alone_have_a_score_of_their_own(height_px: int, small: bool) -> None:
    truth = truth_of(bar(height_px), 1000)
    right = replace(HIT, affordance_maps=truth.affordance_maps)
    for metric in (SMALL_POINTING, SMALL_IOU):
        assert metric(right, truth, ()) == (1.0 if small else None)
        assert metric(Interaction(abstain=True), truth, ()) == (0.0 if small else None)
        assert metric(right, replace(truth, feasible=False), ()) is None
    assert SMALL_POINTING(MISS, truth, ()) == (0.0 if small else None)


def test_a_task_counts_the_pixels_of_its_thing() -> None:
    """The part's pixels are some of the thing's, and the thing covers some of each view."""
    truth = TASKS.get("ivlm/GraspMugHandle-v0")(track="rgbd4").episode(0).truth
    assert len(truth.thing_px) == len(truth.part_masks) == 4
    for mask, thing_px in zip(truth.part_masks, truth.thing_px, strict=True):
        assert mask.sum() <= thing_px < mask.size / 2
    assert sum(truth.thing_px) > 0
    assert decode_truth(encode_truth(truth)).thing_px == truth.thing_px
