"""Objectron: from its nine points to a map, and what is told where something is missing."""

from __future__ import annotations

import os
from pathlib import Path

import numpy as np
import pytest

from ivlm_bench.env import TASKS
from ivlm_bench.errors import AssetError, MissingDependencyError
from ivlm_bench.reasoners import resolve_reasoner
from ivlm_policies.baselines.centre import object_mask
from ivlm_policies.published.objectron.reasoner import in_view, outline


def test_points_are_scaled_from_its_square_picture_to_the_views_pixels() -> None:
    said = np.zeros((1, 18))
    said[0, :4] = [112.0, 56.0, 224.0, 0.0]
    # Of 224 px, 112 is the middle: 320 px of a picture of 640; pixel 0 has its centre at 0.5.
    np.testing.assert_allclose(in_view(said, (480, 640))[:2], [[319.5, 119.5], [639.5, -0.5]])


def test_the_map_is_the_hull_of_the_box() -> None:
    corners = np.array([[10.0, 20.0], [29.0, 20.0], [10.0, 59.0], [29.0, 59.0]])
    box = np.concatenate([[[20.0, 40.0]], corners, corners * 0.5 + np.array([10.0, 20.0])])
    found = outline(box, (80, 60))
    assert found.shape == (80, 60)
    assert found.sum() == 20 * 40
    assert found[20, 10] == found[59, 29] == 1.0
    assert found[19, 10] == found[59, 30] == 0.0


def test_what_is_missing_is_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(__import__("sys").modules, "ai_edge_litert", None)
    with pytest.raises(MissingDependencyError, match="pip install ai-edge-litert"):
        resolve_reasoner("objectron", {"weights": "cup.tflite"})


def test_a_wrong_file_is_told(tmp_path: Path) -> None:
    pytest.importorskip("ai_edge_litert")
    path = tmp_path / "cup.tflite"
    path.write_bytes(b"no model")
    with pytest.raises(AssetError, match="no model of Objectron"):
        resolve_reasoner("objectron", {"weights": str(path)})


def test_the_published_weights_frame_a_mug_and_keep_silent_of_boxes() -> None:
    pytest.importorskip("ai_edge_litert")
    weights = os.environ.get("IVLM_BENCH_OBJECTRON")
    if weights is None:
        pytest.skip("IVLM_BENCH_OBJECTRON names object_detection_3d_cup.tflite")
    reasoner = resolve_reasoner("objectron", {"weights": weights})[0]
    task = TASKS.get("ivlm/GraspAny-v0")(track="rgbd", size_px=224)
    mug, box = task.episode(5001), task.episode(5000)
    answer = reasoner.predict(mug.observation)  # type: ignore[union-attr]
    assert answer.affordance_maps is not None
    told = answer.affordance_maps[0] > 0.5
    true = object_mask(mug.observation.views[0])
    assert (told & true).sum() > 0.8 * true.sum()
    assert told.sum() < 2.5 * true.sum()
    assert reasoner.predict(box.observation).abstain  # type: ignore[union-attr]
