"""Formulas against hand calculation, official numbers and scipy."""

from __future__ import annotations

import doctest
import importlib
import math

import numpy as np
import pytest
from scipy.stats import mannwhitneyu

from ivlm_bench.metrics import Absent, affordance, calibration, contact, maps, pointing

RNG = np.random.default_rng(0)


def number(value: float | Absent) -> float:
    assert not isinstance(value, Absent), value
    return value


@pytest.mark.parametrize("name", ["affordance", "calibration", "contact", "maps", "pointing"])
def test_examples_in_docstrings(name: str) -> None:
    module = importlib.import_module(f"ivlm_bench.metrics.{name}")
    flags = doctest.NORMALIZE_WHITESPACE
    result = doctest.testmod(module, optionflags=flags)
    assert result.attempted > 0
    assert result.failed == 0


def test_kld_by_hand() -> None:
    """P = (1/2, 1/2), G = (1/4, 3/4): 1/4 ln(1/2) + 3/4 ln(3/2)."""
    want = 0.25 * math.log(0.5) + 0.75 * math.log(1.5)
    got = affordance.kld(np.array([2.0, 2.0]), np.array([0.25, 0.75]))
    assert number(got) == pytest.approx(want, abs=1e-9)


def test_kld_of_an_empty_prediction_by_hand() -> None:
    """P = 0: the sum of G ln(G / 1e-12 + 1e-12), for two equal pixels ln(0.5e12) = 26.94."""
    got = affordance.kld(np.zeros(2), np.ones(2))
    assert number(got) == pytest.approx(math.log(0.5e12), abs=1e-6)


def test_nss_by_hand() -> None:
    """Prediction (0, 1, 2, 3): mean 1.5, deviation sqrt(1.25); fixated are the last two."""
    truth = np.array([0.0, 0.1, 0.5, 1.0])
    got = affordance.nss(np.arange(4.0), truth)
    assert number(got) == pytest.approx((0.5 + 1.5) / 2 / math.sqrt(1.25), abs=1e-9)


def test_aiou_by_hand() -> None:
    """Scores (0.5, 0.1), truth (1, 0), 20 thresholds k/19.

    k = 0, 1 (0, .053): both chosen, 1/2; k = 2 ... 9 (.105 ... .474): 1; else 0: 9/20.
    """
    got = affordance.aiou(np.array([0.5, 0.1]), np.array([1.0, 0.0]))
    assert number(got) == pytest.approx(9 / 20, abs=1e-12)


def test_aiou_of_the_mask_itself_has_the_known_ceiling() -> None:
    truth = np.array([1.0, 0.0, 0.0, 0.0])
    assert number(affordance.aiou(truth, truth)) == pytest.approx((19 + 0.25) / 20, abs=1e-12)


@pytest.mark.parametrize("seed", range(4))
def test_auc_against_mann_whitney(seed: int) -> None:
    rng = np.random.default_rng(seed)
    prediction = rng.integers(0, 12, 200) / 12
    truth = rng.random(200)
    positive = truth >= 0.5
    u = mannwhitneyu(prediction[positive], prediction[~positive]).statistic
    want = u / (positive.sum() * (~positive).sum())
    assert number(affordance.auc(prediction, truth)) == pytest.approx(want, abs=1e-12)


#: A 3 x 4 pair and the outputs of independent code for the same definitions (below).
PREDICTION = np.round(RNG.random((3, 4)), 3)
TRUTH = np.round(RNG.random((3, 4)), 3)


def test_maps_against_plain_loops() -> None:
    """The same definitions, pixel by pixel without NumPy."""
    p, g = PREDICTION.ravel().tolist(), TRUTH.ravel().tolist()
    p1, g1 = [x / sum(p) for x in p], [x / sum(g) for x in g]
    kld = sum(b * math.log(b / a) for a, b in zip(p1, g1, strict=True))
    sim = sum(min(a, b) for a, b in zip(p1, g1, strict=True))
    mean = sum(p) / 12
    deviation = math.sqrt(sum((x - mean) ** 2 for x in p) / 12)
    fixed = [i for i, x in enumerate(g) if (x - min(g)) / (max(g) - min(g)) > 0.1]
    nss = sum((p[i] - mean) / deviation for i in fixed) / len(fixed)
    assert number(affordance.kld(PREDICTION, TRUTH)) == pytest.approx(kld, abs=1e-9)
    assert number(affordance.sim(PREDICTION, TRUTH)) == pytest.approx(sim, abs=1e-9)
    assert number(affordance.nss(PREDICTION, TRUTH)) == pytest.approx(nss, abs=1e-9)


@pytest.mark.parametrize("metric", ["kld", "sim", "nss", "auc", "aiou"])
def test_an_empty_truth_has_a_reason_and_no_score(metric: str) -> None:
    got = getattr(affordance, metric)(PREDICTION, np.zeros((3, 4)))
    assert isinstance(got, Absent)
    assert got.reason


def test_flat_maps_have_no_nss() -> None:
    assert isinstance(affordance.nss(np.ones(4), np.array([0.0, 0, 0, 1])), Absent)
    assert isinstance(affordance.nss(np.arange(4.0), np.ones(4)), Absent)
    assert isinstance(affordance.auc(np.arange(4.0), np.ones(4)), Absent)


