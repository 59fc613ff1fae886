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


MALFORMED = """
nam = "mine"
track = 3
n_perturbed = "one"
cross_check_share = true
size_px = 4
repeats = 2026-01-01

[tasks."ivlm/PressButon-v0"]
count = "many"
frist_seed = 3
replaced = { 0 = "x" }

[tasks."ivlm/OpenDrawer-v0"]
first_seed = 1.5
"""


def test_every_malformed_key_of_a_suite_is_told_in_words(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = tmp_path / "mine.toml"
    path.write_text(MALFORMED)
    assert main(["check", str(path)]) == 1
    out = capsys.readouterr().out
    for told in (
        "the key 'nam' is unknown. Did you mean 'name'",
        "the keys 'name', 'title' are missing.",
        "track must be a text, not a whole number.",
        "n_perturbed must be a whole number, not a text.",
        "cross_check_share must be a number, not true or false.",
        "repeats must be a whole number, not a date or time.",
        "count in the table tasks.'ivlm/PressButon-v0' must be a whole number, not a text.",
        "'frist_seed' in the table tasks.'ivlm/PressButon-v0' is unknown. Did you mean 'first_s",
        "'replaced' for seed 0 in the table tasks.'ivlm/PressButon-v0' must be a whole number",
        "the key 'count' in the table tasks.'ivlm/OpenDrawer-v0' is missing.",
        "first_seed in the table tasks.'ivlm/OpenDrawer-v0' must be a whole number, not a number "
        "with a fraction.",
        "size_px is 4",
        "Did you mean 'ivlm/PressButton-v0'",
    ):
        assert told in out
    assert out.count("FAILED") == 13
    assert "$" not in out


def test_a_file_that_is_not_utf8_is_told(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = tmp_path / "mine.toml"
    path.write_bytes(b'name = "\xff"\n')
    assert main(["check", str(path)]) == 2
    told = capsys.readouterr().err
    assert "not valid UTF-8 (byte 8)" in told
    assert told.count("\n") == 1


@pytest.mark.parametrize("count", [100_001, 10**8, 10**30])
def test_too_many_questions_are_refused_before_they_are_listed(
    count: int, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = Path(suite(tmp_path, count=count))
    path.write_text(path.read_text() + "replaced = { 0 = 3 }\n")
    assert main(["check", str(path)]) == 1
    assert f"it asks {count} questions; at most 100000" in capsys.readouterr().out


def test_a_released_name_and_a_wrong_hash_are_told_beside_the_rest(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = Path(suite(tmp_path, size=4))
    text = path.read_text().replace('"mine"', '"smoke-v0"')
    path.write_text('frozen = "00"\n' + text)
    assert main(["check", str(path)]) == 1
    out = capsys.readouterr().out
    for told in ("size_px is 4", "named 'smoke-v0' like a released suite", "frozen as 00"):
        assert told in out
    assert out.count("FAILED") == 3


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
