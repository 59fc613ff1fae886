"""Scenes with one right answer each, drawn by closed-form ray intersection.

*Pictures*: a red disc, seen straight from above at a known pixel, in square and oblong pictures of
several sizes. *Ridges*: a thin block that only fits the gripper across, to be taken from above, of
known widths. *Fins*: a thin fin between a wall and a roof, to be taken from the front only; unlike
a grasp from above, such a pose is told from its transpose. *Buttons*: on an upright wall, to be
pressed straight in.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from functools import cache
from typing import Literal

import numpy as np
from jaxtyping import Float64

from ivlm_bench.geometry.camera import look_at
from ivlm_bench.testing.analytic import GRAVITY_M_S2, Block, Column, cast
from ivlm_bench.types import Camera, GripperSpec, Observation, Pose, Query, View

Kind = Literal["picture", "ridge", "fin", "button"]

#: Colour of what is asked about, and of what stands around it, sRGB.
RED, PALE = (205, 35, 30), (225, 222, 210)
#: Radius and height of the disc, m: at ``ABOVE_M`` its radius is 2.5 % of a picture's side.
DISC_RADIUS_M, DISC_HEIGHT_M = 0.012, 0.03
#: Height of the camera above the disc's top, m, and its full field of view, rad.
ABOVE_M, FOV_RAD = 0.67, np.deg2rad(40.0)
#: Width, height (px) and where the disc is, as shares of them. Some sizes are multiples of 28 and
#: of 32 (steps to which servers resize), some are not. Most places lie near the upper left corner,
#: so that a coordinate in thousandths is still a pixel of the picture; none lies on a diagonal.
PLACES = (
    (280, 280, 0.13, 0.23),
    (280, 280, 0.23, 0.09),
    (448, 448, 0.11, 0.33),
    (448, 448, 0.38, 0.17),
    (448, 448, 0.72, 0.41),
    (644, 644, 0.09, 0.52),
    (644, 644, 0.55, 0.21),
    (644, 644, 0.31, 0.83),
    (300, 300, 0.19, 0.27),
    (300, 300, 0.87, 0.62),
    (500, 500, 0.14, 0.41),
    (500, 500, 0.43, 0.12),
    (448, 336, 0.20, 0.35),
    (448, 336, 0.70, 0.15),
    (336, 448, 0.35, 0.12),
    (336, 448, 0.15, 0.60),
)
#: Thickness (m), bearing of the thin side (degrees) and place on the table (m) of each ridge.
RIDGES = (
    (0.020, 20.0, (0.09, -0.05)),
    (0.035, 65.0, (-0.08, 0.06)),
    (0.050, 110.0, (0.05, 0.10)),
    (0.065, 155.0, (-0.06, -0.09)),
)
#: Length and height of a ridge, m: too long to be closed on from its ends, which are 80 mm apart at
#: most for that.
RIDGE_LENGTH_M, RIDGE_HEIGHT_M = 0.09, 0.07
#: Thickness (m), bearing of the front (degrees) and place (m) of each fin.
FINS = (
    (0.025, 15.0, (0.08, 0.05)),
    (0.040, 130.0, (-0.09, 0.04)),
    (0.030, 250.0, (0.04, -0.10)),
)
#: How far a fin stands out, and its height, m: too high to be closed on from above and below.
FIN_DEPTH_M, FIN_HEIGHT_M = 0.06, 0.16
#: Bearing of the front (degrees) and place (m) of each button.
BUTTONS = (
    (15.0, (0.07, 0.06)),
    (130.0, (-0.08, 0.05)),
    (250.0, (0.05, -0.09)),
    (320.0, (-0.06, -0.07)),
)
#: Side and travel of a button, and its height above the table, m.
BUTTON_SIDE_M, BUTTON_DEPTH_M, BUTTON_HEIGHT_M = 0.03, 0.015, 0.10
#: Views of scenes that are not looked at from straight above, and their side, px.
N_VIEWS, SIDE_PX = 4, 224
#: How far (m) the cameras stand from what they look at, and how high (degrees).
CAMERA_DISTANCE_M, CAMERA_ELEVATION_DEG = 0.65, 32.0
_DOWN = np.array([0.0, 0.0, -1.0])


@dataclass(frozen=True, eq=False, slots=True)
class Probe:
    """One question and its right answer.

    Parameters
    ----------
    name, kind
        What is asked.
    observation
        All that the reasoner sees.
    pixel
        (x, y) of the middle of what is asked about in the first view.
    target
        What has to be touched; its middle is ``point_m``.
    point_m
        Where the pads' middle, a contact or a press belongs, world frame.
    approach
        Unit direction of the approach, and of a press.
    closing
        Unit direction along which the gripper closes, of either sense.
    thickness_m
        What lies between the pads; 0 where nothing is grasped.
    """

    name: str
    kind: Kind
    observation: Observation
    pixel: Float64[np.ndarray, "2"]
    target: Block
    point_m: Float64[np.ndarray, "3"]
    approach: Float64[np.ndarray, "3"]
    closing: Float64[np.ndarray, "3"]
    thickness_m: float


@cache
def picture_probes() -> tuple[Probe, ...]:
    """Return the probes of where in a picture something is."""
    return tuple(_picture(*place) for place in PLACES)


@cache
def ridge_probes() -> tuple[Probe, ...]:
    """Return the probes of grasps from above, of four known widths."""
    return tuple(_ridge(*ridge) for ridge in RIDGES)


@cache
def fin_probes() -> tuple[Probe, ...]:
    """Return the probes of grasps from the front."""
    return tuple(_fin(*fin) for fin in FINS)


@cache
def button_probes() -> tuple[Probe, ...]:
    """Return the probes of directions."""
    return tuple(_button(*button) for button in BUTTONS)


def all_probes() -> tuple[Probe, ...]:
    """Return every probe, in the order in which they are asked."""
    return (*picture_probes(), *ridge_probes(), *fin_probes(), *button_probes())


def _picture(width_px: int, height_px: int, across: float, down: float) -> Probe:
    """Look straight down on the disc, which a shifted principal point puts where it is wanted.

    So its outline is a circle about that pixel, and no side of it is seen.
    """
    focal_px = min(width_px, height_px) / 2.0 / np.tan(FOV_RAD / 2.0)
    pixel = np.array([across * width_px - 0.5, down * height_px - 0.5])
    intrinsics = np.array([[focal_px, 0.0, pixel[0]], [0.0, focal_px, pixel[1]], [0.0, 0.0, 1.0]])
    pose = Pose.from_rotation(np.diag([1.0, -1.0, -1.0]), np.array([0, 0, DISC_HEIGHT_M + ABOVE_M]))
    camera = Camera(intrinsics, pose, width_px, height_px)
    disc = Column((0.0, 0.0, DISC_HEIGHT_M / 2), DISC_RADIUS_M, DISC_HEIGHT_M, RED)
    side_m = 2.0 * DISC_RADIUS_M
    around = Block(disc.centre_m, (side_m, side_m, DISC_HEIGHT_M))
    query = Query("grasp", "red disc", None, "Grasp the red disc.")
    return Probe(
        name=f"disc at {across:.2f}, {down:.2f} of {width_px} x {height_px} px",
        kind="picture",
        observation=_seen((disc,), query, (camera,)),
        pixel=pixel,
        target=around,
        point_m=np.array(disc.centre_m),
        approach=_DOWN,
        closing=np.array([1.0, 0.0, 0.0]),
        thickness_m=side_m,
    )


def _ridge(thick_m: float, bearing_deg: float, place_m: tuple[float, float]) -> Probe:
    yaw_rad = np.deg2rad(bearing_deg)
    centre_m = (*place_m, RIDGE_HEIGHT_M / 2)
    block = Block(centre_m, (thick_m, RIDGE_LENGTH_M, RIDGE_HEIGHT_M), yaw_rad, RED)
    query = Query("grasp", "red block", None, "Grasp the red block from straight above.")
    point_m = np.array([*place_m, RIDGE_HEIGHT_M - 0.02])
    return _round_about(
        (f"ridge of {1e3 * thick_m:g} mm", "ridge", query),
        (block,),
        block,
        point_m,
        ways=(_DOWN, _level(yaw_rad)),
        from_rad=yaw_rad + 0.6,
    )


def _fin(thick_m: float, bearing_deg: float, place_m: tuple[float, float]) -> Probe:
    yaw_rad = np.deg2rad(bearing_deg)
    out, wide = _level(yaw_rad), 0.24
    wall_m = np.array([*place_m, 0.0]) - 0.5 * (FIN_DEPTH_M + 0.02) * out
    fin = Block((*place_m, FIN_HEIGHT_M / 2), (FIN_DEPTH_M, thick_m, FIN_HEIGHT_M), yaw_rad, RED)
    wall = Block((wall_m[0], wall_m[1], 0.11), (0.02, wide, 0.22), yaw_rad, PALE)
    roof_m = (place_m[0], place_m[1], FIN_HEIGHT_M + 0.01)
    roof = Block(roof_m, (FIN_DEPTH_M + 0.03, wide, 0.02), yaw_rad, PALE)
    query = Query("grasp", "red fin", None, "Grasp the red fin straight from the front.")
    return _round_about(
        (f"fin of {1e3 * thick_m:g} mm", "fin", query),
        (wall, fin, roof),
        fin,
        np.array(fin.centre_m) + 0.01 * out,
        ways=(-out, _level(yaw_rad + np.pi / 2)),
        from_rad=yaw_rad + 0.4,
    )


def _button(bearing_deg: float, place_m: tuple[float, float]) -> Probe:
    yaw_rad = np.deg2rad(bearing_deg)
    out = _level(yaw_rad)
    middle_m = np.array([*place_m, BUTTON_HEIGHT_M])
    wall_m = middle_m - 0.5 * (BUTTON_DEPTH_M + 0.03) * out
    size_m = (BUTTON_DEPTH_M, BUTTON_SIDE_M, BUTTON_SIDE_M)
    button = Block((middle_m[0], middle_m[1], middle_m[2]), size_m, yaw_rad, RED)
    wall = Block((wall_m[0], wall_m[1], 0.09), (0.03, 0.18, 0.18), yaw_rad, PALE)
    query = Query("press", "red button", None, "Press the red button.")
    return _round_about(
        (f"button at {bearing_deg:g} degrees", "button", query),
        (wall, button),
        button,
        middle_m + 0.5 * BUTTON_DEPTH_M * out,
        ways=(-out, _level(yaw_rad + np.pi / 2)),
        from_rad=yaw_rad + 0.5,
    )


def _round_about(
    asked: tuple[str, Kind, Query],
    shapes: tuple[Block, ...],
    target: Block,
    point_m: np.ndarray,
    *,
    ways: tuple[np.ndarray, np.ndarray],
    from_rad: float,
) -> Probe:
    """Return the probe of a scene seen from ``N_VIEWS`` sides, the first at ``from_rad``.

    ``ways``: the approaching and the closing direction.
    """
    name, kind, query = asked
    cameras = tuple(_camera(from_rad + 2.0 * np.pi * k / N_VIEWS) for k in range(N_VIEWS))
    first = cameras[0]
    local = first.world_from_camera.inverse().apply(point_m)
    pixel = (first.intrinsics_px @ local)[:2] / local[2]
    thin_axis = 0 if kind == "ridge" else 1
    return Probe(
        name=name,
        kind=kind,
        observation=_seen(shapes, query, cameras),
        pixel=pixel,
        target=target,
        point_m=point_m,
        approach=ways[0],
        closing=ways[1],
        thickness_m=target.size_m[thin_axis],
    )


def _camera(azimuth_rad: float) -> Camera:
    rise = np.deg2rad(CAMERA_ELEVATION_DEG)
    away = np.array([*(np.cos(rise) * _level(azimuth_rad)[:2]), np.sin(rise)])
    middle_m = np.array([0.0, 0.0, 0.06])
    eye_m = middle_m + CAMERA_DISTANCE_M * away
    return look_at(eye_m, middle_m, fov_rad=float(np.deg2rad(42.0)), size_px=SIDE_PX)


def _level(bearing_rad: float) -> np.ndarray:
    """Return the horizontal unit direction at an angle from x."""
    return np.array([np.cos(bearing_rad), np.sin(bearing_rad), 0.0])


def _seen(
    shapes: tuple[Block | Column, ...], query: Query, cameras: Iterable[Camera]
) -> Observation:
    views = tuple(View(camera, *cast(shapes, camera)) for camera in cameras)
    return Observation(views, query, GripperSpec(), GRAVITY_M_S2)
