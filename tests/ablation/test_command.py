"""``ivlm-bench ablate`` on two small questions: what is made once is not made again."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from msgspec.structs import replace

from ivlm_bench.ablation.differences import changes
from ivlm_bench.ablation.runs import ablated
from ivlm_bench.ablation.settings import Ablation
from ivlm_bench.cli.main import main
from ivlm_bench.errors import ConfigError
from ivlm_bench.harness.config import RunConfig
from ivlm_bench.harness.run import RunOutcome
from ivlm_bench.registry import load_plugins

SUITE = """
name = "tiny-v0"
title = "Tiny"
track = "rgbd4"
size_px = 64
n_perturbed = 0

[tasks."ivlm/GraspAny-v0"]
count = 1

[tasks."ivlm/PressButton-v0"]
count = 2
"""

WORDS = Ablation("words=true", {"words": "true"})


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with a small suite, and the runs of geometric without and with words on it."""
    home = tmp_path_factory.mktemp("ablate")
    (home / "tiny.toml").write_text(SUITE)
    words = ["ablate", "--reasoner", "geometric", "--switch", "words=true", "--workers", "1"]
    words += ["--suite", str(home / "tiny.toml"), "--runs", str(home / "none")]
    words += ["--home", str(home / "runs"), "--format", "json", "--out", str(home / "out.json")]
    assert main(words) == 0
    return home


def base(made: Path, **changes: object) -> RunConfig:
    config = RunConfig(
        suite=str(made / "tiny.toml"), reasoner="geometric", track="rgbd4", workers=1
    )
    return replace(config, **changes)


def never(config: RunConfig) -> RunOutcome:
    raise AssertionError(f"asked again: {config.params}")


def test_both_runs_were_made_and_told(made: Path) -> None:
    told = json.loads((made / "out.json").read_text())
    (setting,) = told["settings"]
    assert (told["suite"], told["n_kept"]) == ("tiny-v0", 0)
    assert (setting["name"], setting["params"]) == ("words=true", {"words": "true"})
    assert setting["macro"]["n"] <= 3
    assert Path(setting["run"]).is_dir()
    assert setting["run"] != told["default_run"]


def test_the_same_runs_are_taken_again(made: Path) -> None:
    load_plugins()
    found = ablated(base(made), [WORDS], home=made / "runs", play=never)
    assert found.n_kept == 2
    elsewhere = ablated(base(made), [WORDS], home=made / "new", kept=[made / "runs"], play=never)
    assert elsewhere.default.folder == found.default.folder


def test_a_part_of_a_run_is_taken(made: Path) -> None:
    part = base(made, tasks=("PressButton",), limit=1)
    found = ablated(part, [WORDS], home=made / "runs", play=never)
    assert [len(run.episodes) for run in (found.default, found.switched[0][1])] == [1, 1]
    assert found.default.episodes["seed"].tolist() == [0]
    assert found.default.manifest.n_planned == 1
    assert found.default.manifest.config["tasks"] == "ivlm/PressButton-v0"
    (change,) = changes(found, measure="right")  # the part is whole, so it can be counted
    assert change.name == WORDS.name


@pytest.mark.parametrize("other", [{"track": "rgbd"}, {"seed": 1}, {"params": {"words": "0"}}])
def test_another_run_is_not_taken(made: Path, other: dict[str, object]) -> None:
    with pytest.raises(AssertionError, match="asked again"):
        ablated(base(made, **other), [WORDS], home=made / "runs", play=never)


def test_a_slip_shows_before_the_first_question(made: Path) -> None:
    with pytest.raises(ConfigError, match="no parameter 'word'"):
        ablated(base(made), [Ablation("w", {"word": "1"})], home=made / "new", play=never)


def test_text_and_markdown(made: Path, capsys: pytest.CaptureFixture[str]) -> None:
    words = ["ablate", "--reasoner", "geometric", "--switch", "words=true", "--suite"]
    words += [str(made / "tiny.toml"), "--runs", str(made / "runs"), "--home", str(made / "new")]
    assert main(words) == 0
    assert "2 of 2 runs were there before." in capsys.readouterr().out
    assert main([*words, "--format", "markdown"]) == 0
    assert capsys.readouterr().out.startswith("### Geometric: one changed setting at a time")


def test_a_place_that_cannot_be_written(made: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["ablate", "--reasoner", "geometric", "--out", str(made)]) == 2
    assert str(made) in capsys.readouterr().err
