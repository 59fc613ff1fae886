"""Protocols of values on points: official numbers, a second implementation, edges by hand."""

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
from ivlm_bench.metrics import PROFILES, evaluate, point_values
from ivlm_bench.testing.vectors import Case, read_cases

VECTORS = Path(__file__).parents[1] / "vectors"
CASES = read_cases(VECTORS / "pointcloud_affordance.json")

KEY_OF = {
    "AUC_percent": "auc",
    "aIOU_percent": "aiou",
    "KLD_f32": "kld",
    "AUC": "auc",
    "aIOU": "aiou",
    "SIM": "sim",
    "MAE": "mae",
    "valid_samples": "valid_samples",
}
NAMES = ["piad:iagnet", "piadv2:great", "piad:interactvlm", "laso"]

#: Relative tolerance of inputs in single precision; AUC and aIoU of IAGNet are exact counts.
SINGLE = 3e-6


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.id)
def test_official_numbers(case: Case) -> None:
    names = ("piad:interactvlm",) if "interactvlm" in case.id else ("piad:iagnet", "piadv2:great")
    for name in names:
        result = evaluate(name, [case.inputs["pred"]], [case.inputs["target"]])
        for output, want in case.outputs.items():
            key = KEY_OF[output]
            tolerance = 1e-9 if output.endswith("_percent") else SINGLE
            assert result[key] == pytest.approx(want, rel=tolerance), (name, output)
            assert result.samples[0].scores[key] == result[key]


def plain_numbers(scores: np.ndarray, truth: np.ndarray) -> dict[str, float]:
    """AUC by comparing all pairs, AP and aIoU by going through the thresholds."""
    true = truth >= 0.5
    above = scores[true][:, None] > scores[~true]
    level = scores[true][:, None] == scores[~true]
    steps = sorted(set(scores.tolist()), reverse=True)
    gains, before = 0.0, 0
    for step in steps:
        hits = int((true & (scores >= step)).sum())
        gains += (hits - before) * hits / int((scores >= step).sum())
        before = hits
    levels = [np.float32(k / 19) for k in range(20)]
    ious = [((scores >= x) & true).sum() / ((scores >= x) | true).sum() for x in levels]
    return {
        "auc": float((above + 0.5 * level).mean()),
        "ap": gains / true.sum(),
        "aiou": float(np.mean(ious)),
    }


@pytest.mark.parametrize("step", [None, 7, 19])
@pytest.mark.parametrize("row", [0, 17, 43])
def test_ranks_and_thresholds_against_a_second_implementation(row: int, step: int | None) -> None:
    """Every fourth point of the official arrays, also with scores rounded to ties."""
    with np.load(VECTORS / "pointcloud_affordance.npz") as arrays:
        scores, truth = arrays["piad_pred"][row, ::4], arrays["piad_target"][row, ::4]
    if not 0 < (truth >= 0.5).sum() < truth.size:
        truth = scores[::-1].copy()
    if step is not None:
        scores = (np.round(scores * step) / np.float32(step)).astype(np.float32)
    want = plain_numbers(scores, truth)
    piad, net = evaluate("piad:iagnet", [scores], [truth]), evaluate("laso", [scores], [truth])
    each = evaluate("affordancenet", [scores[:, None]], [truth[:, None]])
    for name, other in (("auc", each["auc"]), ("aiou", each["aiou"])):
        assert piad[name] == pytest.approx(100.0 * want[name], rel=1e-12)
        assert net[name] == other == pytest.approx(want[name], rel=1e-12)
    assert each["map"] == pytest.approx(want["ap"], rel=1e-12)


@pytest.mark.parametrize("n", [1, 100, 4096])
@pytest.mark.parametrize("name", NAMES)
def test_mae_is_over_the_constant_2048_but_for_laso(name: str, n: int) -> None:
    """Errors of 1/2 at each point; the first is positive, so that no sample is skipped."""
    truth = np.where(np.arange(n) == 0, 0.75, 0.25).astype(np.float32)
    result = evaluate(name, [truth + np.float32(0.5)], [truth])
    assert result["mae"] == (0.5 if name == "laso" else 0.5 * n / 2048)


def one(*values: float) -> np.ndarray:
    return np.array(values, dtype=np.float32)


