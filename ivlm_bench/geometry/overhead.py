"""Top-down parallel-jaw grasps from the outline that a cloud has when seen from above.

What lies on a table hides the side away from the camera, so that no pair of opposite surfaces is
seen; but its outline from above is seen, and what a gripper coming down meets is under that
outline. Everything between the seen surface and the table counts as solid.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from jaxtyping import Float64

from ivlm_bench.geometry import se3
from ivlm_bench.geometry.cloud import Cloud
from ivlm_bench.types import Grasp, GripperSpec, Pose

#: Turns about the vertical that are tried: every 15 degrees.
N_YAWS = 12
#: Places in the region that are tried.
N_PLACES = 12
#: How far (m) the pads reach below the highest point between them, deepest first.
DEPTHS_M = (0.030, 0.022, 0.015, 0.009)
#: Least height (m) of the pads' tips.
TIP_M = 0.004
#: Free way (m) of each pad before it touches, wished and at least.
CLEARANCE_M, MIN_CLEARANCE_M = 0.008, 0.004
#: Gap (m) along the closing axis at which a thing between the pads ends.
GAP_M = 0.008
#: Distance (m) that pads and palm keep from the cloud.
MARGIN_M = 0.0015
#: How much of the cloud (m) about a place matters: half of the palm's diagonal and more.
NEAR_M = 0.12
#: At most this many points, evenly strided, of the cloud near the region are used.
MAX_POINTS = 6000
#: Distance (m) from the region's middle, width (m) at which a grasp's score falls by a factor e.
MIDDLE_M, WIDE_M = 0.020, 0.060


@dataclass(frozen=True, eq=False, slots=True)
class _Region:
    """The cloud about a region, its weights there, the region's middle (3,) and the gripper."""

    points_m: np.ndarray
    weight: np.ndarray
    middle_m: np.ndarray
    gripper: GripperSpec


@dataclass(frozen=True, slots=True)
class _Try:
    """One grasp and how good it is; ``hit`` is the number of points that its way down meets."""

    centre_m: tuple[float, float, float]
    yaw_rad: float
    width_m: float
    hit: int
    score: float


def overhead_grasps(
    cloud: Cloud, region_weight: Float64[np.ndarray, " n"], gripper: GripperSpec, *, n: int = 10
) -> tuple[Grasp, ...]:
    """Return up to ``n`` grasps straight down at a region of a cloud, best first.

    The table is z = 0. Grasps that meet nothing come first, then by how near to the region's middle
    they are, how much of what is between the pads belongs to it, and how narrow that is.

    Parameters
    ----------
    cloud : Cloud
        What is seen above the table, without guesses.
    region_weight : array (n,)
        Wish in [0, 1] of every cloud point to be touched.
    gripper : GripperSpec
        Its opening, pads and palm.

    Returns
    -------
    tuple of Grasp
        ``prob`` is the score in [0, 1]. Empty only if nothing in the region fits into the gripper.
    """
    if not np.any(region_weight > 0):
        return ()
    region = _region(cloud, np.asarray(region_weight, np.float64), gripper)
    tries = []
    for place_m in _places(region):
        for yaw_rad in np.arange(N_YAWS) * (np.pi / N_YAWS):
            tries += _tries(region, place_m, float(yaw_rad))
    tries.sort(key=lambda one: (one.hit, -one.score))
    return tuple(_grasp(chosen) for chosen in tries[:n])


