"""Antipodal parallel-jaw grasps on a point cloud: the shared executor's grasp search.

A pair of surface points is antipodal if the line between them lies in both friction cones
(Nguyen, Int. J. Robotics Research 7(3), 1988, theorem 2 for two soft or hard contacts with
friction). Pairs are sampled in the asked region, turned about their closing axis into several
approach directions, held against the cloud and the table with the gripper's boxes, re-centred on
what the pads would really touch, and scored.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import no_type_check

import numba
import numpy as np
from jaxtyping import Float64

from ivlm_bench.geometry.cloud import Cloud
from ivlm_bench.types import Grasp, GripperSpec, Pose

#: Sliding friction that the friction cones assume (IVLM-Phys v1, section 6, "Common").
FRICTION = 0.6
#: Cosine of the friction cone's half angle.
CONE_COSINE = float(np.cos(np.arctan(FRICTION)))
#: Free way (m) of each pad before it touches, wished and at least.
CLEARANCE_M, MIN_CLEARANCE_M = 0.008, 0.0025
#: Lateral miss (m) up to which a cloud point counts as lying on a closing axis.
AXIS_MISS_M = 0.004
#: Thinnest thing (m) that is grasped: thinner pairs are noise of one surface.
MIN_WIDTH_M = 0.003
#: First contacts sampled, and approach directions tried about each closing axis.
N_SAMPLES, N_APPROACHES = 240, 12
#: Retreats (m) of the pad centre from the contacts, against the approach direction; the last one
#: lets the pads' tips alone hold what lies flat on the table.
RETREATS_M = (0.0, 0.010, 0.016)
#: Length (m) of the straight approach that must be free (IVLM-Phys v1, section 6.1).
APPROACH_M = 0.10
#: Distances (m) that the gripper's boxes keep from the cloud and from the table.
CLOUD_MARGIN_M, TABLE_MARGIN_M = 0.0015, 0.004
#: Cloud points within this depth (m) of the outermost one are touched by a pad.
TOUCH_M = 0.0025
#: Points of the smaller contact patch that count as a full one: about 1 cm2 of the cloud.
FULL_PATCH = 12
#: Least mean region weight of what the pads touch.
MIN_WISHED = 0.02
#: Largest upward component of an approach direction: the table is below.
MAX_UPWARD = 0.10
#: Candidates held against the cloud at once, and at most.
BATCH, MAX_CHECKED = 48, 960
#: At most this many cloud points, evenly strided, are used.
MAX_POINTS = 4000


@dataclass(frozen=True, eq=False, slots=True)
class _Candidates:
    """Candidate grasps: pad centres, approach and closing axes (g, 3), widths and scores (g,)."""

    centre_m: np.ndarray
    approach: np.ndarray
    closing: np.ndarray
    width_m: np.ndarray
    score: np.ndarray

    def __len__(self) -> int:
        return len(self.score)

    def take(self, which: np.ndarray) -> _Candidates:
        return _Candidates(
            self.centre_m[which],
            self.approach[which],
            self.closing[which],
            self.width_m[which],
            self.score[which],
        )

    @property
    def rotations(self) -> np.ndarray:
        """World from gripper rotations (g, 3, 3); columns are x (closing), y, z (approach)."""
        side = np.cross(self.approach, self.closing)
        return np.stack([self.closing, side, self.approach], axis=2)


def antipodal_grasps(
    cloud: Cloud,
    region_weight: Float64[np.ndarray, " n"],
    gripper: GripperSpec,
    rng: np.random.Generator,
    *,
    n: int = 10,
) -> tuple[Grasp, ...]:
    """Return up to ``n`` grasps of a cloud on the table z = 0, best first.

    Parameters
    ----------
    cloud : Cloud
        The object and all that stands near it, without the support plane.
    region_weight : array (n,)
        Wish in [0, 1] of every cloud point to be touched; both contacts of a grasp get some.
    gripper : GripperSpec
        Its opening, pads and palm.
    rng : numpy.random.Generator
        Draws the first contacts; the same state gives the same grasps.
    n : int
        How many to return.

    Returns
    -------
    tuple of Grasp
        ``prob`` is the score in [0, 1]. Empty if no pair of surfaces fits into the gripper, or
        none can be reached without touching the cloud or the table.
    """
    kept = np.arange(0, len(cloud), len(cloud) // MAX_POINTS + 1)
    cloud, region_weight = cloud.select(kept), np.asarray(region_weight, np.float64)[kept]
    if not np.any(region_weight > 0):
        return ()
    pairs = _sample_pairs(cloud, region_weight, gripper, rng)
    candidates = _score(_turn_about_axis(cloud, *pairs), cloud, region_weight)
    candidates = candidates.take(_clears_table(candidates, gripper))
    order = np.argsort(-candidates.score, kind="stable")[:MAX_CHECKED]
    checked = _check_in_batches(candidates.take(order), cloud, region_weight, gripper, n)
    return tuple(_distinct(checked, n))


def _sample_pairs(
    cloud: Cloud, weight: np.ndarray, gripper: GripperSpec, rng: np.random.Generator
) -> tuple[np.ndarray, np.ndarray]:
    """Return index pairs (p,), (p,) of antipodal points whose distance fits the gripper."""
    limit = gripper.max_opening_m - 2 * MIN_CLEARANCE_M
    first = rng.choice(len(cloud), size=N_SAMPLES, p=weight / weight.sum())
    jitter = rng.normal(scale=0.5 * FRICTION, size=(N_SAMPLES, 3))
    jitter[::2] = 0.0  # every other axis is the normal itself
    axis = -(cloud.normals[first] + jitter)
    axis /= np.linalg.norm(axis, axis=1, keepdims=True)
    start = cloud.points_m[first]
    along = axis @ cloud.points_m.T - (axis * start).sum(axis=1)[:, None]
    points2 = (cloud.points_m**2).sum(axis=1)
    squared = points2 + (start**2).sum(axis=1)[:, None] - 2.0 * (start @ cloud.points_m.T)
    miss = np.sqrt(np.maximum(squared - along**2, 0.0))
    exits = axis @ cloud.normals.T
    fits = (along >= MIN_WIDTH_M) & (along <= limit) & (miss <= AXIS_MISS_M)
    fits &= exits >= CONE_COSINE
    preference = np.where(fits, weight[None] + 0.2 * exits - miss / AXIS_MISS_M, -np.inf)
    second = np.argmax(preference, axis=1)
    found = fits[np.arange(N_SAMPLES), second]
    found &= -(cloud.normals[first] * axis).sum(axis=1) >= CONE_COSINE
    return first[found], second[found]


def _turn_about_axis(cloud: Cloud, first: np.ndarray, second: np.ndarray) -> _Candidates:
    """Return every pair at every approach direction about its axis and at every retreat."""
    start, end = cloud.points_m[first], cloud.points_m[second]
    closing = end - start
    width = np.linalg.norm(closing, axis=1)
    closing = closing / width[:, None]
    aside = np.eye(3)[np.argmin(np.abs(closing), axis=1)]
    u = np.cross(closing, aside)
    u /= np.linalg.norm(u, axis=1, keepdims=True)
    v = np.cross(closing, u)
    angle = np.arange(N_APPROACHES) * (2 * np.pi / N_APPROACHES)
    approach = np.cos(angle)[None, :, None] * u[:, None] + np.sin(angle)[None, :, None] * v[:, None]
    # The steepest way down belongs to every axis' set: it is the one farthest from the table.
    down = np.array([0.0, 0.0, -1.0]) + closing * closing[:, 2:]
    down /= np.maximum(np.linalg.norm(down, axis=1, keepdims=True), 1e-9)
    approach = np.concatenate([approach, down[:, None]], axis=1)
    retreat = np.array(RETREATS_M)
    centre = 0.5 * (start + end)[:, None, None] - approach[:, :, None] * retreat[:, None]
    shape = centre.shape[:3]
    return _Candidates(
        centre.reshape(-1, 3),
        np.broadcast_to(approach[:, :, None], (*shape, 3)).reshape(-1, 3),
        np.broadcast_to(closing[:, None, None], (*shape, 3)).reshape(-1, 3),
        np.broadcast_to(width[:, None, None], shape).ravel(),
        np.zeros(int(np.prod(shape))),
    ).take(np.linalg.norm(approach, axis=2).repeat(len(retreat), axis=1).ravel() > 0.5)


def _score(candidates: _Candidates, cloud: Cloud, weight: np.ndarray) -> _Candidates:
    """Score by approach from above or outside, and by closeness to the cloud's centre."""
    centre = 0.5 * (cloud.points_m.min(axis=0) + cloud.points_m.max(axis=0))
    size = max(float(np.ptp(cloud.points_m, axis=0).max()), 1e-3)
    inward = centre - candidates.centre_m
    inward /= np.maximum(np.linalg.norm(inward, axis=1, keepdims=True), 1e-9)
    outside = np.clip((inward * candidates.approach).sum(axis=1), 0.0, 1.0)
    above = np.clip(-candidates.approach[:, 2], 0.0, 1.0)
    near = np.clip(1.0 - np.linalg.norm(candidates.centre_m - centre, axis=1) / size, 0.0, 1.0)
    core = _region_core(cloud, weight)
    close = np.exp(-np.linalg.norm(candidates.centre_m - core, axis=1) / 0.03)
    score = 0.35 * np.maximum(above, outside) + 0.25 * near + 0.40 * close
    allowed = candidates.approach[:, 2] <= MAX_UPWARD
    scored = _Candidates(
        candidates.centre_m, candidates.approach, candidates.closing, candidates.width_m, score
    )
    return scored.take(allowed)


