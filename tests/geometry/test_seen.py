from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from ivlm_bench.geometry.camera import depth_points, project
from ivlm_bench.geometry.foreground import foreground_masks
from ivlm_bench.geometry.hidden import hidden_cloud
from ivlm_bench.geometry.seen import see
from ivlm_bench.geometry.upright import upright_depth
from ivlm_bench.geometry.visual_hull import hull_cloud
from ivlm_bench.testing.analytic import Block, Column, table_observation
from ivlm_bench.types import Observation, Query

QUERY = Query("grasp", "thing", None, "Pick it up.")
COLUMN = Column((0.01, 0.02, 0.05), radius_m=0.035, height_m=0.10)
BLOCK = Block((0.02, -0.01, 0.05), (0.07, 0.05, 0.10), yaw_rad=0.6)
SHAPES = [COLUMN, BLOCK]


def both(shape: Block | Column, *, n_views: int = 4) -> tuple[Observation, Observation]:
    """The same scene with depth and without."""
    return (
        table_observation((shape,), QUERY, n_views=n_views),
        table_observation((shape,), QUERY, n_views=n_views, has_depth=False),
    )


def truth_mask(observation: Observation, index: int) -> np.ndarray:
    view = observation.views[index]
    assert view.depth_m is not None
    return np.asarray(depth_points(view.camera, view.depth_m)[..., 2] > 1e-3)


@pytest.mark.parametrize("shape", SHAPES)
def test_outlines_are_found_up_to_a_pixel(shape: Block | Column) -> None:
    seen, blind = both(shape)
    for index, mask in enumerate(foreground_masks(blind.views)):
        truth = truth_mask(seen, index)
        assert (mask & truth).sum() / (mask | truth).sum() > 0.95


def test_a_shadow_on_the_table_is_no_thing() -> None:
    _, blind = both(BLOCK, n_views=1)
    rgb = np.array(blind.views[0].rgb)
    rgb[150:200, 20:80] = rgb[150:200, 20:80] // 2
    shaded = replace(blind.views[0], rgb=rgb)
    before, after = (foreground_masks((view,))[0] for view in (blind.views[0], shaded))
    assert np.array_equal(before, after)


@pytest.mark.parametrize("shape", SHAPES)
def test_the_hull_holds_the_thing_and_hardly_more(shape: Block | Column) -> None:
    seen, _ = both(shape)
    masks = tuple(truth_mask(seen, index) for index in range(4))
    hull = hull_cloud(seen.views, masks)
    assert hull is not None
    solid = see(seen.views).cloud.points_m
    low, high = solid.min(axis=0), solid.max(axis=0)
    # The hull's box is the thing's, up to a cell (3 mm) and, above, the cameras' blind cone.
    assert (hull.points_m.min(axis=0) < low + 0.004).all()
    assert (hull.points_m.max(axis=0) > high - 0.004).all()
    assert (hull.points_m.min(axis=0)[:2] > low[:2] - 0.015).all()
    assert (hull.points_m.max(axis=0)[:2] < high[:2] + 0.015).all()
    assert np.linalg.norm(hull.normals, axis=1) == pytest.approx(np.ones(len(hull)))


def test_normals_of_the_hull_of_a_column_point_away_from_its_axis() -> None:
    seen, _ = both(COLUMN)
    hull = hull_cloud(seen.views, tuple(truth_mask(seen, index) for index in range(4)))
    assert hull is not None
    side = (hull.points_m[:, 2] > 0.02) & (hull.points_m[:, 2] < 0.08)
    away = (hull.points_m - [0.01, 0.02, 0.0])[side, :2]
    cosine = (hull.normals[side, :2] * away).sum(axis=1) / np.linalg.norm(away, axis=1)
    assert np.median(cosine) > 0.9


def test_masks_without_a_common_body_give_no_hull() -> None:
    seen, _ = both(BLOCK)
    empty = tuple(np.zeros((224, 224), bool) for _ in range(4))
    assert hull_cloud(seen.views, empty) is None


