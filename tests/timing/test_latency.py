"""Latency: what is asked in which process, and what is told of it. No test hangs on a time."""

from __future__ import annotations

import importlib.util
import json
import math
import sys
from pathlib import Path

import numpy as np
import pytest

from ivlm_bench.cli.main import main
from ivlm_bench.errors import MissingDependencyError, UnknownNameError
from ivlm_bench.geometry.camera import project
from ivlm_bench.suite import load_suite
from ivlm_bench.timing import clip_tower as clip
from ivlm_bench.timing.latency import Latency, LatencyJob, Times
from ivlm_bench.timing.latency_tables import in_short, latency_json, latency_table
from ivlm_bench.timing.shown import all_round, questions, shown_track

JOB = LatencyJob(reasoner="a", suite="toy-v0", track="rgb", size_px=64, n=4)


@pytest.mark.parametrize(
    ("name", "n_views", "has_depth"), [("rgb", 1, False), ("rgb8", 8, False), ("rgbd3", 3, True)]
)
def test_ways_of_showing(name: str, n_views: int, has_depth: bool) -> None:
    track = shown_track(name)
    assert (track.n_views, track.has_depth, track.name) == (n_views, has_depth, name)


@pytest.mark.parametrize("name", ["rgb9", "rgb1", "depth", "rgbdd", "rgb08", ""])
def test_no_way_of_showing(name: str) -> None:
    with pytest.raises(UnknownNameError, match="No way of showing"):
        shown_track(name)


def test_eight_views_are_the_scenes_four_and_four_between() -> None:
    (shown,) = questions(load_suite("smoke-v0"), shown_track("rgbd8"), size_px=32, n=1)
    views = shown.observation.views
    assert len(views) == 8
    assert all(view.depth_m is not None for view in views)
    for own, drawn in zip(shown.episode.observation.views, views[:4], strict=True):
        np.testing.assert_array_equal(own.rgb, drawn.rgb)
        np.testing.assert_array_equal(own.depth_m, drawn.depth_m)
    centre_m = shown.episode.scene.target.world_from_object.position_m
    cameras = all_round(shown.episode.scene)
    for old, new in zip(cameras[:4], cameras[4:], strict=True):
        before_m = old.world_from_camera.position_m - centre_m
        after_m = new.world_from_camera.position_m - centre_m
        angle_rad = math.atan2(after_m[1], after_m[0]) - math.atan2(before_m[1], before_m[0])
        assert angle_rad % (2 * math.pi) == pytest.approx(math.pi / 4)
        assert after_m[2] == pytest.approx(before_m[2])
        # A camera turned about the vertical through a point sees that point where it did.
        np.testing.assert_allclose(
            project(new, centre_m[None])[0], project(old, centre_m[None])[0], atol=1e-6
        )


def test_questions_take_the_tasks_in_turn_and_can_be_answered() -> None:
    suite = load_suite("smoke-v0")
    found = questions(suite, shown_track("rgb"), size_px=16, n=5)
    assert all(shown.episode.truth.feasible for shown in found)
    tasks = [shown.spec.task for shown in found]
    assert len(set(tasks[:4])) > 2
    assert len(tasks) == 5


def test_a_ratio_is_the_median_of_those_side_by_side() -> None:
    answers, tower = Times(wall_ms=(1.0, 10.0, 30.0)), Times(wall_ms=(2.0, 5.0, 10.0))
    assert Latency(job=JOB, n_views=1, answers=answers, tower=tower).ratio == 2.0
    assert Latency(job=JOB, n_views=1, answers=answers).ratio is None
    both = Latency(job=JOB, n_views=1, answers=answers, tower=tower)
    assert in_short(both) == "p50 10 ms, p95 28 ms, 2 times CLIP ViT-B/16"


