"""The placement executor: set the object at hand down where the answer points."""

from __future__ import annotations

import numpy as np

from ivlm_bench.geometry.footprint import best_set_down, footprint_of
from ivlm_bench.geometry.regions import contact_weights
from ivlm_bench.geometry.seen import Seen
from ivlm_bench.types import Interaction, Observation, Pose

#: Most contact points that are tried as destinations, the nearest to the region's middle first.
MAX_DESTINATIONS = 16
#: Contact points with less than this share of the strongest weight are no destination.
STRONG_SHARE = 0.5


def placement_at(observation: Observation, seen: Seen, interaction: Interaction) -> Pose | None:
    """Return the motion that sets the object at hand down at the contact points.

    Upright as it is seen, the centre of what it stands on over a destination, at the height of the
    highest surface there. Of the contact points and of a few turns about the vertical the one is
    taken that leaves least of the footprint unsupported or meeting something, and then the one
    nearest to the middle of the contact points, turned least. None where no object is at hand.
    """
    if observation.object_mesh is None or len(observation.object_mesh.vertices_m) == 0:
        return None
    footprint = footprint_of(observation.object_mesh)
    others = footprint.leave_out_own(seen.cloud)
    return best_set_down(footprint, others, _destinations(interaction))[0]


def _destinations(interaction: Interaction) -> np.ndarray:
    """Return strong contact points (n, 3), the nearest to their weighted mean first."""
    weights = contact_weights(interaction)
    strong = weights >= STRONG_SHARE * weights.max()
    points, weights = interaction.contact_points_m[strong], np.maximum(weights[strong], 1e-9)
    middle = (points * weights[:, None]).sum(axis=0) / weights.sum()
    order = np.argsort(np.linalg.norm(points - middle, axis=1), kind="stable")
    return np.asarray(points[order[:: len(order) // MAX_DESTINATIONS + 1]])
