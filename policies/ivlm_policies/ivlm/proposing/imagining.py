"""Grasps tried in imagination: on what the views show, closed where it was not seen."""

from __future__ import annotations

from dataclasses import replace
from functools import partial

import numpy as np
from jaxtyping import Int64

from ivlm_bench.geometry.cloud import Cloud, cluster_labels
from ivlm_bench.geometry.pieces import convex_pieces, standing
from ivlm_bench.geometry.seen import Seen
from ivlm_bench.protocols import Imagination, Reconstruction
from ivlm_bench.types import Grasp, GripperSpec
from ivlm_policies.ivlm.proposing.region import Region, solid_wishes

#: Grasps that are tried as they are; those of them, the first that held, that are tried perturbed,
#: too; and how often each.
N_TRIED, N_TRIED_HARD, N_PERTURBED = 8, 3, 3
#: What puts those that were tried perturbed before those that held once.
TRIED_HARD = 1.0
#: Convex pieces that the thing may be cut into, and each of the other things around.
THING_PIECES, OTHER_PIECES = 24, 4
#: How deep (m) a seen point may lie in its piece: below this it is the noise of the cloud.
DEPTH_M, OTHER_DEPTH_M = 0.004, 0.010
#: Other things farther (m) than this from the thing's bounds don't reach the gripper.
NEAR_M = 0.12
#: Clusters of fewer points are no things.
MIN_POINTS = 20
#: How much wider (m) the gripper is opened in imagination: surfaces are known to a cell.
SLACK_M = 0.006
#: What is guessed of things on a table: their density, of much plastic and little metal, their
#: weight between a cup's and a kettle's, and the friction of rubber pads.
DENSITY_KG_M3, LIGHTEST_KG, HEAVIEST_KG = 500.0, 0.03, 1.0
FRICTION = 0.6


class Imagining:
    """Re-ranks grasps by what happens to them in imagination; as they were without a service."""

    def __init__(self) -> None:
        self._service: Imagination | None = None

    def take(self, service: Imagination) -> None:
        """Keep the harness's service."""
        self._service = service

    def ranked(
        self, grasps: tuple[Grasp, ...], seen: Seen, region: Region, gripper: GripperSpec
    ) -> tuple[Grasp, ...]:
        """Return the grasps, those that held most often first; among equals the order stays."""
        if self._service is None or not grasps:
            return grasps
        solid = reconstruction(seen, region)
        if solid is None:
            return grasps
        tries = partial(
            self._service.try_grasps,
            solid,
            mass_kg=guessed_mass_kg(solid),
            friction=FRICTION,
        )
        opened = [_opened(one, gripper) for one in grasps[:N_TRIED]]
        share = [one.held_prob for one in tries(tuple(opened))]
        hard = [i for i, held in enumerate(share) if held > 0.0][:N_TRIED_HARD]
        if len(hard) > 1:  # else there is nothing to choose between
            again = tries(tuple(opened[i] for i in hard), n_perturbed=N_PERTURBED)
            for i, one in zip(hard, again, strict=True):
                share[i] = TRIED_HARD + one.held_prob
        order = sorted(range(len(share)), key=lambda i: -share[i])
        return (*(grasps[i] for i in order), *grasps[N_TRIED:])


def reconstruction(seen: Seen, region: Region) -> Reconstruction | None:
    """Return the thing that the region lies on, and the things around it; None if nothing is seen.

    The thing is the cluster with most of the wish. The underside of what is low is the table.
    """
    cloud = seen.solid
    if len(cloud) == 0:
        return None
    labels = cluster_labels(cloud.points_m)
    wished = np.bincount(labels, weights=solid_wishes(seen, region))
    own = int(np.argmax(wished))
    pieces = _cut(cloud.select(labels == own), most=THING_PIECES, depth_m=DEPTH_M)
    if not pieces:
        return None
    return Reconstruction(pieces, _around(cloud, labels, own))


def guessed_mass_kg(solid: Reconstruction) -> float:
    """Return what a thing of its size may weigh, kg.

    Of each piece's bounds half is taken for filled: pieces of thin walls are mostly slanted.
    """
    volume_m3 = sum(float(np.prod(np.ptp(piece, axis=0))) for piece in solid.pieces_m)
    return float(np.clip(0.5 * DENSITY_KG_M3 * volume_m3, LIGHTEST_KG, HEAVIEST_KG))


def _around(cloud: Cloud, labels: Int64[np.ndarray, " n"], own: int) -> tuple[np.ndarray, ...]:
    """Return pieces of the other clusters near one."""
    points_m = cloud.points_m
    mine = points_m[labels == own]
    low, high = mine.min(axis=0) - NEAR_M, mine.max(axis=0) + NEAR_M
    near = ((points_m >= low) & (points_m <= high)).all(axis=1)
    found: list[np.ndarray] = []
    for label in np.unique(labels[near & (labels != own)]):
        cluster = cloud.select(labels == label)
        if len(cluster) >= MIN_POINTS:
            found += _cut(cluster, most=OTHER_PIECES, depth_m=OTHER_DEPTH_M)
    return tuple(found)


def _cut(cloud: Cloud, *, most: int, depth_m: float) -> tuple[np.ndarray, ...]:
    return convex_pieces(*standing(cloud.points_m, cloud.normals), max_pieces=most, depth_m=depth_m)


def _opened(grasp: Grasp, gripper: GripperSpec) -> Grasp:
    return replace(grasp, width_m=min(grasp.width_m + SLACK_M, gripper.max_opening_m))
