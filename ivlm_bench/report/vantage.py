"""Where a film is taken from: a camera that sees the whole trial from its telling side."""

from __future__ import annotations

import numpy as np

from ivlm_bench.env import Episode
from ivlm_bench.geometry.camera import look_at
from ivlm_bench.geometry.kinematics import link_poses
from ivlm_bench.types import Camera, Interaction, Scene

#: Distance of the camera in radii of what it films: far enough that frames hardly distort.
DISTANCE_RADII = 4.0
#: Elevation of the film camera above the table, rad.
ELEVATION_RAD = float(np.deg2rad(24.0))
#: Azimuths that are tried, one each 15 degrees.
N_AZIMUTHS = 24
#: Weight of seeing the approach of a gripper beside seeing it close.
APPROACH_WEIGHT = 0.6
#: How much looking at the face that is pulled or pressed counts.
FACING_WEIGHT = 0.9
#: How much looking at the face that a control turns on counts, and the cosine that is enough.
TURNING_WEIGHT, TURNING_COSINE = 2.0, 0.8
#: How much looking from the side of the first view counts: it breaks ties.
FIRST_VIEW_WEIGHT = 0.15
#: Room around what is filmed, as a share of it.
MARGIN = 1.06


def film_camera(
    episode: Episode, points_m: np.ndarray, tried: Interaction, *, size_px: int
) -> Camera:
    """Return a square camera that just holds the world points (n, 3) of a whole film."""
    low, high = points_m.min(axis=0), points_m.max(axis=0)
    centre = (low + high) / 2.0
    radius_m = float(np.linalg.norm(points_m - centre, axis=1).max())
    pressing = episode.observation.query.interaction == "press"
    away = _direction(episode.scene, tried, pressing=pressing, axis=_turning_axis(episode))
    eye = centre + away * radius_m * DISTANCE_RADII
    wide = look_at(eye, centre, fov_rad=np.pi / 2.0, size_px=size_px)
    local = wide.world_from_camera.inverse().apply(points_m)
    reach = float((np.abs(local[:, :2]) / local[:, 2:]).max()) * MARGIN
    return look_at(eye, centre, fov_rad=2.0 * float(np.arctan(reach)), size_px=size_px)


def _turning_axis(episode: Episode) -> np.ndarray:
    """Return the axis (3,) that the asked control turns about; zeros for any other question."""
    target, joint = episode.scene.target, episode.truth.trial.joint
    if episode.observation.query.interaction == "turn":
        for link in target.model.links:
            if link.joint is not None and link.joint.name == joint:
                return link_poses(target)[link.name].turn(link.joint.axis)
    return np.zeros(3)


def _direction(scene: Scene, tried: Interaction, *, pressing: bool, axis: np.ndarray) -> np.ndarray:
    """Return the unit direction (3,) from the scene to the camera: the best azimuth's."""
    azimuths = np.arange(N_AZIMUTHS) * 2.0 * np.pi / N_AZIMUTHS
    flat = np.cos(ELEVATION_RAD)
    ways = np.stack(
        [
            flat * np.cos(azimuths),
            flat * np.sin(azimuths),
            np.full(N_AZIMUTHS, np.sin(ELEVATION_RAD)),
        ],
        axis=1,
    )
    first = scene.cameras[0].world_from_camera.rotation[:, 2]
    score = -FIRST_VIEW_WEIGHT * (ways @ first) + _telling(ways, tried, pressing=pressing)
    score = score + TURNING_WEIGHT * np.minimum(ways @ axis, TURNING_COSINE)
    return ways[int(np.argmax(score))]


def _telling(ways: np.ndarray, tried: Interaction, *, pressing: bool) -> np.ndarray:
    """Return how well (n,) each direction shows the action: axes lie across the picture."""
    if tried.grasps:
        axes = tried.grasps[0].world_from_gripper.rotation
        return _across(ways, axes[:, 0]) + APPROACH_WEIGHT * _across(ways, axes[:, 2])
    if tried.motion is not None:
        direction = tried.motion.direction
        face = -direction if pressing else direction
        return _across(ways, direction) + FACING_WEIGHT * np.minimum(ways @ face, 0.5)
    return np.zeros(len(ways))


def _across(ways: np.ndarray, axis: np.ndarray) -> np.ndarray:
    return np.linalg.norm(np.cross(ways, axis), axis=1)
