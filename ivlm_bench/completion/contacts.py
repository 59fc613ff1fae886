"""The lifting stage: contact points from pixels or from maps."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from ivlm_bench.geometry.lifting import field_peak, lift_maps, lift_points
from ivlm_bench.geometry.seen import Seen
from ivlm_bench.types import Interaction

#: Most contact points kept from a lifted map, evenly strided over the strong ones.
MAX_CONTACTS = 64
#: Share of the strongest weight that a lifted map point needs to become a contact point.
CONTACT_SHARE = 0.5


def with_contacts(seen: Seen, interaction: Interaction) -> Interaction:
    """Return the answer with points, or else maps, lifted to contact points with probabilities.

    Maps give the peak of the lifted field first, then up to 64 of its strong points.
    """
    if interaction.points_px is not None and len(interaction.points_px):
        points = lift_points(seen.views, interaction.points_px)
        return replace(interaction, contact_points_m=points, contact_prob=None)
    if interaction.affordance_maps is None:
        return interaction
    points, weights = lift_maps(
        seen.views, interaction.affordance_maps, visible_m=seen.uncertainty_m
    )
    if len(points) == 0 or weights[0] <= 0:
        return interaction
    peak = field_peak(points, weights)
    strong = np.nonzero(weights >= CONTACT_SHARE * weights[0])[0]
    strong = strong[:: len(strong) // MAX_CONTACTS + 1]
    chosen = np.concatenate([peak[None], points[strong]])
    prob = np.concatenate([weights[:1], weights[strong]]).astype(np.float32)
    return replace(interaction, contact_points_m=chosen, contact_prob=prob)
