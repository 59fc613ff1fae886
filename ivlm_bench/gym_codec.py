"""Observations and answers as plain Gymnasium spaces (Dict, Box, Discrete, Text)."""

from __future__ import annotations

import string
from typing import Any

import numpy as np
from gymnasium import spaces

from ivlm_bench.errors import InvalidAnswerError
from ivlm_bench.geometry.mesh import sample_surface
from ivlm_bench.tracks import Track
from ivlm_bench.types import Grasp, Interaction, Motion, Observation, Pose

#: Longest sentence that an environment asks, in characters.
MAX_TEXT = 200
#: Half the side of the cube around the origin that answers may lie in, metres.
REACH_M = 1.0
#: Largest translation of a placement, metres: it turns about the world's origin, then moves.
PLACEMENT_M = 2.0
#: Points that stand for the shape of the object at hand, and the fixed seed they are drawn with.
N_OBJECT_POINTS, OBJECT_SEED = 512, 0


def _text() -> spaces.Text:
    return spaces.Text(max_length=MAX_TEXT, min_length=0, charset=string.printable)


def observation_space(track: Track, size_px: int) -> spaces.Dict:
    """Return the space of ``encode_observation``: images, cameras, the query's words, the object.

    ``object_points_m``: points drawn evenly on the surface of the object at hand where it is seen,
    world frame; zeros where ``has_object`` is 0, as in questions that are not about placing.
    """
    v = track.n_views
    entries: dict[str, spaces.Space[Any]] = {
        "rgb": spaces.Box(0, 255, (v, size_px, size_px, 3), np.uint8),
        "intrinsics_px": spaces.Box(-np.inf, np.inf, (v, 3, 3), np.float64),
        "world_from_camera": spaces.Box(-np.inf, np.inf, (v, 4, 4), np.float64),
        "interaction": _text(),
        "object": _text(),
        "part": _text(),
        "text": _text(),
        "has_object": spaces.Discrete(2),
        "object_points_m": spaces.Box(-np.inf, np.inf, (N_OBJECT_POINTS, 3), np.float64),
    }
    if track.has_depth:
        entries["depth_m"] = spaces.Box(0.0, np.inf, (v, size_px, size_px), np.float32)
    return spaces.Dict(entries)


def action_space(track: Track, size_px: int) -> spaces.Dict:
    """Return the space of answers; ``has`` flags say which fields count.

    ``point_px``: (view, x, y). ``grasp``: position (m), quaternion wxyz, width (m).
    ``motion``: point (m), direction, amount (m or rad). ``placement``: translation (m), then
    quaternion wxyz of the rigid motion in the world frame.
    """
    low = np.array([0.0, 0.0, 0.0], np.float32)
    # One view more than there is, where there is one: Gymnasium wants bounds that differ.
    high = np.array([max(track.n_views - 1, 1), size_px - 1, size_px - 1], np.float32)
    grasp_high = np.array([REACH_M] * 3 + [1.0] * 5)
    motion_high = np.array([REACH_M] * 3 + [1.0] * 3 + [np.pi])
    placement_high = np.array([PLACEMENT_M] * 3 + [1.0] * 4)
    return spaces.Dict(
        {
            "abstain": spaces.Discrete(2),
            "feasible_prob": spaces.Box(0.0, 1.0, (1,), np.float64),
            "has_point": spaces.Discrete(2),
            "point_px": spaces.Box(low, high, (3,), np.float32),
            "has_grasp": spaces.Discrete(2),
            "grasp": spaces.Box(-grasp_high, grasp_high, (8,), np.float64),
            "has_motion": spaces.Discrete(2),
            "motion": spaces.Box(-motion_high, motion_high, (7,), np.float64),
            "has_placement": spaces.Discrete(2),
            "placement": spaces.Box(-placement_high, placement_high, (7,), np.float64),
        }
    )


