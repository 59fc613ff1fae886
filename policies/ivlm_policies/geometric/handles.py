"""The handle of a vessel, which sticks out from its round body, and of a long tool."""

from __future__ import annotations

import numpy as np

from ivlm_bench.geometry.cloud import Cloud

#: Rounds of reweighting in which the points of the handle lose their say about the body.
N_ROUNDS = 12
#: Residual (m) at which a point's weight has fallen to one half.
RESIDUAL_M = 0.003
#: A point this far (m) outside the wall belongs to what sticks out.
STANDS_OUT_M = 0.005
#: Distance (m) over which the wish to touch the handle grows from the wall outward.
GROWTH_M = 0.012
#: A handle has at least so many points, reaches so far out (m), spans at most so much (rad).
MIN_POINTS, MIN_REACH_M, MAX_SPAN_RAD = 15, 0.010, np.deg2rad(100.0)

#: A thing longer than so many times its breadth and its height is a tool; its slices.
LONG_RATIO, N_SLICES = 1.8, 12
#: Where the handle's middle lies along a tool, from the end with the head, and half its length.
HANDLE_PLACE, HANDLE_HALF = 0.75, 0.22


def handle_weights(cloud: Cloud) -> np.ndarray | None:
    """Return the wish (n,) in [0, 1] to touch each point, or None if nothing sticks out.

    The body is taken for round about an upright axis: the one that the horizontal normals of its
    wall point to. Its radius may change linearly with height. A handle is a compact sector of
    points clearly outside that wall.
    """
    wall = np.abs(cloud.normals[:, 2]) < 0.5
    if int(wall.sum()) < MIN_POINTS:
        return None
    axis_m = _upright_axis(cloud.points_m[wall], cloud.normals[wall])
    away = cloud.points_m[:, :2] - axis_m
    radius = np.linalg.norm(away, axis=1)
    outside = (cloud.normals[:, :2] * away).sum(axis=1) > 0.5 * radius
    stands_out = radius - _wall_radius(cloud.points_m[:, 2], radius, outside & wall)
    handle = stands_out > STANDS_OUT_M
    if int(handle.sum()) < MIN_POINTS or float(stands_out.max()) < MIN_REACH_M:
        return None
    if _span_rad(away[handle]) > MAX_SPAN_RAD:
        return None
    weight = np.clip((stands_out - STANDS_OUT_M) / GROWTH_M, 0.05, 1.0)
    return np.where(handle, weight, 0.0)


def _upright_axis(points_m: np.ndarray, normals: np.ndarray) -> np.ndarray:
    """Return the (x, y) that the lines along the horizontal normals pass nearest to.

    Iteratively reweighted least squares with Cauchy weights.
    """
    way = normals[:, :2] / np.linalg.norm(normals[:, :2], axis=1, keepdims=True)
    across = np.stack([-way[:, 1], way[:, 0]], axis=1)
    level = (across * points_m[:, :2]).sum(axis=1)
    weight = np.ones(len(way))
    centre = points_m[:, :2].mean(axis=0)
    for _ in range(N_ROUNDS):
        weighted = across * weight[:, None]
        centre = np.linalg.solve(weighted.T @ across + 1e-9 * np.eye(2), weighted.T @ level)
        weight = 1.0 / (1.0 + ((across @ centre - level) / RESIDUAL_M) ** 2)
    return np.asarray(centre)


def _wall_radius(z_m: np.ndarray, radius_m: np.ndarray, wall: np.ndarray) -> np.ndarray:
    """Return the wall's radius (n,) at each height: a robust line through the wall's points."""
    design = np.stack([np.ones(len(z_m)), z_m], axis=1)
    known, target = design[wall], radius_m[wall]
    line = np.array([np.median(target), 0.0])
    for _ in range(N_ROUNDS):
        weight = 1.0 / (1.0 + ((known @ line - target) / RESIDUAL_M) ** 2)
        weighted = known * weight[:, None]
        line = np.linalg.solve(weighted.T @ known + 1e-9 * np.eye(2), weighted.T @ target)
    return np.asarray(design @ line)


def _span_rad(away: np.ndarray) -> float:
    """Return the smallest angle of a sector that holds 90 % of some directions (n, 2)."""
    azimuth = np.sort(np.arctan2(away[:, 1], away[:, 0]))
    n_inside = int(np.ceil(0.9 * len(azimuth)))
    doubled = np.concatenate([azimuth, azimuth + 2 * np.pi])
    starts = np.arange(len(azimuth))
    return float((doubled[starts + n_inside - 1] - doubled[starts]).min())


def long_handle_weights(cloud: Cloud) -> tuple[np.ndarray, ...]:
    """Return wishes (n,) to touch each point of a long thing's handle; none if it is not long.

    The head of a tool is broader than its handle, so the half on the other side of the broadest
    slice comes first; of a knife, whose blade is too thin to be held, it is the second one.
    """
    flat = cloud.points_m[:, :2] - cloud.points_m[:, :2].mean(axis=0)
    if len(flat) < MIN_POINTS:
        return ()
    _, axes = np.linalg.eigh(flat.T @ flat)
    along, across = flat @ axes[:, 1], flat @ axes[:, 0]
    length = float(np.ptp(along))
    if length < LONG_RATIO * float(np.ptp(across)) or length < LONG_RATIO * _height_m(cloud):
        return ()
    place = (along - along.min()) / max(length, 1e-9)
    slices = np.minimum((place * N_SLICES).astype(int), N_SLICES - 1)
    breadth = [_breadth_m(across[slices == k]) for k in range(N_SLICES)]
    if int(np.argmax(breadth)) >= N_SLICES // 2:
        place = 1.0 - place
    ends = (np.abs(place - HANDLE_PLACE), np.abs(place - (1.0 - HANDLE_PLACE)))
    return tuple(np.clip(1.0 - end / HANDLE_HALF, 0.0, 1.0) for end in ends)


def _breadth_m(across_m: np.ndarray) -> float:
    return float(np.ptp(across_m)) if len(across_m) else 0.0


def _height_m(cloud: Cloud) -> float:
    return float(np.ptp(cloud.points_m[:, 2]))
