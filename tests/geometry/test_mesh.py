"""Predicates, sampling and union of meshes against shapes whose answer is known."""

from __future__ import annotations

import numpy as np
import pytest

from ivlm_bench.errors import AssetError
from ivlm_bench.geometry.boolean import union
from ivlm_bench.geometry.massprops import volume_m3
from ivlm_bench.geometry.mesh import (
    bounds_m,
    concatenated,
    face_areas_m2,
    face_normals,
    is_convex,
    is_watertight,
    sample_surface,
    transformed,
    welded,
)
from ivlm_bench.geometry.solids import box
from ivlm_bench.types import Mesh, Pose

BOX = box((1.0, 2.0, 3.0)).mesh


def without_face(mesh: Mesh, index: int) -> Mesh:
    return Mesh(mesh.vertices_m, np.delete(mesh.faces, index, axis=0))


def with_flipped_face(mesh: Mesh, index: int) -> Mesh:
    faces = mesh.faces.copy()
    faces[index] = faces[index][::-1]
    return Mesh(mesh.vertices_m, faces)


def test_box_area_and_bounds() -> None:
    assert face_areas_m2(BOX).sum() == pytest.approx(2 * (1 * 2 + 2 * 3 + 3 * 1))
    np.testing.assert_allclose(bounds_m(BOX), [[-0.5, -1.0, -1.5], [0.5, 1.0, 1.5]])


def test_normals_of_a_box_point_away_from_its_middle() -> None:
    centres = BOX.vertices_m[BOX.faces].mean(axis=1)
    assert (np.einsum("ij,ij->i", face_normals(BOX), centres) > 0).all()


def test_welding_a_box_leaves_its_eight_corners() -> None:
    assert len(BOX.vertices_m) == 24
    assert len(welded(BOX).vertices_m) == 8
    assert len(welded(BOX).faces) == 12


def test_welding_drops_collapsed_faces() -> None:
    thin = Mesh(np.array([[0, 0, 0], [1, 0, 0], [1e-9, 0, 0]], float), np.array([[0, 1, 2]]))
    assert len(welded(thin).faces) == 0


@pytest.mark.parametrize("index", [0, 5, 11])
def test_an_open_or_flipped_box_is_not_watertight(index: int) -> None:
    assert is_watertight(BOX)
    assert not is_watertight(without_face(BOX, index))
    assert not is_watertight(with_flipped_face(BOX, index))


def test_closed_boxes_that_share_a_face_stay_watertight() -> None:
    assert is_watertight(concatenated([BOX, transformed(BOX, Pose.at(1.0, 0.0, 0.0))]))


def test_nothing_is_not_watertight() -> None:
    assert not is_watertight(concatenated([]))


def test_a_dent_is_not_convex() -> None:
    assert is_convex(BOX)
    corner = BOX.vertices_m.copy()
    corner[np.all(corner == [0.5, 1.0, 1.5], axis=1)] -= 0.1
    assert is_convex(welded(Mesh(corner, BOX.faces))) is False


def test_samples_lie_on_their_face_and_follow_area() -> None:
    n = 60_000
    points, normals, index = sample_surface(BOX, n, np.random.default_rng(0))
    assert (
        np.abs(np.einsum("ij,ij->i", points - BOX.vertices_m[BOX.faces[index, 0]], normals)).max()
        < 1e-12
    )
    inside = np.abs(points) <= np.array([0.5, 1.0, 1.5]) + 1e-12
    assert inside.all()
    share = np.bincount(index, minlength=12) / n
    expected = face_areas_m2(BOX) / 22.0
    # five standard deviations of a binomial share
    assert (np.abs(share - expected) < 5 * np.sqrt(expected * (1 - expected) / n)).all()


def test_samples_fill_a_triangle_evenly() -> None:
    triangle = Mesh(np.array([[0, 0, 0], [1, 0, 0], [0, 1, 0]], float), np.array([[0, 1, 2]]))
    points, _, _ = sample_surface(triangle, 40_000, np.random.default_rng(1))
    # mean 1/3, and E[x^2] = 1/6, E[xy] = 1/12 over the unit right triangle
    np.testing.assert_allclose(points[:, :2].mean(axis=0), 1 / 3, atol=0.006)
    assert (points[:, 0] ** 2).mean() == pytest.approx(1 / 6, abs=0.005)
    assert (points[:, 0] * points[:, 1]).mean() == pytest.approx(1 / 12, abs=0.004)


@pytest.mark.parametrize(("shift", "volume"), [(0.25, 6.0 + 1.5), (1.0, 12.0), (2.0, 12.0)])
def test_union_counts_shared_volume_once(shift: float, volume: float) -> None:
    joined = union([BOX, transformed(BOX, Pose.at(shift, 0.0, 0.0))])
    assert is_watertight(joined)
    assert volume_m3(joined) == pytest.approx(volume)


def test_union_refuses_an_open_mesh() -> None:
    with pytest.raises(AssetError, match="Mesh 1"):
        union([BOX, without_face(BOX, 3)])
