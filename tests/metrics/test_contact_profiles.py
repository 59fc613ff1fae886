"""Contact protocols against official outputs, rules by hand, and laws."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from ivlm_bench.errors import AssetError, ConfigError, InvalidAnswerError
from ivlm_bench.metrics import PROFILES, evaluate
from ivlm_bench.testing.vectors import Case, read_cases

VECTORS = Path(__file__).parents[1] / "vectors"
CASES = [case for case in read_cases(VECTORS / "contact.json") if "gt" in case.inputs]
FLOAT32 = 3e-6
NAMES = ("damon:deco", "damon:interactvlm", "3dir:lemon")

#: Vertices on a line, 1 m apart.
LINE = np.abs(np.subtract.outer(np.arange(4.0), np.arange(4.0)))


def scores(name: str, prediction: Any, truth: Any, **params: Any) -> Mapping[str, float | None]:
    return evaluate(name, [prediction], [truth], **params)


def near(wanted: float) -> Any:
    return pytest.approx(wanted, rel=FLOAT32, abs=1e-12)


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.id)
def test_deco_gives_the_official_numbers(case: Case) -> None:
    got = scores("damon:deco", case.inputs["pred"], case.inputs["gt"], dist=case.inputs["dist"])
    for name, wanted in case.outputs["DECO"].items():
        assert got[name] == near(wanted), name


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.id)
def test_interactvlm_gives_the_official_numbers(case: Case) -> None:
    got = scores(
        "damon:interactvlm", case.inputs["pred"], case.inputs["gt"], dist=case.inputs["dist"]
    )
    wanted = case.outputs["InteractVLM"]
    for name in ("f1", "precision", "recall", "obj_f1", "obj_precision", "obj_recall"):
        assert got[name] == near(wanted[name]), name
    for names, key in (
        (("fp_geo", "fn_geo"), "geo_called_pred_gt"),
        (("geo_as_called", "geo_as_called_second"), "geo_as_called_in_evaluate_py_gt_pred"),
        (("geo_as_called_hard", "geo_as_called_hard_second"), "geo_as_called_with_hard_pred"),
    ):
        for name, value in zip(names, wanted[key], strict=True):
            assert got[name] == near(value), name


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.id)
def test_lemon_is_decos_geodesic_error_with_the_guarded_rates(case: Case) -> None:
    got = scores("3dir:lemon", case.inputs["pred"], case.inputs["gt"], dist=case.inputs["dist"])
    deco = case.outputs["DECO"]
    assert got["precision"] == near(deco["precision_eps"])
    assert got["recall"] == near(deco["recall_eps"])
    assert got["fp_geo"] == near(deco["fp_geo"])
    assert got["fn_geo"] == near(deco["fn_geo"])


#: Prediction, truth; DECO's precision, recall, F1; guarded ones; fp_geo, fn_geo on LINE.
BY_HAND = {
    "both empty": ([0, 0, 0, 0], [0, 0, 0, 0], (1, 0, 0), (0, 0, 0), (0.0, 0.0)),
    # all four to vertex 0: 0 + 1 + 2 + 3 = 6 over 4; vertex 0 is chosen itself
    "nothing predicted": ([0.49, 0, 0, 0], [1, 0, 0, 0], (1, 0, 0), (0, 0, 0), (1.5, 0.0)),
    # nothing true: every vertex is true; those to vertex 3: 3 + 2 + 1 + 0 over 4
    "nothing true": ([0, 0, 0, 1], [0, 0, 0, 0], (0, 1, 0), (0, 0, 0), (0.0, 1.5)),
    "no hit": ([0, 0, 0, 1], [1, 0, 0, 0], (0, 0, 0), (0, 0, 0), (3.0, 3.0)),
    # 0.5 counts: two chosen, one of one true
    "exactly one half": (
        [0.5, 0.5, 0, 0],
        [1, 0, 0, 0],
        (0.5, 1, 2 / 3),
        (0.5, 1, 2 / 3),
        (0.5, 0),
    ),
    "all in contact": ([1, 1, 1, 1], [1, 1, 1, 1], (1, 1, 1), (1, 1, 1), (0.0, 0.0)),
    # everything predicted, one true: 1/4, 1, 2 * 1/4 / (5/4) = 0.4; 6/4
    "everything predicted": ([1, 1, 1, 1], [1, 0, 0, 0], (0.25, 1, 0.4), (0.25, 1, 0.4), (1.5, 0)),
}


@pytest.mark.parametrize("name", BY_HAND)
def test_edges_by_hand(name: str) -> None:
    prediction, truth, deco, guarded, geo = BY_HAND[name]
    pair = np.array(prediction, np.float32), np.array(truth, np.float32)
    for profile, wanted in (
        ("damon:deco", deco),
        ("3dir:lemon", guarded),
        ("damon:interactvlm", guarded),
    ):
        got = scores(profile, *pair, dist=LINE)
        rates = tuple(got[n] for n in ("precision", "recall", "f1"))
        assert rates == pytest.approx(wanted, abs=1e-9), profile
        assert (got["fp_geo"], got["fn_geo"]) == pytest.approx(geo, abs=1e-12), profile


def test_the_swapped_geodesic_error_falls_to_nothing_for_soft_predictions() -> None:
    """Truth at 0, prediction 0.9 at 3: as called nothing equals 1, so 0 is 'found' everywhere.

    Rounded first, 0 lies 3 m from 3 both ways. With the prediction at 1.0 the two are the same.
    """
    truth = np.array([1.0, 0, 0, 0])
    soft = scores("damon:interactvlm", np.array([0, 0, 0, 0.9]), truth, dist=LINE)
    assert (soft["geo_as_called"], soft["geo_as_called_second"]) == (0.0, 1.5)
    assert (soft["geo_as_called_hard"], soft["fn_geo"]) == (3.0, 3.0)
    hard = scores("damon:interactvlm", np.array([0, 0, 0, 1.0]), truth, dist=LINE)
    assert hard["geo_as_called"] == 3.0


#: Names that InteractVLM's list has not (the first two) and has.
NAMED = ("hot dog", "hair_drier", "hair drier")


def test_three_aggregations_of_interactvlm_stand_side_by_side() -> None:
    """Image a: objects at vertex 0 and 1, both predicted right; image b: 2 predicted, 3 true.

    F1 by pair: 1, 1, 0: 2/3. United by image: 1, 0: 1/2. Micro: 2 of 3 predicted, 2 of 3 true.
    """
    eye = np.eye(4)
    truths = [
        {"contact": eye[0], "image": "a", "object": "Hot_dog"},
        {"contact": eye[1], "image": "a", "object": "chair"},
        {"contact": eye[3], "image": "b", "object": "chair"},
    ]
    got = evaluate("damon:interactvlm", [eye[0], eye[1], eye[2]], truths, dist=LINE)
    assert got["f1"] == pytest.approx(2 / 3, abs=1e-9)
    assert got["binary_f1"] == pytest.approx(1 / 2)
    assert got["binary_precision"] == got["binary_recall"] == pytest.approx(2 / 3)
    assert got["food_items_f1"] == pytest.approx(1.0, abs=1e-9)
    assert got["furniture_f1"] == pytest.approx(0.5, abs=1e-9)
    assert got["transportation_f1"] is None
    spaced = [{**truth, "object": name} for truth, name in zip(truths, NAMED, strict=True)]
    got = evaluate("damon:interactvlm", [eye[0], eye[1], eye[2]], spaced, dist=LINE)
    assert got["food_items_f1"] is None
    assert got["everyday_objects_f1"] == pytest.approx(0.0), "the last of the three alone"
    # the larger of an image's objects: 0 and 0 in a, 1 in b
    assert got["binary_geo_as_called"] == pytest.approx(0.5)


def test_soft_predictions_make_precisions_that_are_no_rates() -> None:
    """Two true vertices of 0.5: hits 2 by non-zero, predictions 1 by their sum."""
    got = scores("damon:interactvlm", np.array([0.5, 0.5, 0, 0]), np.array([1.0, 1, 0, 0]))
    assert got["semantic_precision"] == pytest.approx(2.0)
    assert got["semantic_recall"] == pytest.approx(1.0)


@pytest.mark.parametrize("name", NAMES)
def test_without_the_matrix_there_is_no_geodesic_error(name: str) -> None:
    got = evaluate(name, [np.ones(4)], [np.ones(4)])
    assert got["fp_geo"] is None
    assert "dist" in got.reasons["fp_geo"]
    assert got["f1"] == pytest.approx(1.0, abs=1e-9)


def test_an_accuracy_by_hand() -> None:
    """Of four vertices one is rightly chosen and two are rightly left."""
    got = scores("damon:deco", np.array([1.0, 1, 0, 0]), np.array([1.0, 0, 0, 0]))
    assert got["acc"] == 0.75


def test_3dir_scores_the_object_where_it_is_given() -> None:
    """Scores (0.1, 0.9), truth (0, 1): AUC 1, SIM 0.9, MSE of a shift by 3 cm: 9e-4 / 3 m^2."""
    truth = {"contact": np.ones(3), "affordance": np.array([0.0, 1.0]), "centre_m": np.zeros(3)}
    prediction = {
        "contact": np.ones(3),
        "affordance": np.array([0.1, 0.9]),
        "centre_m": np.array([0.03, 0.0, 0.0]),
    }
    got = scores("3dir:lemon", prediction, truth)
    assert got["auc"] == 1.0
    assert got["sim"] == pytest.approx(0.9, abs=1e-9)
    assert got["mse"] == pytest.approx(3e-4)
    alone = scores("3dir:lemon", np.ones(3), truth)
    assert (alone["auc"], alone["mse"]) == (None, None)


@pytest.mark.parametrize(
    ("prediction", "truth", "error", "words"),
    [
        (np.ones(3), np.ones(4), InvalidAnswerError, r"shape \(3,\).*\(4\)"),
        (np.array([np.nan, 0]), np.ones(2), InvalidAnswerError, "NaN"),
        (np.array([3.0, -2.0]), np.ones(2), InvalidAnswerError, "sigmoid"),
        (np.ones(2), np.array([0.0, 2.0]), AssetError, "true contact"),
        ("abc", np.ones(2), InvalidAnswerError, "str"),
        (np.ones(0), np.ones(0), AssetError, "empty"),
    ],
    ids=["shape", "nan", "logits", "truth", "kind", "nothing"],
)
@pytest.mark.parametrize("name", NAMES)
def test_bad_arrays_are_told(
    name: str, prediction: Any, truth: Any, error: type[Exception], words: str
) -> None:
    with pytest.raises(error, match=words):
        scores(name, prediction, truth)


@pytest.mark.parametrize("name", NAMES)
def test_a_mapping_without_contact_is_told(name: str) -> None:
    good = np.array([1.0, 0.0])
    with pytest.raises(InvalidAnswerError, match=r"prediction has no 'contact'.* 'touch'"):
        scores(name, {"touch": good}, good)
    with pytest.raises(AssetError, match=r"truth has no 'contact'.* 'touch'"):
        scores(name, good, {"touch": good})


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("form", [lambda a: [a.tolist()], lambda a: a[None], lambda a: a[:, None]])
def test_lists_and_batches_of_one_are_contact_too(name: str, form: Any) -> None:
    p, t = np.array([1.0, 0.0, 1.0]), np.array([1.0, 1.0, 0.0])
    assert scores(name, form(p), form(t)) == scores(name, p, t)


@pytest.mark.parametrize("name", NAMES)
def test_a_matrix_of_another_body_is_told(name: str) -> None:
    with pytest.raises(ConfigError, match=r"dist has shape \(4, 4\)"):
        scores(name, np.ones(3), np.ones(3), dist=LINE)


BODIES = st.integers(2, 12).flatmap(
    lambda n: st.tuples(
        hnp.arrays(np.float32, n, elements=st.floats(0, 1, width=32)),
        hnp.arrays(np.float32, n, elements=st.sampled_from([0.0, 1.0])),
    )
)


@pytest.mark.parametrize("name", NAMES)
@given(pair=BODIES)
def test_numbers_keep_their_bounds_and_nothing_is_changed(
    name: str, pair: tuple[np.ndarray, np.ndarray]
) -> None:
    prediction, truth = pair
    line = np.abs(np.subtract.outer(np.arange(truth.size), np.arange(truth.size)))
    before = prediction.copy(), truth.copy()
    got = scores(name, prediction, truth, dist=line)
    for quantity in PROFILES.get(name).quantities:
        if quantity.name.startswith("semantic_"):
            continue  # no rates for soft predictions: see the test above
        value = got[quantity.name]
        assert value is None or np.isfinite(value)
        if value is not None:
            assert quantity.low is None or value >= quantity.low - 1e-9
            assert quantity.high is None or value <= quantity.high + 1e-9
    np.testing.assert_array_equal(before[0], prediction)
    np.testing.assert_array_equal(before[1], truth)


@given(pair=BODIES)
def test_the_oracle_is_best_and_order_of_vertices_does_not_matter(
    pair: tuple[np.ndarray, np.ndarray],
) -> None:
    prediction, truth = pair
    truth[0] = 1.0
    line = np.abs(np.subtract.outer(np.arange(truth.size), np.arange(truth.size)))
    best = scores("damon:deco", truth, truth, dist=line)
    assert (best["f1"], best["fp_geo"], best["fn_geo"]) == (1.0, 0.0, 0.0)
    got = scores("damon:deco", prediction, truth, dist=line)
    back = slice(None, None, -1)
    turned = scores("damon:deco", prediction[back], truth[back], dist=line[back, back])
    for name, value in got.items():
        assert turned[name] == pytest.approx(value, abs=1e-9), name


RECORD = {
    "gen_contact_vids": [1, 0, 0, 0],
    "sem_contact_vids": {"hot dog": [0], "chair": [1, 2], "supporting": [3]},
}


def test_the_challenge_by_hand() -> None:
    """Objects: hot_dog right (1, 1, 1); chair one of two found (1, 1/2, 2/3). Others are free."""
    submitted = {
        "gen_contact_vids": [1, 1, 0, 0],
        "sem_contact_vids": {"hot_dog": [0], "chair": [1], "bus": [0, 1, 2, 3]},
    }
    got = scores("damon:challenge", submitted, RECORD, dist=LINE)
    assert (got["precision"], got["recall"]) == (0.5, 1.0)
    assert got["fp_geo"] == 0.5
    assert got["semantic_precision"] == 1.0
    assert got["semantic_recall"] == pytest.approx(0.75)
    assert got["semantic_f1"] == pytest.approx(5 / 6)
    assert got["food_items_f1"] == 1.0
    assert got["furniture_recall"] == 0.5
    assert got["transportation_f1"] is None


def test_what_the_challenge_has_no_number_of_is_told() -> None:
    truth = {"cup": [0, 1], "chair": [2]}
    objects = evaluate("damon:challenge", [truth], [truth], n_vertices=4)
    assert objects["semantic_f1"] == 1.0
    assert objects.reasons["f1"] == "the truth has no contact of the body"
    body = evaluate("damon:challenge", [np.ones(4)], [np.ones(4)])
    assert body.reasons["semantic_f1"] == "the truth has no objects"
    reason = objects.reasons["food_items_f1"]
    assert reason == "the truth has no object of the category 'food_items'"


def test_an_object_left_out_is_an_empty_prediction() -> None:
    got = scores("damon:challenge", {"chair": [0]}, {"chair": [0], "cup": [1]}, dist=LINE)
    assert (got["semantic_precision"], got["semantic_recall"], got["semantic_f1"]) == (1, 0.5, 0.5)
    assert got["kitchen_appliances_precision"] == 1.0
    # no prediction of the cup: all four vertices to vertex 1: 1 + 0 + 1 + 2 over 4
    assert got["kitchen_appliances_fp_geo"] == 1.0
    assert got["f1"] is None


def test_every_pair_of_image_and_object_has_equal_weight() -> None:
    truths = [{"chair": [0], "cup": [1], "bus": [2]}, {"chair": [0]}]
    got = evaluate("damon:challenge", [truths[0], {}], truths, dist=LINE)
    assert got["semantic_f1"] == pytest.approx(3 / 4)
    assert got["furniture_f1"] == pytest.approx(1 / 2)


def test_vertices_that_are_none_are_told() -> None:
    with pytest.raises(InvalidAnswerError, match="0 to 6889"):
        scores("damon:challenge", {"chair": [6890]}, {"chair": [0]})
    with pytest.raises(InvalidAnswerError, match="integers"):
        scores("damon:challenge", {"chair": [0.5]}, {"chair": [0]})
    with pytest.raises(InvalidAnswerError, match="gen_contact_vids"):
        scores("damon:challenge", {"sem_contact_vids": {}}, RECORD, dist=LINE)


@pytest.mark.parametrize("name", [*NAMES, "damon:challenge"])
def test_controls_can_be_scored_and_the_oracle_is_perfect(name: str) -> None:
    profile, truth = PROFILES.get(name), np.array([1.0, 0, 1, 0])
    rng = np.random.default_rng(0)
    if name == "3dir:lemon":
        whole = {"contact": truth, "affordance": np.array([1.0, 0.0]), "centre_m": np.zeros(3)}
        got = scores(name, profile.controls["constant"](whole, rng), whole)
        assert got["recall"] == pytest.approx(1.0, abs=1e-9)
        assert (got["auc"], got["mse"]) == (0.5, None)
    found = {
        label: scores(name, control(truth, rng), truth, dist=LINE)["f1"]
        for label, control in profile.controls.items()
    }
    assert found["oracle"] == pytest.approx(1.0, abs=1e-9)
    assert found["empty"] == 0.0
    assert found["constant"] == pytest.approx(2 / 3, abs=1e-9)
    if name == "damon:challenge":
        record = profile.controls["constant"](RECORD, rng)
        assert scores(name, record, RECORD)["semantic_recall"] == 1.0
