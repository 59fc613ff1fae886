"""How much each point of a cloud is wished to be touched."""

from __future__ import annotations

import numpy as np
from scipy.spatial import cKDTree

from ivlm_bench.geometry.cloud import Cloud
from ivlm_bench.types import Interaction

#: Standard deviation (m) of the region about a lone contact point in which grasps are searched,
#: and about one of many that already outline the region.
REGION_M, DENSE_REGION_M = 0.015, 0.004
#: Region weight below which a cloud point is no part of the region (2.4 standard deviations).
REGION_FLOOR = 0.05


def contact_weights(interaction: Interaction) -> np.ndarray:
    """Return the weight in [0, 1] of each contact point; 1 where none were given."""
    if interaction.contact_prob is None:
        return np.ones(len(interaction.contact_points_m))
    return np.asarray(interaction.contact_prob, np.float64)


def agreed_weights(interaction: Interaction) -> np.ndarray:
    """Return the contact points' weights in [0, 1], less where few others lie within 15 mm.

    A lone point among many is likelier to be lifted onto a wrong surface than the many are.
    """
    points = interaction.contact_points_m
    distance = np.linalg.norm(points[:, None] - points[None], axis=2)
    company = (distance <= REGION_M).sum(axis=1)
    return np.asarray(contact_weights(interaction) * np.sqrt(company / max(company.max(), 1)))


def region_weights(cloud: Cloud, interaction: Interaction) -> np.ndarray:
    """Return the wish (n,) in [0, 1] of each cloud point to be touched.

    The largest of the contact points' Gaussians, each as high as its share of the strongest
    probability. Contact points off the surface count from the surface point nearest to them. The
    nearer the contact points lie to each other, the narrower the Gaussians.
    """
    if len(cloud) == 0:
        return np.zeros(0)
    _, nearest = cKDTree(cloud.points_m).query(interaction.contact_points_m)
    anchors = cloud.points_m[nearest]
    spread_m = _spread_m(anchors)
    prob = contact_weights(interaction)
    weights = np.zeros(len(cloud))
    for anchor, share in zip(anchors, prob / max(float(prob.max()), 1e-9), strict=True):
        distance = np.linalg.norm(cloud.points_m - anchor, axis=1)
        weights = np.maximum(weights, share * np.exp(-0.5 * (distance / spread_m) ** 2))
    return np.where(weights >= REGION_FLOOR, weights, 0.0)


def _spread_m(points_m: np.ndarray) -> float:
    """Return the standard deviation (m) of the region about each of some contact points."""
    if len(points_m) < 2:
        return REGION_M
    apart, _ = cKDTree(points_m).query(points_m, k=2)
    return float(np.clip(np.median(np.asarray(apart)[:, 1]), DENSE_REGION_M, REGION_M))
