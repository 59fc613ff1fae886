"""Answers of the geometric reasoner."""

from __future__ import annotations

import numpy as np

from ivlm_bench.geometry.camera import project
from ivlm_bench.geometry.lifting import spread_maps
from ivlm_bench.geometry.seen import Seen
from ivlm_bench.types import Camera, Interaction, Motion, Query

#: Standard deviation (m) of the affordance maps about the contacts.
MAP_RADIUS_M = 0.008


def abstention(reason: str) -> Interaction:
    """Return the answer that says why it can't be done."""
    return Interaction(abstain=True, abstain_reason=reason, feasible_prob=0.1)


def pointed(answer: Interaction, camera: Camera) -> Interaction:
    """Return an answer that only points, in the first view, at the middle of its contacts."""
    if answer.abstain or len(answer.contact_points_m) == 0:
        return answer
    pixels, _ = project(camera, answer.contact_points_m.mean(axis=0)[None])
    size = np.array([camera.width_px, camera.height_px])
    if not np.all((pixels[0] >= 0.0) & (pixels[0] <= size - 1.0)):  # false for NaN, too
        return answer
    return Interaction(
        label_prob=answer.label_prob,
        affordance_maps=answer.affordance_maps,
        points_px=np.concatenate([[0.0], pixels[0]])[None].astype(np.float32),
        feasible_prob=answer.feasible_prob,
    )


def moved(
    seen: Seen,
    query: Query,
    motion: Motion,
    region_m: np.ndarray,
) -> Interaction:
    """Return the answer that moves a point, with maps about some points (n, 3) of the surface."""
    maps = spread_maps(seen.views, region_m, radius_m=MAP_RADIUS_M / 2)
    return Interaction(
        label_prob={query.interaction: 1.0},
        affordance_maps=maps,
        contact_points_m=motion.point_m[None],
        motion=motion,
        feasible_prob=0.8,
    )
