"""Replies and points against official outputs and hand calculation."""

from __future__ import annotations

import doctest
import importlib
from pathlib import Path

import numpy as np
import pytest

from ivlm_bench.errors import ConfigError, InvalidAnswerError
from ivlm_bench.metrics import PROFILES, evaluate, text_points
from ivlm_bench.metrics.mask_hits import mark_share, pixel_values
from ivlm_bench.metrics.reply_points import FAMILIES, UnparsedReplyError, text_marks
from ivlm_bench.testing.vectors import Case, read_cases

CASES = read_cases(Path(__file__).parents[1] / "vectors" / "pointing.json")
#: Official output to (family, width, height).
TEXT2PTS = {
    "RoboPoint_640x480": ("robopoint", 640, 480),
    "RoboRefer_640x480": ("roborefer", 640, 480),
    "RoboRefer_abs_640x480": ("absolute", 640, 480),
    "RoboRefer_100x50": ("roborefer", 100, 50),
}
FUNCTIONS = {"xml2pts": "molmo", "json2pts": "gemini", "pointarena_extract": "pointarena"}


@pytest.mark.parametrize("name", ["reply_points", "mask_hits"])
def test_examples_in_docstrings(name: str) -> None:
    result = doctest.testmod(importlib.import_module(f"ivlm_bench.metrics.{name}"))
    assert result.attempted > 0
    assert result.failed == 0


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.id)
def test_official_vectors(case: Case) -> None:
    function = case.id.split("/")[1].rsplit("_", 1)[0]
    if function == "text2pts":
        for key, (family, width, height) in TEXT2PTS.items():
            got = text_points(case.inputs["text"], family=family, width_px=width, height_px=height)
            assert got.tolist() == case.outputs[key]["points"], key
    elif function == "pointarena_in_mask":
        mask = np.zeros((20, 30))
        mask[5:10, 10:20] = 1.0
        (value,) = pixel_values(np.array([case.inputs["point"]], dtype=np.float64), mask)
        assert bool(value) == case.outputs["hit"]
    else:
        size = {"width_px": case.inputs["width"], "height_px": case.inputs["height"]}
        got = text_points(case.inputs["text"], family=FUNCTIONS[function], **size)
        want = np.array(case.outputs["points"], dtype=np.float64).reshape(-1, 2)
        np.testing.assert_allclose(got, want, rtol=0.0, atol=1e-9)


@pytest.mark.parametrize(
    ("reply", "family", "want"),
    [
        ("", "robopoint", []),
        ("(0.5, 240)", "robopoint", [[320, 115200]]),  # one fraction makes both fractions
        ("((0.1, 0.2), (3,4))", "robopoint", [[64, 96], [3, 4]]),
        ("(1e-1, 0.5)", "robopoint", []),
        ("(-0.5, +1)", "robopoint", [[-320, 480]]),
        ("( 0.5, 0.5)", "robopoint", []),  # no blank may follow the bracket
        ("(1, 2, 3)", "robopoint", []),
        ("(1, 2, 3, 4)", "robopoint", [[1, 2], [2, 2], [1, 3], [2, 3]]),
        ("(3, 4, 1, 2)", "robopoint", []),  # an empty slice
        ("(-2, 0, 640, 1)", "robopoint", [[638, 0], [639, 0]]),  # -2 counts from the end
        ("(2, 3, 2, 9)", "roborefer", []),
        ("(1.5, 2)", "absolute", [[1.5, 2.0]]),
        ('<point x="10.5" y="20">', "molmo", []),  # no digit after x
        ('x1="100." y1="0"', "molmo", [[640, 0]]),
        ('[{"point": [500, 250]}]', "gemini", []),  # no fence
        ('```\n[{"point": [5', "gemini", []),  # no closing fence
        ('```\n[{"point": [1000, 0]}, {"box": 1}]\n```', "gemini", [[0, 480]]),
        ('```json\n{"points": 3', "gemini", []),
        ("(0.5, 0.5)", "pointarena", [[3.2, 2.4]]),  # percent
        ("(12.34, 5.0)", "pointarena", []),
        ("(100.1, 5.0)", "pointarena", []),
        ("Click(50.0, 50.0)", "pointarena", [[320, 240], [320, 240]]),  # read by two patterns
        ("p=500,250 (10.0 20.0)", "pointarena", [[64, 96], [320, 120]]),  # pattern by pattern
    ],
)
def test_replies_by_hand(reply: str, family: str, want: list[list[float]]) -> None:
    """Derived from the official patterns by hand, for an image of 640 x 480."""
    got = text_points(reply, family=family, width_px=640, height_px=480)
    np.testing.assert_allclose(got, np.array(want).reshape(-1, 2), rtol=0.0, atol=1e-9)


