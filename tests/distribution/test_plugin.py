"""A package of somebody else's, really installed: its object, task, suite, metric and reasoner."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

PYPROJECT = """
[build-system]
requires = ["hatchling"]
build-backend = "hatchling.build"

[project]
name = "{name}"
version = "1.0"

[project.entry-points."ivlm_bench.plugins"]
{name} = "{name}"

[tool.hatch.build.targets.wheel]
packages = ["{name}"]
"""

MODULE = '''
"""A red ball box, the task to grasp it, and who grasps it."""

from pathlib import Path

import numpy as np

from ivlm_bench.env import InteractionEnv, Question, register
from ivlm_bench.metrics.spec import MetricSpec, add_metric
from ivlm_bench.objects import OBJECTS, ObjectFamily
from ivlm_bench.reasoners import REASONERS, ReasonerEntry
from ivlm_bench.suite import register_folder
from ivlm_bench.types import Interaction, Query, TrialSpec
from ivlm_envs.objects.box import make_box
from ivlm_envs.staging import draw_object, stage
from ivlm_envs.answers import grasp_answer, wrong_grasps

OBJECTS.register("parcel", ObjectFamily("parcel", make_box, n_seen=12, n_unseen=12))


@register
class GraspParcel(InteractionEnv):
    """Grasp a parcel.

    Asked: "Pick up the parcel." Randomised: the parcel. Success: held. Source: this test.
    """

    task = "away/GraspParcel-v0"

    def sample_scene(self, rng):
        return stage("parcel", draw_object("parcel", rng), rng, size_px=self.size_px)

    def question(self, scene, rng):
        target = scene.target
        best = target.model.grasps[0]
        query = Query("grasp", "parcel", None, "Pick up the parcel.")
        wrong = wrong_grasps(target, best, self.gripper)
        answer = grasp_answer(target, best)
        return Question(query, TrialSpec(kind="grasp"), answer, "grasp", wrong=wrong)


class Away:
    def predict(self, observation):
        side = observation.views[0].rgb.shape[0]
        return Interaction(points_px=np.array([[0, side / 2, side / 2]], np.float32))


REASONERS.register("away", ReasonerEntry(Away, "Away"))
add_metric(
    MetricSpec(
        name="away_confidence",
        function=lambda interaction, truth, verdicts: interaction.feasible_prob,
        unit="1",
        low=0.0,
        high=1.0,
        higher_is_better=True,
        empty="1",
        source="this test",
    )
)
register_folder(Path(__file__).parent)
'''

SUITE = """
name = "away-v0"
title = "Away"
track = "rgbd"
size_px = 48
n_perturbed = 0

[tasks."away/GraspParcel-v0"]
count = 2
"""


def install(tmp_path: Path, name: str, module: str) -> Path:
    """Build and install a package with pip, offline; return the folder to put on the path."""
    source, site = tmp_path / "source" / name, tmp_path / "site"
    (source / name).mkdir(parents=True)
    (source / "pyproject.toml").write_text(PYPROJECT.format(name=name))
    (source / name / "__init__.py").write_text(module)
    (source / name / "away-v0.toml").write_text(SUITE)
    pip = [sys.executable, "-m", "pip", "install", "--quiet", "--no-deps", "--no-index"]
    subprocess.run(
        [*pip, "--no-build-isolation", "--target", str(site), str(source)],
        check=True,
        capture_output=True,
        text=True,
    )
    return site


def bench(site: Path, *commands: str, cwd: Path) -> subprocess.CompletedProcess[str]:
    """Run commands one after the other in one process; its exit code is the last one's."""
    lines = [f"code = main({command.split()!r})" for command in commands]
    script = "\n".join(["from ivlm_bench.cli.main import main", *lines, "raise SystemExit(code)"])
    environment = os.environ | {"PYTHONPATH": str(site)}
    return subprocess.run(
        [sys.executable, "-c", script],
        capture_output=True,
        text=True,
        check=False,
        env=environment,
        cwd=cwd,
    )


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return install(tmp_path_factory.mktemp("away"), "away_plugin", MODULE)


def test_an_installed_package_is_listed_and_checked_like_our_own(
    site: Path, tmp_path: Path
) -> None:
    lists = [f"list {what}" for what in ("tasks", "objects", "reasoners", "metrics", "suites")]
    done = bench(site, *lists, "check away", "check away_confidence", cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    lines = done.stdout.splitlines()
    for name in ("away/GraspParcel-v0", "parcel", "away", "away_confidence", "away-v0"):
        assert any(line.startswith(f"{name} ") for line in lines), name
    assert "away is fit (reasoner)" in lines
    assert "away_confidence is fit (metric)" in lines


def test_its_suite_runs_with_its_task_object_reasoner_and_metric(
    site: Path, tmp_path: Path
) -> None:
    run = "run --suite away-v0 --reasoner away --engine mujoco --out run --no-page"
    done = bench(site, run, "export run --form csv", cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    assert "m_away_confidence" in done.stdout
    assert done.stdout.count(",away/GraspParcel-v0,") == 2


def test_a_package_that_fails_to_import_is_named(tmp_path: Path) -> None:
    broken = install(tmp_path, "broken_plugin", "import a_module_that_nobody_has\n")
    done = bench(broken, "list tasks", cwd=tmp_path)
    assert done.returncode != 0
    assert "broken_plugin" in done.stderr
    assert "Traceback" not in done.stderr