@pytest.mark.parametrize("scale", [1e-3, 3.0])
@pytest.mark.parametrize("metric", ["kld", "sim", "nss", "auc"])
def test_scale_of_the_prediction_does_not_count(metric: str, scale: float) -> None:
    function = getattr(affordance, metric)
    want = function(PREDICTION, TRUTH)
    assert function(scale * PREDICTION, TRUTH) == pytest.approx(want, abs=1e-8)


def test_shrinking_by_hand() -> None:
    """Three cells to two: (a + b/2) / 1.5 and (b/2 + c) / 1.5; means stay."""
    image = np.array([[3.0, 6.0, 9.0]])
    assert maps.resize(image, 1, 2) == pytest.approx(np.array([[4.0, 8.0]]))
    big = RNG.random((7, 9))
    assert maps.resize(big, 3, 4).mean() == pytest.approx(big.mean(), abs=1e-12)
    blocks = big[:6, :8].reshape(3, 2, 4, 2).mean(axis=(1, 3))
    assert maps.resize(big[:6, :8], 3, 4) == pytest.approx(blocks, abs=1e-12)
    with pytest.raises(ValueError, match="can't become"):
        maps.resize(image, 0, 3)


def test_growing_by_hand() -> None:
    """Two cells to five: centres at -0.3, 0.1, 0.5, 0.9, 1.3 of the source, held at the border."""
    got = maps.resize(np.array([[10.0, 20.0]]), 1, 5)
    assert got == pytest.approx(np.array([[10.0, 11.0, 15.0, 19.0, 20.0]]))
    plane = np.add.outer(np.arange(4.0), 2 * np.arange(3.0))
    inner = maps.resize(plane, 8, 9)[1:-1, 1:-1]
    rows, columns = (np.arange(8) + 0.5) / 2 - 0.5, (np.arange(9) + 0.5) / 3 - 0.5
    want = np.add.outer(rows, 2 * columns)[1:-1, 1:-1]
    assert inner == pytest.approx(want, abs=1e-12)


def test_a_small_region_is_not_averaged_away() -> None:
    """One true pixel of 64 under a 2 x 2 map that points at its quarter."""
    truth = np.zeros((1, 8, 8))
    truth[0, 7, 7] = 1.0
    coarse = np.array([[[0.0, 0.0], [0.0, 1.0]]])
    assert number(affordance.over_views(affordance.auc, coarse, truth)) > 0.9


def test_views_without_the_region_are_left_out() -> None:
    truth = np.zeros((2, 1, 2))
    truth[1] = [[1.0, 3.0]]
    predicted = np.ones((2, 1, 2))
    assert affordance.over_views(affordance.sim, predicted, truth) == pytest.approx(0.75)
    for wrong in (None, predicted[:1]):
        assert isinstance(affordance.over_views(affordance.sim, wrong, truth), Absent)
    nothing = affordance.over_views(affordance.sim, predicted, np.zeros((2, 1, 2)))
    assert isinstance(nothing, Absent)


@pytest.mark.parametrize(
    ("x", "y", "hit"),
    [
        (10, 5, True),
        (19.49, 9.49, True),
        (9.5, 4.5, True),
        (19.5, 5, False),
        (9.49, 5, False),
        (-1, 6, False),
        (15, -4, False),
        (15, 20, False),
        (30, 6, False),
    ],
)
def test_point_in_mask(x: float, y: float, hit: bool) -> None:
    """The mask of Point-Bench's is_point_in_mask cases: 20 x 30, rows 5..9, columns 10..19."""
    mask = np.zeros((20, 30), bool)
    mask[5:10, 10:20] = True
    assert pointing.point_in_mask(x, y, mask) is hit


def test_peak_of_a_coarse_map() -> None:
    """A 2 x 2 map over a 4 x 4 mask: its cells' centres are 0.5 and 2.5."""
    masks = np.zeros((1, 4, 4), bool)
    masks[0, 3, 3] = True
    peak = np.array([[[0.0, 0.0], [0.0, 1.0]]])
    assert pointing.peak_in_mask(peak, masks) == 1.0
    two = np.array([[[1.0, 0.0], [0.0, 1.0]]])
    assert pointing.peak_in_mask(two, masks) == 0.5
    for flat in (np.zeros((1, 2, 2)), np.ones((1, 2, 2)), np.ones((2, 2, 2))):
        assert isinstance(pointing.peak_in_mask(flat, masks), Absent)


def test_nearest_distance_by_hand() -> None:
    points = np.array([[3.0, 4.0, 0.0], [0.0, 0.0, 1.0]])
    reference = np.array([[0.0, 0.0, 0.0], [0.0, 0.0, 9.0]])
    distance = contact.mean_nearest_distance_m
    assert distance(points, reference) == 3.0
    assert distance(points, reference, np.array([1.0, 3.0])) == 2.0
    assert distance(points, reference, np.zeros(2)) == 3.0


def test_calibration_by_hand() -> None:
    """Bins (0, .5] and (.5, 1]: gaps |.4 - 1/2| * 2 and |.9 - 1| * 1, over 3."""
    assert calibration.brier_score(0.2, True) == pytest.approx(0.64)
    got = calibration.expected_calibration_error([0.3, 0.5, 0.9], [True, False, True], n_bins=2)
    assert got == pytest.approx((0.2 + 0.1) / 3)
    assert calibration.expected_calibration_error([0.0, 1.0], [False, True]) == 0.0
    assert calibration.expected_calibration_error([], []) is None
    with pytest.raises(ValueError, match="outcome"):
        calibration.expected_calibration_error([0.5], [])
