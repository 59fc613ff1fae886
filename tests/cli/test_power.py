"""``ivlm-bench power`` of a suite and of a committed run."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from ivlm_bench.cli.main import main

RUN = Path(__file__).parents[2] / "results" / "core-v0" / "geometric"


def test_suite(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["power", "core-v0"]) == 0
    text = capsys.readouterr().out
    assert "Assumed: 2 questions an object" in text
    assert "Scenarios needed" in text


def test_run(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["power", str(RUN), "--discordance", "0.2", "--format", "json"]) == 0
    told = json.loads(capsys.readouterr().out)
    assert told["discordances"] == [0.2]
    assert len(told["tasks"]) == 12
    assert told["macro"]["n"] == sum(row["n"] for row in told["tasks"])
    assert told["macro"]["n_effective"] < told["macro"]["n"]


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["no-such-suite"], "No suite is called"),
        (["core-v0", "--icc", "2"], "--icc from 0 to 1"),
        (["core-v0", "--discordance", "0"], "--discordance is 0"),
        (["core-v0", "--discordance", ".1,many"], "'many'; a number is needed"),
        (["core-v0", "--cluster-size", "0"], "--cluster-size"),
    ],
)
def test_wrong_words(capsys: pytest.CaptureFixture[str], words: list[str], said: str) -> None:
    assert main(["power", *words]) == 2
    assert said in capsys.readouterr().err


@pytest.mark.parametrize("given", [["--discordance", ".1", ".2"], ["--discordance", ".1,.2"]])
def test_several_shares(capsys: pytest.CaptureFixture[str], given: list[str]) -> None:
    assert main(["power", "core-v0", *given, "--format", "json"]) == 0
    assert json.loads(capsys.readouterr().out)["discordances"] == [0.1, 0.2]
