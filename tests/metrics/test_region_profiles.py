"""Masks, regions and voxels against official outputs, by hand, and their laws."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from ivlm_bench.errors import AssetError, InvalidAnswerError
from ivlm_bench.metrics import PROFILES, Absent, evaluate
from ivlm_bench.metrics.region import mask_iou
from ivlm_bench.testing.vectors import Case, read_cases

VECTORS = Path(__file__).parents[1] / "vectors"
MASKS = [case for case in read_cases(VECTORS / "contact.json") if "mask" in case.inputs]
VOXELS = read_cases(VECTORS / "chairs_voxel_iou.json")
FLOAT32 = 3e-6


def near(wanted: float) -> Any:
    return pytest.approx(wanted, rel=FLOAT32, abs=1e-12)


@pytest.mark.parametrize("case", MASKS, ids=lambda case: case.id)
def test_masks_give_the_official_numbers(case: Case) -> None:
    found = evaluate("masks:interactvlm", [case.inputs["logits"]], [case.inputs["mask"]])
    wanted = case.outputs
    assert [found["giou_bg"], found["giou"]] == near(wanted["acc_iou"])
    assert [found["intersection_bg_px"], found["intersection_px"]] == near(wanted["intersection"])
    assert [found["union_bg_px"], found["union_px"]] == near(wanted["union"])


def test_the_set_of_masks_sums_what_giou_means() -> None:
    """gIoU: mean over the cases; cIoU: sums of intersections over sums of unions."""
    logits = [case.inputs["logits"] for case in MASKS]
    labels = [case.inputs["mask"] for case in MASKS]
    found = evaluate("masks:interactvlm", logits, labels)
    assert found["giou"] == near(np.mean([case.outputs["acc_iou"][1] for case in MASKS]))
    both = sum(case.outputs["intersection"][1] for case in MASKS)
    either = sum(case.outputs["union"][1] for case in MASKS)
    assert found["ciou"] == near(both / (either + 1e-10))


#: Logits and labels of one view of four pixels; gIoU (foreground), gIoU (background).
VIEWS = {
    "both empty": ([-1, -1, -1, -1], [0, 0, 0, 0], 1.0, 4 / (4 + 1e-5)),
    "zero is background": ([0, 0, 1, -1], [0, 0, 1, 0], 1 / (1 + 1e-5), 3 / (3 + 1e-5)),
    "all ignored": ([5, 5, -5, -5], [-1, -1, -1, -1], 1.0, 1.0),
    "all ones": ([5, 5, 5, 5], [1, 1, 1, 1], 4 / (4 + 1e-5), 1.0),
    "wrong": ([5, 5, -5, -5], [0, 0, 1, 1], 0.0, 0.0),
    "ignored do not count": ([5, 5, 5, -5], [1, -1, 0, 0], 1 / (2 + 1e-5), 1 / (2 + 1e-5)),
}


@pytest.mark.parametrize("name", VIEWS)
def test_views_by_hand(name: str) -> None:
    logits, labels, foreground, background = VIEWS[name]
    found = evaluate("masks:interactvlm", [np.array([[logits]], float)], [np.array([[labels]])])
    assert found["giou"] == pytest.approx(foreground, abs=1e-12)
    assert found["giou_bg"] == pytest.approx(background, abs=1e-12)


def test_views_count_equally() -> None:
    """View 0: IoU 1 of an empty pair; view 1: one of two pixels. 2 px of union over 2 views."""
    logits = np.array([[[-1.0, -1.0]], [[1.0, 1.0]]])
    found = evaluate("masks:interactvlm", [logits], [np.array([[[0, 0]], [[1, 0]]])])
    assert found["giou"] == pytest.approx((1 + 1 / (2 + 1e-5)) / 2)
    assert (found["intersection_px"], found["union_px"]) == (0.5, 1.0)
    assert found["ciou"] == pytest.approx(0.5)


def test_labels_and_shapes_that_are_none_are_told() -> None:
    with pytest.raises(AssetError, match="0 to 255"):
        evaluate("masks:interactvlm", [np.ones((1, 1, 2))], [np.array([[[0, 255]]])])
    with pytest.raises(InvalidAnswerError, match="shape"):
        evaluate("masks:interactvlm", [np.ones((2, 1, 2))], [np.zeros((1, 1, 2), int)])
    with pytest.raises(AssetError, match=r"\(v, h, w\)"):
        evaluate("masks:interactvlm", [np.ones(2)], [np.zeros(2, int)])


@pytest.mark.parametrize("case", VOXELS, ids=lambda case: case.id)
def test_voxels_give_the_official_numbers(case: Case) -> None:
    found = evaluate("chairs:voxel", [case.inputs["pred_occ"]], [case.inputs["gt_occ"]])
    assert found["iou"] == pytest.approx(case.outputs["iou"], rel=1e-9)


@pytest.mark.parametrize(
    ("prediction", "truth", "wanted"),
    [
        ([0.5, 0.49], [1, 1], 0.5),
        ([1, 1], [1, 1], 1.0),
        ([1, 0], [0, 0], 0.0),
        ([0, 0], [1, 0], 0.0),
        ([0.5, 0], [0.5, 0], 1.0),
    ],
)
def test_voxels_by_hand(prediction: list[float], truth: list[float], wanted: float) -> None:
    found = evaluate("chairs:voxel", [np.array([[prediction]])], [np.array([[truth]])])
    assert found["iou"] == wanted


def test_no_voxel_on_either_side_is_the_official_nan() -> None:
    nothing = np.zeros((2, 2, 2))
    found = evaluate("chairs:voxel", [nothing], [nothing])
    assert found["iou"] is None
    assert found.reasons["iou"] == "official NaN"
    both = evaluate("chairs:voxel", [nothing, np.ones((2, 2, 2))], [nothing, np.ones((2, 2, 2))])
    assert (both["iou"], both.n["iou"]) == (1.0, 1)


def test_our_region_iou_leaves_empty_truths_out() -> None:
    found = evaluate(
        "region:ivlm",
        [np.array([0.5, 0.4]), np.array([1.0, 0.0]), np.array([0.0, 0.0])],
        [np.array([1.0, 1.0]), np.array([0.0, 0.0]), np.array([1.0, 0.0])],
    )
    assert [sample.scores["region_iou"] for sample in found.samples] == [0.5, None, 0.0]
    assert found["region_iou"] == 0.25


PAIR = st.tuples(hnp.arrays(bool, (3, 4)), hnp.arrays(bool, (3, 4)))


@given(pair=PAIR)
def test_an_iou_is_symmetric_bounded_and_one_only_of_equals(
    pair: tuple[np.ndarray, np.ndarray],
) -> None:
    one, other = pair
    found, back = mask_iou(one, other), mask_iou(other, one)
    if isinstance(found, Absent):
        assert isinstance(back, Absent)
        assert not one.any()
        assert not other.any()
        return
    assert found == back
    assert 0.0 <= found <= 1.0
    assert (found == 1.0) == bool((one == other).all())


@pytest.mark.parametrize("name", ["masks:interactvlm", "region:ivlm", "chairs:voxel"])
def test_controls_can_be_scored_and_the_oracle_is_best(name: str) -> None:
    profile = PROFILES.get(name)
    truth = np.zeros((2, 4, 4))
    truth[:, :2] = 1.0
    rng = np.random.default_rng(0)
    first = profile.quantities[0].name
    found = {
        label: evaluate(name, [control(truth, rng)], [truth])[first]
        for label, control in profile.controls.items()
    }
    assert found["oracle"] == pytest.approx(1.0, abs=1e-5)
    assert found["constant"] == pytest.approx(0.5, abs=1e-5)
    assert found["random"] is not None
    assert found["random"] < 0.9
