"""``ivlm-bench compare`` on the committed runs of the small suite."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from ivlm_bench.cli.main import main

RUNS = Path(__file__).parents[2] / "results" / "smoke-v0"


def test_table_and_flips(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["compare", str(RUNS / "oracle"), str(RUNS / "abstain")]) == 0
    text = capsys.readouterr().out
    assert "against" in text
    assert "-100.0" in text
    assert "Scenarios that differ" in text


def test_a_run_against_itself(capsys: pytest.CaptureFixture[str]) -> None:
    same = str(RUNS / "geometric")
    assert main(["compare", same, same, "--format", "json"]) == 0
    told = json.loads(capsys.readouterr().out)
    assert told["flips"] == []
    assert all(row["difference"] == 0.0 and row["p"] == 1.0 for row in told["rows"])


def test_runs_of_two_suites_are_not_comparable(capsys: pytest.CaptureFixture[str]) -> None:
    other = RUNS.parent / "core-v0" / "geometric"
    assert main(["compare", str(RUNS / "geometric"), str(other)]) == 4
    assert "suite differs (smoke-v0 and core-v0)" in capsys.readouterr().err


def test_no_such_run(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["compare", "nowhere", str(RUNS / "oracle")]) not in (0, 1)
    assert "nowhere" in capsys.readouterr().err


def test_page(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    page = tmp_path / "page.html"
    words = ["compare", str(RUNS / "oracle"), str(RUNS / "abstain"), "--page", str(page)]
    assert main([*words, "--flips", "1"]) == 0
    assert f"page     {page}" in capsys.readouterr().out
    assert page.read_text(encoding="utf-8").count("<article") == 1


def test_markdown(capsys: pytest.CaptureFixture[str]) -> None:
    same = str(RUNS / "geometric")
    assert main(["compare", same, same, "--format", "markdown"]) == 0
    assert capsys.readouterr().out.startswith("### ")


@pytest.mark.parametrize(
    ("words", "code", "said"),
    [
        (["--flips", "-1"], 2, "--flips is -1"),
        (["--page", "file/page.html"], 5, "file/page.html"),
    ],
)
def test_wrong_words_are_told_before_the_table(
    capsys: pytest.CaptureFixture[str],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    words: list[str],
    code: int,
    said: str,
) -> None:
    monkeypatch.chdir(tmp_path)
    Path("file").touch()
    same = str(RUNS / "geometric")
    assert main(["compare", same, same, *words]) == code
    told = capsys.readouterr()
    assert told.out == ""
    assert said in told.err


def test_json_with_a_page_is_json(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    same, page = str(RUNS / "geometric"), tmp_path / "page.html"
    assert main(["compare", same, same, "--format", "json", "--page", str(page)]) == 0
    told = capsys.readouterr()
    assert json.loads(told.out)["flips"] == []
    assert str(page) in told.err
