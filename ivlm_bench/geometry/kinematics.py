"""Where the links of placed objects are."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from ivlm_bench.geometry import se3
from ivlm_bench.types import Joint, Placement, Pose, Scene


def joint_motion(joint: Joint, position: float) -> Pose:
    """Return ``link_at_zero_from_link`` at a joint position (rad or m)."""
    if joint.kind == "slide":
        return Pose(joint.axis * position, np.array([1.0, 0.0, 0.0, 0.0]))
    quat = se3.quat_from_rotvec(joint.axis * position)
    return Pose(joint.origin_m - se3.quat_rotate(quat, joint.origin_m), quat)


def link_poses(placement: Placement, joints: Mapping[str, float] | None = None) -> dict[str, Pose]:
    """Return ``world_from_link`` by link name; ``joints`` default to the placement's own."""
    positions = placement.joints if joints is None else joints
    poses: dict[str, Pose] = {}
    for link in placement.model.links:
        if link.parent is None or link.joint is None:
            poses[link.name] = placement.world_from_object @ link.parent_from_link
        else:
            moved = joint_motion(link.joint, positions.get(link.joint.name, 0.0))
            poses[link.name] = poses[link.parent] @ link.parent_from_link @ moved
    return poses


def body_poses(scene: Scene) -> dict[str, Pose]:
    """Return ``world_from_body`` of every link at the start, keyed ``placement/link``."""
    return {
        placement.body(name): pose
        for placement in scene.placements
        for name, pose in link_poses(placement).items()
    }