@pytest.mark.parametrize(
    ("reply", "parser", "want"),
    [
        ('[{"point": [1, 2]}, {"point": [3, 0]}]', "pointarena_json", [[1, 2], [3, 0]]),
        ('So: [{"point": ["1", 2.5]}, {"box": 1}].', "pointarena_json", [[1, 2.5], [-1, -1]]),
        ('[{"point": [1, 2]}', "pointarena_json", []),
        ("(10.0, 20.0)", "pointarena_json", []),
        ('```json\n[{"point": [500, 250], "label": "a"}]\n```', "pointarena_gemini", [[160, 240]]),
        ('[{"box": [500, 250]}]', "pointarena_gemini", [[160, 240]]),  # any pair in brackets
        ('[{"point": [500, null]}]', "pointarena_gemini", []),
        ("[[12, 34], [5, 6]]", "pointarena_molmo", [[12, 34], [5, 6]]),
        ("(50.0, 50.0) [[12, 34]]", "pointarena_molmo", [[320, 240]]),
        ("[1, 2, 3, 4, 5]", "pointarena_molmo", [[1, 2], [3, 4]]),
        ("nothing", "pointarena_molmo", []),
    ],
)
def test_pointarena_parsers_by_hand(reply: str, parser: str, want: list[list[float]]) -> None:
    """For an image of 640 x 480; an entry that is no point lies outside."""
    got = text_points(reply, family=parser, width_px=640, height_px=480)
    np.testing.assert_allclose(got, np.array(want).reshape(-1, 2), rtol=0.0, atol=1e-9)


@pytest.mark.parametrize(
    ("reply", "family"),
    [
        ("(1, 2, 3.0, 4)", "robopoint"),  # pixels by the first number, yet a fraction
        ("(5, 5, 1, 1)", "roborefer"),  # a box of negative size
        ("(1.0, 2, 3, 4)", "absolute"),
        ('```\n{"point": [1, 2]}\n```', "gemini"),  # a mapping instead of a list
        ("```\n[1]\n```", "gemini"),
        ('```\n[{"point": [NaN, 1]}]\n```', "gemini"),
        (f"({'9' * 400}.0, 1)", "robopoint"),
    ],
)
def test_what_stops_the_official_parser(reply: str, family: str) -> None:
    with pytest.raises(UnparsedReplyError, match="official parser"):
        text_points(reply, family=family)


def test_no_reply_takes_long_to_read() -> None:
    """Forty numbers without a closing bracket; the official pattern needs 6**40 steps."""
    assert text_marks("(" + ",".join(["123456"] * 40), family="robopoint") == []


def test_huge_boxes_are_scored_but_not_filled() -> None:
    """(1, 1, 3, 3) becomes a box of 1280 x 960; the mask's lower right pixels lie in it or not."""
    mask = np.zeros((480, 640))
    marks = text_marks("(0, 0, 100, 100)", family="roborefer")
    assert marks == [(0, 0, 64000, 48000)]
    mask[:, :320] = 1.0
    assert mark_share(marks, mask) == pytest.approx(320 * 480 / (64000 * 48000), rel=1e-12)
    with pytest.raises(UnparsedReplyError, match="too large"):
        text_points("(0, 0, 100, 100)", family="roborefer")


