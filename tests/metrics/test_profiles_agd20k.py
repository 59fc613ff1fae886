"""AGD20K's protocols: the official numbers of random maps, and edge cases by hand."""

from __future__ import annotations

import math
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from ivlm_bench.errors import AssetError, ConfigError, InvalidAnswerError
from ivlm_bench.metrics import PROFILES, evaluate, heatmap
from ivlm_bench.metrics.maps import resize_bilinear
from ivlm_bench.testing.vectors import Case, read_cases

CASES = read_cases(Path(__file__).parents[1] / "vectors" / "agd20k_heatmap.json")

PROFILE_OF = {
    "LOCATE": "agd20k:locate",
    "OOAL": "agd20k:ooal",
    "CVAG_cvpr": "agd20k:cvag",
    "CVAG_ext": "agd20k:cvag_ext",
    "LOCATE_pipeline": "agd20k:locate",
    "CVAG_cvpr_pipeline": "agd20k:cvag",
    "CVAG_ext_pipeline_at_gt_resolution": "agd20k:cvag_ext",
}
NAMES = sorted(set(PROFILE_OF.values()))

#: Relative tolerance of double precision, and of predictions in single precision.
DOUBLE, SINGLE = 1e-9, 3e-5


def official(case: Case, output: str) -> Any:
    if "pipeline" not in output:
        return evaluate(PROFILE_OF[output], [case.inputs["pred"]], [case.inputs["gt"]])
    size = "gt" if output.endswith("gt_resolution") else case.params["crop_size"]
    low, truth = case.inputs["pred_lowres"], case.inputs["gt_uint8"]
    return evaluate(PROFILE_OF[output], [low], [truth], crop_size=size)


@pytest.mark.parametrize(
    ("case", "output"),
    [pytest.param(c, o, id=f"{c.id}-{o}") for c in CASES for o in c.outputs],
)
def test_official_numbers(case: Case, output: str) -> None:
    predicted = case.inputs["pred" if "pred" in case.inputs else "pred_lowres"]
    tolerance = SINGLE if predicted.dtype == np.float32 else DOUBLE
    result = official(case, output)
    for name, want in case.outputs[output].items():
        assert result[name] == pytest.approx(want, rel=tolerance), name
        assert result.samples[0].scores[name] == result[name]


@pytest.mark.parametrize(
    "case", [pytest.param(c, id=c.id) for c in CASES if "pred_resized" in c.inputs]
)
def test_resizing_is_opencvs(case: Case) -> None:
    side_px = case.params["crop_size"]
    truth = resize_bilinear(case.inputs["gt_uint8"], side_px, side_px, divisor=255.0)
    assert truth == pytest.approx(case.inputs["gt_resized"], abs=1e-12)
    low = resize_bilinear(case.inputs["pred_lowres"], side_px, side_px)
    assert low.dtype == np.float32
    stretched = heatmap.stretched(low, 1e-10)
    assert stretched == pytest.approx(case.inputs["pred_resized"], abs=3e-7)


def test_resizing_by_hand() -> None:
    """Four cells to two: centres 0.5 and 2.5, so means of two; to one: centre 1.5."""
    row = np.array([[0.0, 2.0, 10.0, 40.0]])
    assert resize_bilinear(row, 1, 2).tolist() == [[1.0, 25.0]]
    assert resize_bilinear(row, 1, 1).tolist() == [[6.0]]
    assert resize_bilinear(row.T, 2, 1).tolist() == [[1.0], [25.0]]


def test_shrinking_by_three_takes_the_middle_cell_and_no_average() -> None:
    image = np.arange(36.0).reshape(6, 6)
    assert resize_bilinear(image, 2, 2).tolist() == [[7.0, 10.0], [25.0, 28.0]]


def test_resizing_against_opencv() -> None:
    """What OpenCV 4.10 and 5.0 make of it, in double precision."""
    image = np.array([[0.0, 0.25, 1.0], [0.5, 0.125, 0.75]])
    want = [
        [0.0, 0.15625, 0.53125, 1.0],
        [0.25, 0.2109375, 0.4453125, 0.875],
        [0.5, 0.265625, 0.359375, 0.75],
    ]
    assert resize_bilinear(image, 3, 4) == pytest.approx(np.array(want), abs=1e-12)


ZERO, FLAT, TRUTH = np.zeros((1, 2)), np.ones((1, 2)), np.array([[1.0, 3.0]])

#: KLD of P = 0 from G = (1/4, 3/4), whose quotient is G / 1e-12.
KLD_OF_NOTHING = 0.25 * math.log(0.25e12) + 0.75 * math.log(0.75e12)


