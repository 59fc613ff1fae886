"""Microwave ovens: a body with controls at the right, and a door with a dark window."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from ivlm_bench.geometry.solids import Solid, cylinder
from ivlm_bench.objects import OBJECTS, ObjectFamily, Split
from ivlm_bench.types import Link, ObjectModel, Part, Pose
from ivlm_envs.objects import hinged
from ivlm_envs.objects import textures as tx
from ivlm_envs.objects.boards import board, rod
from ivlm_envs.objects.bodies import affordance, assembled, instance, link, solid_mass
from ivlm_envs.objects.clearance import clear_grasps

WIDTH_M, DEPTH_M, HEIGHT_M = (0.38, 0.48), (0.27, 0.34), (0.23, 0.29)
#: Share of the width that the door takes.
DOOR_SHARE = (0.70, 0.77)
DOOR_M, GAP_M = (0.018, 0.024), (0.003, 0.004)
RANGE_RAD = (1.6, 1.9)
#: Thickness of the shell, and height of the feet (m).
SHELL_M, FOOT_M = 0.008, 0.012
#: Mean density of a hollow door of plastic, glass and sheet metal (kg/m3).
DENSITY_KG_M3 = 800.0
#: How far the window lies behind the door's front (m).
WINDOW_RECESS_M = 0.002
HOUSINGS: tuple[tx.Colour, ...] = (
    (228, 228, 224),
    (70, 72, 76),
    (176, 178, 182),
    (196, 184, 160),
    (150, 66, 58),
    (104, 142, 150),
)
WINDOW: tx.Colour = (34, 38, 42)
#: Side of the printed image of the controls (px); its last rows hold the panel's plain colour on
#: the left and ink on the right.
PRINT_PX, PLAIN_PX = 96, 4
PLAIN_UV = np.array([0.25, 1.0 - 0.5 * PLAIN_PX / PRINT_PX])
INK_UV = PLAIN_UV + np.array([0.5, 0.0])

_Z = np.array([0.0, 0.0, 1.0])


@dataclass(frozen=True, slots=True)
class MicrowaveShape:
    """Dimensions of one oven in m."""

    width_m: float
    depth_m: float
    height_m: float
    door_share: float
    door_m: float
    gap_m: float
    range_rad: float
    frame_m: float
    handle: hinged.UprightHandle
    dials: bool

    @property
    def z_m(self) -> tuple[float, float]:
        """Lower and upper end of the housing."""
        return FOOT_M, self.height_m

    @property
    def door_height_m(self) -> float:
        """Height of the door."""
        return self.height_m - FOOT_M - 0.004

    @property
    def back_m(self) -> float:
        """Where the closed door's back lies along x."""
        return self.depth_m / 2 + self.gap_m

    @property
    def front_m(self) -> float:
        """Where the fronts of door and controls lie along x."""
        return self.back_m + self.door_m

    @property
    def door_width_m(self) -> float:
        """Distance of the door's free edge from its axis."""
        return self.door_share * self.width_m + hinged.AXIS_OUT_M

    @property
    def divide_m(self) -> float:
        """Where the controls begin along y."""
        return -self.width_m / 2 + self.door_share * self.width_m + self.gap_m

    @property
    def root_from_door_m(self) -> np.ndarray:
        """Where the door's link has its origin: on the axis at its lower end."""
        return np.array([self.back_m, -self.width_m / 2 - hinged.AXIS_OUT_M, FOOT_M + 0.002])


def make_microwave(name: str, split: Split, rng: np.random.Generator) -> ObjectModel:
    """Build an oven whose door, hung on the left, opens."""
    s = _draw_shape(rng)
    looks = _looks(rng)
    parts = [
        assembled("body", list(_body(s)), looks["body"]),
        _controls(s, rng, looks["panel"]),
        assembled("turntable", [_turntable(s)], looks["turntable"], smooth=True),
    ]
    body = solid_mass([p.mesh for p in parts], DENSITY_KG_M3, mass_range_kg=hinged.MASS_KG)
    links = [link("body", parts, body), _door(s, looks)]
    handle = links[1].parts[2]
    values = {"handle": s.handle.openable(handle.mesh.vertices_m)}
    grasps = list(s.handle.grasps("handle", s.root_from_door_m))
    return instance(
        name,
        split,
        links,
        affordances={"open": affordance(links, values)},
        grasps=clear_grasps(grasps, hinged.hulls_before(links, s.back_m)),
        fixed_base=True,
    )


def _draw_shape(rng: np.random.Generator) -> MicrowaveShape:
    width, height = float(rng.uniform(*WIDTH_M)), float(rng.uniform(*HEIGHT_M))
    share, door = float(rng.uniform(*DOOR_SHARE)), float(rng.uniform(*DOOR_M))
    frame = float(rng.uniform(0.044, 0.056))
    handle = hinged.UprightHandle(
        kind=str(rng.choice(("bar", "rail"))),
        front_m=door,
        y_m=share * width + hinged.AXIS_OUT_M - frame / 2,
        z_m=(height - FOOT_M) / 2,
        length_m=height * float(rng.uniform(0.45, 0.68)),
        standoff_m=float(rng.uniform(*hinged.STANDOFF_M)),
    )
    return MicrowaveShape(
        width_m=width,
        depth_m=float(rng.uniform(*DEPTH_M)),
        height_m=height,
        door_share=share,
        door_m=door,
        gap_m=float(rng.uniform(*GAP_M)),
        range_rad=float(rng.uniform(*RANGE_RAD)),
        frame_m=frame,
        handle=handle,
        dials=bool(rng.random() < 0.5),
    )


