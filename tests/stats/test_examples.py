from __future__ import annotations

import doctest
import importlib

import pytest


@pytest.mark.parametrize(
    "name",
    [
        "agreement",
        "intervals",
        "means",
        "multiplicity",
        "noninferiority",
        "paired",
        "power",
        "ranks",
    ],
)
def test_examples_in_docstrings(name: str) -> None:
    result = doctest.testmod(importlib.import_module(f"ivlm_bench.stats.{name}"))
    assert result.attempted > 0
    assert result.failed == 0
