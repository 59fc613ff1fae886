"""Labelled pictures: the same for a seed, true to the renderer, and never of what is held out."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
from scipy import ndimage

from ivlm_bench.errors import AssetError, ConfigError
from ivlm_bench.geometry.camera import back_project, project
from ivlm_bench.learning.draw import draw_pictures
from ivlm_bench.learning.files import Pictures, open_pictures
from ivlm_bench.types import Camera, Pose
from ivlm_envs.held_out import held_out_categories

N_SCENES = 40


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return draw_pictures(tmp_path_factory.mktemp("pictures") / "p", n_scenes=N_SCENES, seed=3)


@pytest.fixture(scope="module")
def pictures(folder: Path) -> Pictures:
    return open_pictures(folder)


def _camera(row: np.ndarray) -> Camera:
    pose = Pose.from_rotation(row[:, :3].copy(), row[:, 3].copy())
    return Camera(row[:, 4:].copy(), pose, 224, 224)


def test_layout_is_the_one_agreed_on(pictures: Pictures) -> None:
    assert pictures.rgb.shape == (N_SCENES, 4, 224, 224, 3)
    assert pictures.depth.shape == pictures.surface.shape == (N_SCENES, 4, 224, 224)
    assert pictures.cameras.shape == (N_SCENES, 4, 3, 7)
    dtypes = [a.dtype.name for a in (pictures.rgb, pictures.depth, pictures.surface, pictures.maps)]
    assert dtypes == ["uint8", "uint16", "int16", "uint8"]
    assert len(pictures.scenes) == pictures.order["n_scenes"] == N_SCENES
    assert sum(pictures.order["sources"].values()) == N_SCENES
    used = sorted(q["map"] for q in pictures.questions if q["map"] is not None)
    assert used == list(range(len(pictures.maps)))


def test_nothing_held_out_is_shown_or_named(pictures: Pictures) -> None:
    held_out = set(held_out_categories())
    assert held_out == set(pictures.order["held_out"])
    shown = {s["category"] for scene in pictures.scenes for s in scene["surfaces"]}
    assert shown == set(pictures.order["families"])
    assert not shown & held_out
    for question in pictures.questions:
        said = f"{question['text']} {question['noun']} {question['part']}".lower()
        assert not [word for word in held_out if word in said.split()], said


def test_every_scene_has_four_to_eight_questions_of_the_kinds_agreed_on(
    pictures: Pictures,
) -> None:
    counts = np.bincount([q["scene"] for q in pictures.questions], minlength=N_SCENES)
    assert counts.min() >= 4
    assert counts.max() <= 8
    kinds = {q["kind"] for q in pictures.questions}
    assert kinds == {"task", "object", "part", "absent", "function"}


def test_surfaces_of_questions_are_those_of_their_scene(pictures: Pictures) -> None:
    for q in pictures.questions:
        n = len(pictures.scenes[q["scene"]]["surfaces"])
        assert all(0 <= i < n for i in (*q["surfaces"], *q["target_surfaces"]))
        assert q["present"] == bool(q["surfaces"])
        if q["present"]:
            assert set(q["surfaces"]) <= set(q["target_surfaces"])
        if q["kind"] in ("part", "object", "function"):
            assert np.isin(pictures.surface[q["scene"]], q["surfaces"]).any(), q


def test_graded_maps_lie_on_the_surfaces_asked_for(pictures: Pictures) -> None:
    graded = [q for q in pictures.questions if q["map"] is not None]
    assert graded
    for q in graded:
        on = np.isin(pictures.surface[q["scene"]], q["surfaces"])
        assert not pictures.maps[q["map"]][~on].any()


def test_depth_and_cameras_of_the_views_agree(pictures: Pictures) -> None:
    """Points of one view fall, in the others, on surfaces that are as near or nearer."""
    for scene in range(5):
        cameras = [_camera(row) for row in pictures.cameras[scene]]
        depth = pictures.depth[scene].astype(np.float64) / 10_000.0
        rows, columns = np.nonzero(depth[0])
        pixels = np.stack([columns, rows], axis=1)[::37].astype(np.float64)
        points = back_project(cameras[0], pixels, depth[0][rows, columns][::37])
        seen, away = project(cameras[1], points)
        at = np.rint(seen).astype(int)
        inside = ((at >= 0) & (at < 224)).all(axis=1)
        # At edges a pixel shows what is behind: the nearest of its neighbourhood counts.
        nearest = ndimage.minimum_filter(depth[1], size=3)[at[inside, 1], at[inside, 0]]
        there = depth[1][at[inside, 1], at[inside, 0]]
        assert np.mean(nearest <= away[inside] + 0.005) > 0.99
        assert np.mean(np.abs(there - away[inside]) < 0.01) > 0.4


@pytest.mark.parametrize("workers", [1, 2])
def test_a_seed_gives_the_same_files_whatever_the_workers(
    folder: Path, tmp_path: Path, workers: int
) -> None:
    few = draw_pictures(tmp_path / "few", n_scenes=10, seed=3, workers=workers)
    once, again = open_pictures(folder), open_pictures(few)
    for name in ("rgb", "depth", "surface", "cameras"):
        assert np.array_equal(getattr(once, name)[:10], getattr(again, name))
    assert np.array_equal(once.maps[: len(again.maps)], again.maps)
    assert once.questions[: len(again.questions)] == again.questions
    assert once.order["generator_sha256"] == again.order["generator_sha256"]


def test_another_seed_gives_other_pictures(folder: Path, tmp_path: Path) -> None:
    other = open_pictures(draw_pictures(tmp_path / "other", n_scenes=2, seed=4))
    assert not np.array_equal(other.rgb, open_pictures(folder).rgb[:2])


def test_a_folder_with_files_is_left_alone(folder: Path) -> None:
    with pytest.raises(ConfigError, match="holds files already"):
        draw_pictures(folder, n_scenes=1, seed=0)


@pytest.mark.parametrize(("n_scenes", "workers"), [(0, 1), (1, 0)])
def test_counts_must_be_positive(tmp_path: Path, n_scenes: int, workers: int) -> None:
    with pytest.raises(ConfigError, match="must be 1 or more"):
        draw_pictures(tmp_path / "p", n_scenes=n_scenes, seed=0, workers=workers)


def test_a_folder_without_its_order_or_of_another_version_is_refused(tmp_path: Path) -> None:
    folder = draw_pictures(tmp_path / "p", n_scenes=1, seed=0)
    order = json.loads((folder / "order.json").read_text())
    (folder / "order.json").write_text(json.dumps({**order, "version": 99}))
    with pytest.raises(AssetError, match="version 99"):
        open_pictures(folder)
    (folder / "order.json").unlink()
    with pytest.raises(AssetError, match="no complete folder"):
        open_pictures(folder)
