"""Where to set the thing at hand down."""

from __future__ import annotations

import numpy as np

from ivlm_bench.geometry.cloud import Cloud
from ivlm_bench.geometry.footprint import best_set_down, footprint_of
from ivlm_bench.geometry.seen import Seen
from ivlm_bench.types import Observation, Pose
from ivlm_policies.ivlm.proposing.region import Region

#: Most destinations that are tried, the nearest to the region's middle first.
MAX_DESTINATIONS = 8
#: Steepest surface (cosine of 18 degrees) that things are set down on: wood on wood slides at
#: about 20, and what rolls sooner.
LEVEL_COSINE = float(np.cos(np.deg2rad(18.0)))


def is_steep(cloud: Cloud, region: Region) -> bool:
    """Tell whether the surface of the region, by its mean normal, is too steep to stand on."""
    strong = region.wish >= 0.5 * region.wish.max()
    mean = (cloud.normals[strong] * region.wish[strong, None]).sum(axis=0)
    return bool(mean[2] < LEVEL_COSINE * np.linalg.norm(mean))


def placement_of(observation: Observation, seen: Seen, region: Region) -> Pose | None:
    """Return the motion that sets the thing at hand down on the region; None if none is at hand."""
    mesh = observation.object_mesh
    if mesh is None or len(mesh.vertices_m) == 0:
        return None
    footprint = footprint_of(mesh)
    others = footprint.leave_out_own(seen.cloud)
    weight = np.maximum(region.prob.astype(np.float64), 1e-9)
    middle = (region.contacts_m * weight[:, None]).sum(axis=0) / weight.sum()
    order = np.argsort(np.linalg.norm(region.contacts_m - middle, axis=1), kind="stable")
    tried = region.contacts_m[order[:: len(order) // MAX_DESTINATIONS + 1]]
    return best_set_down(footprint, others, tried)[0]
