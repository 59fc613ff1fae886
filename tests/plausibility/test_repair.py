"""What is mended is mended rightly and said; what cannot be measured says why."""

from __future__ import annotations

import numpy as np
import pytest

from ivlm_bench.errors import AssetError
from ivlm_bench.geometry.solids import box, cylinder
from ivlm_bench.plausibility.measures import contacts, intersection
from ivlm_bench.plausibility.solid import make_solid
from ivlm_bench.types import Mesh

BOX = box((0.1, 0.1, 0.1)).mesh
ROD = cylinder(0.01, 0.2, segments=48).mesh


def test_a_closed_mesh_needs_nothing() -> None:
    found = make_solid(BOX)
    assert found.notes == ()
    assert found.volume_m3 == pytest.approx(1e-3)


def test_faces_that_wind_inwards_are_turned_and_it_is_said() -> None:
    found = make_solid(Mesh(BOX.vertices_m, BOX.faces[:, ::-1]))
    assert found.volume_m3 == pytest.approx(1e-3)
    assert any("inwards" in note for note in found.notes)


@pytest.mark.parametrize("turned", [[0], [3, 5, 8], list(range(1, 12))])
def test_faces_wound_against_their_neighbours_are_turned(turned: list[int]) -> None:
    faces = BOX.faces.copy()
    faces[turned] = faces[turned][:, ::-1]
    found = make_solid(Mesh(BOX.vertices_m, faces))
    assert found.volume_m3 == pytest.approx(1e-3)
    assert any("turned round" in note for note in found.notes)


def test_a_small_hole_is_covered_as_the_wrist_of_a_hand_model() -> None:
    cap = np.abs(ROD.vertices_m[ROD.faces][:, :, 2].min(axis=1) - 0.1) < 1e-9
    found = make_solid(Mesh(ROD.vertices_m, ROD.faces[~cap]))
    assert found.volume_m3 == pytest.approx(make_solid(ROD).volume_m3)
    assert any("1 hole closed" in note for note in found.notes)


def test_a_box_without_a_side_has_no_volume_but_an_inside() -> None:
    opened = make_solid(Mesh(BOX.vertices_m, BOX.faces[2:]))
    assert opened.volume_m3 is None
    assert any("no volume" in note for note in opened.notes)
    assert intersection(make_solid(ROD), opened) is None
    points = np.array([[-0.03, 0.0, 0.0], [-0.2, 0.0, 0.0]])
    assert opened.is_inside(points).tolist() == [True, False]


def test_behind_an_open_floor_is_inside() -> None:
    corners = np.array([[-1.0, -1, 0], [1, -1, 0], [1, 1, 0], [-1, 1, 0]])
    floor = make_solid(Mesh(corners, np.array([[0, 1, 2], [0, 2, 3]], np.int32)), sheet=True)
    found = contacts(make_solid(ROD), floor, distance_m=0.02)
    assert found.depth_max_m == pytest.approx(0.1)
    assert found.non_collision == pytest.approx((ROD.vertices_m[:, 2] >= 0).mean())


def test_overlapping_parts_count_once() -> None:
    shifted = Mesh(BOX.vertices_m + np.array([0.05, 0, 0]), BOX.faces)
    joined = Mesh(
        np.concatenate([BOX.vertices_m, shifted.vertices_m]),
        np.concatenate([BOX.faces, shifted.faces + np.int32(len(BOX.vertices_m))]),
    )
    found = make_solid(joined)
    assert found.volume_m3 == pytest.approx(1.5e-3)
    assert any("united" in note for note in found.notes)


def test_a_cavity_stays_one() -> None:
    small = Mesh(0.5 * BOX.vertices_m, BOX.faces[:, ::-1])
    hollow = Mesh(
        np.concatenate([BOX.vertices_m, small.vertices_m]),
        np.concatenate([BOX.faces, small.faces + np.int32(len(BOX.vertices_m))]),
    )
    found = make_solid(hollow)
    assert found.volume_m3 == pytest.approx(1e-3 * (1 - 0.125))
    assert found.is_inside(np.array([[0.0, 0, 0], [0.04, 0, 0]])).tolist() == [False, True]


def test_collapsed_faces_are_left_out_and_counted() -> None:
    faces = np.concatenate([BOX.faces, [[0, 0, 1], [2, 2, 2]]]).astype(np.int32)
    found = make_solid(Mesh(BOX.vertices_m, faces))
    assert found.volume_m3 == pytest.approx(1e-3)
    assert "2 faces without extent left out" in found.notes


def test_faces_that_repeat_others_are_left_out_and_counted() -> None:
    faces = np.concatenate([BOX.faces, BOX.faces[:3, [1, 2, 0]]]).astype(np.int32)
    found = make_solid(Mesh(BOX.vertices_m, faces))
    assert found.volume_m3 == pytest.approx(1e-3)
    assert "3 faces that repeat another left out" in found.notes


def test_a_mesh_of_nothing_but_slivers_is_refused() -> None:
    line = np.array([[0.0, 0, 0], [1, 0, 0], [2, 0, 0]])
    with pytest.raises(AssetError, match="without area"):
        make_solid(Mesh(line, np.array([[0, 1, 2]], np.int32)))
