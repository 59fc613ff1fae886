"""Warnings: each is given where it should be, and not where all is well."""

from __future__ import annotations

import numpy as np
import pytest

from ivlm_bench.metrics import profiles  # noqa: F401  # registers the protocols
from ivlm_bench.metrics.evaluate import SampleScores
from ivlm_bench.metrics.profile import PROFILES, Quantity
from ivlm_bench.scoring.scored import Line
from ivlm_bench.scoring.sighting import Sighting, is_constant, marks_nothing
from ivlm_bench.scoring.suspicions import suspicions


def rate(name: str, value: float | None, **controls: float) -> Line:
    quantity = Quantity(name=name, empty_truth="x")
    return Line(quantity=quantity, value=value, n=3, controls=controls)


def error(name: str, value: float | None, **controls: float) -> Line:
    quantity = Quantity(name=name, high=None, higher_is_better=False, empty_truth="x")
    return Line(quantity=quantity, value=value, n=3, controls=controls)


def warned(
    *lines: Line, samples: tuple[SampleScores, ...] = (), seen: Sighting | None = None
) -> str:
    profile = PROFILES.get("piad:iagnet")
    return "\n".join(suspicions(profile, lines, samples, sighting=seen or Sighting()))


@pytest.mark.parametrize("name", ["precision", "recall", "f1", "sim"])
def test_a_rate_over_one_is_impossible(name: str) -> None:
    assert f"{name} is 1.004, outside its bounds [0, 1]" in warned(rate(name, 1.0042))
    assert warned(rate(name, 1.0)) == ""
    assert warned(rate(name, 1.0 + 1e-7)) == "", "single precision passes a bound by so much"
    assert warned(rate(name, None)) == ""


def test_a_sample_outside_the_bounds_is_named() -> None:
    samples = (SampleScores("good", {"sim": 0.9}), SampleScores("bad/one", {"sim": 1.2}))
    assert "in 1 sample, bad/one the first" in warned(rate("sim", 0.95), samples=samples)


@pytest.mark.parametrize(
    ("mae", "is_odd"), [(0.98, True), (1.27, True), (0.098, False), (0.2, False)]
)
def test_ten_times_a_published_error_is_odd(mae: float, is_odd: bool) -> None:
    # Published values on PIAD: .081 (InteractVLM) to .211 (PMF, unseen).
    said = warned(error("mae", mae))
    assert ("a tenth of it" in said) == is_odd
    if is_odd:
        assert "x 10" in said


@pytest.mark.parametrize("name", ["ivlm", "laso", "affordancenet"])
def test_only_errors_that_tables_print_tenfold_are_asked_about(name: str) -> None:
    lines = [error("mae", 0.98, random=0.1), error("mse", 0.98, random=0.1)]
    said = "\n".join(suspicions(PROFILES.get(name), lines, (), sighting=Sighting()))
    assert "a tenth of it" not in said


@pytest.mark.parametrize(
    ("precision", "recall", "fp_geo", "fn_geo", "is_odd"),
    [
        (0.9, 0.4, 0.01, 0.20, False),  # too little is predicted: truth is far from it
        (0.9, 0.4, 0.20, 0.01, True),
        (0.4, 0.9, 0.20, 0.01, False),
        (0.4, 0.9, 0.01, 0.20, True),
        (0.6, 0.6, 0.01, 0.20, False),  # neither too much nor too little
        (0.9, 0.4, 0.02, 0.015, False),  # both directions alike
    ],
)
def test_exchanged_geodesic_errors_are_noticed(
    precision: float, recall: float, fp_geo: float, fn_geo: float, is_odd: bool
) -> None:
    said = warned(
        rate("precision", precision),
        rate("recall", recall),
        error("fp_geo", fp_geo),
        error("fn_geo", fn_geo),
    )
    assert ("look exchanged" in said) == is_odd


def test_an_answer_that_knows_nothing_beats_it() -> None:
    assert "auc 0.4 is no better than the random answer's 0.5" in warned(
        rate("auc", 0.4, random=0.5)
    )
    assert "kld 2 is no better than the centre answer's 1.5" in warned(
        error("kld", 2.0, centre=1.5)
    )
    assert warned(rate("auc", 0.6, random=0.5), error("kld", 1.0, centre=1.5)) == ""
    assert warned(rate("auc", 0.6, oracle=1.0)) == "", "the truth is no trivial answer"
    assert warned(rate("recall", 0.9, constant=1.0)) == "", "everything predicted has recall 1"
    assert warned(rate("n", 0.5, constant=0.5, oracle=0.5)) == "", "the truth has no more"


def test_empty_truths_are_counted() -> None:
    all_empty, some_empty, none_empty = Sighting(), Sighting(), Sighting()
    rng = np.random.default_rng(0)
    for k in range(3):
        all_empty.see(rng.random(4), np.zeros(4))
        some_empty.see(rng.random(4), np.full(4, float(k > 0)))
        none_empty.see(rng.random(4), np.ones(4))
    assert "All 3 truths mark nothing" in warned(seen=all_empty)
    assert "The only truth marks nothing" in warned(seen=Sighting(n=1, n_empty=1))
    assert "1 of 3 truths mark nothing" in warned(seen=some_empty)
    assert warned(seen=none_empty) == ""


@pytest.mark.parametrize(
    ("first", "second", "is_same"),
    [
        (np.arange(3.0), np.arange(3.0), True),
        (np.arange(3.0), np.arange(3.0)[::-1], False),
        (np.zeros((2, 3)), np.zeros((3, 2)), False),
        ("[(1, 2)]", "[(1, 2)]", True),
        ("[(1, 2)]", "[(1, 3)]", False),
        ({"a": np.arange(2)}, {"a": np.arange(2)}, True),
        ({"a": np.arange(2)}, {"b": np.arange(2)}, False),
        ([{"score": 1}], [{"score": 1}], True),
    ],
)
def test_equal_predictions_are_noticed(first: object, second: object, is_same: bool) -> None:
    seen = Sighting()
    for prediction in (first, second, first):
        seen.see(prediction, "truth")
    assert ("All 3 predictions are identical" in warned(seen=seen)) == is_same


def test_flat_predictions_are_counted() -> None:
    seen = Sighting()
    seen.see(np.full(4, 0.5), np.ones(4))
    seen.see(np.arange(4.0), np.ones(4))
    assert "Some predictions are one number all over (1 of 2)" in warned(seen=seen)
    assert not is_constant(np.ones(1)), "one number can be nothing else"
    assert not is_constant("text")


@pytest.mark.parametrize(
    ("truth", "expected"),
    [
        (np.zeros(3), True),
        (np.array([0, -1]), True),
        (np.array([0.0, 0.1]), False),
        ([], True),
        ([1], False),
        ("A", False),
        (None, False),
    ],
)
def test_a_truth_marks_nothing_or_something(truth: object, expected: bool) -> None:
    assert marks_nothing(truth) is expected
