"""Phases by themselves: four processes give the run that one gives, and refuse what is not fit."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import msgspec
import numpy as np
import pyarrow.parquet as pq
import pytest
from msgspec.structs import replace

from ivlm_bench.cli.main import main
from ivlm_bench.codec import encode
from ivlm_bench.errors import ConfigError, IvlmBenchError, StoreError
from ivlm_bench.harness.answering import Answers, PredictConfig, answer_all
from ivlm_bench.harness.config import RunConfig
from ivlm_bench.harness.observations import TRUTH, load_observations, seen_path, truth_path
from ivlm_bench.harness.plan import make_plan
from ivlm_bench.harness.rendering import render_suite
from ivlm_bench.harness.run import RunOutcome, execute
from ivlm_bench.harness.submission import (
    NotComparableError,
    Submission,
    load_submission,
    write_predictions,
)
from ivlm_bench.records import EpisodeResult
from ivlm_bench.store import load_run
from ivlm_bench.types import Interaction, Motion

Configure = Callable[..., RunConfig]
Command = Callable[..., subprocess.CompletedProcess[str]]


def silent() -> None:
    """Hear of an episode and say nothing."""


@pytest.fixture
def command(toy_env: Path, tmp_path: Path) -> Command:
    """Return a function that runs a subcommand in a process of its own, in an empty folder."""

    def call(*argv: str, code: int = 0) -> subprocess.CompletedProcess[str]:
        line = [sys.executable, "-m", "ivlm_bench.cli.main", *argv]
        done = subprocess.run(line, check=False, capture_output=True, text=True, cwd=tmp_path)
        assert done.returncode == code, done.stderr
        return done

    return call


@pytest.fixture
def rendered(config: Configure, tmp_path: Path) -> Path:
    """Observations of the whole toy suite."""
    folder = tmp_path / "observations"
    render_suite(make_plan(config()), folder, silent)
    return folder


def predicted(folder: Path, mind: str, out: Path, **changes: object) -> Answers:
    values: dict[str, object] = {"reasoner": mind, "out": str(out), "workers": 1}
    asked = PredictConfig(**(values | changes))  # type: ignore[arg-type]
    return answer_all(asked, load_observations(folder), silent)


def simulated(config: RunConfig, submission: Submission, out: Path) -> RunOutcome:
    asked = submission.config(config.suite)
    return execute(
        replace(asked, out=str(out), engines=("mujoco",), workers=1, page=False),
        submission=submission,
    )


@pytest.mark.parametrize("mind", ["Fair", "Menagerie"])
def test_four_processes_give_the_run_of_one(
    mind: str, toy_env: Path, command: Command, config: Configure, tmp_path: Path
) -> None:
    suite, reasoner = str(toy_env / "toy-v0.toml"), f"{toy_env / 'minds.py'}:{mind}"
    code = 0 if mind == "Fair" else 5
    told = command("render", "--suite", suite, "--out", "OBS", "--workers", "1")
    assert told.stdout == "questions     15\nobservations  OBS\n"
    shutil.rmtree(tmp_path / "OBS" / TRUTH)
    asked = ["--reasoner", reasoner, "--out", "PRED", "--workers", "1", "--deadline-s", "1"]
    told = command("predict", "OBS", *asked, code=code)
    assert told.stdout.splitlines()[-1] == "predictions  PRED"
    shutil.rmtree(tmp_path / "OBS")
    judged = ["--suite", suite, "--engine", "mujoco", "--out", "RUN", "--workers", "1", "--no-page"]
    told = command("simulate", "PRED", *judged, code=code)
    apart = load_run(tmp_path / "RUN")
    assert f"bit      {apart.manifest.bit_digest}" in told.stdout
    assert "equal to what is stored" in command("score", "RUN").stdout
    whole = execute(config(mind, out=str(tmp_path / "whole"), deadline_s=1.0)).run
    assert apart.manifest.bit_digest == whole.manifest.bit_digest
    assert apart.manifest.outcome_digest == whole.manifest.outcome_digest
    assert apart.manifest.reasoner == whole.manifest.reasoner
    assert apart.manifest.n_by_status == whole.manifest.n_by_status
    assert "simulated from predictions of" in apart.manifest.notes


def test_predict_needs_neither_tasks_nor_suite(
    rendered: Path, toy_env: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    away = tmp_path / "away"
    away.mkdir()
    shutil.copy(toy_env / "minds.py", away)
    elsewhere = [p for p in os.environ["PYTHONPATH"].split(os.pathsep) if p != str(toy_env)]
    monkeypatch.setenv("PYTHONPATH", os.pathsep.join(elsewhere))
    answers = predicted(rendered, f"{away / 'minds.py'}:Fair", tmp_path / "predictions")
    assert answers.manifest.n_by_status == {"ok": 15}


def test_truth_is_opened_for_a_privileged_reasoner_only(
    rendered: Path, config: Configure, tmp_path: Path
) -> None:
    told = predicted(rendered, "oracle", tmp_path / "oracle")
    assert told.manifest.reasoner.privileged
    outcome = simulated(config(), load_submission(told.folder), tmp_path / "judged")
    assert outcome.run.episodes.success.all()
    for path in (rendered / TRUTH).iterdir():
        path.write_bytes(b"not to be read")
    assert predicted(rendered, config().reasoner, tmp_path / "fair").exit_code == 0
    with pytest.raises(IvlmBenchError, match=r"\.truth is damaged \(its SHA-256"):
        predicted(rendered, "oracle", tmp_path / "again")
    shutil.rmtree(rendered / TRUTH)
    with pytest.raises(ConfigError, match=r"'oracle' answers from the truth, and .* holds none"):
        predicted(rendered, "oracle", tmp_path / "never")


def test_what_may_be_seen_holds_nothing_of_the_truth(rendered: Path) -> None:
    observations = load_observations(rendered)
    key = observations.manifest.questions[0].scenario_key
    stored = msgspec.to_builtins(observations.observation(key).query)
    assert stored["text"] == "Push toy 0."
    assert seen_path(rendered, key).parent != truth_path(rendered, key).parent
    assert {path.parent.name for path in rendered.rglob("*") if path.is_file()} == {
        rendered.name,
        "seen",
        "truth",
    }


def test_a_damaged_or_exchanged_observation_is_refused(
    rendered: Path, config: Configure, tmp_path: Path
) -> None:
    first, second = (
        seen_path(rendered, question.scenario_key)
        for question in load_observations(rendered).manifest.questions[:2]
    )
    whole = first.read_bytes()
    for content in (whole[:-1], second.read_bytes(), b""):
        first.write_bytes(content)
        with pytest.raises(IvlmBenchError, match=f"{first.name} is damaged .its SHA-256"):
            predicted(rendered, config().reasoner, tmp_path / "predictions", resume=True)
    first.unlink()
    with pytest.raises(IvlmBenchError, match=f"{first.name} is damaged .it is missing"):
        predicted(rendered, config().reasoner, tmp_path / "predictions", resume=True)
    first.write_bytes(whole)
    answers = predicted(rendered, config().reasoner, tmp_path / "predictions", resume=True)
    assert answers.manifest.n_planned == 15


def test_interrupted_predictions_go_on(
    rendered: Path, toy_env: Path, command: Command, config: Configure, tmp_path: Path
) -> None:
    mind = f"{toy_env / 'minds.py'}:Slow"
    asked = ["predict", str(rendered), "--reasoner", mind, "--out", "PRED", "--workers", "1"]
    line = [sys.executable, "-m", "ivlm_bench.cli.main", *asked]
    running = subprocess.Popen(line, cwd=tmp_path, stderr=subprocess.PIPE, text=True)
    journal = tmp_path / "PRED" / "journal.sqlite"
    while not journal.exists() and running.poll() is None:
        time.sleep(0.05)
    time.sleep(0.5)
    running.send_signal(signal.SIGINT)
    _, told = running.communicate()
    assert running.returncode == 130, told
    assert "--resume --out PRED" in told
    command(*asked, code=5)  # begun, and not said to go on
    command(*asked, "--resume")
    assert not journal.exists()
    outcome = simulated(config(), load_submission(tmp_path / "PRED"), tmp_path / "judged")
    whole = execute(config("Slow"))
    assert outcome.run.manifest.bit_digest == whole.run.manifest.bit_digest


def test_each_repeat_has_an_answer_of_its_own(
    rendered: Path, config: Configure, tmp_path: Path
) -> None:
    answers = predicted(rendered, config().reasoner, tmp_path / "predictions", repeats=2)
    assert answers.manifest.n_planned == 30
    outcome = simulated(config(), load_submission(answers.folder), tmp_path / "judged")
    whole = execute(config(repeats=2))
    assert outcome.run.manifest.bit_digest == whole.run.manifest.bit_digest


def test_a_part_of_a_suite_stays_that_part(config: Configure, tmp_path: Path) -> None:
    part = {"tasks": ("Push",), "limit": 3}
    folder = tmp_path / "observations"
    render_suite(make_plan(config(**part)), folder, silent)
    answers = predicted(folder, config().reasoner, tmp_path / "predictions", seed=5)
    outcome = simulated(config(), load_submission(answers.folder), tmp_path / "judged")
    whole = execute(config(seed=5, **part))
    assert outcome.run.manifest.bit_digest == whole.run.manifest.bit_digest
    assert outcome.run.manifest.base_seed == 5
    assert "the first 3 questions" in outcome.run.manifest.notes


def rewritten(
    submission: Submission, out: Path, change: Callable[[dict[str, bytes]], dict[str, bytes]]
) -> Path:
    """Write predictions with other answers and right sums, as somebody else might."""
    out.mkdir()
    table = pq.read_table(submission.folder / "predictions.parquet").to_pylist()
    blobs = change({row["episode_key"]: row["prediction"] for row in table})
    results = [result for result in results_of(table, blobs) if result.episode.episode_key in blobs]
    write_predictions(out, results, submission.manifest)
    return out


def results_of(table: list[dict[str, object]], blobs: dict[str, bytes]) -> list[EpisodeResult]:
    blank = {
        "cluster": "",
        "split": "",
        "answerable": True,
        "abstained": False,
        "success": False,
        "code": "",
        "confidence": None,
        "stages": {},
        "scores": {},
        "prediction_hash": "",
        "scene_hash": "",
        "query_text": "",
    }
    rows = [{k: v for k, v in row.items() if k != "prediction"} for row in table]
    return [
        msgspec.convert(
            {"episode": blank | row, "prediction": blobs.get(str(row["episode_key"]), b"")},
            EpisodeResult,
            builtin_types=(bytes,),
        )
        for row in rows
    ]


def test_answers_from_elsewhere_are_held_to_the_rules(
    rendered: Path, config: Configure, tmp_path: Path
) -> None:
    answers = predicted(rendered, config().reasoner, tmp_path / "predictions")
    submission = load_submission(answers.folder)
    up = np.array([0.0, 0.0, 1.0])
    foreign = [
        b"\xc1 no answer",
        encode(Interaction(affordance_maps=np.ones((2, 16, 16), np.float32))),
        encode(Interaction(affordance_maps=np.ones((1, 15, 16), np.float32))),
        encode(Interaction(points_px=np.array([[1.0, 2.0, 2.0]], np.float32))),
        encode(Interaction(motion=Motion(up, up), affordance_maps=np.ones((1, 16, 16)))),
    ]

    exchanged = dict(zip(sorted(submission.answers), foreign, strict=False))
    folder = rewritten(submission, tmp_path / "foreign", lambda blobs: blobs | exchanged)
    outcome = simulated(config(), load_submission(folder), tmp_path / "judged")
    keys = sorted(submission.answers)
    ended = {r.episode.episode_key: r.episode for r in outcome.run.results}
    statuses = [ended[key].status for key in keys]
    assert statuses == ["invalid_answer"] * 4 + ["ok"] * 11
    assert "one map of the size of each" in ended[keys[1]].message
    assert outcome.exit_code == 5


def test_predictions_that_lack_an_answer_are_refused(
    rendered: Path, config: Configure, tmp_path: Path
) -> None:
    answers = predicted(rendered, config().reasoner, tmp_path / "predictions")
    submission = load_submission(answers.folder)
    first = min(submission.answers)
    folder = rewritten(
        submission, tmp_path / "less", lambda blobs: {k: v for k, v in blobs.items() if k != first}
    )
    with pytest.raises(NotComparableError, match="answers 14 episodes, 15 are planned"):
        simulated(config(), load_submission(folder), tmp_path / "judged")
    table = answers.folder / "predictions.parquet"
    table.write_bytes(table.read_bytes()[:-1] + b"\0")
    with pytest.raises(StoreError, match=r"predictions\.parquet is damaged \(its SHA-256"):
        load_submission(answers.folder)


def test_another_suite_is_not_what_was_answered(
    rendered: Path, config: Configure, toy_env: Path, tmp_path: Path
) -> None:
    answers = predicted(rendered, config().reasoner, tmp_path / "predictions")
    other = tmp_path / "other-v0.toml"
    other.write_text((toy_env / "toy-v0.toml").read_text().replace("count = 5", "count = 6"))
    submission = load_submission(answers.folder)
    with pytest.raises(NotComparableError, match="Give the suite that was answered") as caught:
        simulated(replace(config(), suite=str(other)), submission, tmp_path / "judged")
    assert caught.value.exit_code == 4
    older = replace(submission.manifest, protocol_hash="0" * 32)
    with pytest.raises(NotComparableError, match="another version of the protocol"):
        simulated(
            config(), Submission(answers.folder, older, submission.answers), tmp_path / "judged"
        )


def test_another_suite_is_refused_before_its_tasks_are_sought(
    rendered: Path, config: Configure, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    answers = predicted(rendered, config().reasoner, tmp_path / "predictions")
    manifest = answers.folder / "predictions.json"
    asked = msgspec.json.decode(manifest.read_bytes())
    asked["asked"]["tasks"] = ["Push"]  # a task that smoke-v0 has not
    manifest.write_bytes(msgspec.json.encode(asked))
    out = tmp_path / "judged"
    line = ["simulate", str(answers.folder), "--suite", "smoke-v0", "--out", str(out)]
    assert main(line) == 4
    told = capsys.readouterr()
    assert told.err.count("\n") == 1
    assert "answers the suite 'toy-v0'" in told.err
    assert not out.exists()


def test_finished_folders_are_not_written_again(
    rendered: Path, config: Configure, tmp_path: Path
) -> None:
    with pytest.raises(StoreError, match="holds observations already"):
        render_suite(make_plan(config()), rendered, silent)
    predicted(rendered, config().reasoner, tmp_path / "predictions")
    with pytest.raises(StoreError, match="holds finished predictions"):
        predicted(rendered, config().reasoner, tmp_path / "predictions")


@pytest.mark.parametrize(
    ("argv", "code", "words"),
    [
        (["predict", "nowhere", "--out", "x"], 5, "nowhere holds no observations"),
        (["simulate", "nowhere"], 5, "nowhere holds no predictions"),
        (["predict", "nowhere"], 2, "--out"),
        (["render", "--out", "x", "--suite", "smok-v0"], 2, "smoke-v0"),
        (["render", "--out", "x", "--limit", "0"], 2, "--limit is 0"),
        (["predict", "nowhere", "--out", "x", "-P", "a"], 2, "-P 'a' is no parameter"),
    ],
)
def test_what_cannot_be_done_is_told_in_a_line(
    argv: list[str],
    code: int,
    words: str,
    capsys: pytest.CaptureFixture[str],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.chdir(tmp_path)
    assert main(argv) == code
    told = capsys.readouterr()
    assert told.out == ""
    assert told.err.count("\n") == 1
    assert words in told.err
    assert list(tmp_path.iterdir()) == []