def _region_core(cloud: Cloud, weight: np.ndarray) -> np.ndarray:
    """Return the weighted mean (3,) of the asked region."""
    return np.asarray((cloud.points_m * weight[:, None]).sum(axis=0) / weight.sum())


def _boxes(width_m: np.ndarray, gripper: GripperSpec) -> np.ndarray:
    """Return (g, 3, 2, 3): lower and upper corner of both pads and the palm, gripper frame."""
    pad_x, pad_y, pad_z = gripper.pad_size_m
    palm_x, palm_y, palm_z = gripper.palm_size_m
    half = 0.5 * width_m
    boxes = np.zeros((len(width_m), 3, 2, 3))
    boxes[:, :2, 0, 1:] = [-0.5 * pad_y, -0.5 * pad_z]
    boxes[:, :2, 1, 1:] = [0.5 * pad_y, 0.5 * pad_z]
    boxes[:, 0, 0, 0], boxes[:, 0, 1, 0] = -half - pad_x, -half
    boxes[:, 1, 0, 0], boxes[:, 1, 1, 0] = half, half + pad_x
    boxes[:, 2, 0] = [-0.5 * palm_x, -0.5 * palm_y, -gripper.palm_offset_m - palm_z]
    boxes[:, 2, 1] = [0.5 * palm_x, 0.5 * palm_y, -gripper.palm_offset_m]
    return boxes