def test_table_by_hand() -> None:
    # 101 times 0 .. 100: the share of them that a time does not exceed is the time itself.
    ramp = tuple(float(value) for value in range(101))
    times = Times(wall_ms=ramp, cpu_ms=tuple(2 * value for value in ramp))
    timed = Latency(job=JOB, n_views=1, answers=times, tower_reason="no tower here")
    failed = Latency(job=JOB, n_views=1, reason="it fell over")
    grid = latency_table([timed, failed])
    assert grid.rows[0] == ("a", "rgb", "1", "50", "95", "100", "n/a", "n/a", "n/a")
    assert grid.rows[1][3:] == ("n/a",) * 6
    assert in_short(timed) == "p50 50 ms, p95 95 ms"
    assert in_short(failed) == "it fell over"
    assert "no tower here" in grid.notes
    assert "a on rgb: it fell over" in grid.notes
    first, second = json.loads(latency_json([timed, failed]))["rows"]
    assert (first["answer_p50_ms"], first["answer_p95_ms"]) == (50.0, 95.0)
    assert (first["clip_p50_ms"], first["ratio"], second["answer_p95_ms"]) == (None, None, None)


def test_a_missing_package_is_told_with_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "transformers", None)  # which no import gets past
    with pytest.raises(MissingDependencyError, match=r"pip install 'ivlm_bench\[vlm\]'"):
        clip.clip_tower(1, 1)


@pytest.mark.skipif(
    importlib.util.find_spec("transformers") is None or importlib.util.find_spec("torch") is None,
    reason="needs torch and transformers",
)
def test_the_tower_looks_at_every_picture() -> None:
    pooled = clip.clip_tower(2, 1)()
    assert tuple(pooled.shape) == (2, clip.WIDTH)


MIND = """
import sys
from ivlm_bench.types import Interaction


class Mind:
    def predict(self, observation):
        print("chatter")
        if len(observation.views) > 1:
            raise ValueError("one view is enough")
        assert "pytest" not in sys.modules
        return Interaction(abstain=True, feasible_prob=0.0)
"""


def test_command_in_fresh_processes(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "mind.py").write_text(MIND)
    out = tmp_path / "latency.json"
    words = ["latency", "--reasoner", f"{tmp_path / 'mind.py'}:Mind", "--track", "rgb", "rgb2"]
    words += ["--suite", "smoke-v0", "--size", "16", "--n", "3", "--warm-up", "1", "--threads", "1"]
    assert main([*words, "--no-clip", "--format", "json", "--out", str(out)]) == 5
    assert capsys.readouterr().out == f"written  {out}\n"
    one, two = json.loads(out.read_text())["rows"]
    assert len(one["answers"]["wall_ms"]) == len(one["answers"]["cpu_ms"]) == 3
    assert (one["reason"], one["tower_reason"], one["n_views"]) == ("", "", 1)
    assert two["answers"]["wall_ms"] == []
    assert "one view is enough" in two["reason"]


def test_a_process_that_dies_is_told(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "mind.py").write_text("import os\n\n\ndef mind():\n    os._exit(7)\n")
    words = ["latency", "--reasoner", f"{tmp_path / 'mind.py'}:mind", "--track", "rgb", "--no-clip"]
    assert main([*words, "--suite", "smoke-v0", "--size", "16", "--n", "1"]) == 5
    assert "ended with 7 before it was done" in " ".join(capsys.readouterr().out.split())


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["--n", "0"], "--n is 0; a whole number of at least 1"),
        (["--size", "8"], "--size is 8; a whole number from 16 to 2048"),
        (["--threads", "0"], "--threads is 0"),
        (["--track", "rgb9"], "No way of showing is called 'rgb9'"),
        (["--reasoner", "geometrc"], "Did you mean 'geometric'"),
        (["--suite", "smoke-v1"], "Did you mean 'smoke-v0'"),
        (["--reasoner", "centre", "geometric", "-P", "words=true"], "one at a time"),
    ],
)
def test_wrong_words(capsys: pytest.CaptureFixture[str], words: list[str], said: str) -> None:
    assert main(["latency", *words]) == 2
    assert said in capsys.readouterr().err