def test_an_unknown_family_is_named() -> None:
    with pytest.raises(ConfigError, match="gemini"):
        text_points("", family="gemni")


def test_where2place_by_hand() -> None:
    """Weights 0.2 and 1.0 average to 0.6; a miss and an empty reply are 0; a stop drops out."""
    mask = np.zeros((480, 640), dtype=np.uint8)
    mask[240, 320], mask[10, 20] = 51, 255
    replies = ["[(0.5, 0.5), (20, 10)]", "(-1, 5)", "no idea", "(1, 2, 3.0, 4)"]
    result = evaluate("where2place", replies, [mask] * 4)
    assert [sample.scores["accuracy"] for sample in result.samples] == [0.6, 0.0, 0.0, None]
    assert result["accuracy"] == pytest.approx(0.2, abs=1e-12)
    assert (result["dropped"], result.n["accuracy"]) == (1.0, 3)


def test_where2place_boxes_are_filled() -> None:
    """A box of 4 pixels, one of them in the mask."""
    mask = np.zeros((480, 640))
    mask[1, 1] = 1.0
    assert evaluate("where2place", ["(1, 1, 3, 3)"], [mask])["accuracy"] == 0.25


def test_refspatial_takes_the_first_channel_at_the_masks_size() -> None:
    """A mask of 100 x 50 whose other channels are full; (0.1, 0.2) is pixel (10, 10)."""
    mask = np.full((50, 100, 3), 255, dtype=np.uint8)
    mask[:, :, 0] = 0
    mask[10, 10, 0] = 1
    result = evaluate("refspatial", ["(0.1, 0.2)", "(0.2, 0.2)"], [mask, mask])
    assert [s.scores["accuracy"] for s in result.samples] == [1.0, 0.0]


@pytest.mark.parametrize(
    ("parser", "reply"),
    [
        ("absolute", "(10, 10)"),
        ("molmo", 'x1="10" y1="20"'),
        ("gemini", '```json\n[{"point": [200, 100]}]\n```'),
    ],
)
def test_refspatial_parsers(parser: str, reply: str) -> None:
    mask = np.zeros((50, 100), dtype=bool)
    mask[10, 10] = True
    assert evaluate("refspatial", [reply], [mask], parser=parser)["accuracy"] == 1.0


def test_a_fraction_of_a_pixel_is_an_error_of_its_sample() -> None:
    mask = np.ones((50, 100), dtype=bool)
    replies = ["(10.5, 10)", "(10, 10)"]
    result = evaluate("refspatial", replies, [mask, mask], strict=False, parser="absolute")
    assert "fraction of a pixel" in str(result.errors[0].error)
    assert result["accuracy"] == 1.0


def test_pointbench_by_hand() -> None:
    """Only the first point counts; counting needs all, and as many as there are."""
    mask = np.zeros((20, 30), dtype=np.uint8)
    mask[5:10, 10:20] = 128
    one = {"mask": mask, "category": "spatial", "count": 1}
    two = {"mask": mask, "category": "counting", "count": 2}
    inside, outside = (15.9, 9.9), (15.0, 10.0)
    answers = [[inside, outside], [outside, inside], [inside], [inside, inside], [inside, outside]]
    result = evaluate("pointbench", answers, [one, one, two, two, two])
    assert [s.scores["accuracy"] for s in result.samples] == [1.0, 0.0, 0.0, 1.0, 0.0]
    assert result["accuracy"] == pytest.approx(0.4)
    assert result["spatial"] == 0.5
    assert result["counting"] == pytest.approx(1 / 3)
    assert result["steerable"] is None


def test_a_kind_without_a_question_says_so() -> None:
    mask = np.ones((2, 2), dtype=bool)
    truth = {"mask": mask, "category": "spatial", "count": 1}
    result = evaluate("pointbench", [[(0, 0)]], [truth])
    assert (result["spatial"], result["counting"]) == (1.0, None)
    assert result.reasons["counting"] == "no question of this kind"
    assert "spatial" not in result.reasons


