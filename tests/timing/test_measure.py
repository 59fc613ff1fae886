"""Measuring speed: what is timed, and what a report says of it. No test here hangs on a time."""

from __future__ import annotations

import json
import math
from pathlib import Path

import pytest

from ivlm_bench.cli.main import main
from ivlm_bench.errors import ConfigError
from ivlm_bench.gate.speed import read_speeds
from ivlm_bench.registry import load_plugins
from ivlm_bench.suite import load_suite
from ivlm_bench.timing.measure import measured, stages_of
from ivlm_bench.timing.reference import REFERENCES
from ivlm_bench.timing.stages import timed


@pytest.mark.parametrize("name", sorted(REFERENCES))
def test_references_do_the_same_each_time(name: str) -> None:
    first = REFERENCES[name]()
    assert math.isfinite(first)
    assert REFERENCES[name]() == first


def test_every_item_is_done_once_and_in_order() -> None:
    done: list[int] = []

    def tenfold(item: int) -> int:
        done.append(item)
        return 10 * item

    values, (reference, ratio) = timed("numpy", (1, 2, 3), tenfold)
    assert (values, done, reference) == ([10, 20, 30], [1, 2, 3], "numpy")
    assert ratio >= 0.0


def test_what_is_too_short_is_done_again() -> None:
    done: list[int] = []
    timed("numpy", (1,), done.append, least_s=0.002)
    assert len(done) > 10  # appending takes far less than a tenth of that


def test_a_repeat_is_the_median_of_its_rounds() -> None:
    rounds = [{"observe": ("numpy", r)} for r in (3.0, 1.0, 2.0, 9.0, 7.0, 8.0)]
    stage = stages_of(rounds)["observe"]
    assert (stage.reference, stage.ratios) == ("numpy", (2.0, 8.0))


def test_report_of_the_command(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    out = tmp_path / "deep" / "speed.json"
    words = ["bench", "--reasoner", "abstain", "--engine", "mujoco", "--repeats", "1"]
    assert main([*words, "--out", str(out)]) == 0
    assert "simulate mujoco" in capsys.readouterr().out
    report = json.loads(out.read_text())
    assert report["workload"]["reasoner"] == "abstain"
    stages = report["stages"]
    assert stages["observe"]["reference"] == "numpy"
    assert stages["simulate mujoco"]["reference"] == "mj_step"
    # Nothing is completed where the reasoner abstains.
    assert sorted(stages) == ["observe", "predict", "score", "simulate mujoco"]
    assert len(read_speeds(out).costs["observe"]) == 1


def test_a_reasoner_that_fails(tmp_path: Path) -> None:
    load_plugins()
    file = tmp_path / "broken.py"
    file.write_text(
        "class Broken:\n    def predict(self, observation):\n        raise ValueError('no idea')\n"
    )
    with pytest.raises(ConfigError, match=r"can't be timed(.|\n)*no idea"):
        measured(load_suite("smoke-v0"), f"{file}:Broken", ("mujoco",), n_repeats=1)


@pytest.mark.parametrize(("n_questions", "n_repeats"), [(0, 1), (1, 0)])
def test_numbers_below_one(n_questions: int, n_repeats: int) -> None:
    load_plugins()
    with pytest.raises(ConfigError, match="At least one"):
        measured(
            load_suite("smoke-v0"),
            "abstain",
            ("mujoco",),
            n_questions=n_questions,
            n_repeats=n_repeats,
        )


def test_more_questions_than_there_are() -> None:
    load_plugins()
    with pytest.raises(ConfigError, match="answerable questions"):
        measured(load_suite("smoke-v0"), "abstain", ("mujoco",), n_questions=10_000)


@pytest.mark.parametrize(("out", "code"), [("", 2), ("file/speed.json", 5)])
def test_a_place_that_cannot_be_written_is_told_before_measuring(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], out: str, code: int
) -> None:
    (tmp_path / "file").touch()
    assert main(["bench", "--out", str(tmp_path / out)]) == code
    told = capsys.readouterr()
    assert told.out == ""
    assert str(tmp_path / out) in told.err
