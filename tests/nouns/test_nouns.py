"""The nouns refuse what means nothing, and keep their arrays safe."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from ivlm_bench.errors import AssetError, InvalidAnswerError
from ivlm_bench.geometry import se3
from ivlm_bench.geometry.camera import back_project, look_at, project
from ivlm_bench.types import Grasp, Interaction, Mesh, Motion, Pose

rotvecs = arrays(np.float64, 3, elements=st.floats(-3.0, 3.0))
positions = arrays(np.float64, 3, elements=st.floats(-5.0, 5.0))


def pose_of(rotvec: np.ndarray, position: np.ndarray) -> Pose:
    return Pose(position, se3.quat_from_rotvec(rotvec))


@given(rotvecs, positions, rotvecs, positions)
def test_composition_is_matrix_product(
    r1: np.ndarray, p1: np.ndarray, r2: np.ndarray, p2: np.ndarray
) -> None:
    a, b = pose_of(r1, p1), pose_of(r2, p2)
    np.testing.assert_allclose((a @ b).matrix, a.matrix @ b.matrix, atol=1e-9)
    np.testing.assert_allclose((a @ a.inverse()).matrix, np.eye(4), atol=1e-9)


@given(rotvecs)
def test_matrix_and_quaternion_agree(rotvec: np.ndarray) -> None:
    quat = se3.quat_from_rotvec(rotvec)
    back = se3.quat_from_matrix(se3.matrix_from_quat(quat))
    assert se3.quat_angle_rad(quat, back) < 1e-7


def test_quarter_turn_about_z_takes_x_to_y() -> None:
    quat = se3.quat_from_rotvec(np.array([0.0, 0.0, np.pi / 2]))
    np.testing.assert_allclose(se3.quat_rotate(quat, np.array([1.0, 0, 0])), [0, 1, 0], atol=1e-12)
    np.testing.assert_allclose(quat, [np.sqrt(0.5), 0, 0, np.sqrt(0.5)])


def test_camera_looks_along_z_with_y_down() -> None:
    camera = look_at(np.array([2.0, 0, 0]), np.zeros(3), fov_rad=np.pi / 2, size_px=101)
    pixels, depth = project(camera, np.array([[0.0, 0, 0], [0, 0, 1.0], [0, 1.0, 0]]))
    np.testing.assert_allclose(depth, 2.0)
    np.testing.assert_allclose(pixels[0], [50, 50])
    # Focal length 50.5 px, so one metre at two metres is 25.25 px: z goes up in the image, and
    # seen from +x the world's +y lies to the right.
    np.testing.assert_allclose(pixels[1], [50, 50 - 25.25])
    np.testing.assert_allclose(pixels[2], [50 + 25.25, 50])


@given(positions)
def test_back_projection_undoes_projection(point: np.ndarray) -> None:
    camera = look_at(np.array([9.0, 8.0, 7.0]), np.zeros(3), fov_rad=0.8, size_px=64)
    pixels, depth = project(camera, point[None])
    np.testing.assert_allclose(back_project(camera, pixels, depth)[0], point, atol=1e-9)


def test_arrays_are_read_only_copies() -> None:
    position = np.zeros(3)
    pose = Pose(position, np.array([1.0, 0, 0, 0]))
    position[0] = 5.0
    assert pose.position_m[0] == 0.0
    with pytest.raises(ValueError, match="read-only"):
        pose.position_m[0] = 1.0


@pytest.mark.parametrize(
    ("build", "says"),
    [
        (lambda: Pose(np.zeros(3), np.array([2.0, 0, 0, 0])), "unit vector"),
        (lambda: Pose(np.array([np.nan, 0, 0]), np.array([1.0, 0, 0, 0])), "NaN"),
        (lambda: Grasp(Pose.identity(), float("nan")), "width_m"),
        (lambda: Grasp(Pose.identity(), 0.05, prob=1.5), "probability"),
        (lambda: Motion(np.zeros(3), np.array([1.0, 1.0, 0.0])), "unit vector"),
        (lambda: Interaction(points_px=np.zeros((2, 2))), "shape"),
        (lambda: Interaction(affordance_maps=np.full((1, 2, 2), 2.0)), "probabilities"),
        (lambda: Interaction(grasps=("top",)), "Grasp objects"),  # type: ignore[arg-type]
        (lambda: Interaction(abstain="no"), "True or False"),  # type: ignore[arg-type]
        (lambda: Interaction(label_prob={"grasp": 3.0}), "label_prob"),
        (lambda: Mesh(np.zeros((2, 3)), np.array([[0, 1, 2]])), "index its 2 vertices"),
    ],
)
def test_nonsense_gets_a_sentence(build: object, says: str) -> None:
    assert callable(build)
    with pytest.raises((InvalidAnswerError, AssetError), match=says):
        build()