def encode_observation(observation: Observation) -> dict[str, Any]:
    """Return the observation as arrays and strings."""
    views = observation.views
    query = observation.query
    encoded: dict[str, Any] = {
        "rgb": np.stack([view.rgb for view in views]),
        "intrinsics_px": np.stack([view.camera.intrinsics_px for view in views]),
        "world_from_camera": np.stack([v.camera.world_from_camera.matrix for v in views]),
        "interaction": query.interaction,
        "object": query.object_name,
        "part": query.part_name or "",
        "text": query.text,
        "has_object": int(observation.object_mesh is not None),
        "object_points_m": _object_points(observation),
    }
    depths = [view.depth_m for view in views if view.depth_m is not None]
    if depths:
        encoded["depth_m"] = np.stack(depths)
    return encoded


def _object_points(observation: Observation) -> np.ndarray:
    mesh = observation.object_mesh
    if mesh is None:
        return np.zeros((N_OBJECT_POINTS, 3))
    return sample_surface(mesh, N_OBJECT_POINTS, np.random.default_rng(OBJECT_SEED))[0]


def encode_interaction(answer: Interaction) -> dict[str, Any]:
    """Return an answer as an action: its first point, first grasp, motion and placement."""
    action: dict[str, Any] = {
        "abstain": int(answer.abstain),
        "feasible_prob": np.array([answer.feasible_prob]),
        "has_point": int(answer.points_px is not None and len(answer.points_px) > 0),
        "point_px": np.zeros(3, np.float32),
        "has_grasp": int(bool(answer.grasps)),
        "grasp": np.zeros(8),
        "has_motion": int(answer.motion is not None),
        "motion": np.zeros(7),
        "has_placement": int(answer.placement is not None),
        "placement": np.zeros(7),
    }
    if action["has_point"] and answer.points_px is not None:
        action["point_px"] = answer.points_px[0].copy()
    if answer.grasps:
        pose = answer.grasps[0].world_from_gripper
        action["grasp"] = np.concatenate(
            [pose.position_m, pose.quat_wxyz, [answer.grasps[0].width_m]]
        )
    if answer.motion is not None:
        motion = answer.motion
        action["motion"] = np.concatenate([motion.point_m, motion.direction, [motion.amount]])
    if answer.placement is not None:
        placement = answer.placement
        action["placement"] = np.concatenate([placement.position_m, placement.quat_wxyz])
    return action


def interaction_of(action: dict[str, Any]) -> Interaction:
    """Return the answer that an action stands for.

    Raises
    ------
    InvalidAnswerError
        If a quaternion or a direction has no length, or a number is not finite.
    """
    grasps: tuple[Grasp, ...] = ()
    motion = placement = None
    if int(action["has_grasp"]):
        row = np.asarray(action["grasp"], np.float64)
        pose = Pose(row[:3], _normalised(row[3:7], "grasp quaternion"))
        grasps = (Grasp(pose, float(row[7])),)
    if int(action["has_motion"]):
        row = np.asarray(action["motion"], np.float64)
        motion = Motion(row[:3], _normalised(row[3:6], "motion direction"), amount=float(row[6]))
    if int(action["has_placement"]):
        row = np.asarray(action["placement"], np.float64)
        placement = Pose(row[:3], _normalised(row[3:], "placement quaternion"))
    point = np.asarray(action["point_px"], np.float32)[None] if int(action["has_point"]) else None
    return Interaction(
        points_px=point,
        grasps=grasps,
        motion=motion,
        placement=placement,
        feasible_prob=float(np.asarray(action["feasible_prob"]).reshape(-1)[0]),
        abstain=bool(action["abstain"]),
    )


def _normalised(vector: np.ndarray, label: str) -> np.ndarray:
    norm = float(np.linalg.norm(vector))
    if not np.isfinite(norm) or norm < 1e-6:
        raise InvalidAnswerError(f"The {label} has length {norm}; a direction was expected.")
    return vector / norm
