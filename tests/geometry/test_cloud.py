from __future__ import annotations

import numpy as np
import pytest

from ivlm_bench.geometry.cloud import Cloud, cluster_labels, fuse, local_normal, object_cloud
from ivlm_bench.testing.analytic import Block, Column, table_observation
from ivlm_bench.types import Query

QUERY = Query("grasp", "thing", None, "Pick it up.")
COLUMN = Column((0.01, 0.02, 0.05), radius_m=0.035, height_m=0.10)


@pytest.fixture(scope="module")
def column() -> Cloud:
    return object_cloud(table_observation((COLUMN,), QUERY).views)


def test_points_lie_on_the_cylinder(column: Cloud) -> None:
    away = np.hypot(column.points_m[:, 0] - 0.01, column.points_m[:, 1] - 0.02)
    off = np.minimum(np.abs(away - 0.035), np.abs(column.points_m[:, 2] - 0.10))
    assert off.max() < 1e-5


def test_normals_are_radial_on_the_side_and_up_on_the_top(column: Cloud) -> None:
    side = (column.points_m[:, 2] < 0.095) & (column.points_m[:, 2] > 0.01)
    radial = (column.points_m - [0.01, 0.02, 0.0]) * [1.0, 1.0, 0.0] / 0.035
    assert np.median((radial * column.normals)[side].sum(axis=1)) > 0.999
    assert np.quantile((radial * column.normals)[side].sum(axis=1), 0.05) > 0.97
    away = np.linalg.norm(column.points_m[:, :2] - [0.01, 0.02], axis=1)
    top = (column.points_m[:, 2] > 0.0999) & (away < 0.03)
    assert column.normals[top, 2].min() > 0.999


def test_all_sides_are_covered(column: Cloud) -> None:
    side = column.points_m[:, 2] < 0.09
    angle = np.arctan2(column.points_m[side, 1] - 0.02, column.points_m[side, 0] - 0.01)
    assert (np.histogram(angle, bins=12, range=(-np.pi, np.pi))[0] > 20).all()


def test_pixels_lead_back_to_the_points(column: Cloud) -> None:
    observation = table_observation((COLUMN,), QUERY)
    for index, view in enumerate(observation.views):
        own = column.select(column.pixels[:, 0] == index)
        mask = own.mask(index, height_px=224, width_px=224)
        assert int(mask.sum()) == len(own)
        colour = view.rgb[own.pixels[:, 2], own.pixels[:, 1]] / 255.0
        assert np.array_equal(colour, own.colours)


def test_no_depth_gives_an_empty_cloud() -> None:
    assert len(fuse(table_observation((COLUMN,), QUERY, has_depth=False).views)) == 0
    assert len(object_cloud(table_observation((), QUERY, n_views=1).views)) == 0


@pytest.mark.parametrize(("gap_m", "n_clusters"), [(0.03, 2), (0.0, 1)])
def test_things_apart_are_two_clusters_the_larger_one_first(gap_m: float, n_clusters: int) -> None:
    big = Block((0.0, 0.0, 0.04), (0.06, 0.06, 0.08))
    tiny = Block((0.045 + gap_m, 0.0, 0.02), (0.03, 0.03, 0.04))
    cloud = object_cloud(table_observation((big, tiny), QUERY).views)
    labels = cluster_labels(cloud.points_m)
    assert labels.max() + 1 == n_clusters
    assert (labels[cloud.points_m[:, 0] < 0.03] == 0).all()
    assert (labels[cloud.points_m[:, 0] > 0.045] == n_clusters - 1).all()


def test_the_normal_near_an_edge_is_one_faces_normal_and_no_diagonal() -> None:
    cloud = object_cloud(table_observation((Block((0, 0, 0.05), (0.1, 0.1, 0.1)),), QUERY).views)
    normal = local_normal(cloud, np.array([0.05, 0.0, 0.085]), radius_m=0.03)
    assert normal is not None
    assert normal @ [1.0, 0.0, 0.0] > 0.995
    assert local_normal(cloud, np.array([1.0, 0.0, 0.0]), radius_m=0.03) is None