@pytest.mark.parametrize("name", NAMES)
def test_a_prediction_of_zeros(name: str) -> None:
    result = evaluate(name, [ZERO], [TRUTH])
    assert result["kld"] == pytest.approx(KLD_OF_NOTHING, abs=1e-9)
    assert result["sim"] == 0.0
    assert result["nss"] == (0.0 if name == "agd20k:ooal" else None)
    assert result.reasons == ({} if name == "agd20k:ooal" else {"nss": "official NaN"})


@pytest.mark.parametrize("name", NAMES)
def test_a_truth_of_zeros_gives_zero(name: str) -> None:
    assert dict(evaluate(name, [TRUTH], [ZERO])) == {"kld": 0.0, "sim": 0.0, "nss": 0.0}


@pytest.mark.parametrize("name", NAMES)
def test_a_flat_truth_has_nothing_fixated(name: str) -> None:
    result = evaluate(name, [TRUTH], [FLAT])
    want = 0.5 * math.log(0.5 / 0.25) + 0.5 * math.log(0.5 / 0.75)
    assert result["kld"] == pytest.approx(want, abs=1e-9)
    assert result["sim"] == pytest.approx(0.75, abs=1e-9)
    assert result["nss"] == 0.0


@pytest.mark.parametrize("name", NAMES)
def test_negative_predictions_have_no_kld(name: str) -> None:
    """P = (-1/2, 3/2): the logarithm of a negative number; min(P, G) adds up to 1/4."""
    result = evaluate(name, [np.array([[-1.0, 3.0]])], [TRUTH])
    assert result["kld"] is None
    assert result.reasons["kld"] == "official NaN"
    assert result["sim"] == pytest.approx(0.25, abs=1e-9)
    assert result["nss"] == pytest.approx(1.0, abs=1e-8)


@pytest.mark.parametrize("name", NAMES)
def test_the_truth_itself(name: str) -> None:
    result = evaluate(name, [TRUTH], [TRUTH])
    assert result["kld"] == pytest.approx(0.0, abs=1e-8)
    assert result["sim"] == pytest.approx(1.0, abs=1e-9)


@pytest.mark.parametrize(
    ("name", "denominator"),
    [
        ("agd20k:locate", 1.0 + 2e-12),
        ("agd20k:cvag", 1.0 + 2e-12),
        ("agd20k:cvag_ext", 1.0 + 1e-12),
        ("agd20k:ooal", (1.0 + 2e-12) * (1.0 + 1e-12 * 510.0)),
    ],
)
def test_guards_of_nss_by_hand(name: str, denominator: float) -> None:
    """One of two pixels is fixated, one deviation (1/510 after the division) above the mean."""
    pair = np.array([[0.0, 1.0]])
    got = evaluate(name, [pair], [pair])["nss"]
    assert got is not None
    assert got == pytest.approx(1.0 / denominator, abs=3e-16)
    assert (got - 1.0) / (1.0 / denominator - 1.0) == pytest.approx(1.0, abs=1e-3)


@pytest.mark.parametrize(
    ("name", "kld", "sim", "nss"),
    [
        ("agd20k:locate", KLD_OF_NOTHING, 0.0, None),
        ("agd20k:ooal", KLD_OF_NOTHING, 0.0, 0.0),
        ("agd20k:cvag", None, None, None),
        ("agd20k:cvag_ext", KLD_OF_NOTHING, 0.0, None),
    ],
)
def test_a_flat_prediction_in_the_script(
    name: str, kld: float | None, sim: float | None, nss: float | None
) -> None:
    """It is stretched to zeros, or to NaN where the stretching is unguarded."""
    flat, truth = np.full((2, 2), 0.3), np.array([[51, 153], [51, 153]], dtype=np.uint8)
    result = evaluate(name, [flat], [truth], crop_size="gt")
    # four pixels (1, 3, 1, 3) / 8: each G is half of that of the pair above
    want = None if kld is None else pytest.approx(kld - math.log(2.0), abs=1e-9)
    assert result["kld"] == want
    assert (result["sim"], result["nss"]) == (sim, nss)


def test_one_image_without_nss_leaves_the_set_without() -> None:
    result = evaluate("agd20k:locate", [FLAT, TRUTH], [TRUTH, TRUTH])
    assert result["nss"] is None
    assert result.reasons["nss"] == "official NaN"
    assert result["sim"] == pytest.approx((0.75 + 1.0) / 2, abs=1e-9)
    assert result.n == {"kld": 2, "sim": 2, "nss": 1}


def test_eight_bit_truths_are_shares_and_floats_are_taken_as_they_are() -> None:
    grey = np.array([[0, 51], [102, 255]], dtype=np.uint8)
    low = np.array([[0.1, 0.9], [0.3, 0.4]])
    whole = evaluate("agd20k:locate", [low], [grey], crop_size=5)
    assert dict(whole) == dict(evaluate("agd20k:locate", [low], [grey / 255.0], crop_size=5))


