"""Scenes with several objects: who stands beside the target, out of the gripper's way."""

from __future__ import annotations

from collections.abc import Collection, Sequence

import numpy as np
from jaxtyping import Float64

from ivlm_bench.errors import AssetError
from ivlm_bench.geometry import se3
from ivlm_bench.geometry.camera import look_at
from ivlm_bench.objects import OBJECTS
from ivlm_bench.types import Camera, ObjectModel, Placement, Pose, Scene
from ivlm_envs.grouping import Group
from ivlm_envs.staging import (
    ELEVATION_DEG,
    FIELD_OF_VIEW_RAD,
    FRONT_DEG,
    GRAVITY_M_S2,
    OFFSET_M,
    built,
    draw_object,
)

#: Families that may stand beside a target, by what a person calls them. No held-out category.
DISTRACTORS = {
    "bottle": ("bottle", "bare_bottle"),
    "bowl": ("bowl",),
    "box": ("box",),
    "hammer": ("hammer",),
    "knife": ("knife",),
    "mug": ("mug", "cup"),
    "pan": ("pan",),
}
#: Other families that a person calls by the name of a kind of distractor.
ALSO_CALLED = {"wide_box": "box", "bare_pan": "pan"}
#: Most objects beside a target.
MAX_DISTRACTORS = 5
#: Distance of a camera in units of that from which the group just fits into the image.
GROUP_DISTANCE = (1.06, 1.18)


def kind_of(category: str) -> str:
    """Return what a person calls an object of a family."""
    for kind, families in DISTRACTORS.items():
        if category in families:
            return kind
    return ALSO_CALLED.get(category, category)


def draw_distractors(
    rng: np.random.Generator, n: int, *, exclude_categories: Collection[str]
) -> tuple[ObjectModel, ...]:
    """Draw ``n`` objects of different kinds, none called like a family of ``exclude_categories``.

    Raises
    ------
    AssetError
        If there are fewer kinds than that.
    """
    excluded = {kind_of(category) for category in exclude_categories}
    kinds = [kind for kind in DISTRACTORS if kind not in excluded]
    if n > len(kinds):
        raise AssetError(f"{n} distractors were asked for; there are {len(kinds)} kinds: {kinds}.")
    drawn = [kinds[i] for i in rng.permutation(len(kinds))[:n]]
    return tuple(draw_object(str(rng.choice(DISTRACTORS[kind])), rng) for kind in drawn)


def stage_clutter(
    name: str,
    target_model: ObjectModel,
    rng: np.random.Generator,
    *,
    size_px: int,
    distractors: Sequence[ObjectModel],
    part: str | None = None,
) -> Scene:
    """Place a target with ``distractors`` around it, and four cameras around the group.

    Footprints keep a gap. At least one grasp of ``part`` of the target (None, or a part that it
    lacks: any grasp) stays free on the whole approach, and most of the part can be seen by the
    first camera.

    Raises
    ------
    AssetError
        If a distractor finds no place.
    """
    yaw = float(rng.uniform(-np.pi, np.pi))
    world_from_target = _upright(rng.uniform(-OFFSET_M, OFFSET_M, size=2), yaw)
    table = built("table", int(rng.integers(OBJECTS.get("table").n_seen)), "seen")
    first_rad = yaw + float(np.deg2rad(rng.uniform(-FRONT_DEG, FRONT_DEG)))
    target = Placement(target_model.category, target_model, world_from_target, "target")
    group = Group(target, part, _away(first_rad, np.deg2rad(ELEVATION_DEG[0])))
    for index, model in enumerate(distractors):
        group.add(f"{model.category}_{index}", model, rng)
    cameras = _cameras(group.corners_m, first_rad, rng, size_px=size_px)
    support = Placement("table", table, Pose.identity(), "support")
    return Scene(name, (*group.placements, support), cameras, np.array(GRAVITY_M_S2))


def _cameras(
    points_m: np.ndarray, first_rad: float, rng: np.random.Generator, *, size_px: int
) -> tuple[Camera, ...]:
    """Return four cameras around, each just so far away that all points are in its image."""
    centre = (points_m.min(axis=0) + points_m.max(axis=0)) / 2.0
    cameras = []
    for index in range(4):
        azimuth = first_rad + index * np.pi / 2 + (rng.uniform(-0.15, 0.15) if index else 0.0)
        away = _away(azimuth, np.deg2rad(rng.uniform(*ELEVATION_DEG)))
        eye = centre + away * _framing_m(points_m - centre, away) * rng.uniform(*GROUP_DISTANCE)
        cameras.append(look_at(eye, centre, fov_rad=FIELD_OF_VIEW_RAD, size_px=size_px))
    return tuple(cameras)


def _framing_m(around_m: np.ndarray, away: np.ndarray) -> float:
    """Return the distance along ``away`` from which points about the origin fill the image."""
    right = np.cross([0.0, 0.0, 1.0], away)
    right /= np.linalg.norm(right)
    across = np.abs(around_m @ np.stack([right, np.cross(away, right)], axis=1)).max(axis=1)
    return float((across / np.tan(FIELD_OF_VIEW_RAD / 2.0) + around_m @ away).max())


def _away(azimuth_rad: float, elevation_rad: float) -> Float64[np.ndarray, "3"]:
    flat = np.cos(elevation_rad)
    return np.array([flat * np.cos(azimuth_rad), flat * np.sin(azimuth_rad), np.sin(elevation_rad)])


def _upright(at_m: np.ndarray, yaw_rad: float) -> Pose:
    quat = se3.quat_from_rotvec(np.array([0.0, 0.0, yaw_rad]))
    return Pose(np.array([at_m[0], at_m[1], 0.0]), quat)