@pytest.mark.parametrize("profile", ["where2place", "refspatial"])
def test_a_truth_of_pointbench_is_told_from_a_mask(profile: str) -> None:
    truth = {"mask": np.ones((2, 2), dtype=bool), "count": 1}
    with pytest.raises(InvalidAnswerError, match=r"is a mapping \(keys: 'mask', 'count'\)"):
        evaluate(profile, [[(0, 0)]], [truth])


@pytest.mark.parametrize("points", [[10, 5], 3.0, [[1, 2, 3]]])
def test_points_are_rows(points: object) -> None:
    with pytest.raises(InvalidAnswerError, match=r"\(n, 2\)"):
        pixel_values(np.array(points, dtype=np.float64), np.ones((3, 3)))


@pytest.mark.parametrize("bad", [None, 5])
def test_no_answer_is_told_as_what_it_is(bad: object) -> None:
    with pytest.raises(InvalidAnswerError, match=f"The prediction is {bad}, neither a reply"):
        evaluate("where2place", [bad], [np.ones((2, 2))])


@pytest.mark.parametrize("bad", [None, 5, "abc"])
def test_samples_that_are_none_are_told(bad: object) -> None:
    good = [np.ones((2, 2))]
    with pytest.raises(ConfigError, match="The predictions are"):
        evaluate("where2place", bad, bad)  # type: ignore[arg-type]
    with pytest.raises(ConfigError, match="The truths are"):
        evaluate("where2place", good, bad)  # type: ignore[arg-type]


def test_pointbench_counts_a_missing_answer_as_a_failure() -> None:
    truths = {"a": np.ones((2, 2), dtype=bool), "b": np.ones((2, 2), dtype=bool)}
    assert evaluate("pointbench", {"a": [(0, 0)]}, truths)["accuracy"] == 0.5


@pytest.mark.parametrize("profile", ["where2place", "refspatial", "pointbench"])
@pytest.mark.parametrize(
    "bad", [np.zeros((2, 3)), [[np.nan, 1.0]], {"x": 1}, np.zeros((1, 1, 2))], ids=str
)
def test_bad_predictions_are_refused(profile: str, bad: object) -> None:
    mask = np.ones((4, 4), dtype=bool)
    with pytest.raises(InvalidAnswerError, match="Sample 0"):
        evaluate(profile, [bad], [mask])


@pytest.mark.parametrize(
    ("profile", "bad"),
    [
        ("where2place", np.ones((4, 4, 3))),
        ("where2place", np.ones((0, 4))),
        ("refspatial", np.array([["a"]])),
        ("pointbench", {"category": "spatial"}),
        ("pointbench", {"mask": np.ones((4, 4))}),
        ("pointbench", {"mask": np.ones((4, 4), dtype=bool), "count": "two"}),
    ],
    ids=str,
)
def test_bad_truths_cost_their_sample_only(profile: str, bad: object) -> None:
    good = np.ones((4, 4), dtype=bool)
    result = evaluate(profile, [[(0, 0)]] * 2, [bad, good], strict=False)
    assert len(result.errors) == 1
    assert "truth" in str(result.errors[0].error)
    assert result["accuracy"] == 1.0


@pytest.mark.parametrize("profile", ["where2place", "refspatial", "pointbench"])
def test_controls_score_as_expected(profile: str) -> None:
    """The truth scores 1; a mask on the left third is missed by the centre and hit by chance."""
    mask = np.zeros((30, 30), dtype=bool)
    mask[:, :10] = True
    rng = np.random.default_rng(0)
    scores = {
        name: evaluate(profile, [make(mask, rng) for _ in range(600)], [mask] * 600)["accuracy"]
        for name, make in PROFILES.get(profile).controls.items()
    }
    assert scores["oracle"] == 1.0
    assert scores["centre"] == 0.0
    assert scores["random"] == pytest.approx(1 / 3, abs=0.06)


def test_every_family_has_a_source() -> None:
    assert all(family.source and family.reads for family in FAMILIES.values())
