"""The command line: what it says, what it returns, and what it must not import."""

from __future__ import annotations

import re
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from ivlm_bench.cli.main import COMMANDS, main
from ivlm_bench.types import Check

HEAVY = ("torch", "mujoco", "pybullet", "pandas", "pyarrow", "numba", "scipy", "gymnasium", "numpy")

Run = Callable[..., tuple[int, str, str]]


@pytest.fixture
def run(capsys: pytest.CaptureFixture[str]) -> Run:
    """Return a function that runs the command in this process: exit code, stdout, stderr."""

    def call(*argv: str) -> tuple[int, str, str]:
        try:
            code = main(argv)
        except SystemExit as end:  # tyro ends the process after --help
            code = int(end.code or 0)
        told = capsys.readouterr()
        return code, told.out, told.err

    return call


@pytest.mark.parametrize("argv", [[], ["--help"], ["--version"]])
def test_help_imports_nothing_heavy(argv: list[str]) -> None:
    command = [sys.executable, "-X", "importtime", "-m", "ivlm_bench.cli.main", *argv]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    imported = set(re.findall(r"\|\s+([\w.]+)$", done.stderr, re.MULTILINE))
    assert "ivlm_bench.errors" in imported, "the list of imports was not read"
    assert not imported & {*HEAVY, "tyro", "rich"}
    assert "ivlm" in done.stdout


def test_help_names_every_subcommand(run: Run) -> None:
    code, out, _ = run("--help")
    assert code == 0
    for name, line in COMMANDS.items():
        assert re.search(rf"^  {name} +{re.escape(line)}$", out, re.MULTILINE)


@pytest.mark.parametrize("verb", COMMANDS)
def test_every_subcommand_has_its_help(run: Run, verb: str) -> None:
    code, out, err = run(verb, "--help")
    assert code == 0
    assert f"ivlm-bench {verb}" in out
    assert err == ""


def test_the_flags_of_run_are_those_that_people_know(run: Run) -> None:
    _, out, _ = run("run", "--help")
    for flag in (
        "--suite", "--tasks", "--reasoner", "-P", "--param", "--engine", "--out", "-o", "--limit",
        "--workers", "--seed", "--resume", "--deadline-s", "--n-perturbed", "--no-page",
        "--config", "--track", "--views", "--size", "--renderer", "--repeats", "--shard",
        "--cross-check-share", "--isolate", "--no-cache",
    ):  # fmt: skip
        assert re.search(rf"(^|[ │]){flag}\b", out, re.MULTILINE), flag


@pytest.mark.parametrize(
    ("argv", "words"),
    [
        (["rnu"], "no subcommand 'rnu'. Did you mean 'run'"),
        (["run", "--suit", "x"], "no flag '--suit'. Did you mean '--suite'"),
        (["run", "--limit", "three"], "--limit was given 'three'; a whole number is needed."),
        (["run", "--seed", "1.5"], "--seed was given '1.5'; a whole number is needed."),
        (["run", "--deadline-s", "soon"], "--deadline-s was given 'soon'; a number is needed."),
        (["run", "--tasks", ""], "empty name"),
        (["run", "--engine", ","], "empty name"),
        (["run", "--limit"], "--limit"),
        (["run", "stray"], "stray"),
        (["run", "--suite", "smoke-v1"], "Did you mean 'smoke-v0'"),
        (["run", "--tasks", "GraspAnny"], "Did you mean 'GraspAny"),
        (["run", "--reasoner", "geometrc"], "Did you mean 'geometric'"),
        (["run", "--reasoner", "no/such/file.py:Mine"], "no reasoner file"),
        (["run", "--engine", "mujocco"], "Did you mean 'mujoco'"),
        (["run", "-P", "novalue"], "KEY=VALUE"),
        (["run", "-P", "sped=3"], "no parameter 'sped'"),
        (["run", "--suite", "no/such/suite.toml"], "can't be read"),
        (["run", "--n-perturbed", "-1"], "at least 0"),
        (["run", "--size", "8"], "--size is 8; a whole number from 16 to 2048 is needed."),
        (["run", "--shard", "3/2"], "write i/N"),
        (["run", "--track", "rgbx"], "Did you mean 'rgb"),
        (["run", "--config", "no/such.toml"], "can't be read"),
        (["run", "--reasoner", "oracle", "--isolate"], "leave --isolate out"),
        (["list", "tsks"], "Did you mean 'tasks'"),
        (["list", "references", "agd2k"], "Did you mean 'agd20k'"),
        (["list", "tasks", "agd20k"], "leave 'agd20k' out"),
        (["list", "no\udcffise"], r"'no\udcffise', which is no valid UTF-8"),
        (["ranks", "--renderer", "soft", "soft"], "names 'soft' twice"),
        (["score"], "RUN"),
        (["score-files", "agd20k:locate"], "PREDICTIONS"),
        (["score-files", "agd20k:locat", "p", "d"], "Did you mean 'agd20k:locate'"),
        (["score-files", "agd20k:locate", "p", "d"], "no file or folder p"),
        (["score-files", "region:ivlm", "p", "d"], "no file or folder d"),
        (["score-files", "region:ivlm", "p", "d", "--format", "html"], "--format"),
        (["certify", "--seeds", "0"], "at least 1"),
    ],
)
def test_a_slip_is_one_sentence_and_exit_code_2(
    run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, argv: list[str], words: str
) -> None:
    monkeypatch.chdir(tmp_path)
    code, out, err = run(*argv)
    assert code == 2
    assert out == ""
    assert words in err
    assert err.startswith("ivlm-bench: ")
    assert err.count("\n") == 1, "one line"
    assert not list(tmp_path.iterdir()), "a refused run leaves nothing behind"


