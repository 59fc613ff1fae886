"""Scenes on a table: who stands where, and where the cameras are."""

from __future__ import annotations

from functools import lru_cache
from typing import Literal

import numpy as np

from ivlm_bench.geometry import se3
from ivlm_bench.geometry.camera import look_at
from ivlm_bench.geometry.kinematics import link_poses
from ivlm_bench.objects import OBJECTS, draw_training_instance, is_drawn_for_training
from ivlm_bench.types import Camera, ObjectModel, Placement, Pose, Scene

#: Standard gravity rounded as in protocol IVLM-Phys v1, m/s2.
GRAVITY_M_S2 = (0.0, 0.0, -9.81)
#: Share of questions that have no answer but to abstain.
UNANSWERABLE_SHARE = 1.0 / 6.0
#: Largest offset of the target from the table's centre, metres.
OFFSET_M = 0.04
#: Full field of view of every camera, radians.
FIELD_OF_VIEW_RAD = np.deg2rad(40.0)
#: Distance of a camera in units of the distance at which the target would fill the image.
DISTANCE_FACTOR = (1.1, 1.35)
#: Elevation of the cameras above the table, degrees.
ELEVATION_DEG = (28.0, 48.0)
#: Largest angle between the first camera and the target's front, degrees.
FRONT_DEG = 40.0


@lru_cache(maxsize=64)
def built(family: str, instance: int, split: Literal["seen", "unseen"]) -> ObjectModel:
    """Return one instance of a family; the last ones stay in memory."""
    return OBJECTS.get(family).build(instance, split)


def draw_object(family: str, rng: np.random.Generator) -> ObjectModel:
    """Draw an instance of a family, seen and unseen ranges alike.

    A family without a seen pool, a held-out category, gives unseen instances only. Where objects
    are drawn for training it raises ``HeldOutError``, and the others give new ones of the seen
    range.
    """
    entry = OBJECTS.get(family)
    if is_drawn_for_training():
        return draw_training_instance(entry, rng)
    unseen = rng.random() < 0.5 or entry.n_seen == 0
    split: Literal["seen", "unseen"] = "unseen" if unseen else "seen"
    pool = entry.n_unseen if split == "unseen" else entry.n_seen
    return built(family, int(rng.integers(pool)), split)


def bounds_m(model: ObjectModel) -> tuple[np.ndarray, np.ndarray]:
    """Return the corners (3,), (3,) of the box around an object at rest, in its root frame."""
    placed = Placement("at", model, Pose.identity(), "target")
    poses = link_poses(placed)
    points = np.concatenate(
        [poses[link.name].apply(part.mesh.vertices_m) for link, part in model.parts]
    )
    return points.min(axis=0), points.max(axis=0)


def stage(name: str, model: ObjectModel, rng: np.random.Generator, *, size_px: int) -> Scene:
    """Place ``model`` on a table with random yaw and offset, and four cameras around it."""
    yaw = float(rng.uniform(-np.pi, np.pi))
    offset = rng.uniform(-OFFSET_M, OFFSET_M, size=2)
    quat = se3.quat_from_rotvec(np.array([0.0, 0.0, yaw]))
    target = Placement(
        model.category, model, Pose(np.array([offset[0], offset[1], 0.0]), quat), "target"
    )
    table_family = OBJECTS.get("table")
    table_model = built("table", int(rng.integers(table_family.n_seen)), "seen")
    table = Placement("table", table_model, Pose.identity(), "support")
    cameras = _cameras(target, yaw, rng, size_px=size_px)
    return Scene(name, (target, table), cameras, np.array(GRAVITY_M_S2))


def _cameras(
    target: Placement, yaw_rad: float, rng: np.random.Generator, *, size_px: int
) -> tuple[Camera, ...]:
    low, high = bounds_m(target.model)
    centre = target.world_from_object.apply((low + high) / 2.0)
    fill_m = float(np.linalg.norm(high - low)) / 2.0 / np.sin(FIELD_OF_VIEW_RAD / 2.0)
    first = yaw_rad + np.deg2rad(rng.uniform(-FRONT_DEG, FRONT_DEG))
    cameras = []
    for index in range(4):
        azimuth = first + index * np.pi / 2 + (rng.uniform(-0.15, 0.15) if index else 0.0)
        elevation = np.deg2rad(rng.uniform(*ELEVATION_DEG))
        distance = fill_m * rng.uniform(*DISTANCE_FACTOR)
        away = np.array(
            [
                np.cos(elevation) * np.cos(azimuth),
                np.cos(elevation) * np.sin(azimuth),
                np.sin(elevation),
            ]
        )
        cameras.append(
            look_at(centre + distance * away, centre, fov_rad=FIELD_OF_VIEW_RAD, size_px=size_px)
        )
    return tuple(cameras)
