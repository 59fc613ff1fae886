"""What an object stands on, and how well it would stand elsewhere."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from jaxtyping import Float64
from scipy.spatial import ConvexHull, QhullError, cKDTree

from ivlm_bench.geometry import se3
from ivlm_bench.geometry.cloud import SUPPORT_M, Cloud
from ivlm_bench.types import Mesh, Pose

#: Vertices at most this high (m) over the lowest one belong to what an object stands on.
SOLE_M = 0.004
#: Cloud points nearer than this (m) to the object at hand are its own.
OWN_M = 0.010
#: Spacing (m) of the samples of a footprint.
SAMPLE_M = 0.010
#: A sample is supported by a cloud point within this lateral distance (m) ...
SUPPORT_REACH_M = 0.006
#: ... and at most this much (m) lower than the highest surface under the footprint.
LEVEL_M = 0.005
#: Surfaces up to this much (m) above the destination count as the support's unevenness.
RISE_M = 0.012
#: Least upward part of the normal of a surface that something may stand on.
TOP_COSINE = 0.7
#: Gap (m) left between support and object, so that rounding does not make them overlap.
GAP_M = 0.001
#: Turns about the vertical that are tried, evenly spread over the full circle.
N_YAWS = 8
#: Price of a destination so far (m) from the wished one, against a footprint all unsupported.
PRICE_PER_M = 2.0
#: Points of the object's own surface that tell its cloud points from the others'.
MAX_OWN_POINTS = 20000
#: Price of anything in the object's way, against 1 for a footprint all unsupported.
COLLISION_PRICE = 2.0


@dataclass(frozen=True, eq=False, slots=True)
class Footprint:
    """The sole of an object and its shape about it.

    ``centre_m`` (3,) is the middle of the sole in the world frame; ``sole_m`` (s, 2) samples and
    ``normals``, ``offsets_m`` half-planes ``n . p <= o`` of the outline of the whole object as
    seen from above, both relative to the centre.
    """

    centre_m: Float64[np.ndarray, "3"]
    sole_m: Float64[np.ndarray, "s 2"]
    normals: Float64[np.ndarray, "k 2"]
    offsets_m: Float64[np.ndarray, " k"]
    height_m: float
    surface_m: Float64[np.ndarray, "n 3"]

    def leave_out_own(self, cloud: Cloud) -> Cloud:
        """Return the points of a cloud that are not the object's own."""
        if len(cloud) == 0:
            return cloud
        distance, _ = cKDTree(self.surface_m).query(cloud.points_m, distance_upper_bound=OWN_M)
        return cloud.select(~np.isfinite(distance))


def footprint_of(mesh: Mesh) -> Footprint:
    """Return the footprint of an object as it stands; the mesh needs a vertex."""
    points = mesh.vertices_m
    sole = points[points[:, 2] <= points[:, 2].min() + SOLE_M, :2]
    middle = 0.5 * (sole.min(axis=0) + sole.max(axis=0))
    centre = np.array([middle[0], middle[1], points[:, 2].min()])
    normals, offsets = _outline(points[:, :2] - middle)
    return Footprint(
        centre,
        _samples(sole - middle),
        normals,
        offsets,
        float(np.ptp(points[:, 2])),
        _surface(mesh),
    )


