"""COCO's masks and numbers against pycocotools' outputs and hand calculation."""

from __future__ import annotations

import doctest
import importlib
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from ivlm_bench.errors import InvalidAnswerError
from ivlm_bench.metrics import PROFILES, evaluate
from ivlm_bench.metrics.coco_ap import STATS
from ivlm_bench.metrics.hand_linking import hands_and_touched_objects, hands_with_objects
from ivlm_bench.metrics.profiles.visor import results_by_image
from ivlm_bench.metrics.run_length import (
    area_px,
    decode,
    encode,
    mask_edges,
    read_counts,
    shared_px,
    write_counts,
)
from ivlm_bench.testing.vectors import Case, read_cases

CASES = read_cases(Path(__file__).parents[1] / "vectors" / "hos_coco_ap.json")
SIZE = {"height_px": 8, "width_px": 10}
#: Polygons in an image of 8 x 10 pixels and what pycocotools 2.0 makes of them.
POLYGONS = [
    ([[2.0, 1.0, 7.0, 1.0, 7.0, 5.0, 2.0, 5.0]], "a0440000000g0", 20),
    ([[1.5, 0.5, 9.3, 3.2, 4.1, 7.9]], "a0263N1NO1O2N1O6", 25),
    ([[-3.0, 2.0, 5.5, -2.0, 12.0, 9.0, 3.3, 6.6]], "0441O1O1O00000101N2N", 58),
    ([[0.0, 0, 4, 0, 4, 4], [3.0, 1, 9, 1, 9, 6, 3, 6]], "8171O4MO000000007", 34),
    ([[1.0, 1.0, 8.0, 7.0, 8.0, 1.0, 1.0, 7.0]], "954O1N90G2N1?", 22),
]


def image(*annotations: dict[str, Any], image_id: int = 1) -> dict[str, Any]:
    return {"image_id": image_id, "height": 200, "width": 200, "annotations": list(annotations)}


def truth(bbox: list[float], *, category: int = 1, **more: Any) -> dict[str, Any]:
    area = bbox[2] * bbox[3]
    return {"id": 1, "category_id": category, "bbox": bbox, "area": area, "iscrowd": 0, **more}


def found(bbox: list[float], score: float, *, category: int = 1, **more: Any) -> dict[str, Any]:
    return {"category_id": category, "bbox": bbox, "score": score, **more}


def test_examples_in_docstrings() -> None:
    result = doctest.testmod(importlib.import_module("ivlm_bench.metrics.run_length"))
    assert result.attempted > 0
    assert result.failed == 0


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.id)
@pytest.mark.parametrize("is_reversed", [False, True], ids=["in order", "reversed"])
def test_official_vectors(case: Case, is_reversed: bool) -> None:
    """The order in which images come does not matter: their ids decide between ties."""
    given = case.inputs
    truths = {
        str(each["id"]): {
            "image_id": each["id"],
            "height": each["height"],
            "width": each["width"],
            "annotations": [a for a in given["annotations"] if a["image_id"] == each["id"]],
        }
        for each in (given["images"][::-1] if is_reversed else given["images"])
    }
    result = evaluate("visor:hos", results_by_image(given["detections"]), truths)
    for kind in ("bbox", "segm"):
        want = case.outputs[kind]
        numbers = [result[f"{kind}_{name}"] for name in STATS]
        official = [None if value == -1.0 else value for value in want["stats"]]
        assert numbers == pytest.approx(official, abs=1e-9)
        for name, value in want["AP_per_class"].items():
            assert result[f"{kind}_ap_{name}"] == pytest.approx(value, abs=1e-9)
    assert "-1" in result.reasons["bbox_ap_large"]


@pytest.mark.parametrize(("polygons", "counts", "area"), POLYGONS, ids=str)
def test_polygons_as_pycocotools_draws_them(
    polygons: list[list[float]], counts: str, area: int
) -> None:
    mask = decode(polygons, **SIZE)
    assert encode(mask) == {"size": [8, 10], "counts": counts}
    assert mask.sum() == area_px(mask_edges(polygons, **SIZE)) == area


def test_a_rectangle_by_hand() -> None:
    """Corners (2, 1) and (7, 5) hold columns 2 to 6, rows 1 to 4."""
    want = np.zeros((8, 10), dtype=bool)
    want[1:5, 2:7] = True
    assert np.array_equal(decode(POLYGONS[0][0], **SIZE), want)
    counts = [17, 4, 4, 4, 4, 4, 4, 4, 4, 4, 27]
    assert read_counts("a0440000000g0") == counts
    assert np.array_equal(decode({"size": [8, 10], "counts": counts}, **SIZE), want)


