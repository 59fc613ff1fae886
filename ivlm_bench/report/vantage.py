"""Where a film is taken from: a camera that sees the whole trial from its telling side."""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np

from ivlm_bench.env import Episode
from ivlm_bench.geometry.camera import look_at
from ivlm_bench.types import Camera, Interaction, Keyframe, Pose, Scene

#: Field of view of a film, rad: long enough a lens that frames hardly distort.
FIELD_OF_VIEW_RAD = float(np.deg2rad(30.0))
#: Elevation of the film camera above the table, rad.
ELEVATION_RAD = float(np.deg2rad(24.0))
#: Azimuths that are tried, one each 15 degrees.
N_AZIMUTHS = 24
#: Weight of seeing the approach of a gripper beside seeing it close.
APPROACH_WEIGHT = 0.6
#: How much looking at the face that is pulled or pressed counts.
FACING_WEIGHT = 0.9
#: How much looking from the side of the first view counts: it breaks ties.
FIRST_VIEW_WEIGHT = 0.15
#: Room (m) kept around each tool body's origin: half the palm's width.
TOOL_ROOM_M = 0.055
#: Room around all that moves, as a share of its radius.
MARGIN = 1.04


def film_camera(
    episode: Episode, frames: tuple[Keyframe, ...], tried: Interaction, *, size_px: int
) -> Camera:
    """Return a square camera that holds the target and the tool in every frame."""
    scene = episode.scene
    points = np.concatenate([_frame_points(scene, frame) for frame in frames])
    low, high = points.min(axis=0), points.max(axis=0)
    centre = (low + high) / 2.0
    radius_m = float(np.linalg.norm(points - centre, axis=1).max()) * MARGIN
    pressing = episode.observation.query.interaction == "press"
    away = _direction(scene, tried, pressing=pressing)
    eye = centre + away * radius_m / np.sin(FIELD_OF_VIEW_RAD / 2.0)
    return look_at(eye, centre, fov_rad=FIELD_OF_VIEW_RAD, size_px=size_px)


def _frame_points(scene: Scene, frame: Keyframe) -> np.ndarray:
    """Return the corners (n, 3) of the boxes around target and tool at one moment."""
    target = scene.target
    corners = []
    for link in target.model.links:
        pose = frame.world_from_body.get(target.body(link))
        if pose is not None:
            vertices = np.concatenate([part.mesh.vertices_m for part in link.parts])
            corners.append(pose.apply(_box(vertices.min(axis=0), vertices.max(axis=0))))
    room = np.full(3, TOOL_ROOM_M)
    corners += [_box(-room, room) + pose.position_m for pose in _tool_poses(frame)]
    return np.concatenate(corners) if corners else scene.target.world_from_object.position_m[None]


def _tool_poses(frame: Keyframe) -> Iterable[Pose]:
    return (
        pose
        for body, pose in frame.world_from_body.items()
        if body.split("/")[0] in ("gripper", "probe")
    )


def _box(low: np.ndarray, high: np.ndarray) -> np.ndarray:
    picks = np.array(np.meshgrid([0, 1], [0, 1], [0, 1])).reshape(3, -1).T
    return np.where(picks == 0, low, high)


def _direction(scene: Scene, tried: Interaction, *, pressing: bool) -> np.ndarray:
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
