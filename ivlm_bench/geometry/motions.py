"""The motion executor: where and which way to pull, push, press, turn or lift."""

from __future__ import annotations

import numpy as np
from scipy.spatial import cKDTree

from ivlm_bench.geometry.cloud import Cloud, local_normal
from ivlm_bench.geometry.regions import agreed_weights
from ivlm_bench.geometry.seen import Seen
from ivlm_bench.geometry.turning import turning_push
from ivlm_bench.types import Interaction, Motion

#: Share of its weight that a contact point keeps whose surface faces elsewhere.
FACING_FLOOR = 0.1
#: Radius (m) of the surface whose normal tells where to pull, to press or push, and to turn.
PULL_RADIUS_M, PRESS_RADIUS_M, TURN_RADIUS_M = 0.06, 0.015, 0.006
#: How far (m) a completed motion says to move, by interaction; no trial reads it.
AMOUNT_M = {"open": 0.10, "lift": 0.10, "press": 0.004, "push": 0.10, "turn": 0.03}
#: Radius (m) about a contact point in which a surface that faces up is looked for.
LIFT_RADIUS_M = 0.02
#: A surface faces up where its normal is within 40 degrees of it: inside the friction cone of a
#: pull straight up (mu 1.0, 45 degrees) with room for an inexact normal.
UP = np.array([0.0, 0.0, 1.0])
FACES_UP = float(np.cos(np.deg2rad(40.0)))


def motion_at(seen: Seen, interaction: Interaction, *, label: str) -> Motion:
    """Return the motion that does ``label`` at the answer's contact points.

    ``open`` pulls outward along the normal that most of the surface there shares, and ``lift``
    straight up at a place that faces up: a far hinge's tangent is not known. Everything else goes
    inward: a press, a push, and a turn, whose sense follows from the side that is pointed at. Of
    several contact points the one is taken that best combines weight with facing that way.
    """
    if label == "lift":
        return Motion(_facing_up(seen.cloud, interaction), UP, amount=AMOUNT_M["lift"])
    push = turning_push(seen, interaction) if label == "turn" else None
    if push is not None:
        return Motion(push[0], push[1], amount=AMOUNT_M["turn"])
    strongest = _strongest(interaction)
    radius_m = {"open": PULL_RADIUS_M, "turn": TURN_RADIUS_M}.get(label, PRESS_RADIUS_M)
    normal = local_normal(seen.cloud, strongest, radius_m=radius_m)
    if normal is None:
        normal = _towards_cameras(seen, strongest)
    points = interaction.contact_points_m
    facing = _facing(seen.cloud, points, normal)
    best = int(np.argmax(agreed_weights(interaction) * (FACING_FLOOR + facing)))
    amount_m = AMOUNT_M.get(label, AMOUNT_M["push"])
    return Motion(points[best], normal if label == "open" else -normal, amount=amount_m)


def _strongest(interaction: Interaction) -> np.ndarray:
    weights = agreed_weights(interaction)
    return np.asarray(interaction.contact_points_m[int(np.argmax(weights))])


def _facing(cloud: Cloud, points_m: np.ndarray, direction: np.ndarray) -> np.ndarray:
    """Return the cosines (n,), at least 0, of the surface normals at points to a direction."""
    if len(cloud) == 0:
        return np.ones(len(points_m))
    _, nearest = cKDTree(cloud.points_m).query(points_m)
    return np.asarray(np.clip(cloud.normals[nearest] @ direction, 0.0, 1.0))


def _facing_up(cloud: Cloud, interaction: Interaction) -> np.ndarray:
    """Return the contact point that faces up best, moved onto a surface near it that does."""
    facing = _facing(cloud, interaction.contact_points_m, UP)
    best = int(np.argmax(agreed_weights(interaction) * (FACING_FLOOR + facing)))
    point = interaction.contact_points_m[best]
    if facing[best] >= FACES_UP or len(cloud) == 0:
        return np.asarray(point)
    upward = cloud.points_m[cloud.normals[:, 2] >= FACES_UP]
    distance = np.linalg.norm(upward - point, axis=1)
    near = len(upward) > 0 and distance.min() <= LIFT_RADIUS_M
    return np.asarray(upward[int(np.argmin(distance))] if near else point)


def _towards_cameras(seen: Seen, point_m: np.ndarray) -> np.ndarray:
    """Without a surface near: the horizontal direction (3,) from a point to the first camera."""
    away = seen.views[0].camera.world_from_camera.position_m - point_m
    away = away * np.array([1.0, 1.0, 0.0])
    length = float(np.linalg.norm(away))
    return away / length if length > 1e-6 else np.array([1.0, 0.0, 0.0])
