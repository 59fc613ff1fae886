from __future__ import annotations

import numpy as np
import pytest

from ivlm_bench.geometry.camera import depth_points, project
from ivlm_bench.geometry.cloud import object_cloud
from ivlm_bench.geometry.lifting import (
    field_peak,
    fused_weights,
    lift_maps,
    lift_pixel,
    lift_points,
    resample_map,
    spread_maps,
)
from ivlm_bench.testing.analytic import Block, table_observation
from ivlm_bench.types import Observation, Query, View

QUERY = Query("grasp", "box", None, "Pick up the box.")
BLOCK = Block((0.02, -0.01, 0.04), (0.06, 0.10, 0.08), yaw_rad=0.4)
TOP_M = 0.08


def found(view: View, pixel: np.ndarray) -> np.ndarray:
    point = lift_pixel(view, pixel)
    assert point is not None
    return point


@pytest.fixture(scope="module")
def seen() -> Observation:
    return table_observation((BLOCK,), QUERY)


@pytest.fixture(scope="module")
def blind() -> Observation:
    return table_observation((BLOCK,), QUERY, has_depth=False)


def top_pixels(view: View) -> np.ndarray:
    """Pixels well inside the top face, found by projecting a grid on it."""
    grid = np.array([[x, y, 0.0] for x in (-0.02, 0.0, 0.02) for y in (-0.03, 0.0, 0.03)])
    cosine, sine = np.cos(BLOCK.yaw_rad), np.sin(BLOCK.yaw_rad)
    turn = np.array([[cosine, -sine, 0], [sine, cosine, 0], [0, 0, 1]])
    world = grid @ turn.T + [0.02, -0.01, TOP_M]
    return np.asarray(np.rint(project(view.camera, world)[0]))


def test_a_pixel_on_the_top_face_lifts_to_the_height_of_the_top_face(seen: Observation) -> None:
    for view in seen.views:
        for pixel in top_pixels(view):
            assert found(view, pixel)[2] == pytest.approx(TOP_M, abs=1e-4)


def test_lifting_undoes_projection_up_to_half_a_pixel(seen: Observation) -> None:
    corner_free = np.array([[0.02, -0.01, TOP_M]])
    for view in seen.views:
        pixel = project(view.camera, corner_free)[0][0]
        assert np.linalg.norm(found(view, pixel) - corner_free[0]) < 0.002


@pytest.mark.parametrize("point", [(0.0, 0.0, 0.0), (0.1, -0.07, 0.0)])
def test_without_depth_a_point_of_the_table_is_found_exactly(
    blind: Observation, point: tuple[float, float, float]
) -> None:
    for view in blind.views:
        pixel = project(view.camera, np.array([point]))[0][0]
        assert lift_pixel(view, pixel) == pytest.approx(np.array(point), abs=1e-9)


def test_without_depth_a_ray_above_the_horizon_is_no_point(blind: Observation) -> None:
    view = blind.views[0]
    eye = view.camera.world_from_camera.position_m
    outward = np.array([[-40.0, 0.0, eye[2] + 1.0]])
    pixel = project(view.camera, outward)[0][0]
    assert lift_pixel(view, np.clip(pixel, 0, 223)) is None or pixel[1] < -0.5


@pytest.mark.parametrize("pixel", [(-1.0, 5.0), (5.0, 224.0), (223.6, 0.0)])
def test_a_pixel_outside_of_the_image_is_no_point(
    seen: Observation, pixel: tuple[float, float]
) -> None:
    assert lift_pixel(seen.views[0], np.array(pixel)) is None


def test_rows_that_can_not_be_lifted_are_left_out(seen: Observation) -> None:
    pixel = top_pixels(seen.views[1])[4]
    rows = np.array([[1, *pixel], [9, 5, 5], [-1, 5, 5], [0, 900, 5]], np.float32)
    lifted = lift_points(seen.views, rows)
    assert lifted.shape == (1, 3)
    assert lifted[0, 2] == pytest.approx(TOP_M, abs=1e-4)


