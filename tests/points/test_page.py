"""The page on clouds of points: its switches are those of the class, its card is the weights."""

from __future__ import annotations

import inspect
import re
from pathlib import Path

import pytest

from ivlm_policies.ivlm.switches import CHOICES
from ivlm_policies.ivlm_points.reasoner import PointsReasoner
from ivlm_policies.ivlm_points.weights import CARD_FILE, load_weights, shipped

PAGE = (Path(__file__).parents[2] / "docs" / "point-clouds.md").read_text(encoding="utf-8")


def test_the_switches_are_told_with_their_settings() -> None:
    rows = dict(re.findall(r"^\| `(\w+)` \| ([^|]+) \|", PAGE, re.MULTILINE))
    assert set(rows) == set(inspect.signature(PointsReasoner).parameters)
    for name, settings in rows.items():
        assert name == "weights" or settings == ", ".join(CHOICES[name])


@pytest.mark.parametrize("name", shipped())
def test_the_card_is_that_of_the_weights(name: str) -> None:
    card = (load_weights(name).encoder.parent / CARD_FILE).read_text(encoding="utf-8")
    pattern = r"<!-- weights: ivlm-points -->\n(.*?)<!-- end of weights -->"
    shown = re.search(pattern, PAGE, re.DOTALL)
    assert shown is not None
    assert shown[1].strip() == card.split("\n", 1)[1].strip()
