"""Several things on one table, apart from each other, and cameras that see all of them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from ivlm_bench.errors import AssetError
from ivlm_bench.geometry import se3
from ivlm_bench.geometry.camera import look_at
from ivlm_bench.geometry.kinematics import link_poses
from ivlm_bench.types import Camera, Placement, Pose
from ivlm_envs.staging import FIELD_OF_VIEW_RAD

#: Least gap between the circles around two things (m).
APART_M = 0.015
#: Radius of the disc that things are put in (m), and the growth of it from try to try.
FIRST_DISC_M, GROWTH = 0.10, 1.02
#: Tries to find room before a scene is given up.
MOST_TRIES = 400
#: Azimuths that the first camera's is chosen from.
N_AZIMUTHS = 12
#: Elevation of the cameras above the table, degrees: high enough to look over a neighbour.
ELEVATION_DEG = (38.0, 55.0)
#: Distance of a camera in units of the distance at which all things would fill the image.
DISTANCE_FACTOR = (1.0, 1.12)


def points_of(placement: Placement) -> np.ndarray:
    """Return all vertices (n, 3) of a placed object, world frame, joints as placed."""
    poses = link_poses(placement)
    return np.concatenate(
        [poses[link.name].apply(part.mesh.vertices_m) for link, part in placement.model.parts]
    )


def spread(things: Sequence[Placement], rng: np.random.Generator) -> tuple[Placement, ...]:
    """Return the things with random yaw and place on the table, clear of each other.

    Raises
    ------
    AssetError
        If there is no room for them.
    """
    placed: list[Placement] = []
    radii: list[float] = []
    for thing in things:
        radius = float(np.linalg.norm(points_of(thing)[:, :2], axis=1).max())
        disc = FIRST_DISC_M
        for _ in range(MOST_TRIES):
            disc *= GROWTH if placed else 1.0
            yaw, away = float(rng.uniform(-np.pi, np.pi)), disc * np.sqrt(rng.uniform())
            angle = float(rng.uniform(-np.pi, np.pi))
            place = np.array([away * np.cos(angle), away * np.sin(angle), 0.0])
            if all(
                np.linalg.norm(place - other.world_from_object.position_m) > radius + r + APART_M
                for other, r in zip(placed, radii, strict=True)
            ):
                quat = se3.quat_from_rotvec(np.array([0.0, 0.0, yaw]))
                placed.append(replace(thing, world_from_object=Pose(place, quat)))
                radii.append(radius)
                break
        else:
            raise AssetError(f"There is no room on the table for {thing.name!r}.")
    return tuple(placed)


def clearest_azimuth(
    things: Sequence[Placement],
    rng: np.random.Generator,
    *,
    watched: int,
    facing: tuple[float, float] | None = None,
) -> float:
    """Return the one of some random azimuths (rad) from which the watched things are least hidden.

    Parameters
    ----------
    watched
        The first ``watched`` of the things must be seen; the others may hide them.
    facing
        Azimuth (rad) and largest angle to it (rad) that a camera must keep; None: any.

    Notes
    -----
    Each thing hides what is behind the upright cylinder around it.
    """
    azimuths = rng.uniform(-np.pi, np.pi, N_AZIMUTHS)
    if facing is not None:
        azimuths = facing[0] + azimuths * facing[1] / np.pi
    seen = [min(_seen_shares(things, watched, float(azimuth))) for azimuth in azimuths]
    return float(azimuths[int(np.argmax(seen))])


def _seen_shares(things: Sequence[Placement], watched: int, azimuth_rad: float) -> list[float]:
    """Return the share of the vertices of each watched thing that no other thing hides."""
    way = np.array([np.cos(azimuth_rad), np.sin(azimuth_rad)])
    rise = np.tan(np.deg2rad(ELEVATION_DEG[0]))
    clouds = [points_of(thing) for thing in things]
    shares = []
    for index in range(watched):
        hidden = np.zeros(len(clouds[index]), bool)
        for other, cloud in enumerate(clouds):
            if other != index:
                hidden |= _behind(clouds[index], things[other], cloud, way=way, rise=rise)
        shares.append(1.0 - float(hidden.mean()))
    return shares


def _behind(
    points: np.ndarray, other: Placement, cloud: np.ndarray, *, way: np.ndarray, rise: float
) -> np.ndarray:
    """Say of each point whether the line to a far camera enters the cylinder around a thing."""
    centre = other.world_from_object.position_m[:2]
    radius = float(np.linalg.norm(cloud[:, :2] - centre, axis=1).max())
    across = np.array([-way[1], way[0]])
    ahead, aside = (centre - points[:, :2]) @ way, (centre - points[:, :2]) @ across
    half = np.sqrt(np.maximum(radius**2 - aside**2, 0.0))
    enters = np.maximum(ahead - half, 0.0)
    meets = (np.abs(aside) < radius) & (ahead + half > 0.0)
    return meets & (points[:, 2] + enters * rise < cloud[:, 2].max())


def cameras_on(
    things: Sequence[Placement],
    rng: np.random.Generator,
    *,
    first_rad: float,
    size_px: int,
    elevation_deg: tuple[float, float] = ELEVATION_DEG,
) -> tuple[Camera, ...]:
    """Return four cameras, a quarter turn apart, that see all of the things."""
    points = np.concatenate([points_of(thing) for thing in things])
    low, high = points.min(axis=0), points.max(axis=0)
    centre = (low + high) / 2.0
    around_m = float(np.linalg.norm(points - centre, axis=1).max())
    cameras = []
    for index in range(4):
        azimuth = first_rad + index * np.pi / 2 + (rng.uniform(-0.15, 0.15) if index else 0.0)
        elevation = np.deg2rad(rng.uniform(*elevation_deg))
        away_m = around_m / np.sin(FIELD_OF_VIEW_RAD / 2.0) * rng.uniform(*DISTANCE_FACTOR)
        flat = np.array([np.cos(azimuth), np.sin(azimuth), 0.0]) * np.cos(elevation)
        eye = centre + away_m * (flat + np.array([0.0, 0.0, np.sin(elevation)]))
        cameras.append(look_at(eye, centre, fov_rad=FIELD_OF_VIEW_RAD, size_px=size_px))
    return tuple(cameras)
