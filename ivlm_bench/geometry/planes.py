"""Upright planes in a cloud, and what stands out from them."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from jaxtyping import Bool, Float64

from ivlm_bench.geometry.cloud import Cloud

#: A normal with a smaller vertical part belongs to an upright surface: within 15 degrees.
UPRIGHT_SINE = float(np.sin(np.deg2rad(15.0)))
#: Normals within this angle of a plane's normal support the plane.
SAME_FACING_COSINE = float(np.cos(np.deg2rad(15.0)))
#: Points within this distance (m) of a plane lie on it.
ON_PLANE_M = 0.003
#: Width (m) of the bins in which a plane's offset is voted, and the bins of azimuth.
OFFSET_BIN_M, N_AZIMUTHS = 0.003, 72


@dataclass(frozen=True, eq=False, slots=True)
class Plane:
    """The plane ``normal . p = offset_m`` with its points in a cloud.

    ``normal`` (3,) is unit, horizontal and outward; ``inliers`` (n,) marks the cloud's points.
    """

    normal: Float64[np.ndarray, "3"]
    offset_m: float
    inliers: Bool[np.ndarray, " n"]

    @property
    def sideways(self) -> Float64[np.ndarray, "3"]:
        """The horizontal unit direction in the plane, to the right of who looks at it."""
        return np.cross(np.array([0.0, 0.0, 1.0]), self.normal)

    def height_m(self, points_m: np.ndarray) -> np.ndarray:
        """Return signed distances (n,) in m of points, positive in front of the plane."""
        return np.asarray(points_m @ self.normal - self.offset_m)


def upright_planes(cloud: Cloud, *, n: int = 4, min_points: int = 40) -> tuple[Plane, ...]:
    """Return up to ``n`` upright planes, most points first, no two facing within 45 degrees.

    The azimuths of nearly horizontal normals are voted in bins of 5 degrees, and for each peak
    the offsets along it in bins of 3 mm. A direction with fewer than ``min_points`` gives none.
    """
    upright = np.abs(cloud.normals[:, 2]) <= UPRIGHT_SINE
    planes: list[Plane] = []
    for _ in range(n):
        if int(upright.sum()) < min_points:
            break
        plane = _strongest_plane(cloud, upright)
        if int(plane.inliers.sum()) >= min_points:
            planes.append(plane)
        upright &= cloud.normals @ plane.normal < np.cos(np.deg2rad(45.0))
    planes.sort(key=lambda plane: -int(plane.inliers.sum()))
    return tuple(planes)


def _strongest_plane(cloud: Cloud, candidates: np.ndarray) -> Plane:
    normals = cloud.normals[candidates]
    azimuth = np.arctan2(normals[:, 1], normals[:, 0]) % (2 * np.pi)
    votes = np.bincount((azimuth * (N_AZIMUTHS / (2 * np.pi))).astype(int) % N_AZIMUTHS)
    votes = np.pad(votes, (0, N_AZIMUTHS - len(votes)))
    smooth = votes + np.roll(votes, 1) + np.roll(votes, -1)
    peak = (int(np.argmax(smooth)) + 0.5) * 2 * np.pi / N_AZIMUTHS
    normal = np.array([np.cos(peak), np.sin(peak), 0.0])
    facing = candidates & (cloud.normals @ normal >= SAME_FACING_COSINE)
    normal = cloud.normals[facing].mean(axis=0) * [1.0, 1.0, 0.0]
    normal /= np.linalg.norm(normal)
    along = cloud.points_m @ normal
    offset_m = _peak(along[facing])
    inliers = facing & (np.abs(along - offset_m) <= ON_PLANE_M)
    return Plane(normal, offset_m, inliers)


def _peak(values: np.ndarray) -> float:
    """Return the centre of the most crowded pair of neighbouring bins, refined by its mean."""
    bins = np.floor((values - values.min()) / OFFSET_BIN_M).astype(int)
    votes = np.append(np.bincount(bins), 0)
    best = int(np.argmax(votes[:-1] + votes[1:]))
    return float(values[(bins == best) | (bins == best + 1)].mean())


def in_front(
    cloud: Cloud, plane: Plane, *, nearest_m: float, farthest_m: float
) -> Bool[np.ndarray, " n"]:
    """Return which points stand out from a plane by ``nearest_m`` to ``farthest_m``.

    Only within the plane's own extent: its bounding rectangle, seen along its normal.
    """
    height = plane.height_m(cloud.points_m)
    side, up = cloud.points_m @ plane.sideways, cloud.points_m[:, 2]
    own_side, own_up = side[plane.inliers], up[plane.inliers]
    inside = (side >= own_side.min()) & (side <= own_side.max())
    inside &= (up >= own_up.min()) & (up <= own_up.max())
    return np.asarray(inside & (height >= nearest_m) & (height <= farthest_m))
