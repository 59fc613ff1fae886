"""The grasp executor: an antipodal search about the contact points, else one from overhead."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
from scipy.spatial import cKDTree

from ivlm_bench.geometry import se3
from ivlm_bench.geometry.antipodal import antipodal_grasps
from ivlm_bench.geometry.cloud import Cloud
from ivlm_bench.geometry.overhead import overhead_grasps
from ivlm_bench.geometry.regions import REGION_M, contact_weights, region_weights
from ivlm_bench.geometry.seen import Seen
from ivlm_bench.geometry.unseen import unseen_share
from ivlm_bench.types import Grasp, GripperSpec, Interaction, Pose

#: Height (m) of the pad centre of a blind top-down grasp: pads end 5 mm above the table.
BLIND_HEIGHT_M = 0.025
#: Grasps kept from the search, best first.
N_GRASPS = 10
#: Grasps that the search on one view gives, of which the safest are kept.
N_SEARCHED = 30
#: How far (m) from the contact points things matter: the search's points are kept for what is near.
ABOUT_M = 0.10
#: Seed of the search, fixed: the same answer is completed in the same way.
SEARCH_SEED = 20250611


def grasps_at(seen: Seen, interaction: Interaction, gripper: GripperSpec) -> tuple[Grasp, ...]:
    """Return grasps about the contact points, best first.

    Where the antipodal search finds no opposite surfaces, as on one view of what lies flat, a grasp
    comes straight down at the outline from above; there is none only if all is too wide. Without
    depth the shape is a guess, and where the search finds nothing on it a grasp straight down at
    the strongest contact point is tried all the same.
    """
    found = _searched(seen, interaction, gripper)
    if not found and seen.source == "depth":
        weights = region_weights(seen.cloud, interaction)
        found = overhead_grasps(seen.cloud, weights, gripper, n=N_GRASPS)
    if found or seen.source == "depth":
        return found
    return (_blind_grasp(interaction, gripper),)


def _searched(seen: Seen, interaction: Interaction, gripper: GripperSpec) -> tuple[Grasp, ...]:
    """Return antipodal grasps; of one view, from more of them those that risk least."""
    rng = np.random.default_rng(SEARCH_SEED)
    several = len(seen.views) > 1
    solid = seen.solid if several else _about(seen.solid, interaction)
    weights = region_weights(solid, interaction)
    if several:
        return antipodal_grasps(solid, weights, gripper, rng, n=N_GRASPS)
    found = antipodal_grasps(solid, weights, gripper, rng, n=N_SEARCHED)
    return _safest_first(seen, found, gripper)[:N_GRASPS]


def _about(cloud: Cloud, interaction: Interaction) -> Cloud:
    """Return the points that a gripper at one of the contact points may meet."""
    if len(cloud) == 0:
        return cloud
    away_m = np.asarray(cKDTree(interaction.contact_points_m).query(cloud.points_m)[0])
    return cloud.select(away_m <= max(ABOUT_M, float(away_m.min()) + REGION_M))


def _safest_first(seen: Seen, grasps: tuple[Grasp, ...], gripper: GripperSpec) -> tuple[Grasp, ...]:
    """Return grasps with what their pads risk where nobody has looked taken off, best first."""
    weighed = [
        replace(grasp, prob=grasp.prob * (1.0 - unseen_share(seen.views, grasp, gripper)))
        for grasp in grasps
    ]
    return tuple(sorted(weighed, key=lambda grasp: -grasp.prob))


def _blind_grasp(interaction: Interaction, gripper: GripperSpec) -> Grasp:
    """Straight down at the strongest contact point, closing along world x."""
    point = interaction.contact_points_m[int(np.argmax(contact_weights(interaction)))]
    rotation = se3.frame_from_axes(z=np.array([0.0, 0.0, -1.0]), x=np.array([1.0, 0.0, 0.0]))
    centre = np.array([point[0], point[1], max(float(point[2]), BLIND_HEIGHT_M)])
    return Grasp(Pose.from_rotation(rotation, centre), gripper.max_opening_m, prob=0.0)
