"""Windows of a cloud, and what the network reads of them."""

from __future__ import annotations

import numpy as np
import pytest

from ivlm_bench.geometry.cloud import Cloud
from ivlm_policies.ivlm_points.clouds import (
    HEIGHT_M,
    LEAST_RADIUS_M,
    features_of,
    sample,
    window_about,
)
from ivlm_policies.ivlm_points.grouping import N_POINTS


def cloud(n: int) -> Cloud:
    rng = np.random.default_rng(5)
    points = rng.uniform([-0.1, -0.05, 0.0], [0.3, 0.05, 0.2], (n, 3))
    up = np.tile([0.0, 0.0, 1.0], (n, 1))
    return Cloud(points, up, rng.uniform(0, 1, (n, 3)), np.zeros((n, 3), np.int64))


def test_a_window_is_the_box_about_its_points() -> None:
    points = np.array([[0.0, 0.0, 0.0], [0.3, 0.1, 0.2]])
    window = window_about(points, margin=2.0)
    assert window.middle_m == pytest.approx([0.15, 0.05, 0.1])
    assert window.half_m == pytest.approx([0.3, 0.1, 0.2])
    assert window.radius_m == pytest.approx(np.sqrt(0.14))
    beside = np.array([[0.46, 0.05, 0.1], [0.44, 0.05, 0.1]])
    assert list(window.inside(beside)) == [False, True]


def test_a_window_about_one_point_has_a_size() -> None:
    window = window_about(np.array([[0.1, 0.2, 0.3]]))
    assert window.inside(np.array([[0.1, 0.2, 0.3]])).all()
    assert window.radius_m == LEAST_RADIUS_M


def test_features_say_where_a_point_is_and_how_large_the_window() -> None:
    one = cloud(6)
    window = window_about(one.points_m)
    found = features_of(one, window)
    assert np.linalg.norm(found[:, :3], axis=1).max() <= 1.0 + 1e-6
    back = found[:, :3] * window.radius_m + window.middle_m
    assert back == pytest.approx(one.points_m, abs=1e-6)
    assert found[:, 3:6] == pytest.approx(one.normals)
    assert found[:, 6:9] == pytest.approx(one.colours - 0.5, abs=1e-6)
    assert found[:, 9] == pytest.approx(one.points_m[:, 2] / HEIGHT_M, abs=1e-6)
    assert np.exp(found[:, 10]) == pytest.approx(np.full(6, window.radius_m / 0.15), rel=1e-5)


@pytest.mark.parametrize("n", [50, N_POINTS, 3 * N_POINTS])
def test_a_sample_has_as_many_points_as_the_network_reads(n: int) -> None:
    one = cloud(n)
    found = sample(one, window_about(one.points_m), np.random.default_rng(0))
    assert found.features.shape == (N_POINTS, 11)
    assert (found.points_m == one.points_m[found.index]).all()
    assert len(set(found.index.tolist())) == min(n, N_POINTS)
