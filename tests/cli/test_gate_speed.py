"""``gate --bench``: a slower stage is red only where the answers are not worse."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest

from ivlm_bench.cli.main import main
from ivlm_bench.timing.records import SpeedReport, StageTiming, write_report

RUN = Path(__file__).parents[2] / "results" / "smoke-v0" / "geometric"
BLIND = RUN.parent / "abstain"
STEADY = (10.0, 10.1, 9.9, 10.05, 9.95)


def measured(path: Path, factor: float) -> str:
    report = SpeedReport(
        schema_version=1,
        created_at="t",
        tool_version="0",
        workload={},
        machine={"system": "Linux", "architecture": "x86_64", "cpu": "C"},
        packages={},
        stages={
            "observe": StageTiming(reference="numpy", ratios=tuple(factor * r for r in STEADY))
        },
    )
    return str(write_report(report, path))


def gate(*words: object) -> int:
    return main(["gate", str(RUN), "--baseline", str(RUN), *(str(word) for word in words)])


@pytest.mark.parametrize(
    ("factors", "code"), [((1.0,), 0), ((1.3,), 3), ((1.3, 1.31), 6), ((1.3, 1.0), 0)]
)
def test_exit_codes(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], factors: tuple[float, ...], code: int
) -> None:
    old = measured(tmp_path / "old.json", 1.0)
    new = [measured(tmp_path / f"new{i}.json", factor) for i, factor in enumerate(factors)]
    out = tmp_path / "out"
    assert gate("--bench", *new, "--bench-baseline", old, "--out", out) == code
    assert "SPEED" in capsys.readouterr().out
    assert json.loads((out / "speed.json").read_text())["exit_code"] == code
    assert (out / "gate.json").is_file()


def test_a_first_measurement(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    new = measured(tmp_path / "new.json", 1.0)
    assert gate("--bench", new, "--bench-baseline", tmp_path / "none.json") == 0
    assert "no measurement of speed to compare with yet" in capsys.readouterr().out


def test_both_or_neither(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert gate("--bench", measured(tmp_path / "new.json", 1.0)) == 2
    assert "go together" in capsys.readouterr().err


@pytest.mark.parametrize("copied", [False, True])
def test_a_measurement_does_not_confirm_itself(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], copied: bool
) -> None:
    old, new = (measured(tmp_path / f"{f}.json", f) for f in (1.0, 1.5))
    again = shutil.copy(new, tmp_path / "again.json") if copied else new
    assert gate("--bench", new, str(again), "--bench-baseline", old) == 2
    assert "the same measurement twice" in capsys.readouterr().err


def test_a_suspicion_of_worse_answers_does_not_hide_a_slower_stage(tmp_path: Path) -> None:
    old, new = (measured(tmp_path / f"{f}.json", f) for f in (1.0, 1.5))
    again = measured(tmp_path / "again.json", 1.49)
    words = ["--bench", new, again, "--bench-baseline", old, "--across-reasoners"]
    oracle = RUN.parent / "oracle"
    assert main(["gate", str(BLIND), "--baseline", str(oracle), *words]) == 6
