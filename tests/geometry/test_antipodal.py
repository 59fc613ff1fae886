from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest

from ivlm_bench.geometry.antipodal import antipodal_grasps
from ivlm_bench.geometry.cloud import object_cloud
from ivlm_bench.testing.analytic import Block, Column, table_observation
from ivlm_bench.types import Grasp, GripperSpec, Query

QUERY = Query("grasp", "thing", None, "Pick it up.")
SPEC = GripperSpec()
SHAPES: dict[str, tuple[Block | Column, ...]] = {
    "narrow": (Block((0.02, 0.0, 0.04), (0.05, 0.10, 0.08), yaw_rad=0.4),),
    "flat": (Block((0.0, 0.02, 0.03), (0.12, 0.03, 0.06), yaw_rad=-1.0),),
    "column": (Column((0.0, -0.02, 0.05), radius_m=0.03, height_m=0.10),),
    "mug": (
        Column((0.0, 0.0, 0.05), radius_m=0.035, height_m=0.10),
        Block((0.055, 0.0, 0.05), (0.05, 0.010, 0.06)),
    ),
}


def grasps_of(
    shapes: tuple[Block | Column, ...],
    weights: Callable[[np.ndarray], np.ndarray] | None = None,
    seed: int = 0,
) -> tuple[Grasp, ...]:
    cloud = object_cloud(table_observation(shapes, QUERY).views)
    weight = np.ones(len(cloud)) if weights is None else weights(cloud.points_m)
    return antipodal_grasps(cloud, weight, SPEC, np.random.default_rng(seed))


def inside(shape: Block | Column, points: np.ndarray) -> np.ndarray:
    """Return which points lie in a solid: written anew, not by the ray caster."""
    local = points - np.array(shape.centre_m)
    if isinstance(shape, Column):
        within = np.hypot(local[:, 0], local[:, 1]) <= shape.radius_m
        return np.asarray(within & (np.abs(local[:, 2]) <= shape.height_m / 2))
    cosine, sine = np.cos(shape.yaw_rad), np.sin(shape.yaw_rad)
    x = cosine * local[:, 0] + sine * local[:, 1]
    y = -sine * local[:, 0] + cosine * local[:, 1]
    half = np.array(shape.size_m) / 2
    return np.asarray(
        (np.abs(x) <= half[0]) & (np.abs(y) <= half[1]) & (np.abs(local[:, 2]) <= half[2])
    )


def gripper_points(width_m: float) -> np.ndarray:
    """Return points that fill both pads and the palm, gripper frame."""
    unit = np.linspace(-0.5, 0.5, 9)
    cube = np.stack(np.meshgrid(unit, unit, unit), axis=-1).reshape(-1, 3)
    pad_x = SPEC.pad_size_m[0]
    centres: list[tuple[list[float], tuple[float, float, float]]] = [
        ([(width_m + pad_x) / 2, 0, 0], SPEC.pad_size_m),
        ([-(width_m + pad_x) / 2, 0, 0], SPEC.pad_size_m),
        ([0, 0, -SPEC.palm_offset_m - SPEC.palm_size_m[2] / 2], SPEC.palm_size_m),
    ]
    return np.concatenate([cube * size + centre for centre, size in centres])


@pytest.mark.parametrize("name", SHAPES)
def test_grasps_meet_neither_object_nor_table_at_the_grasp_and_on_the_way(name: str) -> None:
    grasps = grasps_of(SHAPES[name])
    assert len(grasps) >= 3
    for grasp in grasps:
        body = gripper_points(grasp.width_m)
        for back_m in np.linspace(0.0, 0.10, 11):
            world = grasp.world_from_gripper.apply(body - [0.0, 0.0, back_m])
            assert world[:, 2].min() > 0.0
            assert not any(inside(shape, world).any() for shape in SHAPES[name])


@pytest.mark.parametrize("name", SHAPES)
def test_the_object_is_between_the_pads_on_both_sides_of_the_middle(name: str) -> None:
    for grasp in grasps_of(SHAPES[name]):
        half = grasp.width_m / 2
        line = np.stack([np.linspace(-half, half, 400), *np.zeros((2, 400))], axis=1)
        filled = np.zeros(400, bool)
        for lift in (-0.015, 0.0, 0.015):
            world = grasp.world_from_gripper.apply(line + np.array([0.0, 0.0, lift]))
            filled |= np.any([inside(shape, world) for shape in SHAPES[name]], axis=0)
        assert filled.any()
        x = line[filled, 0]
        assert abs(x.min() + x.max()) / 2 < 0.004  # both pads touch at about the same time
        assert 0.0 <= grasp.width_m <= SPEC.max_opening_m


def test_a_block_is_grasped_across_its_narrow_side() -> None:
    for grasp in grasps_of(SHAPES["narrow"])[:3]:
        across = np.array([np.cos(0.4), np.sin(0.4), 0.0])
        assert abs(grasp.world_from_gripper.rotation[:, 0] @ across) > np.cos(np.deg2rad(5.0))
        assert grasp.width_m == pytest.approx(0.05 + 0.016, abs=0.002)


def test_nothing_fits_around_a_block_wider_than_the_gripper_on_all_sides() -> None:
    assert grasps_of((Block((0.0, 0.0, 0.05), (0.09, 0.09, 0.10)),)) == ()


def test_grasps_stay_in_the_asked_region() -> None:
    def on_the_handle(points: np.ndarray) -> np.ndarray:
        return np.asarray(points[:, 0] > 0.045, float)

    grasps = grasps_of(SHAPES["mug"], on_the_handle)
    assert len(grasps) >= 3
    for grasp in grasps:
        tip = grasp.world_from_gripper.position_m
        assert tip[0] > 0.03
        assert grasp.width_m < 0.040


def test_the_same_random_state_gives_the_same_grasps() -> None:
    one, two = grasps_of(SHAPES["mug"], seed=3), grasps_of(SHAPES["mug"], seed=3)
    assert [g.world_from_gripper.matrix.tobytes() for g in one] == [
        g.world_from_gripper.matrix.tobytes() for g in two
    ]


def test_best_first_and_probabilities_in_range() -> None:
    prob = [grasp.prob for grasp in grasps_of(SHAPES["column"])]
    assert prob == sorted(prob, reverse=True)
    assert all(0.0 <= p <= 1.0 for p in prob)


@pytest.mark.parametrize("weight", [0.0, None])
def test_an_empty_region_or_cloud_gives_no_grasp(weight: float | None) -> None:
    shapes: tuple[Block | Column, ...] = () if weight is None else SHAPES["column"]
    assert grasps_of(shapes, lambda points: np.zeros(len(points))) == ()
