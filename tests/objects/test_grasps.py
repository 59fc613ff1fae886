"""Grasps known from construction: reachable, on their part, and truly around it."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest

from ivlm_bench.geometry.hulls import distance_to_hulls_m
from ivlm_bench.geometry.kinematics import link_poses
from ivlm_bench.geometry.mesh import transformed
from ivlm_bench.types import GripperSpec, Mesh, ObjectModel, PartGrasp, Placement, Pose

SPEC = GripperSpec()
#: Deepest penetration that the protocol forgives (m): IVLM-Phys v1, section 6.1, step 2.
FORGIVEN_M = 0.001
#: Distances back along the approach at which the gripper is tested (m).
WAYPOINTS_M = (0.0, 0.02, 0.05, 0.10)


def part_hulls(model: ObjectModel) -> dict[str, list[Mesh]]:
    poses = link_poses(Placement("it", model, Pose.identity(), "target"))
    return {
        part.name: [transformed(h, poses[link.name]) for h in part.hulls]
        for link, part in model.parts
    }


def filled_box(low: np.ndarray, high: np.ndarray, step_m: float = 0.006) -> np.ndarray:
    axes = [
        np.linspace(a, b, max(2, int(np.ceil((b - a) / step_m)) + 1))
        for a, b in zip(low, high, strict=True)
    ]
    return np.stack(np.meshgrid(*axes), axis=-1).reshape(-1, 3)


def gripper_points(width_m: float) -> np.ndarray:
    """Points all through both pads and the palm, gripper frame."""
    thick, breadth, depth = SPEC.pad_size_m
    low = np.array([width_m / 2, -breadth / 2, -depth / 2])
    pad = filled_box(low, low + np.array([thick, breadth, depth]))
    wide, across, long = SPEC.palm_size_m
    back = -SPEC.palm_offset_m
    palm = filled_box(
        np.array([-wide / 2, -across / 2, back - long]), np.array([wide / 2, across / 2, back])
    )
    return np.concatenate([pad, pad * [-1, 1, 1], palm])


def sampled(grasps: tuple[PartGrasp, ...], n: int) -> list[PartGrasp]:
    if not grasps:
        return []
    return [grasps[i] for i in np.unique(np.linspace(0, len(grasps) - 1, n).astype(int))]


def test_the_open_gripper_comes_in_without_touching(model: ObjectModel) -> None:
    hulls = [h for pieces in part_hulls(model).values() for h in pieces]
    for grasp in sampled(model.grasps, 12):
        assert 0 < grasp.width_m <= SPEC.max_opening_m
        points = gripper_points(grasp.width_m)
        for back in WAYPOINTS_M:
            placed = grasp.object_from_gripper.apply(points - [0.0, 0.0, back])
            assert placed[:, 2].min() > 0.0, "under the table"
            assert distance_to_hulls_m(placed, hulls).min() > -FORGIVEN_M


def test_closing_pads_meet_the_named_part_first(model: ObjectModel) -> None:
    """Sweep each pad's face inwards: the first hull it meets belongs to the grasped part."""
    hulls = part_hulls(model)
    _, breadth, depth = SPEC.pad_size_m
    flat = np.array([0.0, breadth / 2, depth / 2])
    face = filled_box(-flat, flat, 0.005)
    for grasp in sampled(model.grasps, 6):
        gaps = np.arange(grasp.width_m / 2, 0.0, -0.001)
        for side in (-1.0, 1.0):
            swept = face + side * gaps[:, None, None] * np.array([1.0, 0.0, 0.0])
            points = grasp.object_from_gripper.apply(swept.reshape(-1, 3))
            first = {}
            for name, pieces in hulls.items():
                inside = (distance_to_hulls_m(points, pieces) < 0).reshape(len(gaps), -1)
                hit = np.flatnonzero(inside.any(axis=1))
                first[name] = int(hit[0]) if len(hit) else len(gaps)
            others = [len(gaps), *(v for n, v in first.items() if n != grasp.part)]
            assert first[grasp.part] < min(others)


def test_first_grasps_keep_clear_of_the_table_and_near_the_middle(
    build: Callable[..., ObjectModel],
) -> None:
    """First of each part: 10 mm above the table, and nearer to the centre than most."""
    for family, instance in (("box", 0), ("box", 3), ("mug", 0), ("mug", 5), ("cup", 2)):
        model = build(family, "seen", instance)
        centre = model.links[0].centre_of_mass_m
        for part in {g.part for g in model.grasps}:
            mine = [g for g in model.grasps if g.part == part]
            away = [np.linalg.norm(g.object_from_gripper.position_m - centre) for g in mine]
            assert lowest_point_m(mine[0]) >= 0.010
            assert away[0] <= np.median(away)


def lowest_point_m(grasp: PartGrasp) -> float:
    points = gripper_points(grasp.width_m)
    return float(
        min(
            grasp.object_from_gripper.apply(points - [0.0, 0.0, back])[:, 2].min()
            for back in WAYPOINTS_M
        )
    )


@pytest.mark.parametrize("split", ["seen", "unseen"])
@pytest.mark.parametrize("instance", range(5))
def test_mugs_offer_grasps_at_handle_and_rim(
    build: Callable[..., ObjectModel], split: str, instance: int
) -> None:
    model = build("mug", split, instance)
    handle = [g for g in model.grasps if g.part == "handle"]
    body = [g for g in model.grasps if g.part == "body"]
    assert len(handle) >= 20
    assert len(body) >= 20
    approaches = np.array([g.object_from_gripper.rotation[:, 2] for g in handle])
    assert approaches[:, 2].max() > -0.2, "none from the side"
    assert approaches[:, 2].min() < -0.9, "none from above"


@pytest.mark.parametrize("split", ["seen", "unseen"])
@pytest.mark.parametrize("instance", range(5))
def test_boxes_offer_grasps_and_wide_boxes_none(
    build: Callable[..., ObjectModel], split: str, instance: int
) -> None:
    assert len(build("box", split, instance).grasps) >= 10
    wide = build("wide_box", split, instance)
    assert wide.grasps == ()
    assert np.ptp(wide.links[0].parts[0].mesh.vertices_m, axis=0).min() > 0.095


@pytest.mark.parametrize("split", ["seen", "unseen"])
def test_each_upper_handle_of_a_cabinet_can_be_grasped(
    build: Callable[..., ObjectModel], split: str
) -> None:
    for instance in range(4):
        model = build("cabinet", split, instance)
        assert "handle_top" in {g.part for g in model.grasps}
