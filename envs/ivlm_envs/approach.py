"""Which grasps of a placed object another object stands in the way of."""

from __future__ import annotations

from collections.abc import Sequence

import numba
import numpy as np

from ivlm_bench.geometry.kinematics import link_poses
from ivlm_bench.types import GripperSpec, PartGrasp, Placement, Scene
from ivlm_envs.objects.clearance import swept_boxes, widths_m

#: Free space around the gripper on its way to the target (m): four times the 2.5 mm sigma of
#: perturbed trials.
CORRIDOR_MARGIN_M = 0.010


def free_grasps(scene: Scene, placement: Placement, part: str | None = None) -> list[PartGrasp]:
    """Return the grasps of ``part`` (None: of any) that nothing else stands in the way of.

    The object's own order is kept; it is best first.
    """
    others = [p for p in scene.placements if p is not placement and p.role != "support"]
    grasps = [g for g in placement.model.grasps if part in (None, g.part)]
    for other in others:
        grasps = clear_of(other, placement, grasps)
    return grasps


def reachable_first(scene: Scene, placement: Placement) -> list[PartGrasp]:
    """Return all grasps of a placed object, those that nothing stands in the way of first."""
    free = free_grasps(scene, placement)
    known = {id(g) for g in free}
    return [*free, *(g for g in placement.model.grasps if id(g) not in known)]


def clear_of(
    other: Placement, placement: Placement, grasps: Sequence[PartGrasp]
) -> list[PartGrasp]:
    """Keep the grasps of ``placement`` whose swept gripper is clear of another object.

    Each convex piece counts as its bounding box along the gripper's axes, so what is kept is
    clear indeed.
    """
    if not grasps:
        return []
    poses = link_poses(other)
    pieces = [
        poses[link.name].apply(hull.vertices_m)
        for link, part in other.model.parts
        for hull in part.hulls
    ]
    starts = np.cumsum([0] + [len(piece) for piece in pieces])
    points = placement.world_from_object.inverse().apply(np.concatenate(pieces))
    is_clear = _are_clear(
        points,
        starts,
        np.array([grasp.object_from_gripper.rotation for grasp in grasps]),
        np.array([grasp.object_from_gripper.position_m for grasp in grasps]),
        swept_boxes(widths_m(grasps), GripperSpec(), CORRIDOR_MARGIN_M),
    )
    return [grasp for grasp, clear in zip(grasps, is_clear, strict=True) if clear]


@numba.njit(cache=True)
def _are_clear(
    points: np.ndarray,
    starts: np.ndarray,
    rotations: np.ndarray,
    positions: np.ndarray,
    boxes: np.ndarray,
) -> np.ndarray:
    """Tell of each grasp whether its boxes are clear of those around runs of points."""
    out = np.ones(len(rotations), np.bool_)
    bounds = np.empty((2, 3))
    for g in range(len(rotations)):
        for i in range(len(starts) - 1):
            _bound(points[starts[i] : starts[i + 1]], rotations[g], positions[g], bounds)
            for box in boxes[g]:
                meets = True
                for k in range(3):
                    meets = meets and bounds[0, k] < box[1, k] and bounds[1, k] > box[0, k]
                if meets:
                    out[g] = False
            if not out[g]:
                break
    return out


@numba.njit(cache=True)
def _bound(
    points: np.ndarray, rotation: np.ndarray, position: np.ndarray, bounds: np.ndarray
) -> None:
    """Write the least and greatest coordinates of points in a posed frame."""
    bounds[0], bounds[1] = np.inf, -np.inf
    for p in points:
        x, y, z = p[0] - position[0], p[1] - position[1], p[2] - position[2]
        for k in range(3):
            value = x * rotation[0, k] + y * rotation[1, k] + z * rotation[2, k]
            bounds[0, k] = min(bounds[0, k], value)
            bounds[1, k] = max(bounds[1, k], value)
