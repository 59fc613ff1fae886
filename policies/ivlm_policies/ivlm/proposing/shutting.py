"""Where and which way to push a drawer or a door so that it shuts."""

from __future__ import annotations

import numpy as np
from scipy.spatial import ConvexHull, QhullError, cKDTree

from ivlm_bench.geometry.cloud import Cloud, cluster_labels, local_normal
from ivlm_bench.geometry.seen import Seen
from ivlm_bench.types import Motion
from ivlm_policies.ivlm.proposing.region import CONTACT_SHARE, Region

#: A front stands upright within this cosine between its normal and the horizontal's.
UPRIGHT_COSINE = 0.5
#: Radius (m) of the surface that tells which way a front faces, and what belongs to its plane.
PLANE_RADIUS_M, PLANE_COSINE = 0.15, 0.9
#: What a place counts on the inner side of a front: the push starts beyond what is seen.
INNER_SHARE = 0.3
#: How thick (m) a front is taken to be where its inner side alone is seen.
THICK_M = 0.012
#: A place at the hinge counts this much against one farthest out of the body.
LEAST_REACH = 0.2
#: How far (m) a push says to go.
AMOUNT_M = 0.10
LEVEL = np.array([1.0, 1.0, 0.0])
#: A front of which less than a third stands out of its body by more than this (m) is shut: fronts
#: that lie on a body are up to 16 mm thick with their gap, and a door's handle is seen beside it.
LEAST_OPEN_M = 0.020
#: Share (%) of a front that need not stand out: what is at a door's hinge.
AT_THE_HINGE = 70.0
#: How far (m) from a front's middle its body reaches at most, seen from above.
NEAR_M = 0.35
#: A body's top: how level it is (cosine), how thick (m), and what surface about a place of it
#: (radius in m) is there at least, as a share of the most: an open door's upper edge has less.
LEVEL_COSINE, TOP_M, AROUND_M, WIDE_SHARE = 0.9, 0.010, 0.025, 0.4
#: Fewer places than so many make no outline.
LEAST_PLACES = 8


def shutting_motion(seen: Seen, region: Region) -> Motion | None:
    """Return the push that carries a region towards the body it belongs to; None without a body.

    A front is pushed from outside against its normal. Of all places the one is taken that is
    wished for, shows its outer side, and stands farthest out of the body: on a door that is the
    end with most leverage.
    """
    cloud = seen.cloud
    strong = region.wish >= CONTACT_SHARE * region.wish.max(initial=0.0)
    upright = cloud.select(strong & (np.abs(cloud.normals[:, 2]) <= UPRIGHT_COSINE))
    body = _body(cloud, region, strong)
    if len(upright) == 0 or body is None:
        return None
    middle = upright.points_m.mean(axis=0)
    normal = local_normal(upright, middle, radius_m=PLANE_RADIUS_M)
    if normal is None:
        return None
    push = normal if (body - middle) @ normal > 0.0 else -normal
    along = cloud.normals @ push
    some = np.nonzero(strong & (np.abs(along) >= PLANE_COSINE))[0]
    if len(some) == 0:
        return None
    outer = along[some] < 0.0
    reach = np.linalg.norm((cloud.points_m[some] - body) * LEVEL, axis=1)
    share = (reach - reach.min()) / max(float(np.ptp(reach)), 1e-9)
    worth = region.wish[some] * np.where(outer, 1.0, INNER_SHARE)
    best = int(np.argmax(worth * (LEAST_REACH + (1.0 - LEAST_REACH) * share)))
    point = cloud.points_m[some[best]]
    return Motion(point if outer[best] else point - THICK_M * push, push, amount=AMOUNT_M)


def is_shut(seen: Seen, region: Region) -> bool:
    """Tell whether a drawer or door stands out of its body so little that it is shut.

    The body is what lies below its top: a front that is open reaches beyond the top's outline.
    Where no depth was measured or no top is seen, nobody can tell, and it is taken to be open.
    """
    cloud = seen.cloud
    strong = region.wish >= CONTACT_SHARE * region.wish.max(initial=0.0)
    if seen.source != "depth" or not strong.any():
        return False
    middle = cloud.points_m[strong].mean(axis=0)
    near = np.linalg.norm((cloud.points_m - middle) * LEVEL, axis=1) < NEAR_M
    top = _top(cloud.points_m[near & ~strong & (cloud.normals[:, 2] > LEVEL_COSINE)])
    if len(top) < LEAST_PLACES:
        return False
    try:
        sides = ConvexHull(top).equations
    except QhullError:
        return False
    beyond = (cloud.points_m[strong][:, :2] @ sides[:, :2].T + sides[:, 2]).max(axis=1)
    return bool(np.percentile(beyond, AT_THE_HINGE) < LEAST_OPEN_M)


def _top(level_m: np.ndarray) -> np.ndarray:
    """Return where (k, 2) the highest of some level places are, thin edges left out."""
    if len(level_m) == 0:
        return level_m[:, :2]
    height = level_m[:, 2]
    flat = level_m[height > np.percentile(height, 98) - TOP_M][:, :2]
    tree = cKDTree(flat)
    around = tree.query_ball_point(flat, AROUND_M, return_length=True)
    return np.asarray(flat[around >= WIDE_SHARE * np.percentile(around, 95)])


def _body(cloud: Cloud, region: Region, strong: np.ndarray) -> np.ndarray | None:
    """Return the middle of what the region is joined to; None where it stands alone."""
    if not strong.any():
        return None
    labels = cluster_labels(cloud.points_m)
    own = labels == labels[int(np.argmax(region.wish))]
    rest = cloud.points_m[own & ~strong]
    if len(rest) == 0:
        return None
    return np.asarray(0.5 * (rest.min(axis=0) + rest.max(axis=0)))
