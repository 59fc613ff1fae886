"""Points on the front of a part: where a finger would go."""

from __future__ import annotations

import numpy as np

from ivlm_bench.geometry.kinematics import link_poses
from ivlm_bench.types import Placement, Pose

#: Vertices this close to the foremost one count as the part's front, metres.
FRONT_DEPTH_M = 0.0008


def world_from_part(placement: Placement, part: str) -> Pose:
    """Return the pose of the link that carries ``part``."""
    return link_poses(placement)[placement.model.link_of_part(part).name]


def _vertices(placement: Placement, part: str) -> np.ndarray:
    return next(p.mesh.vertices_m for _, p in placement.model.parts if p.name == part)


def front_point(placement: Placement, part: str) -> np.ndarray:
    """Return the world point in the middle of the foremost (+x) vertices of ``part``."""
    vertices = _vertices(placement, part)
    front = vertices[vertices[:, 0] > vertices[:, 0].max() - FRONT_DEPTH_M]
    middle = (front.min(axis=0) + front.max(axis=0)) / 2.0
    return world_from_part(placement, part).apply(middle)


def outward(placement: Placement, part: str) -> np.ndarray:
    """Return the world direction that the part's front faces: +x of its link."""
    return world_from_part(placement, part).turn(np.array([1.0, 0.0, 0.0]))


def radius_m(placement: Placement, part: str) -> float:
    """Return the largest half extent of ``part`` across its front, metres."""
    extent = np.ptp(_vertices(placement, part)[:, 1:], axis=0)
    return float(extent.max()) / 2.0


def link_centre(placement: Placement, part: str) -> np.ndarray:
    """Return the world centre of the box around the link that carries ``part``."""
    link = placement.model.link_of_part(part)
    points = np.concatenate([p.mesh.vertices_m for p in link.parts])
    middle = (points.min(axis=0) + points.max(axis=0)) / 2.0
    return link_poses(placement)[link.name].apply(middle)
