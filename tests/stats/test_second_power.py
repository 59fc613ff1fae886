"""Exact power against another program."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from ivlm_bench.stats.power import mcnemar_power

SECOND = json.loads((Path(__file__).parent / "second_implementations.json").read_text())


@pytest.mark.parametrize("row", SECOND["power"], ids=lambda row: f"{row['n']}-{row['alpha']}")
def test_against_fieldtrial(row: dict[str, float]) -> None:
    got = mcnemar_power(row["gained"], row["lost"], int(row["n"]), alpha=row["alpha"])
    assert got == pytest.approx(row["power"], abs=1e-10)
