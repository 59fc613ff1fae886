"""Which way to push what turns, so that it turns in the asked sense."""

from __future__ import annotations

import numpy as np

from ivlm_bench.geometry.cloud import SUPPORT_M, Cloud, fuse, local_normal
from ivlm_bench.geometry.seen import Seen
from ivlm_bench.types import Motion
from ivlm_policies.ivlm.proposing.region import Region, about

#: Cell (m) of the cloud whose normals are read: a knob's side may be 5 mm high.
FINE_M = 0.001
#: Radius (m) in which most of the surface faces along the axis, as plates and knobs do.
AXIS_RADIUS_M = 0.05
#: A surface is a side of what turns if the cosine between its normal and the axis is at most this.
SIDE_COSINE = 0.5
#: Radius (m) in which a side's surface is read, fewest points of it, and how well they agree.
SIDE_RADIUS_M, MIN_SIDE_POINTS, AGREE_COSINE = 0.005, 4, 0.9
#: How near (m) to a contact point of the region a point must be to belong to it.
NEAR_M = 0.006
#: How far (m) a turn says to push; no trial reads it.
AMOUNT_M = 0.03
#: Most side points that are tried.
MAX_TRIED = 160
#: What pushes towards: a level or upright direction, seen from the front, by its word.
UP = np.array([0.0, 0.0, 1.0])


def turning_motion(seen: Seen, region: Region, *, sense: str) -> Motion | None:
    """Return the push into a side that turns the region in a sense; None without such a side.

    The axis is the normal that most of the surface around shares, the middle that of the region.
    Of the sides within the region that one is pushed whose push, square to the axis, has most
    leverage in the asked sense, and whose neighbours agree on where it faces.
    """
    cloud = fuse(seen.views, above_m=SUPPORT_M, voxel_m=FINE_M)
    axis = local_normal(cloud, region.contacts_m[0], radius_m=AXIS_RADIUS_M)
    if axis is None:
        return None
    strong = region.contacts_m
    own = about(cloud, strong, within_m=NEAR_M)
    middle = 0.5 * (strong.min(axis=0) + strong.max(axis=0))
    sides = cloud.select(own & (np.abs(cloud.normals @ axis) <= SIDE_COSINE))
    if len(sides) == 0:
        return None
    return _best_push(sides, axis, middle, sense)


def _best_push(sides: Cloud, axis: np.ndarray, middle: np.ndarray, sense: str) -> Motion | None:
    """Return the push at the side with most leverage in the asked sense."""
    tried = np.arange(0, len(sides), len(sides) // MAX_TRIED + 1)
    best: tuple[float, Motion] | None = None
    for index in tried:
        point = sides.points_m[index]
        near = np.linalg.norm(sides.points_m - point, axis=1) <= SIDE_RADIUS_M
        if int(near.sum()) < MIN_SIDE_POINTS:
            continue
        normal = local_normal(sides, point, radius_m=SIDE_RADIUS_M)
        if normal is None:
            continue
        agree = float((sides.normals[near] @ normal >= AGREE_COSINE).mean())
        push = (normal @ axis) * axis - normal
        push = push / max(float(np.linalg.norm(push)), 1e-9)
        score = agree * gain_of(point - middle, push, axis, sense=sense)
        if sides.normals[index] @ normal >= AGREE_COSINE and (best is None or score > best[0]):
            best = score, Motion(point, push, amount=AMOUNT_M)
    return best[1] if best is not None and best[0] > 0.0 else None


def gain_of(arm_m: np.ndarray, push: np.ndarray, axis: np.ndarray, *, sense: str) -> float:
    """Return how well (m) a push turns in a sense, seen against the axis; either without one.

    ``up``, ``down``, ``left`` and ``right`` are where the pushed end goes, for who looks at it.
    """
    torque = float(np.cross(arm_m, push) @ axis)
    if sense in ("clockwise", "anticlockwise"):
        return torque if sense == "anticlockwise" else -torque
    right = np.cross(UP, axis)
    ways = {"up": UP, "down": -UP, "right": right, "left": -right}
    if sense in ways:
        return abs(torque) * float(push @ ways[sense])
    return abs(torque)
