"""A growing group of objects on the table: places beside the target, out of the way."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from jaxtyping import Bool, Float64
from scipy.spatial import ConvexHull

from ivlm_bench.errors import AssetError
from ivlm_bench.geometry import se3
from ivlm_bench.geometry.kinematics import link_poses
from ivlm_bench.types import ObjectModel, Placement, Pose
from ivlm_envs.approach import clear_of

#: Least gap between two footprints, and what chance adds to it (m).
GAP_M, EXTRA_GAP_M = 0.025, 0.030
#: Best grasps of the asked part of which one must stay free.
TRIED_GRASPS = 40
#: Largest share of the asked part that objects in front may hide from the first camera.
MOST_HIDDEN = 0.25
#: Rounds of draws before an object is given up, and by how much each is farther outwards (m).
MAX_DRAWS, OUTWARDS_M = 60, 0.005
#: Places that are drawn in each round, so that groups stay compact.
N_COMPARED = 6
#: Vertices of the asked part that stand for it.
N_SEEN = 80


@dataclass(frozen=True, eq=False, slots=True)
class _Standing:
    """A placed object and its footprint: corners (k, 2) in m, counter-clockwise, convex."""

    placement: Placement
    footprint_m: Float64[np.ndarray, "k 2"]
    height_m: float


class Group:
    """A target and what stands around it.

    Parameters
    ----------
    part
        Part of the target that must stay reachable and seen (None, or one that it lacks: all).
    to_camera
        Unit direction (3,) from the target to the camera that must see the part.
    """

    def __init__(self, target: Placement, part: str | None, to_camera: np.ndarray) -> None:
        self._standing = [_stand(target)]
        self._to_camera = to_camera
        names = {g.part for g in target.model.grasps}
        asked = [g for g in target.model.grasps if part not in names or g.part == part]
        self._grasps = asked[:TRIED_GRASPS]
        self._seen_m = _vertices_m(target, part)
        self._hidden: Bool[np.ndarray, " n"] = np.zeros(len(self._seen_m), bool)

    @property
    def placements(self) -> tuple[Placement, ...]:
        """The target, then what was added."""
        return tuple(s.placement for s in self._standing)

    @property
    def corners_m(self) -> Float64[np.ndarray, "n 3"]:
        """Corners of upright prisms around all objects, world frame."""
        return np.concatenate(
            [
                np.pad(s.footprint_m, ((0, 0), (0, 1)), constant_values=level)
                for s in self._standing
                for level in (0.0, s.height_m)
            ]
        )

    def add(self, name: str, model: ObjectModel, rng: np.random.Generator) -> None:
        """Find a place for one more object; of a few drawn places the nearest that will do.

        Raises
        ------
        AssetError
            If none is found.
        """
        for draw in range(MAX_DRAWS):
            gap_m = GAP_M + rng.uniform(0.0, EXTRA_GAP_M) + draw * OUTWARDS_M
            drawn = [self._beside(name, model, rng, gap_m=gap_m) for _ in range(N_COMPARED)]
            for candidate in sorted(drawn, key=self._reach_m):
                if self._takes(candidate):
                    return
        target = self._standing[0].placement.model.name
        raise AssetError(f"{model.name!r} finds no place beside {target!r}; show fewer objects.")

    def _reach_m(self, candidate: _Standing) -> float:
        centre = self._standing[0].placement.world_from_object.position_m[:2]
        return float(np.linalg.norm(candidate.footprint_m - centre, axis=1).max())

    def _takes(self, candidate: _Standing) -> bool:
        """Add the candidate, unless it hides the part or blocks the last grasp."""
        hidden = self._hidden | _shaded(self._seen_m, self._to_camera, candidate)
        if hidden.mean() > MOST_HIDDEN:
            return False
        free = clear_of(candidate.placement, self._standing[0].placement, self._grasps)
        if self._grasps and not free:
            return False
        self._standing.append(candidate)
        self._grasps, self._hidden = free, hidden
        return True

    def _beside(
        self, name: str, model: ObjectModel, rng: np.random.Generator, *, gap_m: float
    ) -> _Standing:
        """Return a standing object at the least distance from the target along some direction."""
        yaw, azimuth = rng.uniform(-np.pi, np.pi, 2)
        quat = se3.quat_from_rotvec(np.array([0.0, 0.0, yaw]))
        centre = self._standing[0].placement.world_from_object.position_m
        outwards = np.array([np.cos(azimuth), np.sin(azimuth)])
        inside = _stand(Placement(name, model, Pose(centre, quat), "clutter"))
        blocked = np.array(
            [_blocked_m(s.footprint_m, inside.footprint_m, outwards, gap_m) for s in self._standing]
        )
        ends = np.sort(blocked[blocked[:, 1] > 0.0, 1])
        shift = next(t for t in ends if not ((blocked[:, 0] < t) & (t < blocked[:, 1])).any())
        moved = Pose(centre + shift * np.append(outwards, 0.0), quat)
        footprint = inside.footprint_m + shift * outwards
        return _Standing(Placement(name, model, moved, "clutter"), footprint, inside.height_m)


def _stand(placement: Placement) -> _Standing:
    poses = link_poses(placement)
    points = np.concatenate(
        [
            poses[link.name].apply(hull.vertices_m)
            for link, part in placement.model.parts
            for hull in part.hulls
        ]
    )
    flat = points[:, :2]
    return _Standing(placement, flat[ConvexHull(flat).vertices], float(points[:, 2].max()))


def _blocked_m(
    still: np.ndarray, moving: np.ndarray, direction: np.ndarray, gap_m: float
) -> tuple[float, float]:
    """Return the open interval of shifts along ``direction`` at which two footprints are too near.

    Their gap is measured along the normals of both (separating axes), so it is never more than
    the true one. Along one axis it is linear in the shift; they are apart where one axis says so.
    """
    edges = [np.roll(p, -1, axis=0) - p for p in (still, moving)]
    normals = np.concatenate([e[:, ::-1] * [1.0, -1.0] for e in edges])
    normals /= np.linalg.norm(normals, axis=1, keepdims=True)
    normals[len(still) :] *= -1.0
    apart = (normals @ moving.T).min(axis=1) - (normals @ still.T).max(axis=1) - gap_m
    rate = normals @ direction
    rising, falling = rate > 1e-9, rate < -1e-9
    starts, ends = -apart[falling] / rate[falling], -apart[rising] / rate[rising]
    return float(starts.max()), float(ends.min())


def _vertices_m(target: Placement, part: str | None) -> Float64[np.ndarray, "n 3"]:
    poses, parts = link_poses(target), target.model.parts
    named = [(link, p) for link, p in parts if p.name == part] or list(parts)
    points = np.concatenate([poses[link.name].apply(p.mesh.vertices_m) for link, p in named])
    return points[np.unique(np.linspace(0, len(points) - 1, N_SEEN).astype(int))]


def _shaded(
    points_m: np.ndarray, direction: np.ndarray, standing: _Standing
) -> Bool[np.ndarray, " n"]:
    """Tell which points' rays along ``direction`` meet the prism around an object (slabs)."""
    edges = np.roll(standing.footprint_m, -1, axis=0) - standing.footprint_m
    normals = np.pad(edges[:, ::-1] * [1.0, -1.0], ((0, 0), (0, 1)))
    offsets = np.einsum("ij,ij->i", normals[:, :2], standing.footprint_m)
    normals = np.concatenate([normals, [[0.0, 0.0, 1.0]]])
    offsets = np.append(offsets, standing.height_m)
    inside = offsets - points_m @ normals.T
    rate = normals @ direction
    with np.errstate(divide="ignore", invalid="ignore"):
        at = inside / rate
    enters = np.where(rate < 0.0, at, -np.inf).max(axis=1)
    leaves = np.where(rate > 0.0, at, np.inf).min(axis=1)
    return np.asarray((enters < leaves) & (leaves > 0.0), bool)
