"""Examples in the docstrings of the functions behind the profiles."""

from __future__ import annotations

import doctest
import importlib

import pytest


@pytest.mark.parametrize("name", ["choice", "lift", "region", "shaped", "vertex_contact"])
def test_examples_in_docstrings(name: str) -> None:
    module = importlib.import_module(f"ivlm_bench.metrics.{name}")
    result = doctest.testmod(module, optionflags=doctest.NORMALIZE_WHITESPACE)
    assert result.attempted > 0
    assert result.failed == 0
