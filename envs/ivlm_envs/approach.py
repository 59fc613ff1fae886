"""Which grasps of a placed object another object stands in the way of."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from ivlm_bench.geometry.kinematics import link_poses
from ivlm_bench.types import GripperSpec, PartGrasp, Placement, Scene
from ivlm_envs.objects.clearance import swept_boxes

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
    spec = GripperSpec()
    poses = link_poses(other)
    pieces = [
        poses[link.name].apply(hull.vertices_m)
        for link, part in other.model.parts
        for hull in part.hulls
    ]
    points = np.concatenate(pieces)
    starts = np.cumsum([0] + [len(piece) for piece in pieces[:-1]])
    kept = []
    for grasp in grasps:
        pose = placement.world_from_object @ grasp.object_from_gripper
        local = pose.inverse().apply(points)
        low, high = np.minimum.reduceat(local, starts), np.maximum.reduceat(local, starts)
        boxes = swept_boxes(grasp.width_m, spec, CORRIDOR_MARGIN_M)
        meets = (low[:, None] < boxes[:, 1]) & (high[:, None] > boxes[:, 0])
        if not meets.all(axis=-1).any():
            kept.append(grasp)
    return kept
