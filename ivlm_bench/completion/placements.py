"""The placement executor: set the object at hand down where the answer points."""

from __future__ import annotations

import numpy as np

from ivlm_bench.completion.regions import contact_weights
from ivlm_bench.geometry.footprint import footprint_of, set_down
from ivlm_bench.geometry.seen import Seen
from ivlm_bench.types import Interaction, Observation, Pose

#: Most contact points that are tried as destinations, the nearest to the region's middle first.
MAX_DESTINATIONS = 16
#: Contact points with less than this share of the strongest weight are no destination.
STRONG_SHARE = 0.5
#: Turns about the vertical that are tried, evenly spread over the full circle.
N_YAWS = 8
#: Price of lying this far (m) from the middle of the region, against a footprint all unsupported.
PRICE_PER_M = 2.0


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
    best: tuple[float, Pose] | None = None
    for target, price in _destinations(interaction):
        for index in range(N_YAWS):
            # 0, +45, -45, +90, ... degrees: of equal turns the smaller comes first.
            yaw_rad = (index + 1) // 2 * (-1) ** (index + 1) * 2.0 * np.pi / N_YAWS
            pose, cost = set_down(footprint, others, target, yaw_rad=yaw_rad)
            if best is None or cost + price < best[0] - 1e-9:
                best = cost + price, pose
    return None if best is None else best[1]


def _destinations(interaction: Interaction) -> list[tuple[np.ndarray, float]]:
    """Return strong contact points and their prices, the nearest to their mean first."""
    weights = contact_weights(interaction)
    strong = weights >= STRONG_SHARE * weights.max()
    points, weights = interaction.contact_points_m[strong], np.maximum(weights[strong], 1e-9)
    middle = (points * weights[:, None]).sum(axis=0) / weights.sum()
    away_m = np.linalg.norm(points - middle, axis=1)
    order = np.argsort(away_m, kind="stable")
    order = order[:: len(order) // MAX_DESTINATIONS + 1]
    return [(points[k], PRICE_PER_M * float(away_m[k])) for k in order]
