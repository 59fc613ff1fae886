"""From the field to the region that is to be touched."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from jaxtyping import Float32, Float64
from scipy.spatial import cKDTree

from ivlm_bench.geometry.cloud import Cloud
from ivlm_bench.geometry.lifting import field_peak
from ivlm_bench.geometry.seen import Seen
from ivlm_bench.types import Interaction
from ivlm_policies.ivlm.stages import Field

#: Most contact points of an answer.
MAX_CONTACTS = 64
#: Most strong points that the field's peak is looked for among.
MAX_PEAKS = 400
#: Share of the strongest wish that a point needs to become a contact point.
CONTACT_SHARE = 0.5
#: Wishes below this share of the strongest are no part of the region.
REGION_SHARE = 0.35
#: Below this nothing is wished at all.
LEAST_WISH = 1e-3


@dataclass(frozen=True, eq=False, slots=True)
class Region:
    """What is to be touched: a wish (n,) for each point of the seen cloud, and the contacts.

    ``prob``: of each contact point, the strongest first.
    """

    wish: Float32[np.ndarray, " n"]
    contacts_m: Float64[np.ndarray, "c 3"]
    prob: Float32[np.ndarray, " c"]

    @property
    def as_answer(self) -> Interaction:
        """The contacts alone, in the form that geometry's functions read."""
        return Interaction(contact_points_m=self.contacts_m, contact_prob=self.prob)


def region_of(fused: Field) -> Region | None:
    """Return the region to touch; None if nothing of it is seen.

    What is to be avoided, and the part that acts on the world, counts against a point.
    """
    wish = np.array(fused.prob.get("contact", next(iter(fused.prob.values()))))
    for role in ("avoid", "function"):
        if role in fused.prob:
            wish = wish * (1.0 - fused.prob[role])
    if len(wish) == 0 or float(wish.max()) < LEAST_WISH:
        return None
    strong = np.nonzero(wish >= CONTACT_SHARE * wish.max())[0]
    strong = strong[np.argsort(-wish[strong], kind="stable")]
    few = strong[:: len(strong) // MAX_PEAKS + 1]
    peak = field_peak(fused.points_m[few], wish[few].astype(np.float64))
    kept = strong[:: len(strong) // MAX_CONTACTS + 1]
    contacts = np.concatenate([peak[None], fused.points_m[kept]])
    prob = np.concatenate([wish[strong[:1]], wish[kept]]).astype(np.float32)
    return Region(wish.astype(np.float32), contacts, np.clip(prob, 0.0, 1.0))


def solid_wishes(seen: Seen, region: Region) -> Float64[np.ndarray, " m"]:
    """Return the wish in [0, 1] of each point of ``seen.solid``, sharpened.

    A point that is guessed behind a surface is wished as the seen point is whose pixel is nearest
    to its own.
    """
    sharp = sharpened(region.wish)
    n = len(seen.cloud)
    if len(seen.solid) == n:
        return sharp
    tree = cKDTree(seen.cloud.pixels[:, 1:])
    _, nearest = tree.query(seen.solid.pixels[n:, 1:])
    return np.concatenate([sharp, sharp[nearest]])


def sharpened(wish: Float32[np.ndarray, " n"]) -> Float64[np.ndarray, " n"]:
    """Return wishes stretched so that a third of the strongest is 0 and the strongest 1."""
    most = float(wish.max(initial=0.0))
    if most <= 0.0:
        return np.zeros(len(wish))
    return np.clip((wish / most - REGION_SHARE) / (1.0 - REGION_SHARE), 0.0, 1.0).astype(float)


def about(cloud: Cloud, points_m: np.ndarray, *, within_m: float) -> np.ndarray:
    """Return which points (n,) of a cloud lie near some points."""
    away, _ = cKDTree(points_m).query(cloud.points_m)
    return np.asarray(away) <= within_m