def test_iagnet_by_hand() -> None:
    """Scores (3/4, 1/2, 1/4), truth (1, 1/4, 1/2), so the outer two are positive.

    AUC: of the two pairs one is right. aIoU, thresholds k / 19: k = 0 ... 4 choose all (IoU 2/3),
    5 ... 9 the first two (1/3), 10 ... 14 the first (1/2), then none.
    P = (1/2, 1/3, 1/6), T = (4/7, 1/7, 2/7): SIM = 1/2 + 1/7 + 1/6. MAE = (1/4 + 1/4 + 1/4) / 2048.
    """
    result = evaluate("piad:iagnet", [one(0.75, 0.5, 0.25)], [one(1.0, 0.25, 0.5)])
    assert result["auc"] == 50.0
    assert result["aiou"] == pytest.approx(100 * (5 * 2 / 3 + 5 / 3 + 5 / 2) / 20, rel=1e-12)
    assert result["sim"] == pytest.approx(1 / 2 + 1 / 7 + 1 / 6, rel=SINGLE)
    assert result["mae"] == 0.75 / 2048
    want = sum(t * math.log(t / p) for p, t in ((1 / 2, 4 / 7), (1 / 3, 1 / 7), (1 / 6, 2 / 7)))
    assert result["kld"] == pytest.approx(want, rel=SINGLE)


@pytest.mark.parametrize("k", range(20))
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_scores_on_a_threshold_reach_it_in_single_precision(k: int, dtype: type) -> None:
    """A lone positive point of score k/19 is in the region at thresholds 0 ... k."""
    result = evaluate("laso", [np.array([k / 19], dtype=dtype)], [one(1.0)])
    assert result["aiou"] == pytest.approx((k + 1) / 20, rel=1e-12)


def test_truths_are_compared_in_single_precision() -> None:
    almost = np.array([0.5 - 1e-12, 0.0])
    assert evaluate("piad:iagnet", [almost], [almost])["auc"] == 100.0


def test_a_truth_without_positives() -> None:
    """IAGNet leaves it out of AUC and aIoU but not of SIM and MAE; InteractVLM out of all four."""
    predictions = [one(0.75, 0.25), one(0.5, 0.5)]
    truths = [one(1.0, 0.0), one(0.25, 0.0)]
    iagnet = evaluate("piad:iagnet", predictions, truths)
    assert iagnet["auc"] == 100.0
    assert iagnet.samples[1].scores["auc"] is None
    assert iagnet.samples[1].reasons == {"auc": "official NaN", "aiou": "official NaN"}
    assert iagnet["sim"] == pytest.approx((0.75 + 0.5) / 2, rel=SINGLE)
    assert iagnet["mae"] == pytest.approx((0.5 + 0.75) / 2048 / 2, rel=SINGLE)
    assert iagnet.n == {"auc": 1, "aiou": 1, "sim": 2, "mae": 2, "kld": 2}
    ours = evaluate("piad:interactvlm", predictions, truths)
    assert (ours["sim"], ours["mae"], ours["valid_samples"]) == (0.75, 0.5 / 2048, 1.0)
    assert ours["auc"] == 1.0
    assert ours.samples[1].scores["sim"] is None
    assert "skips the sample" in ours.samples[1].reasons["sim"]
    laso = evaluate("laso", predictions, truths)
    assert (laso["auc"], laso["aiou"]) == (None, None)
    assert laso.reasons == {"auc": "official NaN", "aiou": "official NaN"}
    assert laso["sim"] == iagnet["sim"]
    assert laso["mae"] == pytest.approx((0.25 + 0.375) / 2, rel=SINGLE)


@pytest.mark.parametrize("truth", [one(0.0, 0.25), one(1.0, 0.5)])
def test_interactvlm_of_nothing_valid_is_what_its_function_returns(truth: np.ndarray) -> None:
    prediction = one(0.25, 0.75)
    result = evaluate("piad:interactvlm", [prediction], [truth])
    iagnet = evaluate("piad:iagnet", [prediction], [truth])
    assert (result["auc"], result["aiou"], result["valid_samples"]) == (0.0, 0.0, 0.0)
    assert (result["sim"], result["mae"]) == (iagnet["sim"], iagnet["mae"])


def test_a_truth_that_is_positive_everywhere() -> None:
    """AUC needs both classes; aIoU doesn't: (1/2, 1) reaches 10 thresholds at 1, 10 at 1/2."""
    result = evaluate("piad:iagnet", [one(0.5, 1.0)], [one(1.0, 1.0)])
    assert result["auc"] is None
    assert result.reasons["auc"] == "official NaN"
    assert result["aiou"] == pytest.approx(100 * (10 * 1 + 10 * 0.5) / 20, rel=1e-12)


