"""Which way to push what turns, where the answer points."""

from __future__ import annotations

import numpy as np

from ivlm_bench.geometry.cloud import SUPPORT_M, Cloud, fuse, local_normal
from ivlm_bench.geometry.regions import agreed_weights
from ivlm_bench.geometry.seen import Seen
from ivlm_bench.types import Interaction

#: Cell (m) of the cloud whose normals are read: a knob's side may be 5 mm high.
FINE_M = 0.001
#: Radius (m) in which most of the surface faces along the axis, as plates and knobs do.
AXIS_RADIUS_M = 0.05
#: Radius (m) about a contact point in which its side is looked for.
SIDE_RADIUS_M = 0.005
#: A surface is a side of what turns if the cosine between its normal and the axis is at most this.
SIDE_COSINE = 0.6
#: Fewest points that make a side.
MIN_SIDE_POINTS = 3
#: Lever arm (m) that counts for every point: the middle of what is seen is not the axis.
LEAST_ARM_M = 0.010
#: Most contact points that are tried.
MAX_TRIED = 48


def turning_push(seen: Seen, interaction: Interaction) -> tuple[np.ndarray, np.ndarray] | None:
    """Return the point (3,) and the unit direction (3,) of the push; None without a side there.

    What turns stands out from a plate or sits on a post, and its axis is the normal that most of
    the surface around shares. The push goes into a side of it, square to that axis. Of several
    contact points the one is taken that has most leverage about the middle of what is there, where
    its neighbours agree on where its side faces.
    """
    cloud = fuse(seen.views, above_m=SUPPORT_M, voxel_m=FINE_M)
    weights = agreed_weights(interaction)
    points = interaction.contact_points_m
    axis = local_normal(cloud, points[int(np.argmax(weights))], radius_m=AXIS_RADIUS_M)
    if axis is None:
        return None
    sides = cloud.select(np.abs(cloud.normals @ axis) <= SIDE_COSINE)
    middle = _middle(cloud, points)
    best: tuple[float, np.ndarray, np.ndarray] | None = None
    for index in range(0, len(points), len(points) // MAX_TRIED + 1):
        found = _side_at(sides, points[index])
        if found is None:
            continue
        share, point, normal = found
        push = (normal @ axis) * axis - normal
        push = push / np.linalg.norm(push)
        arm_m = abs(float(np.cross(point - middle, push) @ axis))
        score = float(weights[index]) * share * (arm_m + LEAST_ARM_M)
        if best is None or score > best[0]:
            best = score, point, push
    return None if best is None else (best[1], best[2])


def _middle(cloud: Cloud, points_m: np.ndarray) -> np.ndarray:
    """Return the middle (3,) of the surface about some contact points."""
    centre = points_m.mean(axis=0)
    near = np.linalg.norm(cloud.points_m - centre, axis=1) <= AXIS_RADIUS_M
    return np.asarray(cloud.points_m[near].mean(axis=0) if near.any() else centre)


def _side_at(sides: Cloud, point_m: np.ndarray) -> tuple[float, np.ndarray, np.ndarray] | None:
    """Return how well a side is seen, its point nearest to a contact point, and its normal."""
    distance = np.linalg.norm(sides.points_m - point_m, axis=1)
    near = sides.select(distance <= SIDE_RADIUS_M)
    if len(near) < MIN_SIDE_POINTS:
        return None
    normal = local_normal(near, point_m, radius_m=SIDE_RADIUS_M)
    if normal is None:
        return None
    agree = near.normals @ normal >= np.cos(np.deg2rad(20.0))
    own = near.points_m[agree]
    if len(own) < MIN_SIDE_POINTS:
        return None
    nearest = own[int(np.argmin(np.linalg.norm(own - point_m, axis=1)))]
    return float(agree.mean()), nearest, normal
