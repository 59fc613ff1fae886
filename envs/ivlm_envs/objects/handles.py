"""Bars to hold by: a rounded section swept along a path, cut into convex pieces."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from itertools import pairwise

import numpy as np
from jaxtyping import Float64

from ivlm_bench.geometry.hulls import convex_hull
from ivlm_bench.geometry.solids import swept_tube
from ivlm_bench.types import Mesh, Part, PartGrasp
from ivlm_envs.objects.bodies import part
from ivlm_envs.objects.clearance import gripper_frame

#: Points around a bar's section; exponent of its superellipse, between round and flat.
SECTION_POINTS, SQUARED = 14, 0.7
#: Opening beyond a bar's thickness, shared by both pads (m).
BAR_SLACK_M = 0.030
#: How far before the middle of a bar the pad centre may stop (m).
SHIFTS_M = (0.0, 0.008)

_Y = np.array([0.0, 1.0, 0.0])


def bar_section(thick_m: tuple[float, float]) -> Float64[np.ndarray, "k 2"]:
    """Return a rounded section: full thickness in the plane of the path and across it, m."""
    angle = 2 * np.pi * np.arange(SECTION_POINTS) / SECTION_POINTS
    turned = np.stack([np.cos(angle), np.sin(angle)], axis=1)
    return np.sign(turned) * np.abs(turned) ** SQUARED * np.array(thick_m) / 2.0


def bar_part(
    name: str, path_m: np.ndarray, section_m: np.ndarray, *, texture: np.ndarray, links: int
) -> Part:
    """Return a bar along ``path_m`` (k, 3), a path in the xz plane, as ``links`` convex pieces."""
    solid = swept_tube(path_m, section_m, _Y)
    n = len(section_m) + 1
    rings = solid.mesh.vertices_m[: len(path_m) * n].reshape(len(path_m), n, 3)[:, :-1]
    cuts = np.round(np.linspace(0, len(path_m) - 1, links + 1)).astype(int)
    hulls: list[Mesh] = [convex_hull(rings[a : b + 1].reshape(-1, 3)) for a, b in pairwise(cuts)]
    return part(name, solid, texture, hulls=hulls)


def middle_first(bar: Part, path_m: np.ndarray) -> Float64[np.ndarray, " n"]:
    """Return the grasp affordance of a bar's vertices: 1 in its middle, 0.3 at its ends."""
    station = np.linalg.norm(bar.mesh.vertices_m[:, None] - path_m, axis=-1).argmin(axis=1)
    return 1.0 - 0.7 * np.abs(2.0 * station / (len(path_m) - 1) - 1.0)


def bar_grasps(
    name: str,
    path_m: np.ndarray,
    thick_m: tuple[float, float],
    *,
    shares: Iterable[float],
    tilts_deg: Sequence[float],
) -> Iterator[PartGrasp]:
    """Yield grasps of a bar in the xz plane from above, turned about its own direction.

    At tilt 0 the gripper comes in the plane of the path and closes along y, at 90 degrees it
    comes along y and closes in that plane. ``shares`` are stations in [0, 1] along the path.
    """
    for share in shares:
        index = round(share * (len(path_m) - 1))
        ahead = path_m[min(index + 1, len(path_m) - 1)] - path_m[max(index - 1, 0)]
        outward = np.cross(ahead / np.linalg.norm(ahead), _Y)
        outward *= 1.0 if outward[2] >= 0.0 else -1.0
        for tilt in np.deg2rad(tilts_deg):
            approach = -np.cos(tilt) * outward + np.sin(tilt) * _Y
            closing = np.cos(tilt) * _Y + np.sin(tilt) * outward
            thick = abs(np.sin(tilt)) * thick_m[0] + abs(np.cos(tilt)) * thick_m[1]
            for shift in SHIFTS_M:
                pose = gripper_frame(path_m[index] - shift * approach, approach, closing)
                yield PartGrasp(name, pose, thick + BAR_SLACK_M)
