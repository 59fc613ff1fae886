"""What answers where no reasoner is named: ivlm, on a machine without PyTorch."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from ivlm_bench.cli.predict import PredictFlags
from ivlm_bench.cli.run import RunFlags
from ivlm_bench.harness.config import RunConfig

#: Packages that answering must not even try to import.
TRAINING = ("torch", "transformers", "onnx")
QUESTION = ("--suite", "smoke-v0", "--tasks", "GraspAny", "--limit", "1")


@pytest.fixture
def bench(tmp_path: Path) -> list[str]:
    """Return the command; importing a package of training ends it, and each of its workers."""
    for name in TRAINING:
        (tmp_path / "first" / name).mkdir(parents=True)
        bomb = f"raise SystemError({name!r} ' was imported')\n"
        (tmp_path / "first" / name / "__init__.py").write_text(bomb)
    return [sys.executable, "-m", "ivlm_bench.cli.main"]


def call(bench: list[str], folder: Path, *words: str) -> str:
    """Run one command where the packages of training break, and return what it says."""
    known = os.environ.get("PYTHONPATH")
    path = [str(folder / "first"), *([known] if known else [])]
    env = {**os.environ, "PYTHONPATH": os.pathsep.join(path)}
    done = subprocess.run(
        [*bench, *words], check=False, capture_output=True, text=True, env=env, cwd=folder
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


def test_the_packages_of_training_do_break(bench: list[str], tmp_path: Path) -> None:
    with pytest.raises(AssertionError, match="torch was imported"):
        call([sys.executable], tmp_path, "-c", "import torch")


def test_every_face_has_the_same_default() -> None:
    assert RunConfig().reasoner == RunFlags().reasoner == "ivlm"
    assert PredictFlags(observations="", out="").reasoner == "ivlm"


def test_a_run_is_answered_without_torch(bench: list[str], tmp_path: Path) -> None:
    engine = ("--engine", "mujoco", "--workers", "1", "--no-page", "--out", "run")
    told = call(bench, tmp_path, "run", *QUESTION, *engine)
    assert told.startswith("ivlm on smoke-v0 (rgbd4)\n")
    manifest = json.loads((tmp_path / "run" / "manifest.json").read_text())
    assert manifest["reasoner"]["name"] == "ivlm"
    assert set(manifest["n_by_status"]) <= {"ok", "abstained"}


def test_observations_are_answered_without_torch(bench: list[str], tmp_path: Path) -> None:
    call(bench, tmp_path, "render", *QUESTION, "--out", "seen")
    told = call(bench, tmp_path, "predict", "seen", "--workers", "1", "--out", "answers")
    assert told.startswith("answers      1 (1 ")
    manifest = json.loads((tmp_path / "answers" / "predictions.json").read_text())
    assert manifest["reasoner"]["name"] == "ivlm"
