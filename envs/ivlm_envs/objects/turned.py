"""Convex pieces and grasps of turned walls, for bowls and pans."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
from jaxtyping import Float64

from ivlm_bench.geometry.hulls import convex_hull
from ivlm_bench.types import GripperSpec, Mesh, PartGrasp
from ivlm_envs.objects.clearance import gripper_frame

#: Opening beyond the wall, shared by both pads (m).
WALL_SLACK_M = 0.026

_Z = np.array([0.0, 0.0, 1.0])


def turned_columns(section_m: np.ndarray, angles_rad: np.ndarray) -> Float64[np.ndarray, "n 3"]:
    """Return the points (k, 2) of (radius, z) in m, turned to each angle about the z axis."""
    radius, height = section_m[:, 0], section_m[:, 1]
    columns = [
        np.stack([radius * np.cos(a), radius * np.sin(a), height], axis=1) for a in angles_rad
    ]
    return np.concatenate(columns)


def wedge_hulls(section_m: np.ndarray, n_wedges: int, *, facets: int) -> list[Mesh]:
    """Tile a ring with equal convex wedges, each spanning ``facets / n_wedges`` facets.

    ``section_m`` (k, 2) are points of (radius, z) whose convex hull is the ring's cross-section.
    The inner chord of a wedge leaves the turned wall by r (1 - cos(pi / n_wedges)).
    """
    per_wedge = facets // n_wedges
    first = convex_hull(turned_columns(section_m, 2 * np.pi * np.arange(per_wedge + 1) / facets))
    hulls = []
    for wedge in range(n_wedges):
        c, s = np.cos(2 * np.pi * wedge / n_wedges), np.sin(2 * np.pi * wedge / n_wedges)
        turn = np.array([[c, -s, 0.0], [s, c, 0.0], [0.0, 0.0, 1.0]])
        hulls.append(Mesh(first.vertices_m @ turn.T, first.faces))
    return hulls


def turned_hull(section_m: np.ndarray, facets: int, *, oval: float = 1.0) -> Mesh:
    """Return the convex hull of a turned profile (k, 2) of (radius, z) in m.

    Few facets are widened so that they leave the true circle by as much outwards, at their
    corners, as inwards. ``oval`` scales x.
    """
    widened = section_m * np.array([2.0 / (1.0 + np.cos(np.pi / facets)), 1.0])
    points = turned_columns(widened, 2 * np.pi * np.arange(facets) / facets)
    return convex_hull(points * np.array([oval, 1.0, 1.0]))


def wall_grasps(
    part: str, outer_m: np.ndarray, wall_m: float, *, depth_m: float, step_deg: int = 15
) -> Iterator[PartGrasp]:
    """Yield grasps across a wall from its top edge, one pad inside, the pads along the slope.

    ``outer_m`` (2, 2) are the wall's outer (radius, z), lower then upper end; the pad tips end
    ``depth_m`` below the upper one.
    """
    slope = (outer_m[1] - outer_m[0]) / np.linalg.norm(outer_m[1] - outer_m[0])
    across = np.array([slope[1], -slope[0]])
    back_m = GripperSpec().pad_size_m[2] / 2.0 - depth_m
    radius, height = outer_m[1] - across * wall_m / 2.0 + slope * back_m
    for angle in np.deg2rad(np.arange(0, 360, step_deg)):
        radial = np.array([np.cos(angle), np.sin(angle), 0.0])
        approach = -slope[0] * radial - slope[1] * _Z
        closing = across[0] * radial + across[1] * _Z
        pose = gripper_frame(radius * radial + height * _Z, approach, closing)
        yield PartGrasp(part, pose, wall_m + WALL_SLACK_M)
