"""Clouds of known solids cut into convex pieces: whole where convex, open where hollow."""

from __future__ import annotations

import itertools

import numpy as np
import pytest
from scipy.spatial import ConvexHull

from ivlm_bench.geometry.pieces import THICKNESS_M, convex_pieces, standing

STEP_M = 0.004


def box(
    size_m: tuple[float, float, float], at_m: tuple[float, float, float]
) -> tuple[np.ndarray, np.ndarray]:
    """Points on the faces of a box whose lowest corner is given, and normals."""
    lines = [np.linspace(0.0, s, round(s / STEP_M) + 1) for s in size_m]
    grid = np.array(list(itertools.product(*lines)))
    points, normals = [], []
    for axis, sign in itertools.product(range(3), (-1.0, 1.0)):
        face = grid[np.isclose(grid[:, axis], 0.0 if sign < 0 else size_m[axis])]
        points.append(face + at_m)
        normals.append(np.tile(sign * np.eye(3)[axis], (len(face), 1)))
    return np.concatenate(points), np.concatenate(normals)


def cup(radius_m: float, wall_m: float, height_m: float) -> tuple[np.ndarray, np.ndarray]:
    """Points and normals on both walls and the floor (seen from above) of an open cup."""
    angle = np.linspace(0.0, 2.0 * np.pi, 120, endpoint=False)
    ring = np.stack([np.cos(angle), np.sin(angle), 0.0 * angle], axis=1)
    z_m = np.arange(0.0, height_m + 1e-9, STEP_M)
    up = np.repeat(z_m[:, None] * [[0.0, 0.0, 1.0]], len(ring), axis=0)
    around = np.tile(ring, (len(z_m), 1))
    inner_m = radius_m - wall_m
    floor = np.concatenate([r_m * ring for r_m in np.arange(0.0, inner_m, STEP_M)])
    points = [radius_m * around + up, inner_m * around + up, floor + np.array([0.0, 0.0, wall_m])]
    above = np.tile([0.0, 0.0, 1.0], (len(floor), 1))
    return np.concatenate(points), np.concatenate([around, -around, above])


def volume_m3(pieces: tuple[np.ndarray, ...]) -> float:
    return sum(float(ConvexHull(piece).volume) for piece in pieces)


def inside(pieces: tuple[np.ndarray, ...], point_m: tuple[float, float, float]) -> bool:
    planes = [ConvexHull(piece).equations for piece in pieces]
    return any(bool((p[:, :3] @ point_m + p[:, 3] <= 0.0).all()) for p in planes)


def test_a_box_stays_whole_with_and_without_its_underside() -> None:
    points, normals = box((0.04, 0.06, 0.10), (0.1, 0.2, 0.0))
    for seen in (points[:, 2] >= 0.0, points[:, 2] > 0.0):
        stood = standing(points[seen], normals[seen])
        (piece,) = convex_pieces(*stood, max_pieces=16, depth_m=0.004)
        assert volume_m3((piece,)) == pytest.approx(0.04 * 0.06 * 0.10, rel=1e-6)


def test_two_boxes_in_an_l_are_cut_where_they_meet() -> None:
    low, high = box((0.08, 0.04, 0.02), (0, 0, 0)), box((0.02, 0.04, 0.08), (0, 0, 0.02))
    points, normals = (np.concatenate([a, b]) for a, b in zip(low, high, strict=True))
    inner = np.isclose(points[:, 2], 0.02) & (points[:, 0] < 0.02)  # where they touch
    pieces = convex_pieces(points[~inner], normals[~inner], max_pieces=16, depth_m=0.004)
    true_m3 = 0.08 * 0.04 * 0.02 + 0.02 * 0.04 * 0.08
    assert len(pieces) == 2
    assert volume_m3(pieces) == pytest.approx(true_m3, rel=0.1)  # its hull has 1.4 times as much
    assert not inside(pieces, (0.05, 0.02, 0.05))
    assert inside(pieces, (0.06, 0.02, 0.01))
    assert inside(pieces, (0.01, 0.02, 0.08))


def test_a_cup_stays_hollow_and_has_a_wall_and_a_floor() -> None:
    pieces = convex_pieces(*cup(0.04, 0.006, 0.08), max_pieces=32, depth_m=0.004)
    assert not inside(pieces, (0.0, 0.0, 0.05))
    angles = np.linspace(0.0, 2.0 * np.pi, 180)
    walls = [inside(pieces, (0.0372 * np.cos(a), 0.0372 * np.sin(a), 0.045)) for a in angles]
    assert np.mean(walls) > 0.85  # gaps between pieces are no wider than a cell
    true_m3 = np.pi * (0.04**2 * 0.08 - 0.034**2 * 0.074)
    assert volume_m3(pieces) == pytest.approx(true_m3, rel=0.15)


def test_no_more_pieces_are_made_than_asked_for() -> None:
    assert len(convex_pieces(*cup(0.04, 0.004, 0.08), max_pieces=5, depth_m=0.001)) == 5


def test_a_sheet_is_given_thickness_and_a_line_too() -> None:
    line = np.column_stack([np.arange(0.0, 0.1, 0.004), np.zeros(25), np.full(25, 0.05)])
    sheet = np.concatenate(
        [line + np.array([0.0, y_m, 0.0]) for y_m in np.arange(0.0, 0.05, 0.004)]
    )
    for cloud, n_thin in ((sheet, 1), (line, 2)):
        up = np.tile([0.0, 0.0, 1.0], (len(cloud), 1))
        (piece,) = convex_pieces(cloud, up, max_pieces=4, depth_m=0.004)
        extents_m = np.sort(np.ptp(piece, axis=0))
        assert extents_m[:n_thin] == pytest.approx(THICKNESS_M)
        assert volume_m3((piece,)) > 0.0


@pytest.mark.parametrize("n", [0, 1, 3])
def test_too_few_points_make_no_piece(n: int) -> None:
    assert convex_pieces(np.eye(3)[:n], np.eye(3)[:n], max_pieces=4, depth_m=0.004) == ()


def test_points_that_no_cut_parts_end_the_search() -> None:
    corners = np.array(list(itertools.product((0.0, 0.1), repeat=3)))
    cloud = np.concatenate([corners, [[0.05, 0.05, 0.05]]])  # deep, and alone
    normals = np.tile([1.0, 0.0, 0.0], (len(cloud), 1))
    assert 1 <= len(convex_pieces(cloud, normals, max_pieces=64, depth_m=0.001)) <= 64


def test_the_cut_does_not_hang_on_chance() -> None:
    cloud = cup(0.04, 0.006, 0.08)
    one, other = (convex_pieces(*cloud, max_pieces=12, depth_m=0.004) for _ in range(2))
    assert all(np.array_equal(a, b) for a, b in zip(one, other, strict=True))


def test_only_low_points_are_carried_down_to_the_table() -> None:
    cloud = np.array([[0.0, 0.0, 0.008], [0.1, 0.0, 0.05], [0.2, 0.0, -0.002]])
    stood, normals = standing(cloud, np.tile([1.0, 0.0, 0.0], (3, 1)))
    assert normals[:, 2].tolist() == [0.0, 0.0, 0.0, -1.0, -1.0]
    assert stood.tolist() == [
        [0.0, 0.0, 0.008], [0.1, 0.0, 0.05], [0.2, 0.0, 0.0], [0.0, 0.0, 0.0], [0.2, 0.0, 0.0]
    ]  # fmt: skip