def _opening(width_m: np.ndarray, gripper: GripperSpec) -> np.ndarray:
    """Return the clear width (m) before closing for what is ``width_m`` wide."""
    return np.minimum(width_m + 2 * CLEARANCE_M, gripper.max_opening_m)


def _clears_table(candidates: _Candidates, gripper: GripperSpec) -> np.ndarray:
    """Return which candidates stay above z = 0 at the grasp and all the way back."""
    boxes = _boxes(_opening(candidates.width_m, gripper), gripper)
    pick = np.indices((2, 2, 2)).reshape(3, -1).T
    corners = boxes[:, :, pick, np.arange(3)]  # (g, 3 boxes, 8 corners, 3)
    height = np.einsum("gbci,gi->gbc", corners, candidates.rotations[:, 2, :])
    lowest = candidates.centre_m[:, 2] + height.min(axis=(1, 2))
    backed = lowest - APPROACH_M * np.maximum(candidates.approach[:, 2], 0.0)
    return np.minimum(lowest, backed) >= TABLE_MARGIN_M


def _check_in_batches(
    candidates: _Candidates, cloud: Cloud, weight: np.ndarray, gripper: GripperSpec, n: int
) -> _Candidates:
    """Hold candidates against the cloud, best first, until four times ``n`` have passed."""
    kept: list[_Candidates] = []
    for start in range(0, len(candidates), BATCH):
        batch = candidates.take(np.arange(start, min(start + BATCH, len(candidates))))
        kept.append(_touch(batch, cloud, weight, gripper))
        if sum(len(part) for part in kept) >= 4 * n:
            break
    if not kept:
        return candidates
    return _Candidates(
        np.concatenate([k.centre_m for k in kept]),
        np.concatenate([k.approach for k in kept]),
        np.concatenate([k.closing for k in kept]),
        np.concatenate([k.width_m for k in kept]),
        np.concatenate([k.score for k in kept]),
    )


def _touch(
    candidates: _Candidates, cloud: Cloud, weight: np.ndarray, gripper: GripperSpec
) -> _Candidates:
    """Re-centre candidates on what the pads would touch; keep those that are free and antipodal."""
    local = cloud.points_m - candidates.centre_m[:, None]
    local = np.matmul(local, candidates.rotations)
    between = _between(local, candidates.width_m, gripper)
    x = local[:, :, 0]
    some = np.any(between, axis=1)
    low = np.where(some, np.where(between, x, np.inf).min(axis=1), 0.0)
    high = np.where(some, np.where(between, x, -np.inf).max(axis=1), 0.0)
    width, shift = high - low, 0.5 * (low + high)
    local[:, :, 0] -= shift[:, None]
    at_low = between & (x <= -0.5 * width[:, None] + TOUCH_M)
    at_high = between & (x >= 0.5 * width[:, None] - TOUCH_M)
    normal_x = candidates.closing @ cloud.normals.T
    quality = np.minimum(_mean(-normal_x, at_low), _mean(normal_x, at_high))
    wished = np.sqrt(_mean(weight[None], at_low) * _mean(weight[None], at_high))
    patch = np.minimum(at_low.sum(axis=1), at_high.sum(axis=1))
    passed = some & (quality >= CONE_COSINE) & (wished > MIN_WISHED) & (width >= MIN_WIDTH_M)
    passed &= width <= gripper.max_opening_m - 2 * MIN_CLEARANCE_M
    passed[passed] = ~_collides(local[passed], width[passed], gripper)
    moved = _Candidates(
        candidates.centre_m + shift[:, None] * candidates.closing,
        candidates.approach,
        candidates.closing,
        _opening(width, gripper),
        _final_score(candidates.score, quality, wished, patch),
    )
    return moved.take(np.nonzero(passed)[0])


