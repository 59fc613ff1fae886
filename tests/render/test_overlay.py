"""Answers are drawn where the projection puts them, and nowhere else."""

from __future__ import annotations

import numpy as np
import pytest

from ivlm_bench.geometry import se3
from ivlm_bench.geometry.camera import look_at, project
from ivlm_bench.render import overlay
from ivlm_bench.render.overlay import draw_interaction, film_strip
from ivlm_bench.types import Grasp, GripperSpec, Interaction, Motion, Pose, View

SPEC = GripperSpec()
CAMERA = look_at(np.array([0.5, -0.2, 0.4]), np.array([0, 0, 0.05]), fov_rad=0.8, size_px=160)
GROUND = np.random.default_rng(4).integers(60, 90, (160, 160, 3)).astype(np.uint8)
VIEW = View(CAMERA, GROUND)

#: Half a line with its outline and the rounding of the average, px.
LINE_REACH_PX = 0.5 * overlay.LINE_PX + overlay.OUTLINE_PX + 1.5
DOT_REACH_PX = overlay.DOT_PX + overlay.OUTLINE_PX + 1.0


def changed(interaction: Interaction, *, view_index: int = 0) -> np.ndarray:
    drawn = draw_interaction(VIEW, interaction, SPEC, view_index=view_index)
    assert drawn.shape == GROUND.shape
    assert drawn.dtype == np.uint8
    return (drawn != GROUND).any(axis=2)


def distance_px(segments: np.ndarray) -> np.ndarray:
    """Distance of every pixel to the nearest of segments (s, 2, 2)."""
    y, x = np.indices(GROUND.shape[:2])
    pixels = np.stack([x, y], -1).reshape(-1, 1, 2).astype(float)
    a, along = segments[:, 0], segments[:, 1] - segments[:, 0]
    share = ((pixels - a) * along).sum(-1) / np.maximum((along**2).sum(-1), 1e-12)
    nearest = a + np.clip(share, 0, 1)[..., None] * along
    return np.linalg.norm(pixels - nearest, axis=-1).min(axis=1).reshape(GROUND.shape[:2])


def down_grasp(height_m: float) -> Grasp:
    rotation = se3.frame_from_axes(z=np.array([0, 0, -1.0]), x=np.array([0, 1.0, 0]))
    return Grasp(Pose.from_rotation(rotation, np.array([0, 0, height_m])), 0.06)


def test_an_empty_answer_leaves_every_pixel() -> None:
    assert not changed(Interaction()).any()


def test_grasp_is_drawn_along_the_edges_of_palm_and_pads() -> None:
    # Gripper z looks down, x along world y; boxes by hand from the sizes in GripperSpec.
    def box(y: tuple[float, float], x: float, z: tuple[float, float]) -> np.ndarray:
        corners = np.array([[a, b, c] for a in (-x, x) for b in y for c in z])
        edges = [
            (i, j) for i in range(8) for j in range(i) if (corners[i] != corners[j]).sum() == 1
        ]
        return corners[np.array(edges)]

    segments = np.concatenate(
        [
            box((-0.055, 0.055), 0.02, (0.15, 0.19)),
            box((-0.04, -0.03), 0.01, (0.08, 0.12)),
            box((0.03, 0.04), 0.01, (0.08, 0.12)),
            [[[0, y, 0.12], [0, y, 0.15]] for y in (-0.035, 0.035)],
        ]
    )
    pixels = project(CAMERA, segments.reshape(-1, 3))[0].reshape(-1, 2, 2)
    distance = distance_px(pixels)
    got = changed(Interaction(grasps=(down_grasp(0.10),)))
    assert got[distance < 0.5].all()
    assert not got[distance > LINE_REACH_PX].any()
    assert got.sum() > 500


def test_only_the_first_grasp_is_drawn() -> None:
    first, second = down_grasp(0.10), down_grasp(0.02)
    alone, both = (changed(Interaction(grasps=g)) for g in ((first,), (first, second)))
    np.testing.assert_array_equal(alone, both)


def test_contact_points_are_dots_at_their_projection() -> None:
    points = np.array([[0.0, 0.0, 0.05], [0.05, -0.1, 0.1]])
    pixels = project(CAMERA, points)[0]
    drawn = draw_interaction(VIEW, Interaction(contact_points_m=points), SPEC)
    got = (drawn != GROUND).any(axis=2)
    distance = distance_px(np.repeat(pixels[:, None], 2, axis=1))
    assert got[distance < overlay.DOT_PX].all()
    assert not got[distance > DOT_REACH_PX].any()
    for x, y in np.round(pixels).astype(int):
        assert tuple(drawn[y, x]) == overlay.CONTACT_COLOUR


