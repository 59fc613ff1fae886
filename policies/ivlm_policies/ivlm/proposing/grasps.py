"""Ranked grasps of a region."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from ivlm_bench.geometry.antipodal import antipodal_grasps
from ivlm_bench.geometry.overhead import overhead_grasps
from ivlm_bench.geometry.seen import Seen
from ivlm_bench.geometry.unseen import unseen_share
from ivlm_bench.types import Grasp, GripperSpec
from ivlm_policies.ivlm.proposing.region import Region, about, sharpened, solid_wishes

#: Grasps that are given, and those of the search that they are chosen from.
N_GRASPS, N_SEARCHED = 10, 30
#: How far (m) from the contacts things matter to a gripper there.
ABOUT_M = 0.12
#: At most this many points, evenly strided, are searched: what a search costs.
MAX_POINTS = 2000
#: Seed of the search: the same question is answered in the same way.
SEARCH_SEED = 20261122
#: Least score of a grasp straight down: less is a pinch of a corner far from the region's middle.
LEAST_DOWN = 0.06
#: Shares of the evidence between the pads and of the search's score in a grasp's rank
#: (LERF-TOGO: A. Rashid et al., CoRL 2023, its defaults).
EVIDENCE_SHARE, SEARCH_SHARE = 0.95, 0.05


def grasps_of(
    seen: Seen, region: Region, gripper: GripperSpec, *, by_evidence: bool
) -> tuple[Grasp, ...]:
    """Return grasps of the region, best first; none if nothing there fits into the gripper.

    From opposite surfaces; where none are seen, as on what lies flat, straight down at the outline.
    """
    wishes = solid_wishes(seen, region)
    near = np.nonzero(about(seen.solid, region.contacts_m, within_m=ABOUT_M))[0]
    near = near[:: len(near) // MAX_POINTS + 1]
    cloud, wishes = seen.solid.select(near), wishes[near]
    rng = np.random.default_rng(SEARCH_SEED)
    found = antipodal_grasps(cloud, wishes, gripper, rng, n=N_SEARCHED)
    if not found:
        down = overhead_grasps(seen.cloud, sharpened(region.wish), gripper, n=N_GRASPS)
        return tuple(one for one in down if one.prob >= LEAST_DOWN)
    if len(seen.views) == 1:
        found = tuple(
            replace(one, prob=one.prob * (1.0 - unseen_share(seen.views, one, gripper)))
            for one in found
        )
    if by_evidence:
        found = tuple(_weighed(one, cloud.points_m, wishes, gripper) for one in found)
    return tuple(sorted(found, key=lambda one: -one.prob))[:N_GRASPS]


def _weighed(grasp: Grasp, points_m: np.ndarray, wishes: np.ndarray, gripper: GripperSpec) -> Grasp:
    """Return a grasp whose score is mostly the median of the evidence between its pads."""
    local = np.abs(grasp.world_from_gripper.inverse().apply(points_m))
    half = 0.5 * np.array([grasp.width_m, gripper.pad_size_m[1], gripper.pad_size_m[2]])
    inside = (local <= half).all(axis=1)
    evidence = float(np.median(wishes[inside])) if inside.any() else 0.0
    return replace(grasp, prob=EVIDENCE_SHARE * evidence + SEARCH_SHARE * grasp.prob)