def _region(cloud: Cloud, weight: np.ndarray, gripper: GripperSpec) -> _Region:
    middle_m = (cloud.points_m * weight[:, None]).sum(axis=0) / weight.sum()
    far_m = np.linalg.norm((cloud.points_m - middle_m)[:, :2], axis=1)
    near = np.nonzero(far_m <= NEAR_M + float(far_m[weight > 0].max()))[0]
    near = near[:: len(near) // MAX_POINTS + 1]
    return _Region(cloud.points_m[near], weight[near], middle_m, gripper)


def _places(region: _Region) -> np.ndarray:
    """Return places (k, 3) in the region's stronger half, the nearest to its middle first."""
    strong = region.points_m[region.weight >= 0.5 * region.weight.max()]
    order = np.argsort(np.linalg.norm(strong - region.middle_m, axis=1), kind="stable")
    return np.asarray(strong[order[:: len(order) // N_PLACES + 1]])


def _tries(region: _Region, place_m: np.ndarray, yaw_rad: float) -> list[_Try]:
    """Return the grasps at one place and turn, one a height at which something fits."""
    closing = np.array([np.cos(yaw_rad), np.sin(yaw_rad)])
    away = (region.points_m - place_m)[:, :2]
    x, y = away @ closing, away @ np.array([-closing[1], closing[0]])
    local = np.stack([x, y, region.points_m[:, 2]], axis=1)
    strip = np.abs(y) <= 0.5 * region.gripper.pad_size_m[1] + MARGIN_M
    found = []
    for tip_m in sorted({max(float(place_m[2]) - depth_m, TIP_M) for depth_m in DEPTHS_M}):
        span = _span(x[strip & (local[:, 2] >= tip_m - MARGIN_M)])
        if span is None or np.ptp(span) > region.gripper.max_opening_m - 2 * MIN_CLEARANCE_M:
            continue
        shift_m = 0.5 * (span[0] + span[1])
        moved = local - np.array([shift_m, 0.0, tip_m])
        centre_m = (*(place_m[:2] + shift_m * closing), tip_m + 0.5 * region.gripper.pad_size_m[2])
        found.append(_tried(region, moved, centre_m, yaw_rad, float(np.ptp(span))))
    return found


def _tried(
    region: _Region,
    local_m: np.ndarray,
    centre_m: tuple[float, float, float],
    yaw_rad: float,
    thick_m: float,
) -> _Try:
    """Return one grasp with its score; ``local_m`` is about the middle between the pads' tips."""
    width_m = min(thick_m + 2 * CLEARANCE_M, region.gripper.max_opening_m)
    between = (np.abs(local_m[:, 0]) <= 0.5 * width_m) & (local_m[:, 2] >= -MARGIN_M)
    between &= np.abs(local_m[:, 1]) <= 0.5 * region.gripper.pad_size_m[1]
    wished = float(region.weight[between].mean()) if between.any() else 0.0
    deep_m = float(local_m[between, 2].max()) if between.any() else 0.0
    far_m = float(np.linalg.norm(np.array(centre_m[:2]) - region.middle_m[:2]))
    score = (0.2 + 0.8 * wished) * np.exp(-far_m / MIDDLE_M - thick_m / WIDE_M)
    score *= 0.5 + 0.5 * min(deep_m / DEPTHS_M[0], 1.0)
    return _Try(centre_m, yaw_rad, width_m, _n_hit(local_m, width_m, region.gripper), float(score))


def _span(x_m: np.ndarray) -> tuple[float, float] | None:
    """Return where the points on a line about 0 begin and end without a gap; None if none are."""
    if len(x_m) == 0:
        return None
    x = np.sort(x_m)
    start = int(np.argmin(np.abs(x)))
    gaps = np.nonzero(np.diff(x) > GAP_M)[0]
    low = gaps[gaps < start].max() + 1 if (gaps < start).any() else 0
    high = gaps[gaps >= start].min() if (gaps >= start).any() else len(x) - 1
    return float(x[low]), float(x[high])


def _n_hit(local_m: np.ndarray, width_m: float, gripper: GripperSpec) -> int:
    """Return how many points (z above the tips) pads and palm meet on their way straight down."""
    pad_x, pad_y, pad_z = gripper.pad_size_m
    palm_x, palm_y, _ = gripper.palm_size_m
    x, y, z = np.abs(local_m[:, 0]), np.abs(local_m[:, 1]), local_m[:, 2]
    pads = (x >= 0.5 * width_m) & (x <= 0.5 * width_m + pad_x + MARGIN_M)
    pads &= (y <= 0.5 * pad_y + MARGIN_M) & (z >= -MARGIN_M)
    palm = (x <= 0.5 * palm_x + MARGIN_M) & (y <= 0.5 * palm_y + MARGIN_M)
    palm &= z >= 0.5 * pad_z + gripper.palm_offset_m - MARGIN_M
    return int((pads | palm).sum())


def _grasp(chosen: _Try) -> Grasp:
    closing = np.array([np.cos(chosen.yaw_rad), np.sin(chosen.yaw_rad), 0.0])
    rotation = se3.frame_from_axes(z=np.array([0.0, 0.0, -1.0]), x=closing)
    pose = Pose.from_rotation(rotation, np.array(chosen.centre_m))
    return Grasp(pose, chosen.width_m, prob=min(chosen.score, 1.0))
