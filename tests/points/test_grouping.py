"""Sampling, grouping and interpolation against loops over all points."""

from __future__ import annotations

import numpy as np
import pytest

from ivlm_policies.ivlm_points.grouping import (
    GROUP_SIZE,
    LEVELS,
    N_POINTS,
    ball_groups,
    groups_of,
    interpolation,
    nested_order,
)


def cloud(n: int, seed: int = 0) -> np.ndarray:
    """Return points on a ball's surface, dense and sparse places among them."""
    rng = np.random.default_rng(seed)
    points = rng.standard_normal((n, 3)) * [1.0, 0.6, 0.3]
    return (points / np.linalg.norm(points, axis=1, keepdims=True)).astype(np.float32)


def test_every_next_point_is_the_one_farthest_from_all_before() -> None:
    points = cloud(300).astype(np.float64)
    order = nested_order(points.astype(np.float32), 40)
    away = np.linalg.norm(points - points.mean(axis=0), axis=1)
    assert order[0] == np.argmax(away)
    for k in range(1, 40):
        gap = np.linalg.norm(points[:, None] - points[None, order[:k]], axis=2).min(axis=1)
        assert gap[order[k]] == pytest.approx(gap.max(), rel=1e-6)
    assert sorted(order) == list(range(300))


def test_points_that_lie_on_one_another_are_taken_once_until_all_others_are() -> None:
    points = np.repeat(cloud(30), 4, axis=0)
    order = nested_order(points, 50)
    assert len(np.unique(points[order[:30]], axis=0)) == 30
    assert len(set(order.tolist())) == 120


@pytest.mark.parametrize("radius", [0.05, 0.3, 5.0])
def test_a_group_holds_the_nearest_within_the_radius(radius: float) -> None:
    points = cloud(400)
    members, offsets = ball_groups(points, points[:50], radius=radius)
    for centre, own, away in zip(points[:50], members, offsets, strict=True):
        distance = np.linalg.norm(points.astype(np.float64) - centre, axis=1)
        near = np.argsort(distance)[:GROUP_SIZE]
        near = near[distance[near] < radius]
        assert set(own) == set(near)
        assert list(own[: len(near)]) == list(near)
        assert away == pytest.approx((points[own] - centre) / radius, abs=1e-6)


def test_shares_fall_with_the_square_of_the_distance() -> None:
    fine, coarse = cloud(120, 1), cloud(30, 2)
    nearest, shares = interpolation(fine, coarse)
    for point, who, share in zip(fine.astype(np.float64), nearest, shares, strict=True):
        square = ((coarse - point) ** 2).sum(axis=1)
        assert set(who) == set(np.argsort(square)[:3])
        inverse = 1.0 / square[who]
        assert share == pytest.approx(inverse / inverse.sum(), abs=1e-5)


def test_a_point_that_is_in_both_keeps_its_own_value() -> None:
    coarse = cloud(30)
    nearest, shares = interpolation(coarse, coarse)
    assert (nearest[:, 0] == np.arange(30)).all()
    assert shares[:, 0] == pytest.approx(np.ones(30), abs=1e-4)


def test_all_levels_stand_end_to_end() -> None:
    points = cloud(N_POINTS)
    points = points[nested_order(points, LEVELS[0])]
    groups = groups_of(points)
    first, second, third = LEVELS
    assert groups.members.shape == (sum(LEVELS), GROUP_SIZE)
    assert groups.nearest.shape == (2 * N_POINTS + first + second, 3)
    assert (groups.members[:, 0] == np.concatenate([np.arange(n) for n in LEVELS])).all()
    assert groups.members[first : first + second].max() < first
    assert groups.members[first + second :].max() < second
    # The last part leads from all points to the second level, past the first.
    direct, _ = interpolation(points, points[:second])
    assert (groups.nearest[-N_POINTS:] == direct).all()
    assert third == len(groups.members) - first - second