@pytest.mark.parametrize("seed", range(20))
def test_masks_survive_being_written(seed: int) -> None:
    rng = np.random.default_rng(seed)
    height, width = (int(value) for value in rng.integers(1, 70, 2))
    masks = [rng.random((height, width)) < rng.random() for _ in range(2)]
    edges = []
    for mask in masks:
        written = encode(mask)
        assert read_counts(write_counts(read_counts(written["counts"]))) == read_counts(
            written["counts"].encode()
        )
        assert np.array_equal(decode(written, height_px=height, width_px=width), mask)
        edges.append(mask_edges(written, height_px=height, width_px=width))
    assert [area_px(each) for each in edges] == [int(mask.sum()) for mask in masks]
    assert shared_px(*edges) == int((masks[0] & masks[1]).sum())


@pytest.mark.parametrize(
    "bad",
    [
        {"size": [8, 10], "counts": [3, 4]},
        {"size": [9, 10], "counts": [90]},
        {"size": [8, 10], "counts": "a0440000000g"[:1]},
        {"counts": [80]},
        [[1.0, 2.0, 3.0, 4.0]],
        [[float("nan")] * 6],
        [],
        "a",
        None,
    ],
    ids=str,
)
def test_bad_masks_are_refused(bad: Any) -> None:
    with pytest.raises(InvalidAnswerError):
        decode(bad, **SIZE)


def test_average_precision_of_one_box_by_hand() -> None:
    """IoU 620 / 1000 passes 0.5, 0.55 and 0.6 of ten thresholds: 3/10."""
    result = evaluate("visor:hos", [[found([0, 0, 20, 31], 0.5)]], [image(truth([0, 0, 20, 50]))])
    assert result["bbox_ap"] == pytest.approx(0.3, abs=1e-9)
    assert result["bbox_ap50"] == pytest.approx(1.0, abs=1e-9)
    assert result["bbox_ap75"] == 0.0
    assert result["bbox_ar100"] == pytest.approx(0.3, abs=1e-9)
    assert result["bbox_ap_small"] is not None
    assert result["bbox_ap_medium"] is None
    assert result["bbox_ap_object"] is None
    assert result["segm_ap"] is None
    assert "mask" in result.reasons["segm_ap"]


def test_a_miss_before_a_hit_by_hand() -> None:
    """Precision at the hit is 1/2; of two truths one is found: recalls 0 to 0.5 are 51 of 101."""
    truths = [truth([0, 0, 10, 10]), truth([50, 50, 10, 10])]
    answers = [found([100, 100, 10, 10], 0.9), found([0, 0, 10, 10], 0.8)]
    result = evaluate("visor:hos", [answers], [image(*truths)])
    assert result["bbox_ap"] == pytest.approx(0.5 * 51 / 101, abs=1e-9)
    assert (result["bbox_ar1"], result["bbox_ar10"]) == (0.0, 0.5)


def test_crowds_neither_help_nor_harm() -> None:
    """A detection inside a crowd does not count; without the crowd it is a miss."""
    crowd = truth([100, 100, 80, 80], iscrowd=1)
    answers = [found([110, 110, 20, 20], 0.9), found([0, 0, 10, 10], 0.8)]
    hit = truth([0, 0, 10, 10])
    assert evaluate("visor:hos", [answers], [image(hit, crowd)])["bbox_ap"] == pytest.approx(1.0)
    assert evaluate("visor:hos", [answers], [image(hit)])["bbox_ap"] == pytest.approx(0.5)


def test_an_annotation_with_id_0_is_never_matched() -> None:
    """Its detection counts as a miss, as in pycocotools, where 0 stands for 'no match'."""
    box = [0.0, 0.0, 10.0, 10.0]
    result = evaluate("visor:hos", [[found(box, 0.9)]], [image({**truth(box), "id": 0})])
    assert result["bbox_ap"] == 0.0


def test_an_image_without_detections_lowers_recall() -> None:
    box = [0.0, 0.0, 10.0, 10.0]
    truths = {"1": image(truth(box)), "2": image(truth(box), image_id=2)}
    assert evaluate("visor:hos", {"1": [found(box, 0.9)]}, truths)["bbox_ar100"] == 0.5


