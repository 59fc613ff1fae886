from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from ivlm_bench.geometry.camera import look_at
from ivlm_bench.testing.analytic import Block, Column, cast, table_observation
from ivlm_bench.types import Mesh, Query
from ivlm_policies.ivlm.viewing.cameras import cameras_about
from ivlm_policies.ivlm.viewing.splatting import BACKGROUND, splat
from ivlm_policies.ivlm.viewing.views import (
    GivenViews,
    MadeView,
    VirtualDepthViews,
    VirtualMeshViews,
    cleaned,
    own_views,
)

ASKED = Query("grasp", "box", None, "Grasp the box.")
BOX = Block((0.0, 0.0, 0.05), (0.08, 0.10, 0.10), rgb=(200, 40, 40))
CAMERA = look_at(np.array([0.5, 0.0, 0.3]), np.zeros(3), fov_rad=0.7, size_px=101)


def test_a_point_covers_nine_pixels_about_its_own_at_its_depth() -> None:
    rgb, depth = splat(CAMERA, np.zeros((1, 3)), np.array([[1.0, 0.0, 0.5]]))
    assert np.count_nonzero(depth) == 9
    assert depth[49:52, 49:52] == pytest.approx(np.hypot(0.5, 0.3), abs=1e-6)
    assert (rgb[50, 50] == [255, 0, 128]).all()
    assert (rgb[0, 0] == BACKGROUND).all()


@pytest.mark.parametrize("order", [[0, 1], [1, 0]])
def test_of_two_points_on_one_ray_the_nearer_is_shown(order: list[int]) -> None:
    eye = CAMERA.world_from_camera.position_m
    points = np.array([0.9 * eye, 0.2 * eye])[order]
    colours = np.array([[0.0, 1.0, 0.0], [0.0, 0.0, 1.0]])[order]
    rgb, depth = splat(CAMERA, points, colours)
    assert (rgb[50, 50] == [0, 255, 0]).all()
    assert depth[50, 50] == pytest.approx(0.1 * np.linalg.norm(eye), rel=1e-6)


def test_points_behind_the_camera_and_out_of_frame_show_nowhere() -> None:
    points = np.array([[1.0, 0.0, 0.6], [0.0, 9.0, 0.0]])
    assert not splat(CAMERA, points, np.ones((2, 3)))[1].any()


def test_further_cameras_look_at_the_same_point_from_where_they_should() -> None:
    middle = np.array([0.1, -0.2, 0.05])
    camera = look_at(middle + np.array([0.4, 0.0, 0.3]), middle, fov_rad=0.7, size_px=64)
    turned = cameras_about(camera, middle)
    away = np.array([c.world_from_camera.position_m - middle for c in turned])
    assert np.linalg.norm(away, axis=1) == pytest.approx(0.5)
    azimuth = np.rad2deg(np.arctan2(away[:, 1], away[:, 0]))
    assert azimuth == pytest.approx([-35.0, -20.0, 20.0, 35.0, 0.0], abs=1e-9)
    elevation = np.rad2deg(np.arcsin(away[:, 2] / 0.5))
    flat = np.rad2deg(np.arcsin(0.6))
    assert elevation == pytest.approx([flat] * 4 + [flat + 30.0])
    for one, way in zip(turned, away, strict=True):
        forward = one.world_from_camera.rotation[:, 2]
        assert forward == pytest.approx(-way / 0.5)
        assert one.world_from_camera.rotation[2, 1] < 0, "y of the picture points down"


def test_a_made_view_shows_what_a_camera_there_would_see() -> None:
    shown = table_observation((BOX,), ASKED)
    views = VirtualDepthViews().views(shown)
    assert views[:4] == shown.views
    assert own_views(views) == shown.views
    assert len(views) == 9
    made = views[4]
    assert isinstance(made, MadeView)
    rgb, depth = cast((BOX,), made.camera)
    assert made.depth_m is not None
    both = (made.depth_m > 0) & (depth > 0)
    assert both.mean() > 0.7
    assert np.median(np.abs(made.depth_m - depth)[both]) < 0.003
    differs = np.abs(made.rgb.astype(float) - rgb)[both].max(axis=1)
    assert np.median(differs) <= 2.0


def test_without_depth_or_mesh_there_are_the_given_views_only() -> None:
    shown = table_observation((BOX,), ASKED, has_depth=False)
    for provider in (GivenViews(), VirtualDepthViews(), VirtualMeshViews()):
        assert provider.views(shown) == shown.views
    bare = table_observation((), ASKED)
    assert VirtualDepthViews().views(bare) == bare.views


def test_a_known_mesh_is_shown_from_further_cameras() -> None:
    corners = np.array([[0, 0, 0.05], [0.1, 0, 0.05], [0.1, 0.1, 0.05], [0, 0.1, 0.05]])
    mesh = Mesh(corners, np.array([[0, 1, 2], [0, 2, 3]], np.int32))
    shown = replace(table_observation((BOX,), ASKED, has_depth=False), object_mesh=mesh)
    views = VirtualMeshViews().views(shown)
    assert len(views) == 9
    assert all(view.depth_m is not None and (view.depth_m > 0).sum() > 500 for view in views[4:])


def test_negative_depth_becomes_no_return_and_good_depth_is_kept() -> None:
    view = table_observation((Column((0.0, 0.0, 0.05), 0.03, 0.1),), ASKED).views[0]
    assert cleaned(view) is view
    assert view.depth_m is not None
    depth = np.array(view.depth_m)
    depth[7, 8] = -1.0
    got = cleaned(replace(view, depth_m=depth)).depth_m
    assert got is not None
    assert got[7, 8] == 0.0
    assert np.count_nonzero(got != view.depth_m) == 1
