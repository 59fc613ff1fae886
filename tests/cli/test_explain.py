"""Bad input of explain, attribute, ablate and train: one sentence at once, and an exit code."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from ivlm_bench.cli.main import main

RESULTS = Path(__file__).parents[2] / "results" / "smoke-v0"
RUN = str(RESULTS / "abstain")


@pytest.mark.parametrize(
    ("words", "code", "told"),
    [
        (["explain", "nowhere", "GraspAny:1"], 5, "There is no folder nowhere"),
        (["explain", RUN, "OpenDrawr-v0/3"], 2, "Did you mean 'OpenDrawer-v0/3"),
        (["explain", RUN, "zzz"], 2, "Write task and seed, such as GraspAny-v0/"),
        (["explain", RUN, ""], 2, "has no episode ''."),
        (["explain", RUN, "OpenDrawer:3", "--out", "file"], 5, "file"),
        (["attribute", "nowhere"], 5, "There is no folder nowhere"),
        (["attribute", RUN, "--limit", "0"], 2, "--limit is 0"),
        (["ablate", "--reasoner", "geometrc"], 2, "Did you mean 'geometric'"),
        (["ablate", "--reasoner", "geometric"], 2, "'geometric' offers no ablations"),
        (["ablate", "--switch", "fusoin=max"], 2, "fusoin"),
        (["ablate", "--out", "file/x"], 5, "file"),
        (["train", "--preset", "smal"], 2, "Did you mean 'small'"),
        (["train", "--reasoner", "geometric"], 2, "No trainer is called 'geometric'"),
        (["train", "--pictures", "nowhere"], 2, "nowhere holds no finished set of labelled"),
        (["train", "--labels", "2"], 2, "--labels is 2; a share"),
        (["train", "--labels", "nan"], 2, "--labels is nan; a share"),
        (["train", "--steps", "0"], 2, "--steps is 0"),
        (["train", "--scenes", "-1"], 2, "--scenes is -1"),
        (["train", "--seed", "-1"], 2, "--seed is -1"),
        (["train", "--out", "file"], 5, "file"),
    ],
)
def test_bad_input_is_told_in_one_sentence(
    words: list[str],
    code: int,
    told: str,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.chdir(tmp_path)
    Path("file").write_text("in the way")
    assert main(words) == code
    out, err = capsys.readouterr()
    assert out == ""
    assert err.startswith("ivlm-bench: ")
    assert err.count("\n") == 1
    assert told in err
    assert {path.name for path in tmp_path.iterdir()} <= {"file", "trained"}


def test_a_damaged_run_is_not_explained(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    shutil.copytree(RUN, tmp_path / "run")
    (tmp_path / "run" / "predictions.parquet").write_bytes(b"no table")
    assert main(["explain", str(tmp_path / "run"), "OpenDrawer:3"]) == 5
    assert "predictions.parquet" in capsys.readouterr().err


def test_a_reasoner_that_tells_nothing_is_said_to(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    out = tmp_path / "told"
    assert main(["explain", RUN, "OpenDrawer:3", "--out", str(out)]) == 0
    told = capsys.readouterr().out
    assert "'abstain' has no method 'explain', and its answer holds no evidence." in told
    assert "The reasoner tells nothing of it." in (out / "index.html").read_text()
