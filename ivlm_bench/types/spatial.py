"""Poses, cameras, meshes and views."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from jaxtyping import Float32, Float64, Int32, UInt8

from ivlm_bench.errors import InvalidAnswerError
from ivlm_bench.geometry import se3
from ivlm_bench.types.validate import freeze, unit


class _Turned:
    """Room for a pose's rotation matrix, beside its fields; it is worked out when first asked."""

    __slots__ = ("_rotation",)
    _rotation: np.ndarray


@dataclass(frozen=True, eq=False, slots=True)
class Pose(_Turned):
    """A rigid motion ``a_from_b``: rotate by ``quat_wxyz``, then translate by ``position_m``."""

    position_m: Float64[np.ndarray, "3"]
    quat_wxyz: Float64[np.ndarray, "4"]

    def __post_init__(self) -> None:
        freeze(self, "position_m", np.float64, (3,))
        unit(self, "quat_wxyz", 4)

    @classmethod
    def identity(cls) -> Pose:
        """Return the pose that moves nothing."""
        return cls(np.zeros(3), np.array([1.0, 0.0, 0.0, 0.0]))

    @classmethod
    def at(cls, x_m: float, y_m: float, z_m: float) -> Pose:
        """Return a pure translation."""
        return cls(np.array([x_m, y_m, z_m]), np.array([1.0, 0.0, 0.0, 0.0]))

    @classmethod
    def from_rotation(cls, rotation: np.ndarray, position_m: np.ndarray) -> Pose:
        """Build from a (3, 3) rotation matrix and a (3,) position in metres."""
        return cls(np.asarray(position_m, np.float64), se3.quat_from_matrix(rotation))

    @property
    def rotation(self) -> Float64[np.ndarray, "3 3"]:
        """The (3, 3) rotation matrix, read-only."""
        try:
            return self._rotation
        except AttributeError:
            rotation = se3.matrix_from_quat(self.quat_wxyz)
            rotation.setflags(write=False)
            object.__setattr__(self, "_rotation", rotation)
            return rotation

    @property
    def matrix(self) -> Float64[np.ndarray, "4 4"]:
        """The (4, 4) homogeneous matrix."""
        return se3.homogeneous(self.rotation, self.position_m)

    def inverse(self) -> Pose:
        """Return ``b_from_a``."""
        back = se3.quat_conjugate(self.quat_wxyz)
        return Pose(-se3.quat_rotate(back, self.position_m), back)

    def __matmul__(self, other: Pose) -> Pose:
        """Compose: ``a_from_b @ b_from_c`` is ``a_from_c``."""
        quat = se3.quat_multiply(self.quat_wxyz, other.quat_wxyz)
        return Pose(
            self.position_m + self.turn(other.position_m),
            quat / math.sqrt(quat.dot(quat)),
        )

    def apply(self, points_m: np.ndarray) -> np.ndarray:
        """Map points of shape (..., 3) from frame b to frame a, in metres."""
        return np.asarray(points_m) @ self.rotation.T + self.position_m

    def turn(self, directions: np.ndarray) -> np.ndarray:
        """Rotate directions of shape (..., 3) from frame b to frame a."""
        return np.asarray(directions) @ self.rotation.T


@dataclass(frozen=True, eq=False, slots=True)
class Camera:
    """A pinhole camera without distortion; ``intrinsics_px`` is K with zero skew."""

    intrinsics_px: Float64[np.ndarray, "3 3"]
    world_from_camera: Pose
    width_px: int
    height_px: int

    def __post_init__(self) -> None:
        k = freeze(self, "intrinsics_px", np.float64, (3, 3))
        if k[0, 0] <= 0 or k[1, 1] <= 0 or self.width_px < 1 or self.height_px < 1:
            raise InvalidAnswerError("Camera needs positive focal lengths, width and height.")


@dataclass(frozen=True, eq=False, slots=True)
class Mesh:
    """A triangle mesh; faces wind counter-clockwise seen from outside."""

    vertices_m: Float64[np.ndarray, "n 3"]
    faces: Int32[np.ndarray, "m 3"]

    def __post_init__(self) -> None:
        vertices = freeze(self, "vertices_m", np.float64, (None, 3))
        faces = freeze(self, "faces", np.int32, (None, 3))
        if faces.size and (int(faces.min()) < 0 or int(faces.max()) >= len(vertices)):
            raise InvalidAnswerError(f"Mesh.faces must index its {len(vertices)} vertices.")


@dataclass(frozen=True, eq=False, slots=True)
class View:
    """One image of the scene with its calibrated camera."""

    camera: Camera
    rgb: UInt8[np.ndarray, "h w 3"]
    depth_m: Float32[np.ndarray, "h w"] | None = None
    time_s: float = 0.0

    def __post_init__(self) -> None:
        h, w = self.camera.height_px, self.camera.width_px
        freeze(self, "rgb", np.uint8, (h, w, 3))
        if self.depth_m is not None:
            freeze(self, "depth_m", np.float32, (h, w))
