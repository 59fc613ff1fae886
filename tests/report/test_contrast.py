"""Texts of the page stand out enough from what they stand on, in light and in dark."""

from __future__ import annotations

import itertools
import re
from pathlib import Path

import pytest

import ivlm_bench.report

#: Least contrast of normal text: WCAG 2.2, success criterion 1.4.3, level AA.
LEAST = 4.5

STYLE = (Path(ivlm_bench.report.__file__).parent / "templates" / "page.css").read_text()
SCHEMES = [
    dict(re.findall(r"--([\w-]+): (#[0-9a-f]{6})", block))
    for block in re.findall(r":root \{(.*?)\}", STYLE, re.DOTALL)
]
GROUNDS = ("ground", "paper", "fill")
INKS = ("ink", "soft", "link", "error", "wrong", "abstention", "diverged", "success")


def luminance(colour: str) -> float:
    """Relative luminance as WCAG 2.2 defines it."""
    codes = (int(colour[i : i + 2], 16) / 255 for i in (1, 3, 5))
    red, green, blue = (c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in codes)
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def test_both_schemes_name_all_colours() -> None:
    assert len(SCHEMES) == 2
    assert all({*GROUNDS, *INKS} <= set(scheme) for scheme in SCHEMES)


def test_black_on_white_is_21() -> None:
    assert (luminance("#ffffff") + 0.05) / (luminance("#000000") + 0.05) == pytest.approx(21.0)


@pytest.mark.parametrize("scheme", [0, 1], ids=["light", "dark"])
@pytest.mark.parametrize(("ink", "ground"), list(itertools.product(INKS, GROUNDS)))
def test_contrast(scheme: int, ink: str, ground: str) -> None:
    pair = sorted(luminance(SCHEMES[scheme][name]) for name in (ink, ground))
    assert (pair[1] + 0.05) / (pair[0] + 0.05) >= LEAST