@pytest.mark.parametrize("name", NAMES)
def test_a_prediction_of_zeros(name: str) -> None:
    """All equal: AUC is that of chance. Threshold 0 alone chooses, and it chooses everything."""
    result = evaluate(name, [one(0.0, 0.0, 0.0, 0.0)], [one(1.0, 0.0, 0.0, 0.0)])
    scale = 100.0 if name.startswith(("piad:iagnet", "piadv2")) else 1.0
    assert result["auc"] == 0.5 * scale
    assert result["aiou"] == pytest.approx(scale * 0.25 / 20, rel=1e-12)
    assert (result["sim"], result["mae"]) == (0.0, 0.25 if name == "laso" else 1 / 2048)


@pytest.mark.parametrize("name", NAMES)
def test_the_true_mask_has_the_known_ceiling(name: str) -> None:
    truth = one(1.0, 0.0, 0.0, 0.0)
    result = evaluate(name, [truth], [truth])
    scale = 100.0 if name.startswith(("piad:iagnet", "piadv2")) else 1.0
    assert result["aiou"] == pytest.approx(scale * (19 + 0.25) / 20, rel=1e-12)
    assert (result["auc"], result["mae"]) == (scale, 0.0)
    assert result["sim"] == pytest.approx(1.0, rel=SINGLE)


def test_negative_scores_are_ranked_and_reach_no_threshold() -> None:
    result = evaluate("laso", [one(-0.25, -0.5)], [one(1.0, 0.0)])
    assert (result["auc"], result["aiou"]) == (1.0, 0.0)


def test_a_column_is_a_list_of_points() -> None:
    p, t = one(0.9, 0.2, 0.4), one(1.0, 0.0, 1.0)
    flat = evaluate("piad:iagnet", [p], [t])
    assert dict(evaluate("piad:iagnet", [p[:, None]], [t])) == dict(flat)


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize(
    "form", [lambda a: a.tolist(), lambda a: a[None], lambda a: a[:, None].tolist()]
)
def test_lists_and_batches_of_one_are_points_too(name: str, form: Any) -> None:
    p, t = one(0.75, 0.25, 0.5), one(1.0, 0.0, 1.0)
    want = dict(evaluate(name, [p], [t]))
    assert dict(evaluate(name, [form(p)], [t])) == want
    assert dict(evaluate(name, [p], [form(t)])) == want


def test_a_batch_of_one_shape_is_that_shape() -> None:
    p, t = np.array([[0.75, 0.25], [0.5, 1.0]]), np.eye(2)
    want = dict(evaluate("affordancenet", [p], [t]))
    assert dict(evaluate("affordancenet", [p[None]], [t.tolist()])) == want
    with pytest.raises(InvalidAnswerError, match="shape"):
        evaluate("affordancenet", [np.ones((1, 2, 1))], [np.ones((2, 1))])


def test_half_precision_is_widened() -> None:
    """The sum of 70,000 halves is infinite in half precision."""
    p, t = np.full(70_000, 1.0, dtype=np.float16), np.ones(70_000)
    assert evaluate("piad:iagnet", [p], [t])["sim"] == pytest.approx(1.0, rel=1e-5)


def test_affordancenet_by_hand() -> None:
    """Two shapes of 2 points; affordance A is in both, B in the first only.

    A: AP 1 in the first shape, 1/2 in the second; AUC 1 and 0. B: AP 1, AUC 1.
    F1 (> 1/2): A 1 and 0, B 0, whose score is not above. MSE: sums of means over points,
    A 0 and 1, B (1/4 + 0)/2 and 0, so (0 + 1)/2 + (1/8 + 0)/2.
    aIoU: A 1/2 at threshold 0, else 1, in the first, 1/2 and else 0 in the second (its score of
    1 is that of the wrong point); B 1/2 at 0, 1 at 1 ... 9 of 19, else 0.
    """
    truths = [np.array([[1.0, 1.0], [0.0, 0.0]]), np.array([[1.0, 0.0], [0.0, 0.0]])]
    predictions = [np.array([[1.0, 0.5], [0.0, 0.0]]), np.array([[0.0, 0.0], [1.0, 0.0]])]
    result = evaluate("affordancenet", predictions, truths)
    assert result["map"] == pytest.approx(((1 + 1 / 2) / 2 + 1) / 2, rel=1e-12)
    assert result["auc"] == pytest.approx(((1 + 0) / 2 + 1) / 2, rel=1e-12)
    assert result["f1"] == pytest.approx(((1 + 0) / 2 + 0) / 2, rel=1e-12)
    assert result["mse"] == pytest.approx(1 / 2 + 1 / 16, rel=1e-12)
    first_a, second_a, b = (19 + 0.5) / 20, 0.5 / 20, (9 + 0.5) / 20
    assert result["aiou"] == pytest.approx(((first_a + second_a) / 2 + b) / 2, rel=1e-12)
    assert set(result.samples[0].scores) == {"mse"}


