"""EPIC-KITCHENS-100 detection against official outputs and hand calculation."""

from __future__ import annotations

import doctest
import importlib
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from ivlm_bench.errors import InvalidAnswerError
from ivlm_bench.metrics import PROFILES, evaluate
from ivlm_bench.metrics.profiles.epic import TASKS, detection, detections_by_video
from ivlm_bench.metrics.temporal_detection import class_ap, interpolated_ap, segment_iou
from ivlm_bench.testing.vectors import Case, read_cases

CASES = read_cases(Path(__file__).parents[1] / "vectors" / "epic_detection.json")
NAMES = [*(f"at_{index:02d}" for index in range(1, 6)), "avg"]


def row(video: str, verb: int, noun: int, times: tuple[str, str]) -> dict[str, Any]:
    return {
        "video_id": video,
        "start_timestamp": times[0],
        "stop_timestamp": times[1],
        "verb_class": verb,
        "noun_class": noun,
    }


def by_video(rows: list[dict[str, Any]]) -> dict[str, list[dict[str, Any]]]:
    found: dict[str, list[dict[str, Any]]] = {}
    for each in rows:
        found.setdefault(each["video_id"], []).append(each)
    return found


@pytest.mark.parametrize("name", ["temporal_detection", "epic_submission"])
def test_examples_in_docstrings(name: str) -> None:
    result = doctest.testmod(importlib.import_module(f"ivlm_bench.metrics.{name}"))
    assert result.attempted > 0
    assert result.failed == 0


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.id)
def test_official_vectors(case: Case) -> None:
    given, want = case.inputs, case.outputs
    if "segment_iou" in case.id:
        got = segment_iou(given["target"], given["candidates"])
        np.testing.assert_allclose(got, want["tiou"], rtol=0.0, atol=1e-9)
    elif "interp_ap" in case.id:
        got_ap = interpolated_ap(given["prec"], given["rec"])
        assert got_ap == pytest.approx(want["ap"], abs=1e-9)
    else:
        answers = detections_by_video(given["submission"])
        result = evaluate("epic:c2", answers, by_video(given["annotations"]))
        for task in TASKS:
            numbers = [result[f"{task}_map_{name}"] for name in NAMES]
            assert numbers == pytest.approx([*want[task]["mAP"], want[task]["avg"]], abs=1e-9)


def test_one_class_by_hand() -> None:
    """Truths [0, 10] and [20, 30]; best first: hit of IoU 1, miss elsewhere, hit of IoU 0.3.

    At 0.1 and 0.2: precision 1, 1/2, 2/3 at recall 1/2, 1/2, 1: 1/2 + 1/2 * 2/3 = 5/6. Above 0.3
    the last one misses: 1/2. (0.3 itself: 3 / 10 is not less than the threshold 0.3.)
    """
    truths = {"v": np.array([[0.0, 10.0], [20.0, 30.0]])}
    segments = np.array([[20.0, 23.0], [0.0, 10.0], [50.0, 60.0]])
    got = class_ap(
        ["v", "v", "v"],
        segments,
        np.array([0.1, 0.9, 0.5]),
        truths_s=truths,
        thresholds=np.array([0.1, 0.2, 0.3, 0.4, 0.5]),
    )
    assert got.tolist() == pytest.approx([5 / 6, 5 / 6, 5 / 6, 0.5, 0.5], abs=1e-12)


def test_a_second_detection_of_the_same_truth_takes_the_next_one_or_fails() -> None:
    """Two truths overlap; the second detection prefers the taken one and gets the other."""
    truths = {"v": np.array([[0.0, 10.0], [0.0, 8.0]])}
    segments = np.array([[0.0, 10.0]] * 3)
    got = class_ap(
        ["v"] * 3,
        segments,
        np.array([0.9, 0.8, 0.7]),
        truths_s=truths,
        thresholds=np.array([0.5, 0.9]),
    )
    assert got.tolist() == [1.0, 0.5]


def test_classes_and_videos_without_annotations() -> None:
    """Verb 5 is not annotated and left out; a detection in an unknown video is a miss.

    Verb 1: best first a miss (unknown video), then a hit: 1/2. Noun 2 the same, action 1,2 too.
    """
    truths = by_video([row("v", 1, 2, ("00:00:01.00", "00:00:03.00"))])
    hit, other = detection(1, 2, (1.0, 3.0), 0.5), detection(5, 9, (1.0, 3.0), 0.95)
    result = evaluate(
        "epic:c2", {"v": [hit, other], "x": [detection(1, 2, (1.0, 3.0), 0.9)]}, truths
    )
    assert [result[f"{task}_map_avg"] for task in TASKS] == pytest.approx([0.5] * 3, abs=1e-12)
    assert evaluate("epic:c2", {}, truths)["verb_map_avg"] == 0.0


def test_the_action_is_read_from_its_own_field() -> None:
    truths = by_video([row("v", 1, 2, ("00:00:01.00", "00:00:03.00"))])
    twisted = {**detection(1, 2, (1.0, 3.0), 0.5), "action": "2,1"}
    result = evaluate("epic:c2", {"v": [twisted]}, truths)
    assert [result[f"{task}_map_avg"] for task in TASKS] == pytest.approx([1.0, 1.0, 0.0])


def test_an_empty_set_is_an_official_nan() -> None:
    result = evaluate("epic:c2", {"v": []}, {"v": []})
    assert result["verb_map_avg"] is None
    assert result.reasons["verb_map_avg"] == "official NaN"


@pytest.mark.parametrize(
    ("change", "why"),
    [
        ({"verb": 97}, "verb 97"),
        ({"action": "1;2"}, "malformed"),
        ({"segment": [1.0]}, "malformed"),
        ({"score": float("nan")}, "NaN"),
        ({"score": None}, "malformed"),
        ({"action": "1,300"}, "action's noun 300"),
    ],
)
def test_bad_detections_are_refused(change: dict[str, Any], why: str) -> None:
    truths = by_video([row("v", 1, 2, ("00:00:01.00", "00:00:03.00"))])
    bad = {**detection(1, 2, (1.0, 3.0), 0.5), **change}
    with pytest.raises(InvalidAnswerError, match=why):
        evaluate("epic:c2", {"v": [bad]}, truths)


@pytest.mark.parametrize(
    ("submission", "why"),
    [
        ({}, "results"),
        ({"results": {}, "version": "0.1"}, r"0\.1"),
        ({"results": {}, "challenge": "x"}, "'x'"),
        ({"results": {"v": [1]}}, "'v'"),
    ],
)
def test_bad_submissions_are_refused(submission: dict[str, Any], why: str) -> None:
    with pytest.raises(InvalidAnswerError, match=why):
        detections_by_video(submission)


def test_controls() -> None:
    """The truth scores 1; one segment over all of a video hits less."""
    times = [("00:00:01.00", "00:00:03.00"), ("00:01:00.00", "01:00:03.50")]
    truths = by_video([row("v", 1, 2, times[0]), row("v", 3, 4, times[1])])
    rng = np.random.default_rng(0)
    controls = PROFILES.get("epic:c2").controls
    scores = {
        name: evaluate("epic:c2", {k: make(t, rng) for k, t in truths.items()}, truths)
        for name, make in controls.items()
    }
    assert scores["oracle"]["action_map_avg"] == 1.0
    assert scores["constant"]["verb_map_avg"] == 0.0  # the long segment is verb 1, the truth 3
