"""The shared lifter and executor: complete an answer that leaves out what a trial needs.

What the reasoner said is never changed. Whatever is added is marked ``shared`` in the stages, so
that a method that only points and one that plans a grasp meet the same physics and are never taken
to have done the same work.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Literal

import numpy as np
from scipy.spatial import cKDTree

from ivlm_bench.geometry import se3
from ivlm_bench.geometry.antipodal import antipodal_grasps
from ivlm_bench.geometry.cloud import Cloud, local_normal, object_cloud
from ivlm_bench.geometry.lifting import field_peak, lift_maps, lift_points
from ivlm_bench.types import Grasp, Interaction, Motion, Observation, Pose

Stage = Literal["own", "shared", "none"]

#: Standard deviation (m) of the region about a lone contact point in which grasps are searched,
#: and about one of many that already outline the region.
REGION_M, DENSE_REGION_M = 0.015, 0.004
#: Region weight below which a cloud point is no part of the region (2.4 standard deviations).
REGION_FLOOR = 0.05
#: Most contact points kept from a lifted map, evenly strided over the strong ones.
MAX_CONTACTS = 64
#: Share of the strongest weight that a lifted map point needs to become a contact point.
CONTACT_SHARE = 0.5
#: Radius (m) of the surface whose normal tells where to pull or to press.
PULL_RADIUS_M, PRESS_RADIUS_M = 0.06, 0.015
#: Share of its weight that a contact point keeps whose surface faces elsewhere.
FACING_FLOOR = 0.1
#: How far (m) a completed pull and a completed press say to move; no trial reads it.
PULL_AMOUNT_M, PRESS_AMOUNT_M = 0.10, 0.004
#: Height (m) of the pad centre of a blind top-down grasp: pads end 5 mm above the table.
BLIND_HEIGHT_M = 0.025
#: Grasps kept from the search, best first.
N_GRASPS = 10
#: Seed of the search, fixed: the same answer is completed in the same way.
SEARCH_SEED = 20250611


def complete(
    observation: Observation, interaction: Interaction
) -> tuple[Interaction, dict[str, str]]:
    """Return the answer with what it lacks, and who did which stage.

    Contact points come from ``points_px``, else from ``affordance_maps``, by the lifter. For
    ``grasp``, grasps come from an antipodal search about the contact points; for every other
    interaction the motion starts at the strongest contact point, outward along the surface normal,
    or inward for ``press``.

    Returns
    -------
    interaction : Interaction
        An abstention comes back as it is.
    stages : dict
        ``contact`` and ``action``, each ``own``, ``shared`` or ``none``.
    """
    grasping = observation.query.interaction == "grasp"
    acts = bool(interaction.grasps) if grasping else interaction.motion is not None
    contact: Stage = "own" if len(interaction.contact_points_m) else "none"
    action: Stage = "own" if acts else "none"
    if interaction.abstain:
        return interaction, {"contact": contact, "action": action}
    if contact == "none":
        interaction = _with_contacts(observation, interaction)
        contact = "shared" if len(interaction.contact_points_m) else "none"
    if action == "none" and len(interaction.contact_points_m):
        interaction = _with_action(observation, interaction, grasping=grasping)
        done = bool(interaction.grasps) if grasping else interaction.motion is not None
        action = "shared" if done else "none"
    return interaction, {"contact": contact, "action": action}


def _with_contacts(observation: Observation, interaction: Interaction) -> Interaction:
    """Lift points, or else maps, to contact points with probabilities."""
    if interaction.points_px is not None and len(interaction.points_px):
        points = lift_points(observation.views, interaction.points_px)
        return replace(interaction, contact_points_m=points, contact_prob=None)
    if interaction.affordance_maps is None:
        return interaction
    points, weights = lift_maps(observation.views, interaction.affordance_maps)
    if len(points) == 0 or weights[0] <= 0:
        return interaction
    peak = field_peak(points, weights)
    strong = np.nonzero(weights >= CONTACT_SHARE * weights[0])[0]
    strong = strong[:: len(strong) // MAX_CONTACTS + 1]
    chosen = np.concatenate([peak[None], points[strong]])
    prob = np.concatenate([weights[:1], weights[strong]]).astype(np.float32)
    return replace(interaction, contact_points_m=chosen, contact_prob=prob)


def _with_action(
    observation: Observation, interaction: Interaction, *, grasping: bool
) -> Interaction:
    cloud = object_cloud(observation.views)
    if grasping:
        return replace(interaction, grasps=_grasps(observation, interaction, cloud))
    return replace(interaction, motion=_motion(observation, interaction, cloud))


def contact_weights(interaction: Interaction) -> np.ndarray:
    """Return the weight in [0, 1] of each contact point; 1 where none were given."""
    if interaction.contact_prob is None:
        return np.ones(len(interaction.contact_points_m))
    return np.asarray(interaction.contact_prob, np.float64)


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


def _grasps(observation: Observation, interaction: Interaction, cloud: Cloud) -> tuple[Grasp, ...]:
    if all(view.depth_m is None for view in observation.views):
        return (_blind_grasp(observation, interaction),)
    rng = np.random.default_rng(SEARCH_SEED)
    weights = region_weights(cloud, interaction)
    return antipodal_grasps(cloud, weights, observation.gripper, rng, n=N_GRASPS)


def _blind_grasp(observation: Observation, interaction: Interaction) -> Grasp:
    """Without depth: straight down at the strongest contact point, closing along world x."""
    point = interaction.contact_points_m[int(np.argmax(contact_weights(interaction)))]
    rotation = se3.frame_from_axes(z=np.array([0.0, 0.0, -1.0]), x=np.array([1.0, 0.0, 0.0]))
    centre = np.array([point[0], point[1], max(float(point[2]), BLIND_HEIGHT_M)])
    return Grasp(Pose.from_rotation(rotation, centre), observation.gripper.max_opening_m, prob=0.0)


def _motion(observation: Observation, interaction: Interaction, cloud: Cloud) -> Motion:
    """Push or pull at the contact point that best combines weight with facing the right way."""
    weights = contact_weights(interaction)
    points = interaction.contact_points_m
    strongest = points[int(np.argmax(weights))]
    pressing = observation.query.interaction == "press"
    radius = PRESS_RADIUS_M if pressing else PULL_RADIUS_M
    normal = local_normal(cloud, strongest, radius_m=radius)
    if normal is None:
        normal = _towards_cameras(observation, strongest)
    facing = np.ones(len(points))
    if len(cloud):
        _, nearest = cKDTree(cloud.points_m).query(points)
        facing = np.clip(cloud.normals[nearest] @ normal, 0.0, 1.0)
    best = int(np.argmax(weights * (FACING_FLOOR + facing)))
    amount = PRESS_AMOUNT_M if pressing else PULL_AMOUNT_M
    return Motion(points[best], -normal if pressing else normal, amount=amount)


def _towards_cameras(observation: Observation, point_m: np.ndarray) -> np.ndarray:
    """Without a surface near: the horizontal direction (3,) from a point to the first camera."""
    away = observation.views[0].camera.world_from_camera.position_m - point_m
    away = away * np.array([1.0, 1.0, 0.0])
    length = float(np.linalg.norm(away))
    return away / length if length > 1e-6 else np.array([1.0, 0.0, 0.0])
