"""The machinery on the real tasks, engines and baselines."""

from __future__ import annotations

from dataclasses import replace as replaced
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from msgspec.structs import replace

import ivlm_bench
from ivlm_bench.api import RunConfig, evaluate
from ivlm_bench.certify import CertificateRow, Trying, certify, rows_of
from ivlm_bench.codec import decode, encode
from ivlm_bench.harness.rescore import differences, keep_new, rescore
from ivlm_bench.harness.resimulate import resimulate
from ivlm_bench.store import Run, load_run
from ivlm_bench.store.columns import tables
from ivlm_bench.store.seal import seal_folder
from ivlm_bench.suite import load_suite
from ivlm_bench.types import Interaction, Motion

TEN_LINES = """
from ivlm_bench.types import Interaction

class MyReasoner:
    def predict(self, observation):
        view = observation.views[0]
        middle = [[0, view.camera.width_px / 2, view.camera.height_px / 2]]
        return Interaction(points_px=middle)
"""


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> Run:
    """Two tasks, two questions each, answered by the oracle."""
    out = tmp_path_factory.mktemp("real") / "run"
    tasks = ("GraspAny", "PressButton")
    return evaluate(
        RunConfig(reasoner="oracle", tasks=tasks, limit=2, out=str(out), workers=1, page=False)
    )


def test_the_python_face_gives_data_frames(run: Run) -> None:
    assert isinstance(run.episodes, pd.DataFrame)
    assert isinstance(run.verdicts, pd.DataFrame)
    assert ivlm_bench.load_run(run.folder).manifest == run.manifest
    assert len(run.episodes) == 4
    answered = run.episodes[run.episodes.status == "ok"]
    assert len(run.verdicts) == len(answered) * len(run.manifest.engines)
    assert run.episodes.success.all()
    assert run.manifest.size_px == 224


def test_scores_follow_from_what_is_stored(run: Run) -> None:
    assert differences(run, rescore(run)) == ()


def test_stored_answers_are_tried_again_bit_by_bit(run: Run) -> None:
    assert resimulate(load_run(run.folder), n=None) == []


def test_a_changed_score_is_found(run: Run) -> None:
    first, *rest = run.results
    lied = replace(first, episode=replace(first.episode, scores={"success": 0.25}))
    forged = Run(run.folder, run.manifest, tables([lied, *rest]))
    assert [line.split(":")[0] for line in differences(forged, rescore(forged))] == [
        f"{first.episode.task} seed {first.episode.seed} repeat 0"
    ]


def without_metric(run: Run, name: str) -> Run:
    """Return a run as a version without this metric would have stored it."""
    older = []
    for result in run.results:
        scores = {key: value for key, value in result.episode.scores.items() if key != name}
        older.append(replace(result, episode=replace(result.episode, scores=scores)))
    return Run(run.folder, run.manifest, tables(older))


def test_a_metric_that_is_newer_than_a_run_is_no_difference(run: Run) -> None:
    older = without_metric(run, "contact_f1")
    assert "m_contact_f1" in run.episodes.columns
    assert "m_contact_f1" not in older.episodes.columns
    assert differences(older, rescore(older)) == ()


def test_scores_of_newer_metrics_are_added_and_nothing_else_changes(
    run: Run, tmp_path: Path
) -> None:
    folder = tmp_path / "older"
    folder.mkdir()
    older = without_metric(run, "contact_f1")
    seal_folder(folder, older.results, older.manifest)
    stored = load_run(folder)
    assert keep_new(stored, rescore(stored)) == ("contact_f1",)
    now = load_run(folder)
    assert now.results == run.results
    assert now.manifest.bit_digest == run.manifest.bit_digest != stored.manifest.bit_digest
    assert now.manifest.outcome_digest == stored.manifest.outcome_digest
    before = (folder / "manifest.json").stat().st_mtime_ns
    assert keep_new(now, rescore(now)) == ()
    assert (folder / "manifest.json").stat().st_mtime_ns == before


def test_a_score_taken_out_of_a_run_that_has_the_metric_is_found(run: Run) -> None:
    scored = next(r for r in run.results if "contact_f1" in r.episode.scores)
    scores = {**scored.episode.scores, "contact_f1": None}
    emptied = replace(scored, episode=replace(scored.episode, scores=scores))
    results = [emptied if result is scored else result for result in run.results]
    forged = Run(run.folder, run.manifest, tables(results))
    (line,) = differences(forged, rescore(forged))
    assert line.endswith(": contact_f1")