@pytest.fixture(scope="module")
def block_maps(seen: Observation) -> np.ndarray:
    """1 on every pixel of the block, found from the height of what is seen."""
    heights = []
    for view in seen.views:
        assert view.depth_m is not None
        heights.append(depth_points(view.camera, view.depth_m)[..., 2])
    return np.asarray(np.stack(heights) > 0.001, np.float32)


def test_maps_lift_onto_the_object_strongest_first(
    seen: Observation, block_maps: np.ndarray
) -> None:
    points, weights = lift_maps(seen.views, block_maps)
    assert len(points) > 100
    assert (np.diff(weights) <= 0).all()
    away = np.linalg.norm(points[:, :2] - [0.02, -0.01], axis=1)
    assert away.max() < np.hypot(0.03, 0.05) + 1e-4
    assert points[:, 2].max() < TOP_M + 1e-4


def test_a_view_that_sees_a_point_and_says_no_halves_its_weight(seen: Observation) -> None:
    view = seen.views[0]
    twice = (view, view)
    maps = np.stack([np.ones((224, 224)), np.zeros((224, 224))]).astype(np.float32)
    point = np.array([[0.02, -0.01, TOP_M]])
    assert fused_weights(twice, maps, point) == pytest.approx([0.5])
    assert fused_weights(twice, np.ones_like(maps), point) == pytest.approx([1.0])


def test_a_hidden_point_has_no_weight(seen: Observation) -> None:
    inside = np.array([[0.02, -0.01, 0.03]])
    maps = np.ones((4, 224, 224), np.float32)
    assert fused_weights(seen.views, maps, inside) == pytest.approx([0.0])


def test_a_reduced_linear_map_is_read_back_linearly() -> None:
    columns = np.arange(56) * 4 + 1.5  # centres, in px of the view, of cells of 4 x 4 px
    reduced = np.tile(columns, (56, 1)).astype(np.float32)
    full = resample_map(reduced, 224, 224)
    assert full[:, 2:222] == pytest.approx(np.tile(np.arange(2, 222), (224, 1)), abs=1e-3)


def test_the_peak_of_a_field_is_its_broad_hill_and_no_lone_spike() -> None:
    rng = np.random.default_rng(0)
    hill = rng.normal(scale=0.003, size=(200, 3))
    points = np.concatenate([hill, [[0.1, 0.0, 0.0]]])
    weights = np.concatenate([np.full(200, 0.9), [1.0]])
    assert np.linalg.norm(field_peak(points, weights)) < 0.005


def test_spread_maps_are_one_at_the_points_and_fall_off_as_a_gaussian(seen: Observation) -> None:
    view = seen.views[0]
    pixel = top_pixels(view)[4].astype(int)
    centre = found(view, pixel)
    maps = spread_maps(seen.views, centre[None], radius_m=0.01)
    assert maps[0, pixel[1], pixel[0]] == pytest.approx(1.0, abs=1e-3)
    aside = found(view, pixel + np.array([4, 0]))
    expected = np.exp(-0.5 * (np.linalg.norm(aside - centre) / 0.01) ** 2)
    assert maps[0, pixel[1], pixel[0] + 4] == pytest.approx(expected, abs=0.02)
    assert maps[0, 0, 0] == 0.0


def test_spread_and_lift_are_inverse_up_to_the_radius(seen: Observation) -> None:
    centre = np.array([0.02, -0.01, TOP_M])
    maps = spread_maps(seen.views, centre[None], radius_m=0.006)
    points, weights = lift_maps(seen.views, maps)
    assert np.linalg.norm(field_peak(points, weights) - centre) < 0.004


def test_the_cloud_has_no_table(seen: Observation) -> None:
    assert object_cloud(seen.views).points_m[:, 2].min() > 0.0039
