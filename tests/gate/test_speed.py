"""The verdict on speed, from measurements that were made up."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from ivlm_bench.errors import StoreError
from ivlm_bench.gate.speed import Speeds, gravest, judge_speed, read_speeds, speed_summary
from ivlm_bench.timing.records import SpeedReport, StageTiming, write_report

STEADY = (10.0, 10.1, 9.9, 10.05, 9.95)
MACHINE = {"system": "Linux", "architecture": "x86_64", "cpu": "C1", "cores": "2"}


def speeds(setting: dict[str, str] | None = None, **stages: tuple[float, ...]) -> Speeds:
    return Speeds("file", stages, MACHINE if setting is None else setting)


def times(factor: float, costs: tuple[float, ...] = STEADY) -> tuple[float, ...]:
    return tuple(factor * cost for cost in costs)


def write(path: Path, **changes: Any) -> Path:
    stage = StageTiming(reference="numpy", ratios=changes.pop("ratios", STEADY))
    values: dict[str, Any] = {
        "schema_version": 1,
        "created_at": "t",
        "tool_version": "0",
        "workload": {"suite": "smoke-v0"},
        "machine": MACHINE,
        "packages": {},
        "stages": {"observe": stage},
    }
    return write_report(SpeedReport(**(values | changes)), path)


@pytest.mark.parametrize(
    ("first", "second", "verdict", "code"),
    [
        (1.0, None, "pass", 0),
        (1.09, 1.09, "pass", 0),  # slower, but by less than 10 %
        (0.5, None, "pass", 0),
        (1.2, None, "suspect", 3),
        (1.2, 1.2, "regressed", 6),
        (1.2, 1.0, "pass", 0),  # not confirmed
        (1.0, 1.2, "pass", 0),  # a second measurement only confirms
    ],
)
def test_two_measurements(first: float, second: float | None, verdict: str, code: int) -> None:
    new = [speeds(observe=times(f)) for f in (first, second) if f is not None]
    result = judge_speed(speeds(observe=STEADY), new)
    assert (result.verdict, result.exit_code) == (verdict, code)


def test_within_the_scatter_of_the_repeats_is_no_regression() -> None:
    wild = (6.0, 14.0, 9.0, 15.0, 7.0)
    slower = (
        7.0,
        16.0,
        11.0,
        17.0,
        8.0,
    )  # the median by 22 %, but the repeats lie among each other
    new = [speeds(observe=slower)] * 2
    assert judge_speed(speeds(observe=wild), new).verdict == "pass"


def test_each_stage_by_itself() -> None:
    old = speeds(observe=STEADY, predict=STEADY, score=STEADY)
    new = speeds(observe=STEADY, predict=times(1.5), score=times(0.5))
    result = judge_speed(old, [new, new])
    assert {stage.stage: stage.word for stage in result.stages} == {
        "observe": "same",
        "predict": "regressed",
        "score": "faster",
    }
    assert result.reason.startswith("predict: +50.0 %")
    assert "| predict |" in speed_summary(result)


@pytest.mark.parametrize("side", ["old", "new", "second"])
def test_a_missing_stage_is_no_pass(side: str) -> None:
    all_stages = speeds(observe=STEADY, predict=STEADY)
    some = speeds(observe=STEADY)
    old = some if side == "old" else all_stages
    new = [some if side == "new" else all_stages, some if side == "second" else all_stages]
    result = judge_speed(old, new)
    assert (result.verdict, result.exit_code) == ("unjudged", 3)
    assert "predict: not measured" in result.reason


@pytest.mark.parametrize(
    ("key", "value"), [("cpu", "C2"), ("architecture", "arm64"), ("suite", "core-v0")]
)
def test_another_machine_or_other_work_is_no_pass(key: str, value: str) -> None:
    result = judge_speed(
        speeds(observe=STEADY), [speeds(MACHINE | {key: value}, observe=times(9.0))]
    )
    assert (result.verdict, result.exit_code) == ("unjudged", 3)
    assert f"{key} was" in result.reason
    assert value in result.reason


def test_few_repeats_are_no_pass() -> None:
    result = judge_speed(speeds(observe=STEADY), [speeds(observe=STEADY[:4])])
    assert result.verdict == "unjudged"
    assert "4 repeats" in result.reason


def test_a_regression_outranks_what_is_missing() -> None:
    old = speeds(observe=STEADY, predict=STEADY)
    new = speeds(observe=times(1.5))
    assert judge_speed(old, [new, new]).exit_code == 6


def test_first_night() -> None:
    result = judge_speed(None, [speeds(observe=STEADY)])
    assert (result.verdict, result.exit_code) == ("first", 0)


@pytest.mark.parametrize(
    ("codes", "expected"), [((0, 0), 0), ((3, 6), 6), ((1, 6), 1), ((0, 3), 3), ((6, 0), 6)]
)
def test_order_of_exit_codes(codes: tuple[int, int], expected: int) -> None:
    assert gravest(codes) == expected


def test_a_file_of_bench(tmp_path: Path) -> None:
    found = read_speeds(write(tmp_path / "speed.json"))
    assert found.costs == {"observe": STEADY}
    assert found.setting["cpu"] == "C1"
    assert found.setting["suite"] == "smoke-v0"
    assert "cores" not in found.setting


def benchmark_file(path: Path, **extra: object) -> Path:
    content = {
        "machine_info": {
            "system": "Linux",
            "machine": "x86_64",
            "cpu": {"brand_raw": "C1", "count": 2},
            "node": "somewhere",
        },
        "benchmarks": [
            {"name": "a", "fullname": "t.py::a", "extra_info": extra, "stats": {"mean": 1.0}},
            {"name": "b", "fullname": "t.py::b", "extra_info": {}, "stats": {"mean": 1.0}},
        ],
        "version": "5.3.1",
    }
    path.write_text(json.dumps(content))
    return path


def test_a_file_of_pytest_benchmark(tmp_path: Path) -> None:
    found = read_speeds(benchmark_file(tmp_path / "b.json", ratio=2.0, ratios=[1, 2, 3]))
    assert found.costs == {"t.py::a": (1.0, 2.0, 3.0)}
    assert found.setting == {"system": "Linux", "architecture": "x86_64", "cpu": "C1"}


def test_a_share_of_native_speed_is_turned_into_a_cost(tmp_path: Path) -> None:
    old = benchmark_file(tmp_path / "a.json", ratios=list(STEADY), higher_is_better=True)
    new = benchmark_file(tmp_path / "b.json", ratios=list(times(0.8)), higher_is_better=True)
    result = judge_speed(read_speeds(old), [read_speeds(new)] * 2)
    assert result.verdict == "regressed"
    assert result.stages[0].change == pytest.approx(0.25)


@pytest.mark.parametrize(
    "content",
    [
        "",
        "[]",
        "{}",
        '{"benchmarks": []}',
        '{"benchmarks": 3}',
        '{"benchmarks": [{"fullname": "a", "extra_info": {"ratios": "many"}}]}',
        '{"benchmarks": [{"fullname": "a", "extra_info": {"ratios": [1, -1]}}]}',
        '{"benchmarks": [{"fullname": "a", "extra_info": {"ratios": []}}]}',
        '{"benchmarks": [{"fullname": "a", "extra_info":'
        ' {"ratios": [0], "higher_is_better": true}}]}',
    ],
)
def test_damaged_files_are_named(tmp_path: Path, content: str) -> None:
    path = tmp_path / "speed.json"
    path.write_text(content)
    with pytest.raises(StoreError, match=r"speed\.json"):
        read_speeds(path)


@pytest.mark.parametrize("changes", [{"ratios": (1.0, 0.0)}, {"schema_version": 9}, {"stages": {}}])
def test_reports_that_cannot_be_judged(tmp_path: Path, changes: dict[str, Any]) -> None:
    with pytest.raises(StoreError, match=r"speed\.json"):
        read_speeds(write(tmp_path / "speed.json", **changes))


def test_no_such_file(tmp_path: Path) -> None:
    with pytest.raises(StoreError, match=r"nothing\.json"):
        read_speeds(tmp_path / "nothing.json")