def test_a_score_of_a_metric_that_is_not_there_is_found(run: Run) -> None:
    first, *rest = run.results
    scores = {**first.episode.scores, "made_up": 1.0}
    lied = replace(first, episode=replace(first.episode, scores=scores))
    forged = Run(run.folder, run.manifest, tables([lied, *rest]))
    (line,) = differences(forged, rescore(forged))
    assert line.endswith(": made_up")


@pytest.mark.parametrize(("cpu", "n_found"), [(None, 1), ("of another maker", 0)])
def test_other_machines_are_held_to_outcomes_only(run: Run, cpu: str | None, n_found: int) -> None:
    tried = next(result for result in run.results if result.verdicts)
    first, *rest = tried.verdicts
    nudged = replace(tried, verdicts=(replace(first, n_steps=first.n_steps + 1), *rest))
    others = [result for result in run.results if result is not tried]
    machine = run.manifest.machine if cpu is None else run.manifest.machine | {"cpu": cpu}
    manifest = replace(run.manifest, machine=machine)
    forged = Run(run.folder, manifest, tables([nudged, *others]))
    numbers = [line for line in resimulate(forged, n=None) if "with other numbers" in line]
    assert len(numbers) == n_found


def test_a_changed_answer_is_found(run: Run) -> None:
    press = next(r for r in run.results if "Press" in r.episode.task and r.verdicts)
    answer = decode(press.prediction)
    assert answer.motion is not None
    off = Motion(answer.motion.point_m + np.array([0.0, 0.3, 0.0]), answer.motion.direction)
    forged = replace(press, prediction=encode(replaced(answer, motion=off)))
    others = [r for r in run.results if r is not press]
    found = resimulate(Run(run.folder, run.manifest, tables([forged, *others])), n=None)
    assert any(f"mujoco said {press.episode.code}, tried again it says" in f for f in found)


def test_ten_lines_in_a_file_make_a_reasoner(tmp_path: Path) -> None:
    mine = tmp_path / "my_file.py"
    mine.write_text(TEN_LINES)
    config = RunConfig(
        reasoner=f"{mine}:MyReasoner",
        tasks=("PressButton-v0",),
        engines=("mujoco",),
        limit=1,
        out=str(tmp_path / "run"),
        workers=1,
    )
    done = evaluate(config)
    (episode,) = [r.episode for r in done.results]
    assert episode.status == "ok"
    assert episode.stages == {"contact": "shared", "action": "shared", "lifter": "depth"}
    assert (done.folder / "report.html").stat().st_size > 10_000


def test_the_api_warns_of_episodes_that_ended_in_an_error(tmp_path: Path) -> None:
    mine = tmp_path / "wrong.py"
    mine.write_text("class Wrong:\n    def predict(self, observation):\n        return None\n")
    config = RunConfig(
        reasoner=f"{mine}:Wrong",
        tasks=("PressButton",),
        engines=("mujoco",),
        limit=1,
        out=str(tmp_path / "run"),
        workers=1,
        page=False,
    )
    with pytest.warns(RuntimeWarning, match=r"Wrong.* 1 invalid_answer in 1 episodes"):
        evaluate(config)


def test_a_task_earns_its_certificate_on_each_engine() -> None:
    suite = load_suite("smoke-v0")
    task = "ivlm/PressButton-v0"
    rows = certify(suite, (task,), ("mujoco", "pybullet"), n_seeds=1)
    assert {row.engine for row in rows} == {"mujoco", "pybullet"}
    assert {row.kind for row in rows} >= {"oracle", "null", "wrong-part"}
    assert all(row.passed for row in rows), rows


def test_certificate_rows_are_counted_by_hand() -> None:
    def tried(seed: int, kind: str, success: bool) -> Trying:
        return Trying("T", seed, "E", kind, success, "CODE")

    oracle = [tried(seed, "oracle", seed != 3) for seed in range(20)]
    wrong = [tried(seed, "null", seed in (5, 6)) for seed in range(20)]
    rows = rows_of([*wrong, *reversed(oracle)])
    assert rows == (
        CertificateRow("T", "E", "oracle", 20, 19, (3,)),
        CertificateRow("T", "E", "null", 20, 2, (5, 6)),
    )
    assert [row.rate for row in rows] == [0.95, 0.1]
    assert [row.passed for row in rows] == [True, False]
    assert not rows_of([tried(0, "oracle", False)])[0].passed
    assert rows_of([tried(0, "null", False)])[0].passed


def test_an_abstention_keeps_its_reason() -> None:
    answer = Interaction(abstain=True, abstain_reason="too wide", feasible_prob=0.0)
    assert decode(encode(answer)).abstain_reason == "too wide"