def _body(s: MicrowaveShape) -> Iterator[Solid]:
    """The shell, a floor for the cavity, the block behind the controls, and four feet."""
    x, y, z = (-s.depth_m / 2, s.depth_m / 2), (-s.width_m / 2, s.width_m / 2), s.z_m
    t = SHELL_M
    inside = (z[0] + 2 * t, z[1] - t)
    yield board(x, y, (z[0], inside[0]))
    yield board(x, y, (inside[1], z[1]))
    yield board(x, (y[0], y[0] + t), inside)
    yield board((x[0], x[0] + t), (y[0] + t, s.divide_m), inside)
    yield board(x, (s.divide_m, y[1]), inside)
    for fx in (x[0] + 0.02, x[1] - 0.02):
        for fy in (y[0] + 0.02, y[1] - 0.02):
            yield rod(0.012, (0.0, FOOT_M), "z", (fx, fy, 0.0), segments=12)


def _turntable(s: MicrowaveShape) -> Solid:
    left, right = -s.width_m / 2 + SHELL_M, s.divide_m
    radius = 0.42 * min(right - left, s.depth_m - 2 * SHELL_M)
    floor = FOOT_M + 2 * SHELL_M
    plate = cylinder(radius, 0.006, segments=28)
    return plate.at(0.0, (left + right) / 2, floor + 0.005)


def _controls(s: MicrowaveShape, rng: np.random.Generator, texture: np.ndarray) -> Part:
    """A printed plate flush with the door, with a display, and keys or two dials."""
    y, z = (s.divide_m, s.width_m / 2), s.z_m
    plate = board((s.depth_m / 2, s.front_m), y, z)
    uv = np.full_like(plate.uv, PLAIN_UV)
    front = plate.chart == 0
    points = plate.mesh.vertices_m[front]
    uv[front, 0] = (points[:, 1] - y[0]) / (y[1] - y[0])
    uv[front, 1] = (z[1] - points[:, 2]) / (z[1] - z[0]) * (1.0 - PLAIN_PX / PRINT_PX)
    solids = [plate.with_uv(uv)]
    if s.dials:
        middle, radius = sum(y) / 2, 0.26 * (y[1] - y[0])
        for share in (0.22, 0.52):
            at = (0.0, middle, z[0] + share * (z[1] - z[0]))
            dial = rod(radius, (s.front_m, s.front_m + 0.012), "x", at, segments=20)
            solids.append(dial.with_uv(np.full_like(dial.uv, INK_UV)))
    return assembled("controls", solids, _print(rng, texture, keys=not s.dials))


def _print(rng: np.random.Generator, texture: np.ndarray, *, keys: bool) -> np.ndarray:
    """The controls as seen from the front: a lit display, and below it a field of keys."""
    image = texture[:PRINT_PX, :PRINT_PX].copy()
    ink = (222, 222, 216) if image.mean() < 128 else (52, 54, 58)
    image[8:24, 14:-14] = (24, 30, 30)
    digits = tx.pick(rng, ((96, 224, 150), (238, 170, 60), (120, 190, 240)))
    for column in range(24, 72, 13):
        image[12:20, column : column + 7] = digits
        image[14:18, column + 2 : column + 5] = (24, 30, 30)
    image[-PLAIN_PX:, PRINT_PX // 2 :] = ink
    if keys:
        for row in range(34, 84, 13):
            for column in range(14, 76, 24):
                image[row : row + 8, column : column + 18] = ink
    return image


def _door(s: MicrowaveShape, looks: dict[str, np.ndarray]) -> Link:
    """Frame, window and handle; the link's origin lies on the hinge's axis."""
    start, end, height = hinged.AXIS_OUT_M, s.door_width_m, s.door_height_m
    left, right, rim = start + 0.030, end - s.frame_m, 0.034
    x = (0.0, s.door_m)
    frame = [
        board(x, (start, left), (0.0, height)),
        board(x, (right, end), (0.0, height)),
        board(x, (left, right), (0.0, rim)),
        board(x, (left, right), (height - rim, height)),
        *hinged.barrels("z", (0.08 * height, 0.92 * height), 0.022),
    ]
    pane = board((0.004, s.door_m - WINDOW_RECESS_M), (left, right), (rim, height - rim))
    parts = [
        assembled("door", frame, looks["door"]),
        assembled("window", [pane], looks["window"]),
        s.handle.part("handle", looks["handle"]),
    ]
    body = solid_mass([p.mesh for p in parts], DENSITY_KG_M3, mass_range_kg=hinged.MASS_KG)
    joint = hinged.hinge("door", -_Z, lever_m=float(s.handle.y_m), range_rad=s.range_rad)
    return link("door", parts, body, parent=("body", Pose.at(*s.root_from_door_m)), joint=joint)


def _looks(rng: np.random.Generator) -> dict[str, np.ndarray]:
    housing = tx.plain(rng, tx.jittered(rng, tx.pick(rng, HOUSINGS), 6.0))
    door = housing if rng.random() < 0.6 else tx.plain(rng, tx.pick(rng, HOUSINGS))
    metal = tx.brushed_metal(rng, tx.pick(rng, tx.METALS))
    return {
        "body": housing,
        "door": door,
        "panel": door if rng.random() < 0.6 else tx.plain(rng, (46, 48, 52)),
        "window": tx.speckles(rng, (WINDOW, (58, 62, 68))),
        "handle": door if rng.random() < 0.4 else metal,
        "turntable": tx.plain(rng, (196, 208, 206)),
    }


OBJECTS.register("microwave", ObjectFamily("microwave", make_microwave, n_seen=0))