def test_an_affordance_that_no_shape_has_leaves_no_mean() -> None:
    truth = np.array([[1.0, 0.0], [0.0, 0.0]])
    result = evaluate("affordancenet", [truth], [truth])
    assert [result[name] for name in ("map", "auc", "aiou", "f1")] == [None] * 4
    assert result.reasons["map"] == "official NaN"
    assert result["mse"] == 0.0


def test_shapes_of_one_set_have_the_same_affordances() -> None:
    shapes = [np.ones((3, 1)), np.ones((3, 2))]
    with pytest.raises(ConfigError, match=r"\[1, 2\] affordances"):
        evaluate("affordancenet", shapes, shapes)


@pytest.mark.parametrize("name", [*NAMES, "affordancenet"])
@pytest.mark.parametrize(
    ("bad", "message"),
    [
        ({"a": 0.1}, "The type of the .* is dict"),
        (np.array([0.1, np.nan]), "NaN or infinite"),
        (np.array([0.1j, 0.2]), "real ones were expected"),
        (np.zeros((2, 0)), "is empty"),
        (np.zeros((2, 2, 2)), "shape"),
        (np.float32(0.5), "is float32"),
        (np.array(0.5), "shape"),
    ],
)
def test_bad_predictions_and_truths_are_named(name: str, bad: Any, message: str) -> None:
    good = np.ones((2, 1))
    with pytest.raises(InvalidAnswerError, match=message):
        evaluate(name, [bad], [good])
    with pytest.raises(AssetError, match=message):
        evaluate(name, [good], [bad])


@pytest.mark.parametrize("name", [*NAMES, "affordancenet"])
def test_other_samples_are_scored_beside_a_bad_one(name: str) -> None:
    good, bad = np.array([[1.0], [0.0]]), np.ones((3, 1))
    result = evaluate(name, [good, bad], [good, good], strict=False)
    (error,) = result.errors
    assert "(3," in str(error.error)
    assert result["auc"] == evaluate(name, [good], [good])["auc"]


SCORES = hnp.arrays(np.float32, 12, elements=st.integers(0, 38).map(lambda k: k / 38))
TRUTHS = hnp.arrays(np.float32, 12, elements=st.sampled_from([0.0, 0.3, 0.5, 1.0]))


@given(SCORES, TRUTHS, st.permutations(range(12)))
def test_points_may_be_in_any_order_and_numbers_keep_their_bounds(
    p: np.ndarray, t: np.ndarray, order: list[int]
) -> None:
    for name in NAMES:
        profile = PROFILES.get(name)
        result, mixed = evaluate(name, [p], [t]), evaluate(name, [p[order]], [t[order]])
        for quantity in profile.quantities:
            value, other = result[quantity.name], mixed[quantity.name]
            if value is None or other is None:
                assert value is other is None
                continue
            assert value == pytest.approx(other, rel=1e-5, abs=1e-6)
            assert quantity.low is None or value >= quantity.low - 1e-6
            assert quantity.high is None or value <= quantity.high * (1 + 1e-6)


@given(SCORES, TRUTHS)
def test_ranks_do_not_change_under_a_rising_map(p: np.ndarray, t: np.ndarray) -> None:
    positive = t >= 0.5
    for metric in (point_values.auc, point_values.average_precision):
        bent = metric(np.exp(3.0 * p.astype(np.float64)), positive)
        assert bent == pytest.approx(metric(p, positive), rel=1e-12, nan_ok=True)


@given(SCORES, TRUTHS)
def test_auc_of_the_opposite_scores_is_the_complement(p: np.ndarray, t: np.ndarray) -> None:
    positive = t >= 0.5
    total = point_values.auc(p, positive) + point_values.auc(-p, positive)
    assert math.isnan(total) or total == pytest.approx(1.0, rel=1e-12)


@pytest.mark.parametrize("name", [*NAMES, "affordancenet"])
def test_controls_and_their_order(name: str) -> None:
    profile, rng = PROFILES.get(name), np.random.default_rng(0)
    truth = rng.random((300, 4)).astype(np.float32) ** 4
    truth = truth if name == "affordancenet" else truth[:, :1]
    rows = {c: evaluate(name, [make(truth, rng)], [truth]) for c, make in profile.controls.items()}
    assert set(rows) == {"oracle", "constant", "random"}
    for quantity in profile.quantities:
        values = [rows[control][quantity.name] for control in ("oracle", "random")]
        assert None not in values
        if quantity.name != "valid_samples":
            best, chance = (float(v) for v in values if v is not None)
            assert (best > chance) == quantity.higher_is_better, quantity.name
