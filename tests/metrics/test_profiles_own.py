"""Our own protocols: never NaN, one region, and by-hand values; examples of the map metrics."""

from __future__ import annotations

import doctest
import importlib
import math
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from ivlm_bench.errors import AssetError, ConfigError, InvalidAnswerError
from ivlm_bench.metrics import PROFILES, calibration, evaluate

MODULES = ["heatmap", "point_values", "arrays", "trivial", "maps", "affordance", "calibration"]


@pytest.mark.parametrize("name", MODULES)
def test_examples_in_docstrings(name: str) -> None:
    module = importlib.import_module(f"ivlm_bench.metrics.{name}")
    result = doctest.testmod(module, optionflags=doctest.NORMALIZE_WHITESPACE)
    assert result.attempted > 0
    assert result.failed == 0


def number(result: Any, name: str) -> float:
    value = result[name]
    assert value is not None, (name, result.reasons)
    return float(value)


def test_every_number_by_hand() -> None:
    """Scores (3/4, 1/2, 1/4, 0), truth (1, 0, 1/2, 0): chosen are the first two, true 0 and 2.

    Pairs of positive and negative: 3/4 over both, 1/4 over 0: 3 of 4. AP: (1 + 2/3) / 2.
    P = (1/2, 1/3, 1/6, 0), T = (2/3, 0, 1/3, 0): SIM = 1/2 + 1/6; mean of the scores 3/8,
    variance (9 + 1 + 1 + 9) / 256.
    """
    result = evaluate("ivlm", [np.array([0.75, 0.5, 0.25, 0.0])], [np.array([1.0, 0.0, 0.5, 0.0])])
    want = {
        "kld": 2 / 3 * math.log(4 / 3) + 1 / 3 * math.log(2),
        "sim": 2 / 3,
        "nss": (3 / 8 - 1 / 8) / 2 / math.sqrt(20 / 256),
        "auc": 3 / 4,
        "ap": (1 + 2 / 3) / 2,
        "precision": 1 / 2,
        "recall": 1 / 2,
        "f1": 1 / 2,
        "iou": 1 / 3,
        "mae": (1 / 4 + 1 / 2 + 1 / 4) / 4,
        "mse": (1 / 16 + 1 / 4 + 1 / 16) / 4,
        # thresholds k / 19: all four at 0, three to 4, two to 9, one to 14, none to 19
        "aiou": (2 / 4 + 4 * 2 / 3 + 5 * 1 / 3 + 5 * 1 / 2) / 20,
    }
    for name, value in want.items():
        assert number(result, name) == pytest.approx(value, abs=1e-9), name
    assert result["fp_geo"] is None
    assert result.reasons["fp_geo"] == "dist was not given"


def test_both_geodesic_directions_by_hand() -> None:
    """Points 1 m apart on a line: chosen 0 and 3, true 0; from chosen 0 and 3 m, back 0 m."""
    line_m = np.abs(np.subtract.outer(np.arange(4.0), np.arange(4.0)))
    prediction, truth = np.array([1.0, 0.0, 0.0, 0.5]), np.array([0.5, 0.0, 0.0, 0.4])
    result = evaluate("ivlm", [prediction], [truth], dist=line_m)
    assert result["fp_geo"] == 1.5
    assert result["fn_geo"] == 0.0
    swapped = evaluate("ivlm", [truth], [prediction], dist=line_m)
    assert swapped["fp_geo"] == 0.0
    assert swapped["fn_geo"] == 1.5
    nothing = evaluate("ivlm", [np.zeros(4)], [truth], dist=line_m)
    assert nothing["fp_geo"] is None
    with pytest.raises(ConfigError, match=r"\(4, 4\).*3 points"):
        evaluate("ivlm", [np.ones(3)], [np.ones(3)], dist=line_m)


def test_empty_answers_and_empty_truths() -> None:
    found, nothing = np.array([1.0, 0.0]), np.zeros(2)
    silent = evaluate("ivlm", [nothing], [found])
    assert [silent[name] for name in ("precision", "recall", "f1", "iou")] == [0.0] * 4
    assert silent["nss"] == 0.0
    assert number(silent, "kld") == pytest.approx(math.log(1e12), abs=1e-6)
    wrong = evaluate("ivlm", [found], [nothing])
    assert (wrong["precision"], wrong["f1"], wrong["iou"]) == (0.0, 0.0, 0.0)
    missing = [wrong[name] for name in ("recall", "auc", "ap", "aiou", "kld", "sim", "nss")]
    assert missing == [None] * 7
    right = evaluate("ivlm", [nothing], [nothing])
    numbers = {name: value for name, value in right.items() if value is not None}
    assert numbers == {"mae": 0.0, "mse": 0.0}
    assert "official" not in " ".join(right.reasons.values())


def test_pictures_of_another_size_meet_on_the_truths_grid() -> None:
    truth = np.kron(np.array([[1.0, 0.0], [0.0, 1.0]]), np.ones((4, 4)))
    fine = np.kron(np.array([[1.0, 0.0], [0.0, 1.0]]), np.ones((16, 16)))
    result = evaluate("ivlm", [fine], [truth])
    assert (result["iou"], result["mae"], result["kld"]) == (1.0, 0.0, 0.0)
    with pytest.raises(InvalidAnswerError, match="only pictures"):
        evaluate("ivlm", [np.ones(5)], [np.ones(6)])


def test_eight_bits_are_shares() -> None:
    grey = np.array([[0, 51], [102, 255]], dtype=np.uint8)
    assert dict(evaluate("ivlm", [grey], [grey])) == dict(
        evaluate("ivlm", [grey / 255.0], [grey / 255.0])
    )


