"""Grasps tried in imagination: on what the views show, closed where it was not seen."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
from jaxtyping import Float64, Int64

from ivlm_bench.geometry.cloud import cluster_labels
from ivlm_bench.geometry.pieces import convex_pieces, standing
from ivlm_bench.geometry.seen import Seen
from ivlm_bench.protocols import Imagination, ImaginedGrasp, Reconstruction
from ivlm_bench.types import Grasp, GripperSpec
from ivlm_policies.ivlm.proposing.region import Region, solid_wishes

#: Grasps that are tried, and how often each beside the unperturbed try.
N_TRIED, N_PERTURBED = 8, 2
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
        """Return the grasps, those first that held most often; among equals the order stays."""
        tried = grasps[:N_TRIED]
        solid = reconstruction(seen, region) if self._service is not None and tried else None
        if self._service is None or solid is None:
            return grasps
        found = self._service.try_grasps(
            solid,
            tuple(_opened(one, gripper) for one in tried),
            mass_kg=guessed_mass_kg(solid),
            friction=FRICTION,
            n_perturbed=N_PERTURBED,
        )
        return (*_ordered(tried, found), *grasps[N_TRIED:])


def reconstruction(seen: Seen, region: Region) -> Reconstruction | None:
    """Return the thing that the region lies on, and the things around it; None if nothing is seen.

    The thing is the cluster with most of the wish. The underside of what is low is the table.
    """
    points = seen.solid.points_m
    labels = cluster_labels(points)
    if len(points) == 0:
        return None
    wished = np.bincount(labels, weights=solid_wishes(seen, region))
    own = int(np.argmax(wished))
    pieces = _cut(points[labels == own], most=THING_PIECES, depth_m=DEPTH_M)
    if not pieces:
        return None
    return Reconstruction(pieces, _around(points, labels, own))


def guessed_mass_kg(solid: Reconstruction) -> float:
    """Return what a thing of its size may weigh, kg.

    Of each piece's bounds half is taken for filled: pieces of thin walls are mostly slanted.
    """
    volume_m3 = sum(float(np.prod(np.ptp(piece, axis=0))) for piece in solid.pieces_m)
    return float(np.clip(0.5 * DENSITY_KG_M3 * volume_m3, LIGHTEST_KG, HEAVIEST_KG))


def _around(
    points_m: Float64[np.ndarray, "n 3"], labels: Int64[np.ndarray, " n"], own: int
) -> tuple[np.ndarray, ...]:
    """Return pieces of the other clusters near one."""
    mine = points_m[labels == own]
    low, high = mine.min(axis=0) - NEAR_M, mine.max(axis=0) + NEAR_M
    near = ((points_m >= low) & (points_m <= high)).all(axis=1)
    found: list[np.ndarray] = []
    for label in np.unique(labels[near & (labels != own)]):
        cluster = points_m[labels == label]
        if len(cluster) >= MIN_POINTS:
            found += _cut(cluster, most=OTHER_PIECES, depth_m=OTHER_DEPTH_M)
    return tuple(found)


def _cut(points_m: np.ndarray, *, most: int, depth_m: float) -> tuple[np.ndarray, ...]:
    return convex_pieces(standing(points_m), max_pieces=most, depth_m=depth_m)


def _opened(grasp: Grasp, gripper: GripperSpec) -> Grasp:
    return replace(grasp, width_m=min(grasp.width_m + SLACK_M, gripper.max_opening_m))


def _ordered(grasps: tuple[Grasp, ...], found: tuple[ImaginedGrasp, ...]) -> list[Grasp]:
    """Return grasps by the share in which they held, then as they were."""
    order = sorted(range(len(grasps)), key=lambda i: -found[i].held_prob)
    return [grasps[i] for i in order]