def _surface(mesh: Mesh) -> np.ndarray:
    """Return vertices and points of the faces (n, 3) no farther apart than cloud points may be."""
    if len(mesh.faces) == 0:
        return np.array(mesh.vertices_m)
    corners = mesh.vertices_m[mesh.faces]
    area = np.linalg.norm(
        np.cross(corners[:, 1] - corners[:, 0], corners[:, 2] - corners[:, 0]), axis=1
    )
    wanted = np.ceil(area / (0.5 * OWN_M) ** 2).astype(int)
    wanted = np.minimum(wanted, max(MAX_OWN_POINTS // len(corners), 1))
    face = np.repeat(np.arange(len(corners)), wanted)
    # The same low-discrepancy points on every run (R2 sequence of M. Roberts, 2018).
    step = np.arange(len(face))[:, None] * np.array([0.7548776662466927, 0.5698402909980532])
    uv = step % 1.0
    uv = np.where(uv.sum(axis=1, keepdims=True) > 1.0, 1.0 - uv, uv)
    weight = np.concatenate([1.0 - uv.sum(axis=1, keepdims=True), uv], axis=1)
    inside = (corners[face] * weight[..., None]).sum(axis=1)
    return np.concatenate([mesh.vertices_m, inside])


def _outline(points: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return outward normals (k, 2) and offsets (k,) of a convex outline; a box if it is flat."""
    try:
        planes = ConvexHull(points).equations
    except (QhullError, ValueError):
        low, high = points.min(axis=0), points.max(axis=0)
        return np.concatenate([np.eye(2), -np.eye(2)]), np.concatenate([high, -low])
    return planes[:, :2], -planes[:, 2]


def _samples(sole: np.ndarray) -> np.ndarray:
    """Return grid points (s, 2) inside the convex outline of the sole, and its centre."""
    normals, offsets = _outline(sole)
    low, high = sole.min(axis=0), sole.max(axis=0)
    axes = [np.linspace(a, b, int((b - a) / SAMPLE_M) + 2) for a, b in zip(low, high, strict=True)]
    grid = np.stack(np.meshgrid(*axes), axis=-1).reshape(-1, 2)
    inside = (grid @ normals.T <= offsets + 1e-9).all(axis=1)
    return np.concatenate([np.zeros((1, 2)), grid[inside]])


def best_set_down(
    footprint: Footprint, others: Cloud, targets_m: Float64[np.ndarray, "t 3"]
) -> tuple[Pose, float]:
    """Return the motion that sets the object down best on one of some points, and its cost.

    The first point is the wished one; the others cost what they are away from it. Of equally good
    ones the first is taken that is turned least. At least one point is needed.
    """
    found: list[tuple[float, Pose]] = []
    for target in targets_m:
        price = PRICE_PER_M * float(np.linalg.norm(target - targets_m[0]))
        for index in range(N_YAWS):
            # 0, +45, -45, +90, ... degrees: of equal turns the smaller comes first.
            yaw_rad = (index + 1) // 2 * (-1) ** (index + 1) * 2.0 * np.pi / N_YAWS
            pose, cost = set_down(footprint, others, target, yaw_rad=yaw_rad)
            found.append((round(cost + price, 9), pose))
    cost, pose = min(found, key=lambda pair: pair[0])
    return pose, cost


def set_down(
    footprint: Footprint, others: Cloud, target_m: np.ndarray, *, yaw_rad: float
) -> tuple[Pose, float]:
    """Return the motion that carries the footprint's centre onto a point, and its cost.

    Parameters
    ----------
    footprint : Footprint
        Of the object at hand where it is seen.
    others : Cloud
        What stands on the table without that object. The table itself is known: z = 0.
    target_m : array (3,)
        World point on the support.
    yaw_rad : float
        Turn about the vertical through the footprint's centre.

    Returns
    -------
    world_from_world : Pose
        Sets the object upright on the highest surface under its sole.
    cost : float
        The share of the sole without support, and 2 if anything is in the object's way.
    """
    quat = se3.quat_from_rotvec(np.array([0.0, 0.0, yaw_rad]))
    turn = se3.matrix_from_quat(quat)[:2, :2]
    sole = footprint.sole_m @ turn.T + target_m[:2]
    radius_m = float(np.linalg.norm(footprint.offsets_m, ord=np.inf)) * 1.5 + SUPPORT_REACH_M
    close = np.linalg.norm(others.points_m[:, :2] - target_m[:2], axis=1) <= radius_m
    near = others.points_m[close]
    tops = near[others.normals[close, 2] >= TOP_COSINE]
    height_m, unsupported = _support(tops, sole, float(target_m[2]))
    local = (near[:, :2] - target_m[:2]) @ turn
    inside = (local @ footprint.normals.T <= footprint.offsets_m + SUPPORT_M).all(axis=1)
    inside &= near[:, 2] > height_m + RISE_M
    inside &= near[:, 2] < height_m + footprint.height_m
    position = np.array([target_m[0], target_m[1], height_m + GAP_M])
    position = position - se3.quat_rotate(quat, footprint.centre_m)
    return Pose(position, quat), unsupported + COLLISION_PRICE * bool(inside.any())


def _support(tops_m: np.ndarray, sole: np.ndarray, target_z_m: float) -> tuple[float, float]:
    """Return the height (m) of the highest surface under the sole, and its unsupported share."""
    if target_z_m <= SUPPORT_M:
        return 0.0, 0.0
    level = tops_m[np.abs(tops_m[:, 2] - target_z_m) <= RISE_M]
    if len(level) == 0:
        return target_z_m, 1.0
    tree = cKDTree(level[:, :2])
    distance, nearest = tree.query(sole, distance_upper_bound=SUPPORT_REACH_M)
    found = np.isfinite(distance)
    if not found.any():
        return target_z_m, 1.0
    heights = level[np.asarray(nearest)[found], 2]
    held = heights >= heights.max() - LEVEL_M
    return float(heights.max()), 1.0 - float(held.sum()) / len(sole)