def test_lists_and_axes_of_length_one_do_not_count() -> None:
    p, t = np.array([[0.1, 0.9, 0.5], [0.3, 0.4, 0.7]]), np.array([[0.0, 1.0, 0.5], [0.5, 0.25, 0]])
    want = dict(evaluate("ivlm", [p], [t]))
    for other in (p.tolist(), p[None], p[:, :, None]):
        assert dict(evaluate("ivlm", [other], [t])) == want
    fine = np.repeat(np.repeat(p, 2, axis=0), 2, axis=1)
    assert dict(evaluate("ivlm", [fine[None]], [t])) == dict(evaluate("ivlm", [fine], [t]))
    row = dict(evaluate("ivlm", [p[0]], [t[0]]))
    assert dict(evaluate("ivlm", [p[:1]], [t[0][:, None]])) == row


@pytest.mark.parametrize(
    ("bad", "message"),
    [
        (np.array([-0.1, 0.5]), "negative values .lowest -0.1."),
        (np.array([0.1, 200.0]), "values above 1 .highest 200."),
        (np.array([0.1, np.nan]), "NaN or infinite"),
        (np.array([0.1, 1j]), "real ones were expected"),
        (np.zeros(0), "is empty"),
        ({"a": 0.1}, "is dict; a numpy array or a list"),
    ],
)
def test_what_is_no_map_is_refused(bad: Any, message: str) -> None:
    with pytest.raises(InvalidAnswerError, match=f"predicted map .*{message}"):
        evaluate("ivlm", [bad], [np.ones(2)])
    with pytest.raises(AssetError, match=f"true map .*{message}"):
        evaluate("ivlm", [np.ones(2)], [bad])


def test_rounding_past_the_bounds_is_forgiven() -> None:
    result = evaluate(
        "ivlm", [np.array([1.0000001, -1e-9], dtype=np.float32)], [np.array([1.0, 0.0])]
    )
    assert result["mae"] == 0.0
    assert number(result, "sim") == pytest.approx(1.0)


MAPS = hnp.arrays(
    np.float32,
    st.sampled_from([(6,), (2, 3)]),
    elements=st.sampled_from([0.0, 1e-30, 0.25, 0.5, 0.75, 1.0]),
)


@given(MAPS, st.data())
def test_never_nan_in_bounds_and_best_for_the_truth(truth: np.ndarray, data: Any) -> None:
    other = data.draw(hnp.arrays(np.float32, truth.shape, elements=st.floats(0, 1, width=32)))
    result, best = evaluate("ivlm", [other], [truth]), evaluate("ivlm", [truth], [truth])
    for quantity in PROFILES.get("ivlm").quantities:
        value = result[quantity.name]
        if value is None:
            assert result.reasons[quantity.name]
            continue
        assert math.isfinite(value)
        assert quantity.low is None or value >= quantity.low
        assert quantity.high is None or value <= quantity.high
        top = best[quantity.name]
        # a soft truth is not its own best NSS, nor AUC among its ties, nor aIoU: no law there
        if top is not None and quantity.name in {"sim", "mae", "mse", "precision", "recall", "iou"}:
            sign = 1 if quantity.higher_is_better else -1
            assert sign * top >= sign * value - 1e-6, quantity.name


def test_calibration_by_hand() -> None:
    """Stated .9, .9, .2 for right, wrong, wrong.

    Brier (.01 + .81 + .04) / 3. ECE: two bins, |.9 - .5| of two thirds and .2 of one. Risk after
    1, 2, 3 answers: 1/2 (a draw between the first two), 1/2, 2/3.
    """
    result = evaluate("ivlm:calibration", [0.9, 0.9, 0.2], [True, False, False])
    assert number(result, "brier") == pytest.approx(0.86 / 3, abs=1e-12)
    assert number(result, "ece") == pytest.approx(0.4 * 2 / 3 + 0.2 / 3, abs=1e-12)
    assert number(result, "risk_coverage_area") == pytest.approx((0.5 + 0.5 + 2 / 3) / 3, abs=1e-12)
    assert dict(result.samples[0].scores) == {"brier": pytest.approx(0.01)}


@pytest.mark.parametrize("bad", [1.5, -0.1, float("nan"), "0.5", None, np.ones(2), 1j])
def test_a_stated_probability_is_a_number(bad: Any) -> None:
    with pytest.raises(InvalidAnswerError, match=r"number in .0, 1. was expected"):
        evaluate("ivlm:calibration", [bad], [True])


@pytest.mark.parametrize("bad", ["yes", None, 2, np.ones(2)])
def test_an_outcome_is_true_or_false(bad: Any) -> None:
    with pytest.raises(AssetError, match="true or false"):
        evaluate("ivlm:calibration", [0.5], [bad])


@given(st.lists(st.tuples(st.integers(0, 4), st.booleans()), min_size=1, max_size=9))
def test_risk_coverage_is_the_mean_over_fair_orders(answers: list[tuple[int, bool]]) -> None:
    """Against draws of the order among equal probabilities."""
    probs, outcomes = [k / 4 for k, _ in answers], [right for _, right in answers]
    rng, areas = np.random.default_rng(0), []
    for _ in range(400):
        order = np.lexsort((rng.random(len(probs)), -np.array(probs)))
        failed = 1.0 - np.array(outcomes, dtype=float)[order]
        areas.append(float((np.cumsum(failed) / np.arange(1, len(failed) + 1)).mean()))
    area = calibration.risk_coverage_area(probs, outcomes)
    assert area == pytest.approx(
        np.mean(areas), abs=6 * float(np.std(areas)) / math.sqrt(400) + 1e-12
    )


def test_nothing_has_no_area() -> None:
    assert calibration.risk_coverage_area([], []) is None
    with pytest.raises(ValueError, match="One outcome"):
        calibration.risk_coverage_area([0.5], [])
