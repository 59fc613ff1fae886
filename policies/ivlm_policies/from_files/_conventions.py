"""Grippers as other people draw them, and what turns their poses into ours.

Ours: z approaches, x closes, origin at the pad centre. A pose of another convention is turned so
that its closing and approaching axes become x and z, and moved along the approach by ``reach_m``,
the distance from its origin to the middle between its fingers' pads.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np

from ivlm_bench.codec.plain import pose_from_plain
from ivlm_bench.errors import UnknownNameError, did_you_mean
from ivlm_bench.types import Pose

Axis = Literal["x", "y", "z"]

_UNIT = {"x": (1.0, 0.0, 0.0), "y": (0.0, 1.0, 0.0), "z": (0.0, 0.0, 1.0)}


#: Grasps that are kept of a file; only the first is executed.
MOST_GRASPS = 64


@dataclass(frozen=True, slots=True)
class GripperConvention:
    """Which axes of a pose approach and close, and how far (m) before its origin the pads are."""

    approach: Axis
    closing: Axis
    reach_m: float
    source: str

    def ours(self, pose: Pose, *, reach_m: float | None = None) -> Pose:
        """Return ``a_from_gripper`` in our convention; ``reach_m`` takes another distance."""
        closing, approach = np.array(_UNIT[self.closing]), np.array(_UNIT[self.approach])
        turn = np.column_stack([closing, np.cross(approach, closing), approach])
        far_m = self.reach_m if reach_m is None else reach_m
        return pose @ Pose.from_rotation(turn, far_m * approach)


#: Conventions by name.
CONVENTIONS: dict[str, GripperConvention] = {
    "ivlm": GripperConvention("z", "x", 0.0, "this package"),
    "graspnet": GripperConvention(
        "x", "y", 0.0, "graspnetAPI, utils/utils.py: plot_gripper_pro_max; tips are depth ahead"
    ),
    "contact-graspnet": GripperConvention(
        "z", "x", 0.1034, "contact_graspnet.py: build_6d_grasp, gripper_depth"
    ),
    "graspgen": GripperConvention(
        "z", "x", 0.10527314, "GraspGen, config/grippers/franka_panda.yaml: depth (base to TCP)"
    ),
    "panda-hand": GripperConvention(
        "z", "y", 0.1034, "Franka's link panda_hand: fingers slide along y, TCP at 0.1034 m"
    ),
}


@dataclass(frozen=True, eq=False, slots=True)
class Found:
    """One grasp as a file gives it; ``reach_m`` and ``width_m`` are None where it does not say.

    ``tip_m``: distance (m) from the pose's origin to the tips along the approach, where it says.
    """

    pose: Pose
    score: float
    width_m: float | None = None
    tip_m: float | None = None


def convention(name: str) -> GripperConvention:
    """Return a convention; ``UnknownNameError`` with near names if there is none."""
    if name not in CONVENTIONS:
        hint = did_you_mean(name, list(CONVENTIONS))
        raise UnknownNameError(f"No gripper convention is called {name!r}.{hint}")
    return CONVENTIONS[name]


def rigid(rotation: np.ndarray, position_m: np.ndarray) -> Pose:
    """Return the pose of a (3, 3) rotation and a position; ``InvalidAnswerError`` if it is none."""
    matrix = np.eye(4)
    matrix[:3, :3], matrix[:3, 3] = rotation, position_m
    return pose_from_plain(matrix)
