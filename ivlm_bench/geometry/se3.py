"""Rotations and rigid motions; quaternions are unit and wxyz."""

from __future__ import annotations

import numpy as np
from jaxtyping import Float64

#: Signs of a quaternion's entries in its conjugate.
_CONJUGATE = np.array([1.0, -1.0, -1.0, -1.0])


def quat_multiply(a: Float64[np.ndarray, "4"], b: Float64[np.ndarray, "4"]) -> np.ndarray:
    """Return the Hamilton product ``a * b`` (rotate by b, then by a)."""
    aw, ax, ay, az = a.tolist()  # plain floats: a third of the time of array entries
    bw, bx, by, bz = b.tolist()
    return np.array(
        [
            aw * bw - ax * bx - ay * by - az * bz,
            aw * bx + ax * bw + ay * bz - az * by,
            aw * by - ax * bz + ay * bw + az * bx,
            aw * bz + ax * by - ay * bx + az * bw,
        ]
    )


def quat_conjugate(quat: Float64[np.ndarray, "4"]) -> np.ndarray:
    """Return the inverse of a unit quaternion."""
    return quat * _CONJUGATE


def quat_rotate(quat: Float64[np.ndarray, "4"], vectors: np.ndarray) -> np.ndarray:
    """Rotate vectors of shape (..., 3)."""
    return np.asarray(vectors) @ matrix_from_quat(quat).T


def matrix_from_quat(quat: Float64[np.ndarray, "4"]) -> np.ndarray:
    """Return the (3, 3) rotation matrix of a unit quaternion."""
    w, x, y, z = quat.tolist()
    return np.array(
        [
            [1 - 2 * (y * y + z * z), 2 * (x * y - w * z), 2 * (x * z + w * y)],
            [2 * (x * y + w * z), 1 - 2 * (x * x + z * z), 2 * (y * z - w * x)],
            [2 * (x * z - w * y), 2 * (y * z + w * x), 1 - 2 * (x * x + y * y)],
        ]
    )


def quat_from_matrix(rotation: np.ndarray) -> np.ndarray:
    """Return the unit quaternion of a (3, 3) rotation matrix, w >= 0.

    Takes the eigenvector of the largest eigenvalue of Bar-Itzhack's K (J. Guidance 23(6), 2000),
    which is also the nearest rotation when the matrix is slightly off.
    """
    (a, b, c), (d, e, f), (g, h, i) = np.asarray(rotation, dtype=np.float64).tolist()
    k = np.array(
        [
            [a + e + i, h - f, c - g, d - b],
            [0.0, a - e - i, b + d, c + g],
            [0.0, 0.0, e - a - i, f + h],
            [0.0, 0.0, 0.0, i - a - e],
        ]
    )
    quat = np.linalg.eigh(k, UPLO="U")[1][:, 3]
    return quat if quat[0] >= 0 else -quat


def quat_from_rotvec(rotvec_rad: Float64[np.ndarray, "3"]) -> np.ndarray:
    """Return the quaternion that turns by ``|rotvec_rad|`` radians about its direction."""
    angle = float(np.linalg.norm(rotvec_rad))
    if angle < 1e-12:
        return np.array([1.0, 0.0, 0.0, 0.0])
    return np.concatenate([[np.cos(angle / 2)], np.sin(angle / 2) * rotvec_rad / angle])


def rotvec_from_quat(quat: Float64[np.ndarray, "4"]) -> np.ndarray:
    """Return the rotation vector (3,), length in [0, pi] rad, of a unit quaternion."""
    shortest = quat if quat[0] >= 0 else -quat
    sine = float(np.linalg.norm(shortest[1:]))
    if sine < 1e-12:
        return np.zeros(3)
    return 2.0 * np.arctan2(sine, float(shortest[0])) / sine * shortest[1:]


def quat_angle_rad(a: Float64[np.ndarray, "4"], b: Float64[np.ndarray, "4"]) -> float:
    """Return the angle in radians, in [0, pi], between two rotations."""
    relative = quat_multiply(quat_conjugate(a), b)
    return float(2.0 * np.arctan2(np.linalg.norm(relative[1:]), abs(relative[0])))


def homogeneous(rotation: np.ndarray, position_m: np.ndarray) -> np.ndarray:
    """Return the (4, 4) matrix of a rotation and a position."""
    out = np.eye(4)
    out[:3, :3] = rotation
    out[:3, 3] = position_m
    return out


def frame_from_axes(*, z: np.ndarray, x: np.ndarray) -> np.ndarray:
    """Return the rotation whose z axis is ``z`` and whose x axis is ``x`` made orthogonal to it."""
    z = np.asarray(z, float) / np.linalg.norm(z)
    x = np.asarray(x, float) - z * float(np.dot(x, z))
    x = x / np.linalg.norm(x)
    (a, b, c), (d, e, f) = z.tolist(), x.tolist()
    # the middle column is the cross product z x x, written out
    return np.array([[d, b * f - c * e, a], [e, c * d - a * f, b], [f, a * e - b * d, c]])
