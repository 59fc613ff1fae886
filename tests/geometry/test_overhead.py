from __future__ import annotations

import numpy as np
import pytest

from ivlm_bench.geometry.overhead import overhead_grasps
from ivlm_bench.geometry.seen import see
from ivlm_bench.testing.analytic import Block, Column, table_observation
from ivlm_bench.types import Grasp, GripperSpec, Query

QUERY = Query("grasp", "thing", None, "Grasp the thing.")
GRIPPER = GripperSpec()
YAWS_RAD = np.deg2rad([0.0, 30.0, 75.0, 120.0])


def grasps_on(shapes: tuple[Block | Column, ...], at_m: tuple[float, float]) -> tuple[Grasp, ...]:
    cloud = see(table_observation(shapes, QUERY, n_views=1).views).cloud
    near = np.linalg.norm(cloud.points_m[:, :2] - np.array(at_m), axis=1) <= 0.012
    return overhead_grasps(cloud, near.astype(np.float64), GRIPPER)


@pytest.mark.parametrize("yaw_rad", YAWS_RAD)
def test_a_flat_bar_is_closed_on_across_from_above(yaw_rad: float) -> None:
    bar = Block((0.0, 0.0, 0.009), (0.16, 0.02, 0.018), yaw_rad=float(yaw_rad))
    best = grasps_on((bar,), (0.0, 0.0))[0]
    rotation = best.world_from_gripper.rotation
    across = np.array([-np.sin(yaw_rad), np.cos(yaw_rad), 0.0])
    assert abs(rotation[:, 0] @ across) >= np.cos(np.deg2rad(7.6)), "yaws are 15 degrees apart"
    assert rotation[:, 2] == pytest.approx([0.0, 0.0, -1.0])
    assert 0.02 + 0.005 < best.width_m <= GRIPPER.max_opening_m
    assert abs(best.world_from_gripper.position_m @ across) < 0.004


@pytest.mark.parametrize("height_m", [0.012, 0.02, 0.05])
def test_the_pads_tips_stay_above_the_table_and_below_the_top(height_m: float) -> None:
    bar = Block((0.0, 0.0, 0.5 * height_m), (0.16, 0.02, height_m))
    for grasp in grasps_on((bar,), (0.0, 0.0)):
        tip_m = grasp.world_from_gripper.position_m[2] - 0.5 * GRIPPER.pad_size_m[2]
        assert 0.003 < tip_m < height_m


def test_a_neighbour_where_a_pad_would_come_down_is_kept_clear_of() -> None:
    bar = Block((0.0, 0.0, 0.01), (0.16, 0.02, 0.02))
    wall = Block((0.0, 0.028, 0.03), (0.04, 0.01, 0.06))
    best = grasps_on((bar, wall), (0.0, 0.0))[0]
    local = best.world_from_gripper.inverse().apply(wall_points(wall))
    half = 0.5 * best.width_m
    pads = (np.abs(local[:, 0]) >= half) & (np.abs(local[:, 0]) <= half + GRIPPER.pad_size_m[0])
    pads &= (np.abs(local[:, 1]) <= 0.5 * GRIPPER.pad_size_m[1]) & (np.abs(local[:, 2]) <= 0.02)
    assert not pads.any()


def wall_points(wall: Block) -> np.ndarray:
    axes = [np.linspace(-0.5, 0.5, 21) * size for size in wall.size_m]
    return np.stack(np.meshgrid(*axes), axis=-1).reshape(-1, 3) + wall.centre_m


def test_what_is_wider_than_the_gripper_everywhere_gives_none() -> None:
    slab = Block((0.0, 0.0, 0.02), (0.16, 0.12, 0.04))
    assert grasps_on((slab,), (0.0, 0.0)) == ()


def test_an_empty_region_gives_none() -> None:
    assert grasps_on((Column((0.0, 0.0, 0.02), 0.01, 0.04),), (0.3, 0.3)) == ()


def test_best_first_and_probabilities_in_range() -> None:
    found = grasps_on((Block((0.0, 0.0, 0.01), (0.1, 0.02, 0.02)),), (0.02, 0.0))
    prob = [grasp.prob for grasp in found]
    assert prob == sorted(prob, reverse=True)
    assert all(0.0 <= p <= 1.0 for p in prob)
    assert len(found) == 10
