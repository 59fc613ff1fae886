"""Files that the gate leaves: read back by other programs' parsers."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any
from xml.etree import ElementTree as ET

import pytest

from ivlm_bench.gate import GateResult, judge_night
from ivlm_bench.gate.history import SlowDrift
from ivlm_bench.gate.output import COLOURS, workflow_marks, write_outputs
from ivlm_bench.gate.policy import EXIT_CODES, Verdict
from ivlm_bench.gate.speed import SPEED_CODES, SpeedResult, SpeedVerdict, StageSpeed
from ivlm_bench.store import Run

MakeNight = Callable[..., Run]
Toys = Callable[..., list[Any]]
PULL, PUSH = "toy/Pull-v0", "toy/Push-v0"


@pytest.fixture
def suspect(make_night: MakeNight, toys: Toys) -> tuple[GateResult, Run]:
    """A night that lost 10 of 60 in one of two tasks."""
    episodes = toys(60, answer="b", tasks=(PUSH,))
    episodes += toys(60, answer="b", tasks=(PULL,), wrong=range(10))
    night = make_night(episodes, "new")
    return judge_night(make_night(toys(60), "old"), night), night


def read(folder: Path, name: str) -> Any:
    return json.loads((folder / name).read_text())


def test_json_holds_every_number(suspect: tuple[GateResult, Run], tmp_path: Path) -> None:
    result, night = suspect
    write_outputs(replace(result, slow_drift=SlowDrift(2.5, 3)), night.manifest, tmp_path)
    got = read(tmp_path, "gate.json")
    assert {k: got[k] for k in ("verdict", "exit_code", "suite", "run_id", "baseline")} == {
        "verdict": "suspect",
        "exit_code": 3,
        "suite": "toy-v0",
        "run_id": "new",
        "baseline": "old",
    }
    assert got["slow_drift"] == {"e_value": 2.5, "n_nights": 3, "alarm": False}
    rows = {row["task"]: row for row in got["rows"]}
    assert list(rows) == ["macro", PULL, PUSH]
    pull = rows[PULL]
    assert pull["p_screen"] == pytest.approx(2**-9)
    assert pull["fresh"] is None
    nightly = pull["nightly"]
    assert (nightly["n"], nightly["lost"], nightly["gained"]) == (60, 10, 0)
    assert nightly["difference"] == pytest.approx(-1 / 6)
    assert rows["macro"]["nightly"]["difference"] == pytest.approx(-1 / 12)


@pytest.mark.parametrize(
    ("verdict", "failures", "skipped"), [("suspect", 0, 3), ("regressed", 2, 1), ("pass", 0, 0)]
)
def test_junit(
    suspect: tuple[GateResult, Run], tmp_path: Path, verdict: Any, failures: int, skipped: int
) -> None:
    """The night, the macro row and two tasks; the row of Push is inconclusive or passes."""
    result, night = suspect
    spread: tuple[Verdict, ...] = {
        "suspect": ("suspect", "suspect", "pass"),
        "regressed": ("inconclusive", "regressed", "pass"),
        "pass": ("pass", "pass", "improved"),
    }[verdict]  # type: ignore[assignment]
    rows = tuple(replace(row, verdict=each) for row, each in zip(result.rows, spread, strict=True))
    odd = replace(result, verdict=verdict, rows=rows, reason='a < b & "c" \u2264 d')
    write_outputs(odd, night.manifest, tmp_path)
    suite = ET.parse(tmp_path / "gate.xml").getroot().find("testsuite")
    assert suite is not None
    cases = suite.findall("testcase")
    assert [case.get("name") for case in cases] == ["night", "macro", PULL, PUSH]
    counts = {key: int(suite.attrib[key]) for key in ("tests", "failures", "skipped", "errors")}
    assert counts == {"tests": 4, "failures": failures, "skipped": skipped, "errors": 0}
    assert len(suite.findall("testcase/failure")) == failures
    assert len(suite.findall("testcase/skipped")) == skipped
    if failures:
        failure = cases[0].find("failure")
        assert failure is not None
        assert failure.get("message") == 'a < b & "c" \u2264 d'


def test_summary_is_a_table_of_markdown(suspect: tuple[GateResult, Run], tmp_path: Path) -> None:
    result, night = suspect
    write_outputs(replace(result, slow_drift=SlowDrift(1200.0, 9)), night.manifest, tmp_path)
    text = (tmp_path / "summary.md").read_text()
    assert text.startswith("## SUSPECT: Toy on toy-v0\n")
    assert "slow drift: e-value 1.2e+03 over 9 nights" in text
    lines = [line for line in text.splitlines() if line.startswith("|")]
    assert {line.count("|") for line in lines} == {9}
    assert [line.split("|")[1].strip() for line in lines[2:]] == ["macro", PULL, PUSH]
    assert "| 60 | 100.0 | 83.3 | -16.7 [" in text


def test_badge_and_trend(suspect: tuple[GateResult, Run], tmp_path: Path) -> None:
    result, night = suspect
    write_outputs(result, night.manifest, tmp_path)
    assert read(tmp_path, "badge.json") == {
        "schemaVersion": 1,
        "label": "toy-v0 gate",
        "message": "suspect",
        "color": "orange",
    }
    values = {row["name"]: (row["value"], row["unit"]) for row in read(tmp_path, "trend.json")}
    assert values == {
        "macro": (pytest.approx(100 * 11 / 12, abs=1e-4), "%"),
        PULL: (pytest.approx(100 * 5 / 6, abs=1e-4), "%"),
        PUSH: (100.0, "%"),
    }


SLOW = StageSpeed("observe", "regressed", "+25.0 %: confirmed", 0.25)
EVEN = StageSpeed("score", "same", "+1.0 %", 0.01)


@pytest.mark.parametrize("word", SPEED_CODES)
def test_the_speed_reaches_every_file(
    suspect: tuple[GateResult, Run], tmp_path: Path, word: SpeedVerdict
) -> None:
    result, night = suspect
    speed = SpeedResult(word, "observe: +25.0 %", (SLOW, EVEN))
    write_outputs(result, night.manifest, tmp_path, speed=speed)
    cases = {case.get("name"): case for case in ET.parse(tmp_path / "gate.xml").iter("testcase")}
    assert [name for name in cases if name not in ("night", "macro", PULL, PUSH)] == [
        "speed",
        "speed of observe",
        "speed of score",
    ]
    marked = [child.tag for child in cases["speed"]]
    assert marked == {"regressed": ["failure"], "pass": []}.get(word, ["skipped"])
    assert [child.tag for child in cases["speed of observe"]] == ["failure"]
    assert [child.tag for child in cases["speed of score"]] == []
    told = {"verdict": word, "exit_code": SPEED_CODES[word], "reason": "observe: +25.0 %"}
    assert read(tmp_path, "gate.json")["speed"] == told
    assert f"## SPEED {word.upper()}" in (tmp_path / "summary.md").read_text()
    badge = read(tmp_path, "badge.json")
    graver = word == "regressed"
    assert badge["message"] == ("slower" if graver else "suspect")
    assert badge["color"] == ("red" if graver else "orange")
    marks = [line for line in workflow_marks(result, speed) if "title=speed" in line]
    kind = {"regressed": "error", "suspect": "warning"}.get(word)
    assert marks == ([f"::{kind} title=speed::observe: +25.0 %25"] if kind else [])


@pytest.mark.parametrize("word", SPEED_CODES)
def test_the_badge_of_a_night_in_order_tells_of_a_speed_that_is_not(
    make_night: MakeNight, toys: Toys, tmp_path: Path, word: SpeedVerdict
) -> None:
    night = make_night(toys(3))
    speed = SpeedResult(word, "why")
    write_outputs(judge_night(None, night), night.manifest, tmp_path, speed=speed)
    assert read(tmp_path, "badge.json")["message"] == {
        "regressed": "slower",
        "suspect": "slower?",
        "unjudged": "speed unjudged",
    }.get(word, "first-night")


def test_every_verdict_has_its_colour_and_code() -> None:
    assert set(COLOURS) == set(EXIT_CODES)
    assert [v for v, code in EXIT_CODES.items() if code == 1] == ["regressed"]


def test_annotations_are_one_line_each(suspect: tuple[GateResult, Run]) -> None:
    result, _ = suspect
    rows = tuple(replace(row, reason="50 % lost\nand: more") for row in result.rows)
    marks = workflow_marks(replace(result, rows=rows, slow_drift=SlowDrift(5000.0, 2)))
    assert marks[:2] == [
        "::warning title=macro::50 %25 lost%0Aand: more",
        f"::warning title={PULL}::50 %25 lost%0Aand: more",
    ]
    assert marks[2].startswith("::warning title=slow drift::slow drift: e-value 5e+03")
    red = replace(rows[1], verdict="regressed")
    odd = replace(red, row=replace(red.row, task="a:b,c"))
    assert workflow_marks(replace(result, rows=(odd,))) == [
        "::error title=a%3Ab%2Cc::50 %25 lost%0Aand: more"
    ]


def test_the_first_night_leaves_its_files_too(
    make_night: MakeNight, toys: Toys, tmp_path: Path
) -> None:
    night = make_night(toys(3))
    paths = write_outputs(judge_night(None, night), night.manifest, tmp_path / "gate")
    assert {p.name for p in paths} == {
        "gate.json",
        "gate.xml",
        "summary.md",
        "badge.json",
        "trend.json",
    }
    assert read(tmp_path / "gate", "gate.json")["baseline"] is None
    assert read(tmp_path / "gate", "trend.json") == []
