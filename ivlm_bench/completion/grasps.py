"""The grasp executor: an antipodal search about the contact points, else one from overhead."""

from __future__ import annotations

import numpy as np

from ivlm_bench.completion.regions import contact_weights, region_weights
from ivlm_bench.geometry import se3
from ivlm_bench.geometry.antipodal import antipodal_grasps
from ivlm_bench.geometry.overhead import overhead_grasps
from ivlm_bench.geometry.seen import Seen
from ivlm_bench.types import Grasp, GripperSpec, Interaction, Pose

#: Height (m) of the pad centre of a blind top-down grasp: pads end 5 mm above the table.
BLIND_HEIGHT_M = 0.025
#: Grasps kept from the search, best first.
N_GRASPS = 10
#: Seed of the search, fixed: the same answer is completed in the same way.
SEARCH_SEED = 20250611


def grasps_at(seen: Seen, interaction: Interaction, gripper: GripperSpec) -> tuple[Grasp, ...]:
    """Return grasps about the contact points, best first.

    Where the antipodal search finds no opposite surfaces, as on one view of what lies flat, a grasp
    comes straight down at the outline from above; there is none only if all is too wide. Without
    depth the shape is a guess, and where the search finds nothing on it a grasp straight down at
    the strongest contact point is tried all the same.
    """
    rng = np.random.default_rng(SEARCH_SEED)
    weights = region_weights(seen.solid, interaction)
    found = antipodal_grasps(seen.solid, weights, gripper, rng, n=N_GRASPS)
    if not found and seen.source == "depth":
        weights = region_weights(seen.cloud, interaction)
        found = overhead_grasps(seen.cloud, weights, gripper, n=N_GRASPS)
    if found or seen.source == "depth":
        return found
    return (_blind_grasp(interaction, gripper),)


def _blind_grasp(interaction: Interaction, gripper: GripperSpec) -> Grasp:
    """Straight down at the strongest contact point, closing along world x."""
    point = interaction.contact_points_m[int(np.argmax(contact_weights(interaction)))]
    rotation = se3.frame_from_axes(z=np.array([0.0, 0.0, -1.0]), x=np.array([1.0, 0.0, 0.0]))
    centre = np.array([point[0], point[1], max(float(point[2]), BLIND_HEIGHT_M)])
    return Grasp(Pose.from_rotation(rotation, centre), gripper.max_opening_m, prob=0.0)