def _between(local: np.ndarray, width_m: np.ndarray, gripper: GripperSpec) -> np.ndarray:
    """Return which points (g, n) lie between the open pads, as far as the width reaches."""
    half_pad = 0.5 * np.array(gripper.pad_size_m)
    reach = np.minimum(0.5 * width_m + CLEARANCE_M, 0.5 * gripper.max_opening_m)
    size = np.abs(local)
    between = (size[:, :, 1] <= half_pad[1]) & (size[:, :, 2] <= half_pad[2])
    return np.asarray(between & (size[:, :, 0] <= reach[:, None]))


def _final_score(
    first: np.ndarray, quality: np.ndarray, wished: np.ndarray, patch: np.ndarray
) -> np.ndarray:
    """Return scores (g,) in [0, 1] from the first score, contact normals, region and patch size."""
    aligned = np.clip((quality - CONE_COSINE) / (1.0 - CONE_COSINE), 0.0, 1.0)
    broad = np.clip(patch / FULL_PATCH, 0.0, 1.0)
    return np.clip(0.3 * first + 0.3 * aligned + 0.3 * wished + 0.1 * broad, 0.0, 1.0)


def _mean(values: np.ndarray, where: np.ndarray) -> np.ndarray:
    """Return row means over a mask; 0 where the mask is empty."""
    return np.asarray(np.where(where, values, 0.0).sum(axis=1) / np.maximum(where.sum(axis=1), 1))


def _collides(local: np.ndarray, width_m: np.ndarray, gripper: GripperSpec) -> np.ndarray:
    """Return which grasps have a cloud point in a box at the grasp or on the way back (g,)."""
    boxes = _boxes(_opening(width_m, gripper), gripper)
    boxes[:, :, 0] -= CLOUD_MARGIN_M
    boxes[:, :, 1] += CLOUD_MARGIN_M
    # The inner faces of the pads keep their place: the object lies right behind them.
    boxes[:, 0, 1, 0] -= CLOUD_MARGIN_M
    boxes[:, 1, 0, 0] += CLOUD_MARGIN_M
    boxes[:, :, 0, 2] -= APPROACH_M
    return np.asarray(_any_inside(local, boxes))


@numba.njit(cache=True)
@no_type_check  # compiled: no checker can wrap it
def _any_inside(local, boxes):
    """Tell of each row of points (g, n, 3) whether any lies in any of its boxes (g, b, 2, 3)."""
    hit = np.zeros(len(local), np.bool_)
    for g in range(len(local)):
        for box in boxes[g]:
            for x, y, z in local[g]:
                hit[g] |= (
                    box[0, 0] <= x <= box[1, 0]
                    and box[0, 1] <= y <= box[1, 1]
                    and box[0, 2] <= z <= box[1, 2]
                )
            if hit[g]:
                break
    return hit


def _distinct(candidates: _Candidates, n: int) -> list[Grasp]:
    """Return the ``n`` best grasps that differ by more than 5 mm or 15 degrees."""
    chosen: list[int] = []
    for index in np.argsort(-candidates.score, kind="stable"):
        near = [
            np.linalg.norm(candidates.centre_m[index] - candidates.centre_m[k]) < 0.005
            and float(candidates.approach[index] @ candidates.approach[k]) > np.cos(np.pi / 12)
            and abs(float(candidates.closing[index] @ candidates.closing[k])) > np.cos(np.pi / 12)
            for k in chosen
        ]
        if not any(near):
            chosen.append(int(index))
        if len(chosen) == n:
            break
    rotations = candidates.rotations
    return [
        Grasp(
            Pose.from_rotation(rotations[k], candidates.centre_m[k]),
            float(candidates.width_m[k]),
            prob=float(candidates.score[k]),
        )
        for k in chosen
    ]