def test_a_broken_suite_file_is_named(run: Run, tmp_path: Path) -> None:
    broken = tmp_path / "broken.toml"
    broken.write_text('name = "x\n')
    code, _, err = run("run", "--suite", str(broken))
    assert code == 2
    assert str(broken) in err
    unknown = tmp_path / "unknown.toml"
    unknown.write_text('name="x"\ntitle="x"\ntrack="rgb"\ntaskz=3\n[tasks.a]\ncount=1\n')
    code, _, err = run("run", "--suite", str(unknown))
    assert code == 2
    assert "taskz" in err


def test_a_reasoner_file_with_a_syntax_error_is_named_with_its_line(
    run: Run, tmp_path: Path
) -> None:
    mine = tmp_path / "mine.py"
    mine.write_text("class Mine:\n    def predict(self, observation:\n")
    code, _, err = run("run", "--reasoner", f"{mine}:Mine", "--out", str(tmp_path / "run"))
    assert code == 2
    assert re.search(r"mine\.py line 2", err)
    assert "Traceback" not in err


@pytest.mark.parametrize("verb", ["view", "score", "leaderboard"])
def test_a_folder_without_a_run_is_named(run: Run, tmp_path: Path, verb: str) -> None:
    code, out, err = run(verb, str(tmp_path))
    assert code == 5
    assert out == ""
    assert str(tmp_path) in err


def test_a_folder_that_is_not_writable_is_named(run: Run) -> None:
    code, _, err = run("run", "--reasoner", "abstain", "--limit", "1", "--out", "/proc/nowhere/run")
    assert code == 5
    assert "/proc/nowhere/run" in err
    assert "Traceback" not in err


def test_a_closed_pipe_is_no_error() -> None:
    command = f"{sys.executable} -m ivlm_bench.cli.main list | head -1; echo ${{PIPESTATUS[0]}}"
    done = subprocess.run(["bash", "-c", command], capture_output=True, text=True, check=True)
    assert done.stdout.splitlines() == ["suites", "0"]
    assert done.stderr == ""


def test_list_shows_each_kind(run: Run) -> None:
    code, out, _ = run("list", "engines")
    assert code == 0
    assert out.splitlines()[0] == "engines"
    assert re.search(r"^mujoco +installed$", out, re.MULTILINE)
    _, everything, _ = run("list")
    heads = [block.splitlines()[0].strip() for block in everything.split("\n\n")]
    assert heads == [
        *("suites", "tasks", "reasoners", "objects", "engines", "metrics"),
        *("profiles", "datasets", "references"),
    ]


def test_objects_are_told_by_parts_and_pools(run: Run) -> None:
    _, out, _ = run("list", "objects")
    assert re.search(r"^mug +body, handle; 40 seen, 40 unseen$", out, re.MULTILINE)
    assert re.search(r"^screwdriver +shaft, handle; held out, 40 unseen$", out, re.MULTILINE)


def test_a_missing_engine_is_one_short_cell(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("ivlm_bench.engines.available_engines", lambda: ("mujoco",))
    _, out, _ = run("list", "engines")
    assert re.search(r"^pybullet +not installed; ivlm-bench doctor tells how$", out, re.MULTILINE)


def test_doctor_finds_this_machine_fit(run: Run) -> None:
    code, out, _ = run("doctor")
    assert code == 0, out
    assert not [line for line in out.splitlines() if line.startswith("BROKEN")]
    assert re.search(r"^ok +renderer +soft, image [0-9a-f]{16}", out, re.MULTILINE)
    assert re.search(r"^ok +mujoco .*free fall, resting weight, round trip.*--full", out, re.M)


def test_a_full_doctor_prints_each_value_against_its_limit(
    run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    good = Check(name="fall", value=0.25, limit=0.5, unit="m", passed=True)
    bad = Check(name="weight", value=3.0, limit=2.0, unit="N", passed=False)
    beside = Check(name="noise", value=9.0, limit=1.0, unit="m", passed=False, gating=False)
    monkeypatch.setattr("ivlm_bench.cli.doctor.available_engines", lambda: ("mujoco",))
    monkeypatch.setattr("ivlm_bench.cli.doctor.check_engine", lambda engine: (good, bad, beside))
    code, out, _ = run("doctor", "--full")
    assert code == 5
    assert re.search(r"^ok +mujoco +fall is 0\.25; limit <= 0\.5 m$", out, re.MULTILINE)
    assert re.search(r"^BROKEN +mujoco +weight is 3; limit <= 2 N$", out, re.MULTILINE)
    assert re.search(r"^note +mujoco +noise is 9; limit <= 1 m$", out, re.MULTILINE)


def test_a_fault_of_our_own_is_no_regression(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Python's exit code of a traceback is 1, which here means a confirmed regression."""
    from ivlm_bench.cli import list as listing

    def broken(argv: object) -> int:
        raise ValueError("a bug")

    monkeypatch.setattr(listing, "command", broken)
    assert main(["list"]) == 70
    said = capsys.readouterr()
    assert said.out == ""
    assert "ValueError: a bug" in said.err
    assert "fault of ivlm-bench itself" in said.err.splitlines()[-1]
