"""The page of ivlm: every switch with its settings, and the model card of the weights."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from ivlm_policies.ivlm import weights
from ivlm_policies.ivlm.switches import CHOICES

PAGE = (Path(__file__).parents[2] / "docs" / "ivlm.md").read_text(encoding="utf-8")


@pytest.mark.parametrize("switch", CHOICES)
def test_every_switch_is_told_with_its_settings(switch: str) -> None:
    assert f"| `{switch}` | {', '.join(CHOICES[switch])} | " in PAGE


def test_no_switch_is_told_that_is_not_there() -> None:
    assert set(re.findall(r"^\| `(\w+)` \|", PAGE, re.MULTILINE)) == set(CHOICES)


def test_the_card_is_that_of_the_weights() -> None:
    card = (Path(weights.__file__).parent / "small" / "card.md").read_text(encoding="utf-8")
    shown = re.search(r"<!-- card: small -->\n(.*?)<!-- end of card -->", PAGE, re.DOTALL)
    assert shown is not None
    assert shown[1].strip() == card.split("\n", 1)[1].strip()
