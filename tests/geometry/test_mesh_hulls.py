"""Convex pieces: hulls, depth of points, overlap of two hulls."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from ivlm_bench.geometry import se3
from ivlm_bench.geometry.hulls import (
    convex_hull,
    distance_to_hulls_m,
    half_spaces,
    hull_distance_m,
    overlap_m,
)
from ivlm_bench.geometry.massprops import volume_m3
from ivlm_bench.geometry.mesh import is_convex, is_watertight, transformed
from ivlm_bench.geometry.solids import box, cylinder
from ivlm_bench.types import Mesh, Pose

CUBE = convex_hull(box((2.0, 2.0, 2.0)).mesh.vertices_m)


def turned(
    mesh: Mesh, rotvec: tuple[float, float, float], shift: tuple[float, float, float]
) -> Mesh:
    return transformed(mesh, Pose(np.array(shift), se3.quat_from_rotvec(np.array(rotvec))))


def test_hull_of_a_cube_with_points_inside() -> None:
    rng = np.random.default_rng(0)
    cloud = np.concatenate([rng.uniform(-1, 1, (200, 3)), box((2.0, 2.0, 2.0)).mesh.vertices_m])
    hull = convex_hull(cloud)
    assert len(hull.vertices_m) == 8
    assert is_watertight(hull)
    assert is_convex(hull)
    assert volume_m3(hull) == pytest.approx(8.0)


@given(
    point=st.tuples(*[st.floats(-3, 3)] * 3),
)
def test_half_space_distance_of_a_cube(point: tuple[float, float, float]) -> None:
    expected = max(abs(c) for c in point) - 1.0
    assert hull_distance_m(np.array([point]), CUBE)[0] == pytest.approx(expected, abs=1e-12)


def test_half_spaces_hold_every_vertex() -> None:
    hull = convex_hull(cylinder(0.03, 0.1).mesh.vertices_m)
    normals, offsets = half_spaces(hull)
    np.testing.assert_allclose(np.linalg.norm(normals, axis=1), 1.0)
    assert (hull.vertices_m @ normals.T <= offsets + 1e-12).all()


def test_distance_to_several_hulls_is_that_of_the_nearest() -> None:
    far = transformed(CUBE, Pose.at(10.0, 0.0, 0.0))
    points = np.array([[1.5, 0.0, 0.0], [8.0, 0.0, 0.0], [10.0, 0.0, 0.5]])
    np.testing.assert_allclose(distance_to_hulls_m(points, [CUBE, far]), [0.5, 1.0, -0.5])


@pytest.mark.parametrize("shift", [(1.9, 0.3, 0.0), (0.0, -1.5, 0.5), (0.2, 0.1, 3.0), (2.0, 0, 0)])
def test_overlap_of_aligned_cubes(shift: tuple[float, float, float]) -> None:
    expected = 2.0 - max(abs(c) for c in shift)
    assert overlap_m(CUBE, transformed(CUBE, Pose.at(*shift))) == pytest.approx(expected, abs=1e-9)


@pytest.mark.parametrize("distance", [2.0, 2.3, 2.5])
def test_overlap_of_a_corner_and_a_face(distance: float) -> None:
    """A cube turned 45 degrees about z reaches sqrt(2) towards the other's face."""
    other = turned(CUBE, (0.0, 0.0, np.pi / 4), (distance, 0.0, 0.0))
    assert overlap_m(CUBE, other) == pytest.approx(1.0 + np.sqrt(2) - distance, abs=1e-9)


@pytest.mark.parametrize("height", [2.7, 2.8, 2.9])
def test_overlap_of_two_crossing_edges(height: float) -> None:
    """Edges along x and along y, one above the other: only their cross product parts them."""
    low = turned(CUBE, (np.pi / 4, 0.0, 0.0), (0.0, 0.0, 0.0))
    high = turned(CUBE, (0.0, np.pi / 4, 0.0), (0.0, 0.0, height))
    depth = overlap_m(low, high)
    assert depth == pytest.approx(2 * np.sqrt(2) - height, abs=1e-9)


def test_overlap_is_symmetric() -> None:
    other = turned(CUBE, (0.3, 0.5, -0.2), (1.2, 1.1, 0.4))
    assert overlap_m(CUBE, other) == pytest.approx(overlap_m(other, CUBE), abs=1e-12)
