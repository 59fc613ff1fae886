"""Where further cameras stand."""

from __future__ import annotations

import numpy as np

from ivlm_bench.geometry import se3
from ivlm_bench.types import Camera, Pose

#: Turns (rad) about the vertical through what is looked at, and one further up.
AZIMUTHS_RAD = tuple(np.deg2rad([-35.0, -20.0, 20.0, 35.0]))
RAISED_RAD = float(np.deg2rad(30.0))
#: No camera looks steeper down than this (rad): the way up in its picture would be lost.
STEEPEST_RAD = float(np.deg2rad(80.0))
UP = np.array([0.0, 0.0, 1.0])


def cameras_about(camera: Camera, middle_m: np.ndarray) -> tuple[Camera, ...]:
    """Return cameras like one that is given, turned about a point (3,) in the world frame."""
    turns = [se3.quat_from_rotvec(angle * UP) for angle in AZIMUTHS_RAD]
    away = camera.world_from_camera.position_m - middle_m
    flat = float(np.hypot(away[0], away[1]))
    elevation = float(np.arctan2(away[2], max(flat, 1e-9)))
    rise = min(RAISED_RAD, STEEPEST_RAD - elevation)
    if rise > 0.0 and flat > 1e-6:
        side = np.array([away[1], -away[0], 0.0]) / flat
        turns.append(se3.quat_from_rotvec(rise * side))
    return tuple(_turned(camera, middle_m, quat) for quat in turns)


def _turned(camera: Camera, middle_m: np.ndarray, quat_wxyz: np.ndarray) -> Camera:
    about = Pose(middle_m - se3.quat_rotate(quat_wxyz, middle_m), quat_wxyz)
    pose = about @ camera.world_from_camera
    return Camera(camera.intrinsics_px, pose, camera.width_px, camera.height_px)
