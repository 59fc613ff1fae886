"""Workflows and their scripts: every step runs in a plain shell, every command parses."""

from __future__ import annotations

import json
import os
import re
import shlex
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from ivlm_bench.cli.main import COMMANDS, main

ROOT = Path(__file__).parents[2]
CI = ROOT / ".ci"
WORKFLOWS = sorted((ROOT / ".github" / "workflows").glob("*.yml"))
SCRIPTS = [path for path in sorted(CI.iterdir()) if path.suffix != ".py"]

yaml = pytest.importorskip("yaml")


def workflow(path: Path) -> dict[str, Any]:
    """Return a workflow; YAML 1.1 reads the key ``on`` as true."""
    found = yaml.safe_load(path.read_text())
    return {("on" if key is True else key): value for key, value in found.items()}


def commands(path: Path) -> list[list[str]]:
    """Return the words of every ``ivlm-bench`` command in a script."""
    text = path.read_text().replace("\\\n", " ")
    lines = [line for line in text.splitlines() if not line.lstrip().startswith("#")]
    found = re.findall(r"ivlm-bench\"? ([a-z][^|;>)\n]*)", "\n".join(lines))
    return [words.split() for words in found]


ALL = [(path.name, words) for path in SCRIPTS for words in commands(path)]


def test_the_scripts_hold_commands() -> None:
    verbs = {(name, words[0]) for name, words in ALL}
    wanted = {("nightly-gate", verb) for verb in ("merge", "bench", "gate")}
    assert verbs >= wanted | {("nightly-shard", "run"), ("pull-request", "run"), ("run", "certify")}


@pytest.mark.parametrize(("name", "words"), ALL, ids=lambda part: str(part)[:40])
def test_every_command_is_one_and_knows_its_flags(
    capsys: pytest.CaptureFixture[str], name: str, words: list[str]
) -> None:
    assert words[0] in COMMANDS, name
    with pytest.raises(SystemExit) as end:
        main([*(words[:2] if words[1] == "verify" else words[:1]), "--help"])
    assert not end.value.code
    known = set(re.findall(r"--[a-z][a-z-]*", capsys.readouterr().out))
    flags = {word.partition("=")[0] for word in words if word.startswith("--")}
    assert flags <= known


def test_flags_that_the_gate_is_given_in_an_array() -> None:
    text = (CI / "nightly-gate").read_text()
    given = set(re.findall(r"(?<![\w-])--[a-z-]+", re.sub(r"#.*", "", text)))
    from ivlm_bench.cli.gate import GateFlags
    from ivlm_bench.cli.merge import MergeFlags
    from ivlm_bench.cli.parse import flags_of

    assert given >= {"--baseline", "--history", "--out", "--confirm", "--baseline-python"}
    assert given <= {*flags_of(GateFlags), *flags_of(MergeFlags)}


@pytest.mark.parametrize("path", SCRIPTS, ids=lambda path: path.name)
def test_scripts_are_sound_shell_and_may_be_run(path: Path) -> None:
    subprocess.run(["bash", "-n", str(path)], check=True)
    assert os.access(path, os.X_OK)
    assert "set -euo pipefail" in path.read_text()


@pytest.mark.parametrize("path", WORKFLOWS, ids=lambda path: path.name)
def test_workflows_ask_for_little_and_end(path: Path) -> None:
    found = workflow(path)
    assert found["permissions"] == {"contents": "read"}
    assert found["concurrency"]["group"]
    for job in found["jobs"].values():
        assert 0 < job["timeout-minutes"] <= 180


@pytest.mark.parametrize("path", WORKFLOWS, ids=lambda path: path.name)
def test_every_step_runs_in_a_plain_shell(path: Path) -> None:
    """A step calls a script of ours or pip; the only expression in it is the part's number."""
    steps = [step for job in workflow(path)["jobs"].values() for step in job["steps"]]
    runs = [step["run"] for step in steps if "run" in step]
    assert runs
    for line in runs:
        plain = line.replace("${{ matrix.shard }}", "1")
        assert "${{" not in plain
        words = [word for word in shlex.split(plain) if "=" not in word]
        if words[0] == "pip":
            assert words == ["pip", "install", "-c", "constraints.txt", "."]
        else:
            assert words[0] == "bash"
            assert (ROOT / words[1]).is_file()


