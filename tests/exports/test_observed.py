"""Questions as files, read back by other libraries: Pillow, NumPy, trimesh, SciPy's mat reader."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import trimesh
from PIL import Image
from scipy.io import loadmat

from ivlm_bench.cli.main import main
from ivlm_bench.codec import observation_key
from ivlm_bench.exports.observed import OBSERVED_FORMS, export_observations
from ivlm_bench.exports.observed.contact_graspnet import standing
from ivlm_bench.exports.observed.interactvlm import seen_surface
from ivlm_bench.harness.config import RunConfig
from ivlm_bench.harness.observations import Observations, load_observations
from ivlm_bench.harness.plan import make_plan
from ivlm_bench.harness.rendering import render_suite
from ivlm_bench.testing.analytic import Block, table_observation
from ivlm_bench.types import Observation, Query

#: Two boxes: 6 x 6 x 10 cm in the middle, 4 x 4 x 4 cm 15 cm beside it.
BOXES = (
    Block((0.0, 0.0, 0.05), (0.06, 0.06, 0.10)),
    Block((0.0, 0.15, 0.02), (0.04, 0.04, 0.04)),
)
SHOWN = table_observation(BOXES, Query("grasp", "Wide box", None, "Take the box."))


@pytest.fixture(scope="module")
def rendered(tmp_path_factory: pytest.TempPathFactory) -> Observations:
    """Two questions of smoke-v0, drawn small, with depth."""
    folder = tmp_path_factory.mktemp("rendered") / "observations"
    config = RunConfig(
        suite="smoke-v0", tasks=("PressButton",), limit=2, track="rgbd4", size_px=48, workers=1
    )
    render_suite(make_plan(config), folder, lambda: None)
    return load_observations(folder)


@pytest.fixture(scope="module")
def exported(rendered: Observations, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """All forms of them."""
    home = tmp_path_factory.mktemp("exported")
    for form in OBSERVED_FORMS:
        assert export_observations(rendered, form, home / form) == 2
    return home


def seen(rendered: Observations, number: int) -> Observation:
    return rendered.observation(rendered.manifest.questions[number].scenario_key)


def on_a_box_or_the_table(points_m: np.ndarray) -> np.ndarray:
    """Return which points lie within 1 mm of the table top or of a face of ``BOXES``."""
    on = np.abs(points_m[:, 2]) < 1e-3
    for box in BOXES:
        off = np.abs(points_m - np.array(box.centre_m)) - np.array(box.size_m) / 2
        on |= np.abs(off.max(axis=1)) < 1e-3
    return on


@pytest.mark.parametrize("form", list(OBSERVED_FORMS))
def test_every_question_has_a_line_under_the_key_of_its_observation(
    rendered: Observations, exported: Path, form: str
) -> None:
    text = (exported / form / "instructions.jsonl").read_text(encoding="utf-8")
    lines = [json.loads(line) for line in text.splitlines()]
    assert [line["key"] for line in lines] == [observation_key(seen(rendered, n)) for n in (0, 1)]
    assert [line["text"] for line in lines] == [seen(rendered, n).query.text for n in (0, 1)]
    assert {line["interaction"] for line in lines} == {"press"}


def test_no_form_tells_the_truth(rendered: Observations, exported: Path) -> None:
    names = {path.name for path in exported.rglob("*") if path.is_file()}
    assert not any("truth" in name or "label" in name for name in names)


def test_scenes_hold_what_is_seen(rendered: Observations, exported: Path) -> None:
    shown = seen(rendered, 1)
    home = exported / "scenes" / observation_key(shown)
    question = json.loads((home / "question.json").read_text(encoding="utf-8"))
    for index, view in enumerate(shown.views):
        assert view.depth_m is not None
        rgb = np.asarray(Image.open(home / f"rgb_{index}.png"))
        assert np.array_equal(rgb, view.rgb)
        assert np.array_equal(np.load(home / f"depth_{index}.npy"), view.depth_m)
        depth_mm = np.asarray(Image.open(home / f"depth_{index}.png"))
        assert np.abs(depth_mm / 1000.0 - view.depth_m).max() <= 0.0005 + 1e-6
        camera = question["cameras"][index]
        assert camera["intrinsics_px"] == view.camera.intrinsics_px.tolist()
        assert camera["world_from_camera"] == view.camera.world_from_camera.matrix.tolist()


def test_the_cloud_lies_on_what_is_there(tmp_path: Path) -> None:
    from ivlm_bench.exports.observed.scenes import write

    write(tmp_path, "key", 0, SHOWN)
    cloud = np.load(tmp_path / "key" / "cloud.npz")
    assert len(cloud["points_m"]) > 500
    assert on_a_box_or_the_table(cloud["points_m"]).mean() > 0.999
    high = cloud["points_m"][:, 2] > 0.004
    assert np.array_equal(cloud["above_table"], high)
    assert np.allclose(np.linalg.norm(cloud["normals"], axis=1), 1.0, atol=1e-5)
    ply: Any = trimesh.load(tmp_path / "key" / "cloud.ply")
    assert np.array_equal(ply.vertices.astype(np.float32), cloud["points_m"])
    assert np.array_equal(np.asarray(ply.colors)[:, :3], cloud["rgb"])


def test_contact_graspnet_gets_depth_lens_and_things_apart(
    rendered: Observations, exported: Path
) -> None:
    shown = seen(rendered, 0)
    for index, view in enumerate(shown.views):
        path = exported / "contact-graspnet" / f"{observation_key(shown)}_{index}.npz"
        file = np.load(path, allow_pickle=False)
        assert np.array_equal(file["depth"], np.asarray(view.depth_m))
        assert np.array_equal(file["K"], view.camera.intrinsics_px)
        assert np.array_equal(file["rgb"][..., ::-1], view.rgb)
        assert file["segmap"].shape == view.rgb.shape[:2]


def test_two_things_that_stand_apart_have_two_numbers() -> None:
    from ivlm_bench.geometry.camera import depth_points

    view = SHOWN.views[0]
    assert view.depth_m is not None
    labels = standing(view)
    points_m = depth_points(view.camera, view.depth_m)
    first = labels[np.abs(points_m - (0.0, 0.0, 0.1)).max(axis=2) < 0.02]
    second = labels[np.abs(points_m - (0.0, 0.15, 0.04)).max(axis=2) < 0.01]
    assert len(set(first)) == 1
    assert len(set(second)) == 1
    assert 0 < first[0] != second[0] > 0
    assert set(labels[np.nan_to_num(points_m[..., 2]) < 0.002]) == {0}


def test_graspnet_s_folders_can_be_put_together_again(
    rendered: Observations, exported: Path
) -> None:
    shown, home = seen(rendered, 1), exported / "graspnet" / "scenes" / "scene_0001" / "kinect"
    scenes = json.loads((exported / "graspnet" / "scenes.json").read_text(encoding="utf-8"))
    assert scenes["scene_0001"] == observation_key(shown)
    poses = np.load(home / "cam0_wrt_table.npy") @ np.load(home / "camera_poses.npy")
    for index, view in enumerate(shown.views):
        assert np.allclose(poses[index], view.camera.world_from_camera.matrix, atol=1e-12)
        meta = loadmat(home / "meta" / f"{index:04d}.mat")
        factor = float(meta["factor_depth"].item())
        assert np.array_equal(meta["intrinsic_matrix"], view.camera.intrinsics_px)
        depth_mm = np.asarray(Image.open(home / "depth" / f"{index:04d}.png"))
        assert depth_mm.dtype == np.uint16
        assert np.abs(depth_mm / factor - np.asarray(view.depth_m)).max() <= 0.0005 + 1e-6
        rgb = np.asarray(Image.open(home / "rgb" / f"{index:04d}.png"))
        assert np.array_equal(rgb, view.rgb)


def test_interactvlm_gets_the_word_in_the_name_and_a_mesh_of_what_stands_there(
    tmp_path: Path,
) -> None:
    from ivlm_bench.exports.observed.interactvlm import write

    write(tmp_path, "0123456789abcdef", 0, SHOWN)
    home = tmp_path / "0123456789abcdef"
    names = sorted(path.name for path in home.iterdir())
    assert names == ["object_mesh.obj", "wide_box__0123456789abcdef.png"]
    # What its demo does with the name (run_demo.py).
    assert names[1].split("/")[-1].split("__")[0].lower() == "wide_box"
    mesh: Any = trimesh.load(home / "object_mesh.obj", process=False)
    vertices_m = np.asarray(mesh.vertices)
    assert on_a_box_or_the_table(vertices_m).mean() > 0.999
    assert vertices_m[:, 2].min() > 0.004
    assert vertices_m[:, 2].max() == pytest.approx(0.10, abs=1e-3)
    assert mesh.edges_unique_length.max() <= 0.015 + 1e-6


def test_the_seen_surface_winds_towards_the_cameras() -> None:
    view = SHOWN.views[0]
    mesh = seen_surface((view,))
    assert mesh is not None
    a, b, c = (mesh.vertices_m[mesh.faces[:, k]] for k in range(3))
    towards = view.camera.world_from_camera.position_m - a
    assert np.all(np.einsum("ij,ij->i", np.cross(b - a, c - a), towards) > 0.0)


def test_where_nothing_stands_there_is_no_mesh(tmp_path: Path) -> None:
    from ivlm_bench.exports.observed.interactvlm import write

    write(tmp_path, "key", 0, table_observation((), SHOWN.query))
    assert [path.suffix for path in (tmp_path / "key").iterdir()] == [".png"]


def without_depth(observations: Observations, folder: Path) -> Observations:
    class Blind(Observations):
        def observation(self, scenario_key: str) -> Observation:
            shown = super().observation(scenario_key)
            return replace(shown, views=tuple(replace(v, depth_m=None) for v in shown.views))

    return Blind(folder, observations.manifest)


def test_without_depth_forms_that_need_it_refuse(rendered: Observations, tmp_path: Path) -> None:
    blind = without_depth(rendered, rendered.folder)
    for form, kind in OBSERVED_FORMS.items():
        if kind.needs_depth:
            with pytest.raises(Exception, match="has no depth, which the form"):
                export_observations(blind, form, tmp_path / form)
        else:
            assert export_observations(blind, form, tmp_path / form) == 2
            kinds = {path.suffix for path in (tmp_path / form).rglob("*") if path.is_file()}
            assert not kinds & {".ply", ".npy", ".npz", ".obj"}


def test_the_command_says_what_it_wrote_and_refuses_in_one_sentence(
    rendered: Observations, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    folder, out = str(rendered.folder), str(tmp_path / "out")
    assert main(["export", folder, "--form", "scenes", "--out", out]) == 0
    assert capsys.readouterr().out.split() == ["2", "questions", out]
    for words, code, told in (
        ([folder, "--form", "scenes", "--out", out], 5, "holds something already"),
        ([folder, "--form", "scenes"], 2, "name their folder with --out"),
        ([folder, "--form", "scene"], 2, "Did you mean 'scenes'"),
        ([str(tmp_path), "--form", "graspnet", "--out", out + "2"], 5, "holds no observations"),
        ([folder, "--form", "csv"], 5, "holds no"),
    ):
        assert main(["export", *words]) == code
        error = capsys.readouterr().err
        assert told in error
        assert error.count("\n") == 1
