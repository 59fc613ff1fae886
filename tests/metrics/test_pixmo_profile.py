"""Paired points by hand."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from ivlm_bench.errors import InvalidAnswerError
from ivlm_bench.metrics import PROFILES, evaluate


def things(*centres: tuple[int, int], size: int = 2) -> dict[str, Any]:
    """Squares of half width ``size`` around centres (x, y) in an image of 60 x 40."""
    masks = np.zeros((len(centres), 40, 60), dtype=bool)
    for mask, (x, y) in zip(masks, centres, strict=True):
        mask[y - size : y + size + 1, x - size : x + size + 1] = True
    return {"points": np.array(centres, dtype=np.float64).reshape(-1, 2), "masks": masks}


def test_each_point_is_paired_with_one_thing() -> None:
    """Two points on the first thing, none on the second: one hit of two points and two things."""
    truth = things((10, 10), (50, 30))
    (sample,) = evaluate("pixmo", [[(10, 10), (11, 11)]], [truth]).samples
    assert sample.scores == {"precision": 0.5, "recall": 0.5, "f1": 0.5}


def test_pairs_have_the_least_total_distance() -> None:
    """At 10 and 18 the things, at 14 and 5 the points: 14 goes with 18 (4 + 5 < 4 + 13)."""
    truth = things((10, 10), (18, 10), size=4)
    (sample,) = evaluate("pixmo", [[(14, 10), (5, 10)]], [truth]).samples
    assert sample.scores["recall"] == 0.5  # 14 lies in both masks, 5 in none


def test_set_numbers_by_hand() -> None:
    """F1 1 and 2 * 1 / (3 + 1); over all points 2 * 2 / (4 + 2)."""
    truths = [things((10, 10)), things((10, 10))]
    result = evaluate("pixmo", [[(10, 10)], [(10, 10), (30, 30), (40, 30)]], truths)
    assert result["f1"] == pytest.approx(0.75)
    assert result["precision"] == pytest.approx((1 + 1 / 3) / 2)
    assert result["micro_f1"] == pytest.approx(4 / 6)


def test_nothing_to_point_at() -> None:
    truth = things()
    result = evaluate("pixmo", ["There are none.", "(10.0, 10.0)"], [truth, truth])
    assert [sample.scores["f1"] for sample in result.samples] == [1.0, 0.0]
    assert evaluate("pixmo", [""], [truth])["micro_f1"] is None


def test_replies_are_percent() -> None:
    reply = '<points x1="50.0" y1="50.0" x2="0" y2="0">x</points>'
    assert evaluate("pixmo", [reply], [things((30, 20))])["precision"] == 0.5


def test_controls() -> None:
    truth, rng = things((10, 10), (30, 20)), np.random.default_rng(0)
    controls = PROFILES.get("pixmo").controls
    scores = {n: evaluate("pixmo", [c(truth, rng)], [truth])["f1"] for n, c in controls.items()}
    assert scores["oracle"] == 1.0
    assert scores["centre"] == pytest.approx(2 / 3)


@pytest.mark.parametrize("truth", [1, {"points": [(1, 2)], "masks": np.ones((2, 4, 4))}], ids=str)
def test_bad_truths_are_refused(truth: Any) -> None:
    with pytest.raises(InvalidAnswerError, match="truth"):
        evaluate("pixmo", ["x"], [truth])
