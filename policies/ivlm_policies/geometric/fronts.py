"""Fronts of furniture and panels: an upright plane and the bits that stand out from it."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from ivlm_bench.geometry.cloud import Cloud, cluster_labels
from ivlm_bench.geometry.planes import Plane, in_front, upright_planes

#: A bit of fewer points is noise.
MIN_POINTS = 4
#: Points whose normal is nearer than 45 degrees to the front's face the front.
FACING_COSINE = 0.7


@dataclass(frozen=True, eq=False, slots=True)
class Bit:
    """One thing that stands out from a front: its points, and where to touch it from ahead.

    ``extent_m`` is (sideways, up) in the plane, ``centre_m`` the middle of its bounding rectangle
    at its mean height over the plane.
    """

    cloud: Cloud
    centre_m: np.ndarray
    extent_m: tuple[float, float]
    touch_m: np.ndarray


@dataclass(frozen=True, eq=False, slots=True)
class Front:
    """An upright plane with bits in front of it."""

    plane: Plane
    extent_m: tuple[float, float]
    bits: tuple[Bit, ...]


def find_front(cloud: Cloud, *, nearest_m: float, farthest_m: float, cell_m: float) -> Front | None:
    """Return the upright plane from which most points stand out, or None if nothing does.

    ``nearest_m`` and ``farthest_m`` bound how far bits stand out, ``cell_m`` how near points of
    one bit lie to each other.
    """
    best: Front | None = None
    most = 0
    for plane in upright_planes(cloud):
        which = in_front(cloud, plane, nearest_m=nearest_m, farthest_m=farthest_m)
        facing = which & (cloud.normals @ plane.normal > FACING_COSINE)
        if int(facing.sum()) > most:
            bits = _bits(cloud.select(which), plane, cell_m=cell_m)
            if bits:
                most = int(facing.sum())
                best = Front(plane, _extent_m(cloud.points_m[plane.inliers], plane), bits)
    return best


def _bits(cloud: Cloud, plane: Plane, *, cell_m: float) -> tuple[Bit, ...]:
    labels = cluster_labels(cloud.points_m, cell_m=cell_m)
    bits = []
    for label in range(int(labels.max()) + 1 if len(labels) else 0):
        part = cloud.select(labels == label)
        facing = part.select(part.normals @ plane.normal > FACING_COSINE)
        if len(facing) >= MIN_POINTS:
            bits.append(_bit(part, facing, plane))
    return tuple(bits)


def _bit(part: Cloud, facing: Cloud, plane: Plane) -> Bit:
    frame = np.stack([plane.sideways, np.array([0.0, 0.0, 1.0]), plane.normal])
    local = facing.points_m @ frame.T
    middle = 0.5 * (local.min(axis=0) + local.max(axis=0))
    middle[2] = np.median(local[:, 2])
    touch = facing.points_m[int(np.argmin(np.linalg.norm(local[:, :2] - middle[:2], axis=1)))]
    return Bit(part, middle @ frame, _extent_m(part.points_m, plane), touch)


def _extent_m(points_m: np.ndarray, plane: Plane) -> tuple[float, float]:
    return float(np.ptp(points_m @ plane.sideways)), float(np.ptp(points_m[:, 2]))
