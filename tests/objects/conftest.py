"""Instances of every registered family."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from ivlm_bench.objects import OBJECTS, Split
from ivlm_bench.types import ObjectModel

Build = Callable[[str, Split, int], ObjectModel]


def _build(family: str, split: Split, instance: int) -> ObjectModel:
    return OBJECTS.get(family).build(instance, split)


@pytest.fixture(scope="session")
def build() -> Build:
    """Build an instance of a family."""
    return _build


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """Give ``model`` each family's first seen instance and its last unseen one."""
    if "model" in metafunc.fixturenames:
        named = [
            (family.name, split, 0 if split == "seen" else family.size(split) - 1)
            for _, family in OBJECTS
            for split in ("seen", "unseen")
            if family.size(split)  # a held-out category has no seen pool
        ]
        ids = [f"{name}-{split}-{instance}" for name, split, instance in named]
        metafunc.parametrize("model", named, indirect=True, ids=ids)


@pytest.fixture
def model(request: pytest.FixtureRequest) -> ObjectModel:
    """One instance of one family."""
    return _build(*request.param)