@pytest.mark.parametrize("shape", SHAPES)
def test_one_outline_on_the_plane_gives_the_walls_depth(shape: Block | Column) -> None:
    seen, blind = both(shape, n_views=1)
    mask = truth_mask(seen, 0)
    truth = seen.views[0].depth_m
    assert truth is not None
    error = np.abs(upright_depth(blind.views[0], mask) - truth)
    # A wrong footprint would be off by centimetres, the table behind by up to 0.1 / tan(40 deg).
    assert np.median(error[mask]) < 0.008
    assert error[~mask].max() < 2e-3  # things lower than 1 mm are no part of the mask


def test_a_long_thing_across_the_view_lies_on_the_table() -> None:
    bar = Block((0.0, 0.0, 0.01), (0.03, 0.20, 0.02))
    seen, blind = both(bar, n_views=1)
    mask = truth_mask(seen, 0)
    guessed = upright_depth(blind.views[0], mask)
    height = depth_points(blind.views[0].camera, guessed)[..., 2]
    assert np.median(height[mask]) == pytest.approx(0.02, abs=0.015)


def test_the_far_side_of_a_column_is_guessed_round() -> None:
    seen, _ = both(COLUMN, n_views=1)
    cloud = hidden_cloud(seen.views[0], 0)
    side = (cloud.points_m[:, 2] > 0.03) & (cloud.points_m[:, 2] < 0.08)
    away = (cloud.points_m - [0.01, 0.02, 0.0])[side, :2]
    eye = seen.views[0].camera.world_from_camera.position_m[:2] - [0.01, 0.02]
    assert (away @ eye < 0).mean() > 0.8
    assert np.median(np.abs(np.linalg.norm(away, axis=1) - 0.035)) < 0.012


@pytest.mark.parametrize(
    ("n_views", "has_depth", "source"),
    [(1, True, "depth"), (4, True, "depth"), (4, False, "triangulated"), (1, False, "plane")],
)
def test_the_source_tells_what_was_read(n_views: int, has_depth: bool, source: str) -> None:
    observation = table_observation((BLOCK,), QUERY, n_views=n_views, has_depth=has_depth)
    seen = see(observation.views)
    assert seen.source == source
    assert len(seen.solid) >= len(seen.cloud) > 100
    middle = 0.5 * (seen.solid.points_m.min(axis=0) + seen.solid.points_m.max(axis=0))
    assert middle[:2] == pytest.approx([0.02, -0.01], abs=0.02)
    assert all(view.depth_m is not None for view in seen.views)


@pytest.mark.parametrize("n_views", [1, 4])
@pytest.mark.parametrize("has_depth", [True, False])
def test_an_empty_table_shows_nothing(n_views: int, has_depth: bool) -> None:
    observation = table_observation((), QUERY, n_views=n_views, has_depth=has_depth)
    assert len(see(observation.views).cloud) == 0


@pytest.mark.parametrize("n_views", [1, 4])
@pytest.mark.parametrize("noise", [0, 1])
def test_no_image_makes_it_raise(n_views: int, noise: int) -> None:
    rng = np.random.default_rng(noise)
    observation = table_observation((), QUERY, n_views=n_views, has_depth=False, size_px=32)
    shape = observation.views[0].rgb.shape
    views = tuple(
        replace(view, rgb=(rng.integers(256, size=shape) * noise).astype(np.uint8))
        for view in observation.views
    )
    assert np.isfinite(see(views).cloud.points_m).all()


def test_pixels_of_the_guess_lead_to_its_points() -> None:
    _, blind = both(BLOCK)
    seen = see(blind.views)
    named = seen.cloud.select(seen.cloud.colours.max(axis=1) > 0)
    for index, view in enumerate(seen.views):
        own = named.select(named.pixels[:, 0] == index)
        pixels, _ = project(view.camera, own.points_m)
        assert np.abs(pixels - own.pixels[:, 1:]).max() <= 0.5 + 1e-9
