"""Depth, volume, contact and non-collision against formulas of spheres and boxes."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
import trimesh

from ivlm_bench.geometry.solids import box
from ivlm_bench.geometry.surface_tree import SurfaceTree
from ivlm_bench.plausibility.measures import contacts, intersection, voxel_volume_m3
from ivlm_bench.plausibility.solid import Solid, make_solid
from ivlm_bench.types import Mesh

RADIUS_M = 0.03


def sphere(centre: tuple[float, float, float], *, fineness: int = 4) -> Mesh:
    ball = trimesh.creation.icosphere(subdivisions=fineness, radius=RADIUS_M)
    return Mesh(np.asarray(ball.vertices) + np.array(centre), np.asarray(ball.faces, np.int32))


def block(size_m: tuple[float, float, float], centre: tuple[float, float, float]) -> Mesh:
    return box(size_m).at(*map(float, centre)).mesh


def lens_m3(gap_m: float) -> float:
    """Volume that two balls of equal radius share whose centres are ``gap_m`` apart: two caps."""
    height = RADIUS_M - gap_m / 2.0
    return 2.0 * np.pi * height**2 * (3.0 * RADIUS_M - height) / 3.0


def solid(mesh: Mesh) -> Solid:
    return make_solid(mesh)


@pytest.mark.parametrize("gap_m", [0.02, 0.035, 0.05])
def test_the_volume_of_two_balls_is_that_of_the_lens(gap_m: float) -> None:
    found = intersection(solid(sphere((0, 0, 0))), solid(sphere((gap_m, 0, 0))))
    assert found is not None
    assert found[0] == pytest.approx(lens_m3(gap_m), rel=0.01)


def test_boxes_share_exactly_their_overlap_and_balls_apart_nothing() -> None:
    a, b = block((0.1, 0.1, 0.1), (0, 0, 0)), block((0.1, 0.1, 0.1), (0.09, 0.08, 0.07))
    found = intersection(solid(a), solid(b))
    assert found is not None
    assert found[0] == pytest.approx(0.01 * 0.02 * 0.03, rel=1e-9)
    apart = intersection(solid(sphere((0, 0, 0))), solid(sphere((0.07, 0, 0))))
    assert apart is not None
    assert apart[0] == 0.0


def test_the_voxel_count_is_the_one_that_trimesh_gives() -> None:
    # ObMan: object.voxelized(5 mm), filled; centres inside the hand. Counted anew with trimesh.
    hand, thing = solid(sphere((0, 0, 0))), solid(sphere((0.05, 0, 0)))
    filled = trimesh.Trimesh(thing.mesh.vertices_m, thing.mesh.faces).voxelized(0.005).fill()
    inside = np.linalg.norm(np.asarray(filled.points), axis=1) <= RADIUS_M * 0.999
    assert voxel_volume_m3(hand, thing) == pytest.approx(int(inside.sum()) * 0.005**3)
    assert voxel_volume_m3(hand, thing) == pytest.approx(7.25e-6)  # physics measured: +63 %


@pytest.mark.parametrize("sunk_m", [0.002, 0.008, 0.015])
def test_a_ball_in_a_box_is_as_deep_as_it_is_sunk(sunk_m: float) -> None:
    ball = sphere((0, 0, RADIUS_M - sunk_m))
    found = contacts(solid(ball), solid(block((0.2, 0.2, 0.1), (0, 0, -0.05))), distance_m=0.005)
    below = ball.vertices_m[:, 2] < 0.0
    assert found.depth_max_m == pytest.approx(sunk_m, rel=2e-3)  # the lowest vertex is at a pole
    assert found.depth_mean_m == pytest.approx(-ball.vertices_m[below, 2].mean())
    assert found.non_collision == pytest.approx(1.0 - below.mean())
    assert found.touching.sum() == (ball.vertices_m[:, 2] <= 0.005).sum()


def test_bodies_apart_have_no_depth_and_no_contact() -> None:
    found = contacts(solid(sphere((0, 0, 0))), solid(sphere((0.1, 0, 0))), distance_m=0.005)
    assert (found.depth_max_m, found.depth_mean_m, found.non_collision) == (0.0, 0.0, 1.0)
    assert not found.touching.any()


def test_signed_distances_are_those_of_a_ball_anywhere() -> None:
    ball = solid(sphere((0, 0, 0), fineness=5))
    points = np.random.default_rng(0).uniform(-0.08, 0.08, (500, 3))
    exact = np.linalg.norm(points, axis=1) - RADIUS_M
    assert np.abs(ball.signed_distance_m(points) - exact).max() < 2e-5


def test_the_tree_finds_what_asking_every_triangle_finds() -> None:
    rng = np.random.default_rng(1)
    corners = rng.uniform(-1, 1, (300, 3))
    faces = rng.integers(0, 300, (500, 3)).astype(np.int32)
    points = rng.uniform(-1.5, 1.5, (200, 3))
    distance, at, face = SurfaceTree(Mesh(corners, faces)).nearest(points)
    triangles = corners[faces]
    closest: Any = trimesh.triangles.closest_point
    for k, point in enumerate(points):
        near = closest(triangles, np.tile(point, (len(faces), 1)))
        gaps = np.linalg.norm(near - point, axis=1)
        assert distance[k] == pytest.approx(gaps.min(), abs=1e-9)
        assert np.linalg.norm(at[k] - point) == pytest.approx(distance[k])
        assert gaps[face[k]] == pytest.approx(distance[k], abs=1e-9)


def test_winding_numbers_of_a_box_and_of_half_a_box() -> None:
    whole = block((1.0, 1.0, 1.0), (0, 0, 0))
    inside, outside = np.zeros((1, 3)), np.array([[0.9, 0.2, 0.1]])
    assert SurfaceTree(whole).winding(inside)[0] == pytest.approx(1.0)
    assert SurfaceTree(whole).winding(outside)[0] == pytest.approx(0.0, abs=0.06)
    # Three of the six sides: half the view from the middle is closed off.
    sides = Mesh(whole.vertices_m, whole.faces[[0, 1, 4, 5, 8, 9]])
    assert SurfaceTree(sides).winding(inside)[0] == pytest.approx(0.5)
