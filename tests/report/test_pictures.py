"""What the pictures show is where it was."""

from __future__ import annotations

import base64
import io
from xml.etree import ElementTree

import numpy as np
import pytest
from msgspec.structs import replace
from PIL import Image

from ivlm_bench.env import TASKS, Episode
from ivlm_bench.geometry.camera import project
from ivlm_bench.geometry.kinematics import body_poses
from ivlm_bench.records import EpisodeResult, Manifest
from ivlm_bench.render.surfaces import PAD_COLOUR, gripper_poses
from ivlm_bench.report.forest import LEFT, RIGHT, ForestRow, forest
from ivlm_bench.report.images import data_uri
from ivlm_bench.report.marks import FORCE_COLOUR, TRUTH_COLOUR, arrow, outline
from ivlm_bench.report.pictures import FRAME_PX, film, filmed_points, frame_picture, views
from ivlm_bench.report.posed import pose
from ivlm_bench.report.vantage import film_camera
from ivlm_bench.types import Keyframe, Pose


def pixels(uri: str) -> np.ndarray:
    content = base64.b64decode(uri.partition("base64,")[2])
    return np.asarray(Image.open(io.BytesIO(content)).convert("RGB")).astype(int)


@pytest.fixture(scope="module")
def episode() -> Episode:
    env = TASKS.get("ivlm/GraspAny-v0")(track="rgb4", size_px=64)
    return next(e for e in map(env.episode, range(20)) if e.truth.feasible)


def test_data_uri_is_the_image() -> None:
    rgb = np.zeros((20, 30, 3), np.uint8)
    rgb[:, 15:] = 200
    shown = pixels(data_uri(rgb))
    assert shown.shape == rgb.shape
    assert np.abs(shown[:, :12] - 0).max() < 25
    assert np.abs(shown[:, 18:] - 200).max() < 25


def test_the_film_camera_holds_target_and_tool(episode: Episode) -> None:
    answer = episode.truth.oracle
    goal = answer.grasps[0].world_from_gripper
    spec = episode.observation.gripper
    raised = Pose.at(0.0, 0.0, 0.1) @ goal
    bodies = body_poses(episode.scene)
    frames = tuple(
        Keyframe("x", 0.0, {**bodies, **gripper_poses(p, 0.05, spec)}) for p in (goal, raised)
    )
    points = filmed_points(episode, answer, frames)
    camera = film_camera(episode, points, answer, size_px=100)
    target = episode.scene.target
    corners = [
        pose.apply(point)
        for frame in frames
        for name, pose in frame.world_from_body.items()
        if name == "gripper/palm"
        for point in np.array([[x, y, 0.0] for x in (-0.05, 0.05) for y in (-0.02, 0.02)])
    ]
    for link, part in target.model.parts:
        corners += list(bodies[target.body(link)].apply(part.mesh.vertices_m))
    where, depth = project(camera, np.array(corners))
    assert (depth > 0).all()
    assert where.min() >= -0.5
    assert where.max() <= 99.5
    assert np.ptp(where, axis=0).max() > 80, "and no more than needed"


def test_pads_are_drawn_where_the_engine_had_them(episode: Episode) -> None:
    spec = episode.observation.gripper
    in_the_air = Pose.at(0.0, 0.0, 0.25) @ episode.truth.oracle.grasps[0].world_from_gripper
    poses = gripper_poses(in_the_air, 0.06, spec)
    frame = Keyframe("x", 0.0, {**body_poses(episode.scene), **poses})
    points = filmed_points(episode, episode.truth.oracle, (frame,))
    camera = film_camera(episode, points, episode.truth.oracle, size_px=FRAME_PX)
    shown = pixels(frame_picture(episode, episode.truth.oracle, frame, camera).uri)
    orange = (shown[..., 0] > 1.5 * shown[..., 2]) & (shown[..., 0] > 90)
    for name in ("gripper/left", "gripper/right"):
        (x, y), *_ = project(camera, poses[name].position_m[None])[0]
        assert orange[round(y), round(x)], name
    behind = spec.palm_offset_m + spec.palm_size_m[2] / 2
    (x, y), *_ = project(camera, in_the_air.apply(np.array([[0.0, 0.0, -behind]])))[0]
    assert shown[round(y), round(x)].max() < 110, "the palm is dark"
    assert PAD_COLOUR[0] > 1.5 * PAD_COLOUR[2]


def test_views_have_the_outline_in_the_view_that_shows_most(
    variety: tuple[EpisodeResult, ...], manifest: Manifest
) -> None:
    result = variety[0]
    posed = pose(result.episode, result.prediction, manifest)
    assert posed.episode is not None
    sizes = posed.episode.truth.part_masks.sum(axis=(1, 2))
    outlined = ["outlined" in picture.caption for picture in views(posed)]
    assert outlined == [i == int(np.argmax(sizes)) for i in range(4)]


def test_a_refused_grasp_is_shown_before_and_at_its_goal(
    variety: tuple[EpisodeResult, ...], manifest: Manifest
) -> None:
    result = variety[0]
    refused = tuple(replace(v, keyframes=b"[]") for v in result.verdicts)
    posed = pose(result.episode, result.prediction, manifest)
    pictures = film(posed, refused[0])
    assert [p.caption for p in pictures] == ["before the approach", "where it was to close"]
    assert not any(p.simulated for p in pictures)
    assert all(p.simulated for p in film(posed, result.verdicts[0]))


def test_outline_follows_the_border() -> None:
    mask = np.zeros((40, 40), bool)
    mask[10:30, 10:30] = True
    drawn = (outline(np.zeros((40, 40, 3), np.uint8), mask) == TRUTH_COLOUR).all(axis=2)
    rows, columns = np.nonzero(drawn)
    distance = np.maximum(np.abs(rows - 19.5), np.abs(columns - 19.5))
    assert distance.min() == distance.max() == 10.5
    assert drawn.sum() == 4 * 21


@pytest.mark.parametrize("end", [(50, 20), (20, 50), (5, 5), (20, 20)])
def test_arrow_runs_from_start_to_end(end: tuple[int, int]) -> None:
    start = np.array([20.0, 20.0])
    rgb = arrow(np.zeros((60, 60, 3), np.uint8), start, np.array(end, float))
    drawn = (rgb == FORCE_COLOUR).all(axis=2)
    middle = (start + 0.8 * (np.array(end) - start)).round().astype(int)
    assert drawn[middle[1], middle[0]]
    assert not drawn[55, 55]


def test_forest_scale_runs_from_edge_to_edge() -> None:
    rows = [ForestRow("none", 0.0, 0.0, 0.5), ForestRow("all", 1.0, None, None, strong=True)]
    root = ElementTree.fromstring(str(forest(rows, title="Rate")))
    (circle,) = root.iter("circle")
    (diamond,) = root.iter("rect")
    assert float(circle.attrib["cx"]) == LEFT
    assert float(diamond.attrib["x"]) + float(diamond.attrib["width"]) / 2 == RIGHT
    (interval,) = root.iter("path")
    assert interval.attrib["d"].startswith(f"M{LEFT}.0 ")
    assert f"H{(LEFT + RIGHT) / 2}" in interval.attrib["d"]


def test_forest_escapes_and_speaks() -> None:
    drawn = str(forest([ForestRow("<b>", None, None, None)], title='"Rate"'))
    root = ElementTree.fromstring(drawn)
    assert root.attrib["aria-label"] == '"Rate": <b> n/a.'
    assert "<b>" not in drawn
