"""Pinhole projection; camera frame OpenCV, pixel (0, 0) is the centre of the top-left pixel."""

from __future__ import annotations

import numpy as np
from jaxtyping import Float64

from ivlm_bench.types.spatial import Camera, Pose


def look_at(eye_m: np.ndarray, target_m: np.ndarray, *, fov_rad: float, size_px: int) -> Camera:
    """Return a square camera at ``eye_m`` that looks at ``target_m`` with world z up.

    ``fov_rad`` is the full field of view; the direction must not be vertical.
    """
    forward = np.asarray(target_m, float) - np.asarray(eye_m, float)
    forward = forward / np.linalg.norm(forward)
    right = np.cross(forward, np.array([0.0, 0.0, 1.0]))
    right = right / np.linalg.norm(right)
    rotation = np.stack([right, np.cross(forward, right), forward], axis=1)
    focal = size_px / 2.0 / np.tan(fov_rad / 2.0)
    centre = (size_px - 1) / 2.0
    intrinsics = np.array([[focal, 0.0, centre], [0.0, focal, centre], [0.0, 0.0, 1.0]])
    pose = Pose.from_rotation(rotation, np.asarray(eye_m, float))
    return Camera(intrinsics, pose, size_px, size_px)


def project(camera: Camera, points_m: Float64[np.ndarray, "n 3"]) -> tuple[np.ndarray, np.ndarray]:
    """Project world points: pixel coordinates (n, 2) as (x, y), and z-depths (n,) in metres.

    Points at or behind the camera plane get NaN pixels.
    """
    local = camera.world_from_camera.inverse().apply(points_m)
    depth = local[:, 2]
    k = camera.intrinsics_px
    ahead = depth > 1e-9
    safe = np.where(ahead, depth, 1.0)
    pixels = np.stack(
        [k[0, 0] * local[:, 0] / safe + k[0, 2], k[1, 1] * local[:, 1] / safe + k[1, 2]], axis=1
    )
    pixels[~ahead] = np.nan
    return pixels, depth


def ray_directions(camera: Camera, pixels: np.ndarray) -> np.ndarray:
    """Return world directions (n, 3) through pixels (n, 2), scaled to unit z-depth."""
    k = camera.intrinsics_px
    pixels = np.asarray(pixels, dtype=np.float64)
    local = np.stack(
        [
            (pixels[:, 0] - k[0, 2]) / k[0, 0],
            (pixels[:, 1] - k[1, 2]) / k[1, 1],
            np.ones(len(pixels)),
        ],
        axis=1,
    )
    return camera.world_from_camera.turn(local)


def back_project(camera: Camera, pixels: np.ndarray, depth_m: np.ndarray) -> np.ndarray:
    """Return world points (n, 3) of pixels (n, 2) at z-depths (n,) in metres."""
    rays = ray_directions(camera, pixels) * np.asarray(depth_m, np.float64)[:, None]
    return rays + camera.world_from_camera.position_m


def depth_points(camera: Camera, depth_m: np.ndarray) -> np.ndarray:
    """Return the world point of every pixel, (h, w, 3); pixels without return become NaN."""
    rows, columns = np.indices(depth_m.shape)
    pixels = np.stack([columns.ravel(), rows.ravel()], axis=1)
    points = back_project(camera, pixels, depth_m.ravel())
    points[depth_m.ravel() <= 0] = np.nan
    return points.reshape(*depth_m.shape, 3)
