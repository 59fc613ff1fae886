"""A toy plugin that workers find by its entry point, and runs on it."""

from __future__ import annotations

import os
import shutil
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from ivlm_bench.harness.config import RunConfig

TOY = Path(__file__).parent / "toy"

SUITE = """
name = "toy-v0"
title = "Toy"
track = "rgbd"
size_px = 16
n_perturbed = 1

[tasks."toy/Push-v0"]
count = 10

[tasks."toy/Pull-v0"]
count = 5
"""


@pytest.fixture(scope="session")
def toy(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder like site-packages with the toy plugin installed, and its suite file."""
    home = tmp_path_factory.mktemp("toy")
    for source in TOY.glob("*.py"):
        shutil.copy(source, home)
    installed = home / "toybench-0.1.dist-info"
    installed.mkdir()
    (installed / "METADATA").write_text("Metadata-Version: 2.1\nName: toybench\nVersion: 0.1\n")
    (installed / "entry_points.txt").write_text("[ivlm_bench.plugins]\ntoy = toy_tasks\n")
    (home / "toy-v0.toml").write_text(SUITE)
    return home


@pytest.fixture
def toy_env(toy: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The same, on the path of every process that is started."""
    monkeypatch.setenv("PYTHONPATH", os.pathsep.join([str(toy), *filter(None, sys.path[1:])]))
    return toy


@pytest.fixture
def config(toy_env: Path, tmp_path: Path) -> Callable[..., RunConfig]:
    """Return a configuration of a toy run, single-engine, one worker."""

    def build(mind: str = "Fair", **changes: object) -> RunConfig:
        values: dict[str, object] = {
            "suite": str(toy_env / "toy-v0.toml"),
            "reasoner": f"{toy_env / 'minds.py'}:{mind}",
            "engines": ("mujoco",),
            "out": str(tmp_path / "run"),
            "workers": 1,
            "page": False,
        }
        return RunConfig(**(values | changes))  # type: ignore[arg-type]

    return build
