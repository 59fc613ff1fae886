"""Where to set the thing at hand down."""

from __future__ import annotations

import numpy as np

from ivlm_bench.geometry.footprint import best_set_down, footprint_of
from ivlm_bench.geometry.seen import Seen
from ivlm_bench.types import Observation, Pose
from ivlm_policies.ivlm.proposing.region import Region

#: Most destinations that are tried, the nearest to the region's middle first.
MAX_DESTINATIONS = 8


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
