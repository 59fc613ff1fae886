"""``gate`` and ``baseline`` as commands: what they print, write and return."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import msgspec
import pytest
from msgspec.structs import replace

from ivlm_bench.cli.main import main
from ivlm_bench.store import Run, RunHeader, RunStore, load_run

RESULTS = Path(__file__).parents[2] / "results" / "smoke-v0" / "geometric"

Call = Callable[..., tuple[int, str, str]]


@pytest.fixture
def call(capsys: pytest.CaptureFixture[str]) -> Call:
    """Return a function that runs the command in this process: exit code, stdout, stderr."""

    def run(*argv: object) -> tuple[int, str, str]:
        code = main([str(word) for word in argv])
        told = capsys.readouterr()
        return code, told.out, told.err

    return run


@pytest.fixture(scope="module")
def committed() -> Run:
    return load_run(RESULTS)


@pytest.fixture
def make(committed: Run, tmp_path: Path) -> Callable[..., Path]:
    """Seal the committed run once more, its successes spoilt by a rule."""

    def seal(name: str, spoil: Callable[[int, Any], Any]) -> Path:
        results = [
            replace(result, episode=spoil(k, result.episode))
            for k, result in enumerate(committed.results)
        ]
        folder = tmp_path / name
        keys = tuple(r.episode.episode_key for r in results)
        with RunStore(folder) as store:
            store.begin(RunHeader(run_id=name, config_hash="c", planned=keys, created_at="t"))
            for result in results:
                store.append(result)
            store.seal(replace(committed.manifest, run_id=name))
        return folder

    return seal


def test_first_night_promote_and_identical(call: Call, tmp_path: Path) -> None:
    home = tmp_path / "home"
    code, out, err = call("gate", RESULTS, "--baseline", home)
    assert (code, out) == (2, "")
    assert f"There is no folder {home}" in err
    code, out, _ = call("gate", RESULTS, "--baseline", home, "--first-night")
    assert code == 0
    assert out.startswith("## FIRST-NIGHT")
    assert "no baseline yet" in out
    code, out, _ = call("baseline", "promote", RESULTS, "--reason", "first", "--home", home)
    assert code == 0
    folder = out.split()[1]
    assert Path(folder).is_dir()
    code, out, _ = call("gate", RESULTS, "--baseline", home, "-o", tmp_path / "out")
    assert code == 0
    assert out.startswith("## IDENTICAL")
    assert out == (tmp_path / "out" / "summary.md").read_text()
    code, out, _ = call("baseline", "list", "--home", home)
    assert code == 0
    assert str(Path(folder).relative_to(home)) in out
    assert out.rstrip().endswith("first")


def test_a_loss_is_suspect_with_marks_files_and_history(
    call: Call, make: Callable[..., Path], tmp_path: Path
) -> None:
    night = make("worse", lambda k, e: replace(e, success=False, prediction_hash="x"))
    where = ("--baseline", RESULTS, "--out", tmp_path / "out", "--history", tmp_path / "history")
    code, out, err = call("gate", night, *where, "--annotate")
    assert code == 3
    assert "## SUSPECT" in out
    assert "::warning title=macro::" in out
    assert err.count("written") == 5
    found = json.loads((tmp_path / "out" / "gate.json").read_text())
    assert found["slow_drift"]["n_nights"] == 0, "no fresh question was asked"
    assert found["slow_drift"]["alarm"] is False
    assert len((tmp_path / "history" / "gate-history.jsonl").read_text().splitlines()) == 1


@pytest.mark.parametrize(
    ("flag", "wanted"), [((), 3), (("--inconclusive", "pass"), 0), (("--inconclusive", "fail"), 3)]
)
def test_inconclusive_passes_or_fails_as_told(
    call: Call, make: Callable[..., Path], flag: tuple[str, ...], wanted: int
) -> None:
    night = make("other", lambda k, e: replace(e, prediction_hash="x"))
    code, out, _ = call("gate", night, "--baseline", RESULTS, *flag)
    assert code == wanted
    assert out.startswith("## INCONCLUSIVE")


def test_a_total_loss_is_not_let_pass(call: Call, make: Callable[..., Path]) -> None:
    night = make("lost", lambda k, e: replace(e, success=False, prediction_hash="x"))
    code, out, _ = call("gate", night, "--baseline", RESULTS, "--inconclusive", "pass")
    assert code == 3
    assert out.startswith("## SUSPECT")


def test_a_baseline_of_another_reasoner(call: Call, tmp_path: Path) -> None:
    words = ("gate", RESULTS, "--baseline", RESULTS.parent / "centre")
    code, out, err = call(*words)
    assert (code, out) == (4, "")
    assert "a run of 'centre', the night one of 'geometric'" in err
    _, out, _ = call(*words, "--across-reasoners", "--out", tmp_path)
    told = "The baseline is a run of another reasoner: 'centre', not 'geometric'."
    assert told in out
    assert told in json.loads((tmp_path / "gate.json").read_text())["notes"]
    assert told in (tmp_path / "summary.md").read_text()


def test_not_comparable(call: Call, committed: Run, tmp_path: Path) -> None:
    folder = tmp_path / "other"
    shutil.copytree(RESULTS, folder)
    changed = replace(committed.manifest, suite_hash="0" * 32)
    (folder / "manifest.json").write_bytes(msgspec.json.encode(changed))
    code, out, err = call("gate", folder, "--baseline", RESULTS)
    assert (code, out) == (4, "")
    assert "suite hash differs" in err


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (("promote", RESULTS), "needs a reason"),
        (("promote",), "needs the folder"),
        (("demote", RESULTS), "can't 'demote'"),
        (("list", "--home", __file__), "is a file"),
    ],
)
def test_baseline_told_wrongly(call: Call, words: tuple[object, ...], told: str) -> None:
    code, out, err = call("baseline", *words)
    assert (code, out) == (2, "")
    assert told in err
    assert err.count("\n") == 1


def test_no_baselines_yet(call: Call, tmp_path: Path) -> None:
    code, out, _ = call("baseline", "list", "--home", tmp_path / "none")
    assert code == 0
    assert "no baselines yet" in out


@pytest.mark.parametrize(
    ("words", "code", "said"),
    [
        (["--bench", "none.json", "--bench-baseline", "b.json"], 5, "no file none.json"),
        (["--bench", "damaged.json", "--bench-baseline", "b.json"], 5, "damaged.json"),
        (["--bench", "none.json"], 2, "go together"),
        (["--suite", "none.toml"], 2, "none.toml"),
        (["--suite", "damaged.toml"], 2, "damaged.toml"),
        (["--confirm", "--reasoner", "none.py:Mine"], 2, "none.py, which is no file"),
        (["--confirm", "--baseline-reasoner", "none.py:Mine"], 2, "--baseline-reasoner names"),
        (["--confirm", "--baseline-python", "no-python"], 2, "no program that can be run"),
        (["--out", "damaged.json/gate"], 5, "a file is in the way"),
        (["--history", "damaged.json"], 5, "a file is in the way"),
        (["--history", "nights"], 5, "damaged in line 1"),
    ],
)
def test_wrong_inputs_are_told_before_any_verdict(
    call: Call,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    words: list[str],
    code: int,
    said: str,
) -> None:
    monkeypatch.chdir(tmp_path)
    for name in ("damaged.json", "damaged.toml"):
        Path(name).write_text("{")
    Path("nights").mkdir()
    Path("nights/gate-history.jsonl").write_text("{\n")
    found, out, err = call("gate", RESULTS, "--baseline", RESULTS, *words)
    assert (found, out) == (code, "")
    assert said in err
    assert err.count("\n") == 1
