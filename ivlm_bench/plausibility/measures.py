"""Measures of one pair, as they stand in the literature: depth, volume, contact, non-collision."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import trimesh
from jaxtyping import Bool, Float64

from ivlm_bench.geometry.mesh import bounds_m
from ivlm_bench.plausibility.solid import Solid, mesh_of
from ivlm_bench.types import Mesh

#: Edge of a voxel of the legacy volume, m (Hasson et al., ObMan, CVPR 2019; obman_train
#: netscripts/intersect.py).
VOXEL_M = 0.005
#: Voxel centres that are looked at, at most: memory.
MAX_VOXELS = 20_000_000
CM3_PER_M3 = 1e6


@dataclass(frozen=True, eq=False, slots=True)
class Contacts:
    """Where the vertices of a body are with respect to an object.

    ``signed_m`` (n,): distance to the object's surface, negative inside; exact up to the contact
    distance, beyond that a lower bound.
    """

    signed_m: Float64[np.ndarray, " n"]
    distance_m: float

    @property
    def depth_max_m(self) -> float:
        """Largest depth of a vertex inside the object, m; 0 without one (GraspTTA, ObMan)."""
        return float(np.maximum(-self.signed_m, 0.0).max())

    @property
    def depth_mean_m(self) -> float:
        """Mean depth of the vertices inside, m; 0 without one."""
        inside = self.signed_m < 0.0
        return float(-self.signed_m[inside].mean()) if inside.any() else 0.0

    @property
    def touching(self) -> Bool[np.ndarray, " n"]:
        """Vertices inside the object or within the contact distance of it."""
        return self.signed_m <= self.distance_m

    @property
    def non_collision(self) -> float:
        """Share of vertices with a signed distance of at least zero (POSA, PLACE)."""
        return float((self.signed_m >= 0.0).mean())


def contacts(body: Solid, obj: Solid, *, distance_m: float) -> Contacts:
    """Ask every vertex of the body as read for its signed distance to the object."""
    signed = obj.signed_distance_m(body.mesh.vertices_m, within_m=distance_m)
    return Contacts(signed, distance_m)


def intersection(body: Solid, obj: Solid) -> tuple[float, Mesh] | None:
    """Return volume (m3) and surface of what two solids share, exactly; None if one is open."""
    if body.body is None or obj.body is None:
        return None
    shared = body.body ^ obj.body
    return max(float(shared.volume()), 0.0), mesh_of(shared)


def voxel_volume_m3(body: Solid, obj: Solid, *, pitch_m: float = VOXEL_M) -> float | None:
    """Return the legacy volume: voxels of the object whose centres lie in the body, times theirs.

    The object's voxels are those that its surface passes through, and those within; they lie on
    multiples of the pitch. This counts too much, by +63 % on two spheres of 30 mm that share
    10 mm, and is here to be compared with printed numbers only. None if the parts that may
    overlap span too many voxels.
    """
    (low_a, high_a), (low_b, high_b) = bounds_m(body.surface), bounds_m(obj.surface)
    low = np.ceil(np.maximum(low_a, low_b - pitch_m) / pitch_m).astype(np.int64)
    high = np.floor(np.minimum(high_a, high_b + pitch_m) / pitch_m).astype(np.int64)
    shape = high - low + 1
    if (shape <= 0).any():
        return 0.0
    if float(np.prod(shape.astype(np.float64))) > MAX_VOXELS:
        return None
    centres = (np.argwhere(np.ones(shape, bool)) + low) * pitch_m
    within = body.is_inside(centres)
    kept = centres[within]
    full = obj.is_inside(kept)
    passed = _passed(obj.surface, low, shape, pitch_m=pitch_m).reshape(-1)[within]
    return float((full | passed).sum()) * pitch_m**3


def _passed(surface: Mesh, low: np.ndarray, shape: np.ndarray, *, pitch_m: float) -> np.ndarray:
    """Tell of each voxel of a block whether the surface passes through: as far as its points,
    a voxel apart at most, tell.
    """
    hit = np.zeros(shape, bool)
    corners = surface.vertices_m[surface.faces]
    first, last = (low - 1) * pitch_m, (low + shape) * pitch_m
    near = (corners.max(axis=1) >= first).all(axis=1) & (corners.min(axis=1) <= last).all(axis=1)
    if not near.any():
        return hit
    split: Callable[..., tuple[np.ndarray, np.ndarray]] = trimesh.remesh.subdivide_to_size
    points, _ = split(surface.vertices_m, surface.faces[near], max_edge=pitch_m, max_iter=20)
    cells = np.round(points / pitch_m).astype(np.int64) - low
    cells = cells[((cells >= 0) & (cells < shape)).all(axis=1)]
    hit[tuple(cells.T)] = True
    return hit