def test_image_points_go_to_their_own_view() -> None:
    answer = Interaction(points_px=np.array([[0, 40, 30], [1, 100, 120]], np.float32))
    for index, (x, y) in enumerate([(40, 30), (100, 120)]):
        got = changed(answer, view_index=index)
        distance = distance_px(np.array([[[x, y], [x, y]]], float))
        assert got[distance < overlay.DOT_PX].all()
        assert not got[distance > DOT_REACH_PX].any()
    assert not changed(answer, view_index=2).any()


@pytest.mark.parametrize(
    ("kind", "amount", "length_m"),
    [("translate", 0.15, 0.15), ("translate", 0.0, 0.08), ("rotate", 1.2, 0.08)],
)
def test_arrow_reaches_as_far_as_the_motion(kind: str, amount: float, length_m: float) -> None:
    start, direction = np.array([0.0, -0.05, 0.05]), np.array([0.0, 1.0, 0.0])
    motion = Motion(start, direction, kind=kind, amount=amount)  # type: ignore[arg-type]
    got = changed(Interaction(motion=motion))
    tail, tip = project(CAMERA, np.stack([start, start + length_m * direction]))[0]
    distance = distance_px(np.array([[tail, tip]]))
    assert got[distance < 0.5].all()
    assert not got[distance > 0.6 * overlay.HEAD_PX + LINE_REACH_PX].any()
    beyond = project(CAMERA, (start + (length_m + 0.03) * direction)[None])[0][0]
    assert not got[round(beyond[1]), round(beyond[0])]


def test_what_is_behind_the_camera_is_not_drawn() -> None:
    behind = np.array([1.0, -0.4, 0.75])
    answer = Interaction(
        contact_points_m=behind[None],
        motion=Motion(behind, np.array([1.0, 0, 0])),
        grasps=(Grasp(Pose.at(1.2, -0.5, 0.9), 0.05),),
    )
    assert not changed(answer).any()


def test_lines_through_the_camera_plane_are_cut() -> None:
    towards = (CAMERA.world_from_camera.position_m - np.array([0, 0, 0.05])) * 3.0
    length = float(np.linalg.norm(towards))
    motion = Motion(np.array([0, 0.1, 0.05]), towards / length, amount=length)
    got = changed(Interaction(motion=motion))
    x, y = np.round(project(CAMERA, motion.point_m[None])[0][0]).astype(int)
    assert got[y, x]
    assert 0 < got.sum() < 0.2 * got.size


def test_heat_covers_what_the_map_covers() -> None:
    heat = np.zeros((2, 160, 160), np.float32)
    heat[0, 50:70, 80:120] = 1.0
    drawn = draw_interaction(VIEW, Interaction(affordance_maps=heat), SPEC)
    got = (drawn != GROUND).any(axis=2)
    np.testing.assert_array_equal(got, heat[0] > 0)
    # 0.6 of pure red (255, 0, 0) over 0.4 of the ground.
    want = 0.4 * GROUND[60, 100] + 0.6 * np.array([255, 0, 0])
    np.testing.assert_allclose(drawn[60, 100], want, atol=1.0)
    assert not changed(Interaction(affordance_maps=heat), view_index=1).any()


def test_small_map_is_stretched_over_the_image() -> None:
    heat = np.zeros((1, 8, 8), np.float32)
    heat[0, 2, 5] = 1.0  # 20 px a cell: its centre lies at row 49.5, column 109.5
    got = changed(Interaction(affordance_maps=heat))
    assert got[50, 110]
    rows, columns = np.nonzero(got)
    assert abs(rows.mean() - 49.5) < 1
    assert abs(columns.mean() - 109.5) < 1


@pytest.mark.parametrize("reason", [None, "too wide", "no such part anywhere " * 20])
def test_abstention_is_a_banner_on_top(reason: str | None) -> None:
    drawn = draw_interaction(VIEW, Interaction(abstain=True, abstain_reason=reason), SPEC)
    got = (drawn != GROUND).any(axis=2)
    height = int(got.any(axis=1).sum())
    assert got[:height].all()
    assert not got[height:].any()
    assert 10 < height < 60
    assert (drawn[:height] > 200).all(axis=2).sum() > 20


def test_film_strip_keeps_its_frames() -> None:
    rng = np.random.default_rng(1)
    frames = [rng.integers(0, 256, (40, w, 3)).astype(np.uint8) for w in (60, 50)]
    strip = film_strip([("close", frames[0]), ("a label that is much too long", frames[1])])
    head = strip.shape[0] - 40
    assert strip.shape[1] == 60 + overlay.GAP_PX + 50
    np.testing.assert_array_equal(strip[head:, :60], frames[0])
    np.testing.assert_array_equal(strip[head:, 60 + overlay.GAP_PX :], frames[1])
    assert (strip[:, 60 : 60 + overlay.GAP_PX] == 255).all()
    for start, end in ((0, 60), (60 + overlay.GAP_PX, 110 + overlay.GAP_PX)):
        assert (strip[:head, start:end] < 128).any()


def test_film_strip_needs_frames() -> None:
    with pytest.raises(ValueError, match="at least one frame"):
        film_strip([])
