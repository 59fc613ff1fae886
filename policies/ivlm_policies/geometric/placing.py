"""Place: put the thing at hand on the highest flat thing that is not itself."""

from __future__ import annotations

import numpy as np

from ivlm_bench.geometry.cloud import Cloud, cluster_labels
from ivlm_bench.geometry.footprint import Footprint, best_set_down, footprint_of
from ivlm_bench.geometry.lifting import spread_maps
from ivlm_bench.geometry.seen import Seen
from ivlm_bench.types import Interaction, Observation
from ivlm_policies.geometric.answers import MAP_RADIUS_M, abstention
from ivlm_policies.geometric.colours import asked_colour
from ivlm_policies.geometric.words import of_colour

#: Normals nearer than 8 degrees to the vertical belong to a level surface.
LEVEL_COSINE = float(np.cos(np.deg2rad(8.0)))
#: A level surface with fewer points is too small to stand on: about 3 cm2 of the cloud.
MIN_POINTS = 30
#: Cells (m) that join the points of one level surface.
CELL_M = 0.008
#: Destinations that are tried on a surface, and those about its middle that come first.
N_TARGETS = 12
#: A footprint with less of it held is no place to stand.
WORST_COST = 1.0


def place(observation: Observation, seen: Seen, text: str) -> Interaction:
    """Set the object at hand down on a level surface; abstain if there is none that would hold.

    The highest one, or the one of the asked colour.
    """
    if observation.object_mesh is None or len(observation.object_mesh.vertices_m) == 0:
        return abstention("no object is at hand")
    footprint = footprint_of(observation.object_mesh)
    others = footprint.leave_out_own(seen.cloud)
    surfaces = level_surfaces(others)
    if not surfaces:
        return abstention("nothing level is seen to put it on")
    chosen = of_colour([surface.colours for surface in surfaces], text)
    if chosen is None and asked_colour(text) is not None:
        return abstention("nothing level has the asked colour")
    surface = surfaces[chosen or 0]
    return _set_down(seen, footprint, others, surface)


def level_surfaces(cloud: Cloud) -> list[Cloud]:
    """Return the level surfaces above the table, the highest first."""
    level = cloud.select(cloud.normals[:, 2] >= LEVEL_COSINE)
    labels = cluster_labels(level.points_m, cell_m=CELL_M)
    sizes = np.bincount(labels)
    found = [level.select(labels == k) for k in range(len(sizes)) if sizes[k] >= MIN_POINTS]
    return sorted(found, key=lambda part: -float(np.median(part.points_m[:, 2])))


def _set_down(seen: Seen, footprint: Footprint, others: Cloud, surface: Cloud) -> Interaction:
    points = surface.points_m
    middle = 0.5 * (points.min(axis=0) + points.max(axis=0))
    order = np.argsort(np.linalg.norm(points - middle, axis=1), kind="stable")
    targets = points[order[:: len(order) // N_TARGETS + 1]]
    pose, cost = best_set_down(footprint, others, targets)
    if cost >= WORST_COST:
        return abstention("there is no room on it")
    return Interaction(
        label_prob={"place": 1.0},
        affordance_maps=spread_maps(seen.views, points, radius_m=MAP_RADIUS_M / 2),
        contact_points_m=targets[:1],
        placement=pose,
        feasible_prob=float(np.clip(1.0 - cost, 0.0, 1.0)),
    )