BAD = {
    "list": ([[1.0], [2.0, 3.0]], "rows differ in length"),
    "none": (None, "is NoneType"),
    "complex": (np.ones((2, 2), dtype=complex), "complex128"),
    "text": (np.array([["a"]]), "real ones were expected"),
    "nan": (np.array([[np.nan, 1.0]]), r"NaN or infinite values \(1 of 2\)"),
    "infinite": (np.array([[np.inf, 1.0]]), "NaN or infinite"),
    "empty": (np.zeros((0, 4)), "is empty"),
    "flat list": (np.ones(4), r"\(height, width\) was expected"),
    "colour": (np.ones((2, 2, 3)), r"\(height, width\) was expected"),
}


@pytest.mark.parametrize("bad", BAD)
@pytest.mark.parametrize("crop_size", [None, 8])
def test_bad_predictions_and_truths_are_named(bad: str, crop_size: int | None) -> None:
    array, message = BAD[bad]
    with pytest.raises(InvalidAnswerError, match=message):
        evaluate("agd20k:locate", [array], [TRUTH], crop_size=crop_size)
    with pytest.raises(AssetError, match=message):
        evaluate("agd20k:locate", [TRUTH], [array], crop_size=crop_size)


def test_two_shapes_need_a_size_to_meet_at() -> None:
    with pytest.raises(InvalidAnswerError, match=r"\(1, 2\).*\(2, 2\).*crop_size"):
        evaluate("agd20k:locate", [TRUTH], [np.ones((2, 2))])


@pytest.mark.parametrize("crop_size", [None, 8, np.int64(8)])
@pytest.mark.parametrize(
    "form", [lambda a: a.tolist(), lambda a: a[None], lambda a: a[:, :, None].tolist()]
)
def test_lists_batches_of_one_and_one_channel_are_maps(form: Any, crop_size: int | None) -> None:
    p, t = np.array([[0.1, 0.9], [0.3, 0.4]]), np.array([[0.0, 1.0], [0.5, 0.25]])
    want = dict(evaluate("agd20k:locate", [p], [t], crop_size=crop_size and int(crop_size)))
    got = evaluate("agd20k:locate", [form(p)], [form(t)], crop_size=crop_size)
    assert dict(got) == want


@pytest.mark.parametrize("crop_size", [0, -1, 2.5, True, "224x224", (224, 224)])
def test_a_size_is_a_number_of_pixels(crop_size: object) -> None:
    with pytest.raises(ConfigError, match="side in px"):
        evaluate("agd20k:locate", [TRUTH], [TRUTH], crop_size=crop_size)


MAPS = hnp.arrays(np.float64, (4, 3), elements=st.floats(0.0, 1.0, width=32))


@given(MAPS, MAPS, st.randoms(use_true_random=False))
def test_pixels_may_be_in_any_order(p: np.ndarray, t: np.ndarray, random: Any) -> None:
    order = list(range(p.size))
    random.shuffle(order)
    for metric in (heatmap.kld, heatmap.sim):
        mixed = metric(p.ravel()[order], t.ravel()[order])
        assert mixed == pytest.approx(metric(p, t), rel=1e-9, abs=1e-9)


@given(MAPS, MAPS)
def test_bounds_and_symmetry(p: np.ndarray, t: np.ndarray) -> None:
    result = evaluate("agd20k:ooal", [p], [t])
    for quantity in PROFILES.get("agd20k:ooal").quantities:
        value = result[quantity.name]
        assert value is not None
        assert quantity.low is None or value >= quantity.low - 1e-9
        assert quantity.high is None or value <= quantity.high + 1e-9
    assert heatmap.sim(p, t) == heatmap.sim(t, p)
    # a truth of sum above 1e-3, for the guards, has no better prediction than itself
    if t.sum() > 1e-3:
        assert heatmap.kld(t, t) <= heatmap.kld(p, t) + 1e-6
        assert heatmap.sim(t, t) >= heatmap.sim(p, t) - 1e-9


@pytest.mark.parametrize("name", NAMES)
def test_controls_and_their_order(name: str) -> None:
    profile, rng = PROFILES.get(name), np.random.default_rng(0)
    truth = np.zeros((60, 80), dtype=np.uint8)
    truth[10:20, 5:25] = 200
    rows = {}
    for control, make in profile.controls.items():
        made = make(truth, rng)
        crop_size = profile.official["crop_size"]
        rows[control] = evaluate(name, [made], [truth], crop_size=crop_size)
    assert set(rows) == {"oracle", "constant", "centre", "random"}
    assert rows["oracle"]["sim"] == pytest.approx(1.0, abs=1e-6)
    for other in ("centre", "random"):
        for quantity in profile.quantities:
            best, value = rows["oracle"][quantity.name], rows[other][quantity.name]
            assert best is not None
            assert value is not None
            assert (best > value) == quantity.higher_is_better