def test_the_nightly_workflow_has_all_parts_and_a_gate() -> None:
    found = workflow(ROOT / ".github" / "workflows" / "nightly.yml")
    assert set(found["on"]) == {"schedule", "workflow_dispatch"}
    minute = found["on"]["schedule"][0]["cron"].split()[0]
    assert int(minute) % 2 == 1, "an odd minute: full hours are crowded"
    shard, gate = found["jobs"]["shard"], found["jobs"]["gate"]
    parts = shard["strategy"]["matrix"]["shard"]
    assert parts == [1, 2, 3, 4]
    assert f"${{{{ matrix.shard }}}}/{len(parts)}" in shard["steps"][3]["run"]
    assert (gate["needs"], gate["if"]) == ("shard", "always()")
    uploads = [s["with"]["name"] for s in shard["steps"] if "upload" in s.get("uses", "")]
    downloads = [s["with"] for s in gate["steps"] if "download" in s.get("uses", "")]
    assert uploads == ["shard-${{ matrix.shard }}"]
    assert downloads == [{"pattern": "shard-*", "path": "runs/nightly"}]


def call(script: str, *words: str, cwd: Path, **variables: str) -> subprocess.CompletedProcess[str]:
    """Run a script of ours in a folder, with this interpreter's commands first on the path."""
    path = os.pathsep.join([str(Path(sys.executable).parent), os.environ["PATH"]])
    environment = {**os.environ, "PATH": path, **variables}
    command = ["bash", str(CI / script), *words]
    return subprocess.run(
        command, cwd=cwd, env=environment, capture_output=True, text=True, check=False
    )


TINY = """
name = "tiny"
title = "Tiny"
track = "rgbd"
n_perturbed = 0
cross_check_share = 0.0

[tasks."ivlm/PressButton-v0"]
count = 2
"""


def test_a_night_from_parts_to_verdict(tmp_path: Path) -> None:
    """A part is missing, the first night, promotion, the same night once more."""
    (tmp_path / "tiny.toml").write_text(TINY)
    summary = tmp_path / "summary.md"
    places = {"GITHUB_ACTIONS": "", "GITHUB_STEP_SUMMARY": str(summary), "NIGHTLY_SPEED": ""}

    def shard(part: str) -> None:
        chosen = {"NIGHTLY_SUITE": "tiny.toml", "NIGHTLY_REASONER": "centre"}
        done = call("nightly-shard", part, "one", "--engine", "mujoco", cwd=tmp_path, **chosen)
        assert done.returncode == 0, done.stderr

    shard("1/2")
    early = call("nightly-gate", "one", cwd=tmp_path)
    assert early.returncode == 5
    assert "2/2" in early.stderr
    shard("2/2")
    first = call("nightly-gate", "one", cwd=tmp_path, **places)
    assert first.returncode == 0, first.stderr
    assert "## FIRST-NIGHT" in first.stdout
    home = str(tmp_path / "results" / "baselines")
    run = str(tmp_path / "one" / "run")
    assert main(["baseline", "promote", run, "--reason", "first", "--home", home]) == 0
    second = call("nightly-gate", "one", cwd=tmp_path, **places)
    assert second.returncode == 0, second.stderr
    assert "## IDENTICAL" in second.stdout
    assert "slow drift: no night has asked fresh questions yet" in second.stdout
    assert summary.read_text().count("## ") == 2
    assert json.loads((tmp_path / "one" / "gate" / "gate.json").read_text())["exit_code"] == 0


@pytest.mark.slow
def test_a_slower_night_is_measured_again_and_ends_with_six(tmp_path: Path) -> None:
    """The first night's speed is kept; where it is a tenth of tonight's, tonight is slower."""
    (tmp_path / "tiny.toml").write_text(TINY)
    chosen = {"NIGHTLY_SUITE": "tiny.toml", "NIGHTLY_REASONER": "abstain", "GITHUB_ACTIONS": ""}
    chosen |= {"NIGHTLY_SPEED_SUITE": "tiny.toml", "GITHUB_STEP_SUMMARY": ""}
    assert call("nightly-shard", "1/1", "one", cwd=tmp_path, **chosen).returncode == 0
    first = call("nightly-gate", "one", cwd=tmp_path, **chosen)
    assert first.returncode == 0, first.stderr
    assert "## SPEED FIRST" in first.stdout
    (kept,) = (tmp_path / "one" / "history" / "speed").iterdir()
    report = json.loads(kept.read_text())
    for stage in report["stages"].values():
        stage["ratios"] = [ratio / 10.0 for ratio in stage["ratios"]]
    kept.write_text(json.dumps(report))
    slower = call("nightly-gate", "one", cwd=tmp_path, **chosen)
    assert slower.returncode == 6, slower.stderr
    assert "## SPEED SUSPECT" in slower.stdout
    assert "## SPEED REGRESSED" in slower.stdout
    assert json.loads(kept.read_text()) == report, "a slower night replaces nothing"


def test_a_night_without_parts_is_named(tmp_path: Path) -> None:
    done = call("nightly-gate", "none", cwd=tmp_path)
    assert (done.returncode, done.stdout) == (5, "")
    assert "no part of a night in none" in done.stderr
