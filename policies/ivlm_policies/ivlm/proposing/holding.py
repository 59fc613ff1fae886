"""What keeps a thing from moving: a strap that is seen, or a bar that stands before a front."""

from __future__ import annotations

import numpy as np
from scipy.spatial import cKDTree

from ivlm_bench.geometry.cloud import Cloud
from ivlm_bench.types import Motion
from ivlm_policies.ivlm.proposing.region import Region
from ivlm_policies.ivlm.stages import Field, Grounding

#: So many views, those surest of it, tell whether an obstacle is there.
WITNESSES = 2
#: How far (m) from what is pulled its front reaches, and what may stand before it.
NEAR_M = 0.15
#: A place faces the way of the pull above this cosine; fronts are found in layers of this (m).
FACING, LAYER_M = 0.9, 0.004
#: What stands so far (m) before a front is before it, and no farther than that.
LEAST_BEFORE_M, MOST_BEFORE_M = 0.006, 0.080
#: What is nearer (m) than this to a handle is part of it; share of the wish that a handle has.
HANDLE_M, HANDLE_SHARE = 0.012, 0.3
#: Fewer points (voxels of 3 mm) of a front tell nothing.
LEAST_FRONT = 20
#: More points than these before a front bar it. Of 40 cabinets seen from four sides, those without
#: bars had 276 at most, nine of ten barred drawers had 533 or more.
BARRING = 400
#: More points than these that are rather a bar than a handle bar it, seen by one view, by several.
#: Of the same cabinets, those without had 452 at most, barred doors 820 or more.
RATHER_BARS, RATHER_BARS_OF_SEVERAL = 400, 650
#: A point is rather a bar if this is likelier, and if its odds are this many times (logarithm)
#: those of the handle.
BAR, RATHER = 0.5, 0.5
#: Probabilities nearer to 0 or 1 than this tell no more.
SURE = 1e-4


def presence_of_obstacle(evidence: tuple[Grounding, ...]) -> tuple[str, float]:
    """Return the obstacle that was looked for and how probably it is there; ("", 0) if none was.

    It is seen from some sides alone: the views that show it best tell.
    """
    one = next((e for e in evidence if e.query.role == "obstacle"), None)
    if one is None:
        return "", 0.0
    best = np.clip(np.sort(one.presence)[-WITNESSES:].astype(np.float64), SURE, 1.0 - SURE)
    mean = float(np.log(best / (1.0 - best)).mean())
    return one.query.phrase.part, float(1.0 / (1.0 + np.exp(-mean)))


def is_barred(cloud: Cloud, region: Region, field: Field, motion: Motion) -> bool:
    """Tell whether something stands before the front that a motion would pull open.

    It counts what lies before the front's plane and is no handle, and what is rather a bar than a
    handle to the network.
    """
    bars = field.prob.get("obstacle")
    if bars is None or field.alike is None:
        return False
    several = len(field.seen) > 1
    limit = RATHER_BARS_OF_SEVERAL if several else RATHER_BARS
    rather = (bars > BAR) & (_log_odds(bars) > _log_odds(field.alike) + RATHER)
    return bool(
        np.count_nonzero(rather) > limit or _n_before(cloud, region, field, motion) > BARRING
    )


def _n_before(cloud: Cloud, region: Region, field: Field, motion: Motion) -> int:
    """Return how many points stand before the front of what is pulled, handles left out."""
    points, pull = cloud.points_m, motion.direction / np.linalg.norm(motion.direction)
    handle = region.wish >= HANDLE_SHARE * region.wish.max(initial=0.0)
    handle |= field.rejected.get("another one alike", np.zeros(len(points), bool))
    near = np.linalg.norm(points - motion.point_m, axis=1) < NEAR_M
    along = points @ pull
    facing = along[near & (cloud.normals @ pull > FACING) & ~handle]
    if len(facing) < LEAST_FRONT or not handle.any():
        return 0
    layers, counts = np.unique(np.round(facing / LAYER_M), return_counts=True)
    layer = layers[np.argmax(counts)] * LAYER_M
    front = float(np.median(facing[np.abs(facing - layer) < 1.5 * LAYER_M]))
    before = near & (along > front + LEAST_BEFORE_M) & (along < front + MOST_BEFORE_M)
    away, _ = cKDTree(points[handle]).query(points[before])
    return int(np.count_nonzero(away > HANDLE_M))


def _log_odds(prob: np.ndarray) -> np.ndarray:
    safe = np.clip(prob.astype(np.float64), SURE, 1.0 - SURE)
    return np.asarray(np.log(safe / (1.0 - safe)))
