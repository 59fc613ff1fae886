"""Repeats of one question, and questions that one engine alone judges."""

from __future__ import annotations

import subprocess
import sys
from collections import Counter
from collections.abc import Callable
from pathlib import Path

import pytest
from msgspec.structs import replace

from ivlm_bench.digest import scenario_key
from ivlm_bench.harness.config import RunConfig
from ivlm_bench.harness.crosscheck import is_cross_checked, judging
from ivlm_bench.harness.run import execute
from ivlm_bench.leaderboard import run_table, summarise
from ivlm_bench.report import write_page

Configure = Callable[..., RunConfig]


def test_each_repeat_has_a_seed_of_its_own(config: Configure) -> None:
    run = execute(config(repeats=3, tasks=("Push",), limit=4)).run
    assert run.manifest.repeats == 3
    assert run.manifest.n_planned == 12
    for _, rows in run.episodes.groupby("seed"):
        assert sorted(rows["repeat"]) == [0, 1, 2]
        assert rows["scenario_key"].nunique() == 1
        assert rows["confidence"].nunique() == 3, "three draws, not one"


def test_the_first_repeat_is_the_run_without_repeats(config: Configure, tmp_path: Path) -> None:
    once = execute(config(out=str(tmp_path / "once"), limit=3)).run.episodes
    thrice = execute(config(out=str(tmp_path / "thrice"), limit=3, repeats=3)).run.episodes
    first = thrice[thrice["repeat"] == 0].reset_index(drop=True)
    assert list(first["prediction_hash"]) == list(once["prediction_hash"])


def test_repeats_are_averaged_before_questions_are_counted(config: Configure) -> None:
    run = execute(config(repeats=4, tasks=("Push",))).run
    answerable = run.episodes[run.episodes.answerable]
    by_question = answerable.groupby("seed")["success"].mean()
    row = summarise(run).tasks[0]
    assert row.rates["strict"].value == pytest.approx(by_question.mean())
    assert row.rates["strict"].n == len(by_question) == 8
    assert "each question asked 4 times" in run_table(run).text()


def test_a_share_is_that_share_of_many_questions() -> None:
    keys = [scenario_key("protocol", "task", seed) for seed in range(2000)]
    share = sum(is_cross_checked(key, 0.2) for key in keys) / len(keys)
    assert share == pytest.approx(0.2, abs=0.03)  # three standard deviations of a binomial
    assert all(is_cross_checked(key, 1.0) for key in [*keys, "f" * 32])
    assert not any(is_cross_checked(key, 0.0) for key in [*keys, "0" * 32])
    assert judging(("a", "b"), "f" * 32, 0.5) == ("a",)
    assert judging(("a", "b"), "0" * 32, 0.5) == ("a", "b")


def test_the_share_does_not_hang_on_who_answers(config: Configure, tmp_path: Path) -> None:
    both = config(engines=("mujoco", "pybullet"), cross_check_share=0.5, out=str(tmp_path / "fair"))
    fair = execute(both).run
    other = execute(replace(both, reasoner="oracle", out=str(tmp_path / "oracle"))).run
    checked = [
        {
            (r.episode.task, r.episode.seed)
            for r in run.results
            if is_cross_checked(r.episode.scenario_key, 0.5)
        }
        for run in (fair, other)
    ]
    assert checked[0] == checked[1]
    assert 0 < len(checked[0]) < 15
    for result in fair.results:
        judged = {verdict.engine for verdict in result.verdicts}
        is_checked = (result.episode.task, result.episode.seed) in checked[0]
        assert judged == ({"mujoco", "pybullet"} if is_checked else {"mujoco"})


def test_whatever_reads_a_run_copes_with_a_missing_second_verdict(config: Configure) -> None:
    outcome = execute(config(engines=("mujoco", "pybullet"), cross_check_share=0.4, n_perturbed=2))
    run = outcome.run
    assert outcome.exit_code == 0
    per_engine = Counter(v.engine for r in run.results for v in r.verdicts)
    assert per_engine["mujoco"] == 15
    assert 0 < per_engine["pybullet"] < 15
    perturbed = {v.n_perturbed for r in run.results for v in r.verdicts if v.engine == "pybullet"}
    assert perturbed == {0}, "perturbed trials stay on the reference"
    assert "no difference" in command("leaderboard", "verify", "--full", str(run.folder))
    macro = summarise(run).macro
    assert macro.agreement.value == 1.0  # the toy trial is the same in every engine
    assert macro.agreement.n == per_engine["pybullet"]
    n_answerable = sum(r.episode.answerable and len(r.verdicts) == 2 for r in run.results)
    assert macro.engines["pybullet"].n == n_answerable
    text = run_table(run).text()
    assert f"pybullet judged {per_engine['pybullet']} of 15 questions" in " ".join(text.split())
    assert write_page(run.folder).is_file()


def command(*argv: str) -> str:
    """Run the command line in a process that finds the toy plugin, and return what it prints."""
    words = [sys.executable, "-m", "ivlm_bench.cli.main", *argv]
    return subprocess.run(words, capture_output=True, text=True, check=True).stdout
