"""Which way to push what turns, so that it turns in the asked sense."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from jaxtyping import Float64

from ivlm_bench.geometry.cloud import SUPPORT_M, Cloud, cluster_labels, fuse, local_normal
from ivlm_bench.geometry.seen import Seen
from ivlm_bench.types import Motion
from ivlm_policies.ivlm.proposing.region import CONTACT_SHARE, Region, about

#: Cell (m) of the cloud whose normals are read: a knob's side may be 5 mm high.
FINE_M = 0.001
#: Radius (m) in which most of the surface faces along the axis, as plates and knobs do.
AXIS_RADIUS_M = 0.08
#: A handle lies in a slab from so far behind where it is touched to so far before it (m): what it
#: is mounted on lies deeper. It reaches no farther than this (m) from there; cells (m) that join
#: its points.
BEHIND_M, BEFORE_M, REACH_M, JOIN_M = 0.006, 0.012, 0.14, 0.004
#: What is touched is on top if it is no higher than this (m) and ends as near to the top.
FLAT_M = 0.025
#: A mount faces along the axis within this cosine; its depth is found in steps (m), from so many
#: points at least, and the handle ends so far (m) before it.
FACING_COSINE, MOUNT_STEP_M, MIN_MOUNT_POINTS, MOUNT_GAP_M = 0.95, 0.003, 60, 0.006
#: A handle so many times longer than wide turns about a place near its far end, at this share of
#: its length; any other one about its middle.
LONG_RATIO, PIVOT_SHARE = 1.8, 0.2
#: A stem is what lies in this share of a region's depth, next to the mount; the region must be so
#: deep (m), and both must have so many points.
STEM_SHARE, LEAST_STEM_M, MIN_STEM_POINTS = 0.3, 0.012, 12
#: A surface is a side of what turns if the cosine between its normal and the axis is at most this.
SIDE_COSINE = 0.5
#: Radius (m) in which a side's surface is read, fewest points of it, and how well they agree.
SIDE_RADIUS_M, MIN_SIDE_POINTS, AGREE_COSINE = 0.005, 4, 0.9
#: How near (m) to a contact point of the region a point must be to belong to it.
NEAR_M = 0.006
#: How far (m) a turn says to push; no trial reads it.
AMOUNT_M = 0.03
#: Most side points that are tried.
MAX_TRIED = 80
#: What a pull counts against a push with the same leverage, which counts squared: it needs a hold,
#: but where the side to push is turned away from all cameras it is what is left (IVLM-Phys v1,
#: section 6.2, allows it).
PULL_SHARE = 0.7
#: What is not on top is mounted on a surface whose normal is this far from upright (cosine).
SIDEWAYS_COSINE = 0.8
#: Senses that tell where an end goes: nothing that lies flat on top turns so.
SIDEWAYS = ("up", "down", "left", "right")
UP = np.array([0.0, 0.0, 1.0])


@dataclass(frozen=True, eq=False, slots=True)
class Hinge:
    """What a handle turns about: the unit axis, towards who looks at it, and a point on it."""

    axis: Float64[np.ndarray, "3"]
    point_m: Float64[np.ndarray, "3"]


def turning_motion(seen: Seen, region: Region, *, sense: str) -> Motion | None:
    """Return the push into a side that turns the region in a sense; None without such a side.

    Of the sides within the region that one is pushed, or pulled, whose push, square to the axis,
    has most leverage in the asked sense, and whose neighbours agree on where it faces.
    """
    cloud = fuse(seen.views, above_m=SUPPORT_M, voxel_m=FINE_M)
    strong = region.wish >= CONTACT_SHARE * region.wish.max(initial=0.0)
    hinge = hinge_of(cloud, region, seen.cloud.points_m[strong], sense=sense)
    if hinge is None:
        return None
    own = about(cloud, region.contacts_m, within_m=NEAR_M)
    sides = cloud.select(own & (np.abs(cloud.normals @ hinge.axis) <= SIDE_COSINE))
    return _best_push(cloud, sides, hinge, sense)


def hinge_of(
    cloud: Cloud, region: Region, region_m: np.ndarray, *, sense: str = ""
) -> Hinge | None:
    """Return what the touched handle turns about; None where nothing is seen there.

    What is touched on top of a thing turns about an upright axis, as taps do; all else about the
    normal that most of the surface around shares. A long handle turns about its far end, as levers
    do, a compact one about its middle, as knobs and crosses do.
    """
    touched = region.contacts_m[0]
    near = cloud.select(np.linalg.norm(cloud.points_m - touched, axis=1) <= REACH_M)
    upright = sense not in SIDEWAYS and _on_top(near, region)
    sideways = cloud.select(np.abs(cloud.normals @ UP) <= SIDEWAYS_COSINE)
    axis = UP if upright else local_normal(sideways, touched, radius_m=AXIS_RADIUS_M)
    if axis is None or len(near) == 0:
        return None
    if float(np.median((near.points_m - touched) @ axis)) > 0.0:
        axis = -axis  # most of what is seen is the back of what the handle is mounted on
    level = (near.points_m - touched) @ axis
    behind_m = BEHIND_M if axis is UP else _mount_depth_m(near, level, axis)
    stem = _stem(region_m, axis)
    if stem is not None:
        return Hinge(axis, stem)
    handle = near.points_m[(level >= -behind_m) & (level <= BEFORE_M)]
    if len(handle) == 0:
        return Hinge(axis, touched)
    labels = cluster_labels(handle, cell_m=JOIN_M)
    nearest = int(np.argmin(np.linalg.norm(handle - touched, axis=1)))
    return Hinge(axis, _pivot(handle[labels == labels[nearest]], region, axis))


def _stem(region_m: np.ndarray, axis: np.ndarray) -> np.ndarray | None:
    """Return the middle of that part of a region which lies deepest along the axis.

    What turns sits on its stem, a lever at one end and a knob in the middle; None where the region
    is too flat for its stem to be seen.
    """
    if len(region_m) < MIN_STEM_POINTS:
        return None
    level = region_m @ axis
    low, high = np.percentile(level, (2.0, 98.0))
    deep = region_m[level <= low + STEM_SHARE * (high - low)]
    if high - low < LEAST_STEM_M or len(deep) < MIN_STEM_POINTS:
        return None
    return np.asarray(0.5 * (deep.min(axis=0) + deep.max(axis=0)))


def _on_top(near: Cloud, region: Region) -> bool:
    """Tell whether a flat region is the uppermost of what is about it."""
    height = region.contacts_m[:, 2]
    level = float(np.ptp(height)) <= FLAT_M
    return bool(level and len(near) and height.max() >= near.points_m[:, 2].max() - FLAT_M)


def _mount_depth_m(near: Cloud, level_m: np.ndarray, axis: np.ndarray) -> float:
    """Return how far (m) behind the touched place a handle ends: just before what it sits on.

    That is where, well behind, most of the surface faces along the axis.
    """
    facing = level_m[(near.normals @ axis >= FACING_COSINE) & (level_m <= -BEHIND_M)]
    if len(facing) < MIN_MOUNT_POINTS:
        return BEHIND_M
    bins = np.floor(facing / MOUNT_STEP_M).astype(int)
    counts = np.bincount(bins - bins.min())
    mount_m = (int(np.argmax(counts)) + int(bins.min()) + 0.5) * MOUNT_STEP_M
    return max(-mount_m - MOUNT_GAP_M, BEHIND_M)


def _pivot(handle_m: np.ndarray, region: Region, axis: np.ndarray) -> np.ndarray:
    """Return the place that a handle turns about, by its outline square to the axis."""
    middle = handle_m.mean(axis=0)
    flat = handle_m - middle
    flat = flat - np.outer(flat @ axis, axis)
    _, ways = np.linalg.eigh(flat.T @ flat)
    along, across = flat @ ways[:, 2], flat @ ways[:, 1]
    centre_m = middle + 0.5 * (along.min() + along.max()) * ways[:, 2]
    centre_m = centre_m + 0.5 * (across.min() + across.max()) * ways[:, 1]
    length_m = float(np.ptp(along))
    if length_m < LONG_RATIO * float(np.ptp(across)):
        return np.asarray(centre_m)
    weight = np.maximum(region.prob.astype(np.float64), 1e-9)
    hot_m = (region.contacts_m * weight[:, None]).sum(axis=0) / weight.sum()
    towards = ways[:, 2] * np.sign(float((hot_m - centre_m) @ ways[:, 2]) or 1.0)
    return np.asarray(centre_m - (0.5 - PIVOT_SHARE) * length_m * towards)


def _best_push(cloud: Cloud, sides: Cloud, hinge: Hinge, sense: str) -> Motion | None:
    """Return the push at the side with most leverage in the asked sense."""
    best: tuple[float, Motion] | None = None
    for index in range(0, len(sides), len(sides) // MAX_TRIED + 1):
        point = sides.points_m[index]
        normal = local_normal(sides, point, radius_m=SIDE_RADIUS_M)
        near = np.linalg.norm(cloud.points_m - point, axis=1) <= SIDE_RADIUS_M
        if int(near.sum()) < MIN_SIDE_POINTS or normal is None:
            continue
        if sides.normals[index] @ normal < AGREE_COSINE:
            continue
        agree = float((cloud.normals[near] @ normal >= AGREE_COSINE).mean())
        push = (normal @ hinge.axis) * hinge.axis - normal
        push = push / max(float(np.linalg.norm(push)), 1e-9)
        gain_m = gain_of(point - hinge.point_m, push, hinge.axis, sense=sense)
        score = agree * gain_m * abs(gain_m)
        if score < 0.0:
            push, score = -push, -PULL_SHARE * score
        if best is None or score > best[0]:
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
