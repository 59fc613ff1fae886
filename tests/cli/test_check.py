"""``ivlm-bench check``: what is fit passes, and each thing that is wrong is named."""

from __future__ import annotations

from pathlib import Path

import pytest

from ivlm_bench.cli.main import main

SUITE = """
name = "mine"
title = "Mine"
track = "{track}"
size_px = {size}

[tasks."{task}"]
count = {count}
"""


def suite(tmp_path: Path, **changed: object) -> str:
    fields = {"track": "rgb", "size": 32, "task": "ivlm/PressButton-v0", "count": 14} | changed
    path = tmp_path / "mine.toml"
    path.write_text(SUITE.format(**fields))
    return str(path)


def test_a_suite_of_enough_objects_is_fit(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["check", suite(tmp_path)]) == 0
    out = capsys.readouterr().out
    assert "PressButton-v0 clusters" in out
    assert "is fit (suite)" in out


def test_everything_wrong_with_a_suite_is_told_at_once(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = suite(tmp_path, track="rgb5", size=4, task="ivlm/PressButon-v0", count=-1)
    assert main(["check", path]) == 1
    out = capsys.readouterr().out
    for told in ("rgb5", "size_px is 4", "count of task", "Did you mean 'ivlm/PressButton-v0'"):
        assert told in out
    assert out.count("FAILED") == 4


def test_a_suite_of_too_few_objects_is_not_fit(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["check", suite(tmp_path, count=3)]) == 1
    captured = capsys.readouterr()
    assert "FAILED  suite" in captured.out
    assert "is not fit" in captured.err


def test_an_unknown_key_of_a_suite_is_named(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = tmp_path / "mine.toml"
    path.write_text('colour = "red"\n' + Path(suite(tmp_path)).read_text())
    assert main(["check", str(path)]) == 2
    assert "colour" in capsys.readouterr().err


@pytest.mark.parametrize("name", ["mug", "auc", "centre"])
def test_what_we_ship_is_fit(name: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["check", name]) == 0
    assert "FAILED" not in capsys.readouterr().out


def test_a_reasoner_that_writes_into_its_observation_is_caught(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = tmp_path / "vandal.py"
    path.write_text(
        "from ivlm_bench.types import Interaction\n"
        "class Vandal:\n"
        "    def predict(self, observation):\n"
        "        image = observation.views[0].rgb\n"
        "        image.flags.writeable = True\n"
        "        image[:] = 0\n"
        "        return Interaction()\n"
    )
    assert main(["check", f"{path}:Vandal"]) == 1
    assert "untouched" in next(
        line for line in capsys.readouterr().out.splitlines() if line.startswith("FAILED")
    )


def test_a_name_of_nothing_lists_its_neighbours(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["check", "mugg"]) == 2
    assert "mug" in capsys.readouterr().err


def test_who_knows_the_truth_is_not_checked(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["check", "oracle"]) == 2
    assert "the truth" in capsys.readouterr().err


def test_a_reasoner_that_raises_is_told_in_a_line(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = tmp_path / "broken.py"
    path.write_text("class Broken:\n    def predict(self, observation):\n        return 1 / 0\n")
    assert main(["check", f"{path}:Broken"]) == 1
    out = capsys.readouterr().out
    assert "FAILED" in out
    assert "ZeroDivisionError" in out
