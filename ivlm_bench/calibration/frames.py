"""Frames that poses, points and directions may be told in, and ways to write a pose wrongly."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from itertools import product

import numpy as np
from jaxtyping import Float64

from ivlm_bench.calibration.probes import Probe
from ivlm_bench.geometry import se3
from ivlm_bench.types import Pose

#: From the axes of OpenGL and Blender (y up, z back) to those of OpenCV.
_OPENCV_FROM_OPENGL = np.diag([1.0, -1.0, -1.0])
#: From a world whose y is up (glTF, Unity's right-handed cousins) to ours: (x, y, z) = (x, -z, y).
_Z_UP_FROM_Y_UP = np.array([[1.0, 0.0, 0.0], [0.0, 0.0, -1.0], [0.0, 1.0, 0.0]])


def _camera(probe: Probe) -> Pose:
    return probe.observation.views[0].camera.world_from_camera


def _opengl(probe: Probe) -> Pose:
    return _camera(probe) @ Pose.from_rotation(_OPENCV_FROM_OPENGL, np.zeros(3))


#: ``world_from_frame`` of a probe, by the words for the frame; ours first.
FRAMES: dict[str, Callable[[Probe], Pose]] = {
    "": lambda _: Pose.identity(),
    "in the camera's frame, not the world's": _camera,
    "in the camera's frame with y up and z back (OpenGL), not the world's": _opengl,
    "in a world whose y axis is up": lambda _: Pose.from_rotation(_Z_UP_FROM_Y_UP, np.zeros(3)),
}

#: Metres for one unit, by the words for it; ours first.
UNITS = {"": 1.0, "in millimetres": 1e-3, "in centimetres": 1e-2}


def _as_is(quat: np.ndarray) -> np.ndarray:
    return quat


#: What is done to (w, x, y, z) to get the rotation that was meant, by the words for it; ours first.
WRITINGS: dict[str, Callable[[np.ndarray], np.ndarray]] = {
    "": _as_is,
    "quaternions as x, y, z, w": lambda q: np.roll(q, 1),
    "quaternions whose w, x, y, z were taken for x, y, z, w": lambda q: np.roll(q, -1),
    "rotations transposed": se3.quat_conjugate,
}


@dataclass(frozen=True, slots=True)
class Grip:
    """Which columns of a rotation approach (with a sign) and close."""

    approach: int
    sign: float
    closing: int

    @property
    def words(self) -> str:
        """Say what differs from ours, empty where nothing does."""
        names = "xyz"
        turned = "" if self.sign > 0 else "minus "
        if (self.approach, self.closing) == (2, 0):
            return "" if self.sign > 0 else "the approach negated (z points back)"
        return f"grippers whose {turned}{names[self.approach]} approaches and whose " + (
            f"{names[self.closing]} closes"
        )

    def axes(self, rotation: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Return the approaching and the closing direction, world frame."""
        return self.sign * rotation[:, self.approach], rotation[:, self.closing]


#: All grippers, ours first.
GRIPS = tuple(
    sorted(
        (Grip(a, s, c) for a, s, c in product(range(3), (1.0, -1.0), range(3)) if a != c),
        key=lambda grip: (grip.words != "", grip.sign < 0),
    )
)


@dataclass(frozen=True, eq=False, slots=True)
class PoseReading:
    """One way in which the rotations of poses may be meant."""

    frame: str
    writing: str
    grip: Grip

    @property
    def words(self) -> tuple[str, ...]:
        """What differs from ours."""
        return tuple(each for each in (self.frame, self.writing, self.grip.words) if each)

    def axes(self, quat: np.ndarray, probe: Probe) -> tuple[np.ndarray, np.ndarray]:
        """Return the approaching and the closing direction that a quaternion means."""
        rotation = se3.matrix_from_quat(WRITINGS[self.writing](quat))
        approach, closing = self.grip.axes(rotation)
        pose = FRAMES[self.frame](probe)
        return pose.turn(approach), pose.turn(closing)


#: All readings of a pose, the simplest first.
READINGS = tuple(
    sorted(
        (PoseReading(f, w, g) for f, w, g in product(FRAMES, WRITINGS, GRIPS)),
        key=lambda reading: len(reading.words),
    )
)


def outside_m(points_m: Float64[np.ndarray, "n 3"], probes: Sequence[Probe]) -> np.ndarray:
    """Return how far (n,) m points lie outside of what has to be touched in each probe."""
    away = np.empty(len(points_m))
    for index, (point_m, probe) in enumerate(zip(points_m, probes, strict=True)):
        block = probe.target
        c, s = np.cos(block.yaw_rad), np.sin(block.yaw_rad)
        turn = np.array([[c, -s, 0.0], [s, c, 0.0], [0.0, 0.0, 1.0]])
        local = np.abs((point_m - np.array(block.centre_m)) @ turn)
        away[index] = np.linalg.norm(np.maximum(local - 0.5 * np.array(block.size_m), 0.0))
    return away