def hand(bbox: list[float], *, touches: bool, offset: list[float], **more: Any) -> dict[str, Any]:
    contact = [0.2, 0.8] if touches else [0.6, 0.4]
    return found(bbox, 0.9, contact=contact, handside=[0.3, 0.7], offset=offset, **more)


def test_hands_are_linked_to_the_object_they_point_at() -> None:
    """From (15, 15) by 0.05 * 1000 px along x: (65, 15) is nearest to the object at (60, 15)."""
    near, far = found([55, 10, 10, 10], 0.5, category=2), found([0, 40, 10, 10], 0.6, category=2)
    touching = hand([10, 10, 10, 10], touches=True, offset=[1.0, 0.0, 0.05])
    free = hand([80, 80, 10, 10], touches=False, offset=[1.0, 0.0, 0.05])
    assert hands_and_touched_objects([touching, near, far]) == [near, touching]
    assert hands_and_touched_objects([free, near, far]) == [free]
    assert hands_and_touched_objects([touching, dict(touching), near]) == [near] + [touching] * 2
    assert hands_and_touched_objects([near]) == []


def test_hands_are_joined_with_what_they_touch() -> None:
    """The first hand takes the object; the second, which points at it too, stays as it is."""
    masks = np.zeros((2, 8, 10), dtype=bool)
    masks[0, 1:3, 1:3], masks[1, 2:5, 2:6] = True, True
    first = hand([1, 1, 2, 2], touches=True, offset=[0.0, 0.0, 0.0], segmentation=encode(masks[0]))
    thing = found([2, 2, 4, 3], 0.5, category=2, segmentation=encode(masks[1]))
    joined, other = hands_with_objects([first, thing, dict(first)])
    assert joined["bbox"] == [1, 1, 5, 4]
    assert np.array_equal(decode(joined["segmentation"], **SIZE), masks.any(axis=0))
    assert other == first


@pytest.mark.parametrize(("profile", "category"), [("visor:handside", 2), ("visor:contact", 2)])
def test_raw_hands_are_judged_by_side_and_contact(profile: str, category: int) -> None:
    box = [0.0, 0.0, 40.0, 40.0]
    raw = [hand(box, touches=True, offset=[1, 0, 0]), found(box, 0.5, category=2)]
    result = evaluate(profile, [raw], [image(truth(box, category=category))], raw=True)
    assert result["bbox_ap"] == pytest.approx(1.0)
    with pytest.raises(InvalidAnswerError, match="raw=False"):
        evaluate(profile, [[found(box, 0.5)]], [image(truth(box))], raw=True)


@pytest.mark.parametrize(
    ("bad", "why"),
    [
        ({"category_id": 1, "score": 0.1}, "bbox"),
        ({"category_id": 1, "bbox": [1, 2, 3], "score": 0.1}, "bbox"),
        ({"category_id": 1, "bbox": [1, 2, 3, 4]}, "score"),
        ({"category_id": 1, "bbox": [1, 2, 3, 4], "score": float("nan")}, "NaN"),
        ({"category_id": 1, "bbox": [1, 2, 3, float("inf")], "score": 0.5}, "finite"),
        ({"category_id": 1, "bbox": [1, 2, 3, 4], "score": 0.5, "segmentation": 3}, "mask"),
        ("x", "objects"),
    ],
    ids=str,
)
def test_bad_detections_are_refused(bad: Any, why: str) -> None:
    with pytest.raises(InvalidAnswerError, match=why):
        evaluate("visor:hos", [[bad]], [image(truth([0, 0, 9, 9]))])


def test_results_need_an_image() -> None:
    with pytest.raises(InvalidAnswerError, match="Result 0 has no 'image_id'"):
        results_by_image([{"bbox": [1, 2, 3, 4]}])


@pytest.mark.parametrize("profile", sorted(n for n in PROFILES.names() if n.startswith("visor:")))
def test_every_task_has_a_bound(profile: str) -> None:
    mask = np.zeros((200, 200), dtype=bool)
    mask[20:60, 20:70] = True
    known = truth([20, 20, 50, 40], segmentation=encode(mask))
    controls = PROFILES.get(profile).controls
    rng = np.random.default_rng(0)
    best = evaluate(profile, [controls["oracle"](image(known), rng)], [image(known)])
    assert best["segm_ap"] == best["bbox_ap"] == pytest.approx(1.0, abs=1e-9)
    rolled = evaluate(profile, [controls["random"](image(known), rng)], [image(known)])
    assert rolled["segm_ap"] == 0.0
