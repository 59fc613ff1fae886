"""Door cabinets: a fixed carcass of boards with one or two doors on upright hinges."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from ivlm_bench.geometry.solids import Solid
from ivlm_bench.objects import OBJECTS, ObjectFamily, Split
from ivlm_bench.types import Link, ObjectModel, PartGrasp, Pose
from ivlm_envs.objects import hinged
from ivlm_envs.objects.boards import board, rod
from ivlm_envs.objects.bodies import affordance, assembled, instance, link, solid_mass
from ivlm_envs.objects.clearance import clear_grasps

#: Width over height of the cabinet: the visible difference between the pools.
WIDTH_TO_HEIGHT = {"seen": (0.95, 1.30), "unseen": (0.66, 0.84)}
HEIGHT_M = (0.20, 0.46)
#: Width by number of doors (m).
WIDTH_M = {1: (0.19, 0.27), 2: (0.30, 0.37)}
DEPTH_M = (0.15, 0.21)
#: Gap around the doors (m).
GAP_M = (0.0025, 0.0038)
#: How far a door opens (rad).
RANGE_RAD = (1.6, 1.95)
#: Density of solid wood (kg/m3).
DENSITY_KG_M3 = 700.0
#: Width of the frame of a panelled door, and depth of its panel behind the frame (m).
FRAME_M, RECESS_M = 0.026, 0.004
#: Free gap between a door and the bars before it (m): less than would count as a movement.
BAR_GAP_M = 0.0007
#: Side of the viewer that each door hangs on, by its name: left is -y as seen from the front.
SIDES = {"left": -1.0, "right": 1.0}

_X, _Y, _Z = np.eye(3)


@dataclass(frozen=True, slots=True)
class DoorCabinetShape:
    """Dimensions of one cabinet in m; ``sides`` are the hinge sides of its doors."""

    width_m: float
    depth_m: float
    height_m: float
    board_m: float
    foot_m: float
    door_m: float
    gap_m: float
    range_rad: float
    panelled: bool
    feet: str
    handle: str
    handle_z_share: float
    handle_length_m: float
    inset_m: float
    standoff_m: float
    sides: tuple[str, ...]

    @property
    def back_m(self) -> float:
        """Where the closed doors' backs lie along x."""
        return self.depth_m / 2 + self.gap_m

    @property
    def front_m(self) -> float:
        """Where the closed doors' fronts lie along x."""
        return self.back_m + self.door_m

    @property
    def z_m(self) -> tuple[float, float]:
        """Lower and upper end of the doors."""
        return self.foot_m + 0.002, self.height_m - 0.001

    @property
    def door_width_m(self) -> float:
        """Distance from a door's axis to its free edge."""
        if len(self.sides) == 2:
            return (self.width_m - self.gap_m) / 2 + hinged.AXIS_OUT_M
        return self.width_m + hinged.AXIS_OUT_M - 0.001

    @property
    def lever_m(self) -> float:
        """Distance of a handle from the axis of its door."""
        return self.door_width_m - self.inset_m

    def root_from_door_m(self, side: str) -> np.ndarray:
        """Return where the link of a door has its origin: on the axis at the door's lower end."""
        y = SIDES[side] * (self.width_m / 2 + hinged.AXIS_OUT_M)
        return np.array([self.back_m, y, self.z_m[0]])

    def handle_of(self, side: str) -> hinged.UprightHandle:
        """Return the handle of a door."""
        height = self.z_m[1] - self.z_m[0]
        return hinged.UprightHandle(
            kind=self.handle,
            front_m=self.door_m,
            y_m=-SIDES[side] * self.lever_m,
            z_m=self.handle_z_share * height,
            length_m=self.handle_length_m,
            standoff_m=self.standoff_m,
        )

    def suffix(self, side: str) -> str:
        """Return what tells a door's names from the other's: nothing where there is one."""
        return f"_{side}" if len(self.sides) == 2 else ""


def make_door_cabinet(name: str, split: Split, rng: np.random.Generator) -> ObjectModel:
    """Build a cabinet whose doors open."""
    return _make(name, split, rng, barred=False)


def make_barred_door_cabinet(name: str, split: Split, rng: np.random.Generator) -> ObjectModel:
    """Build a cabinet with two bars across its front: no door can open."""
    return _make(name, split, rng, barred=True)


def _make(name: str, split: Split, rng: np.random.Generator, *, barred: bool) -> ObjectModel:
    s = _draw_shape(split, rng, barred=barred)
    looks = hinged.furniture_looks(rng)
    parts = [assembled("cabinet", list(_carcass(s)), looks["body"])]
    if barred:
        parts.append(assembled("bar", list(_bars(s)), looks["metal"]))
    body = solid_mass([p.mesh for p in parts], DENSITY_KG_M3, mass_range_kg=hinged.MASS_KG)
    links = [link("cabinet", parts, body), *(_door(s, side, looks) for side in s.sides)]
    handles = {f"handle{s.suffix(side)}": s.handle_of(side) for side in s.sides}
    values = {
        part.name: handles[part.name].openable(part.mesh.vertices_m)
        for owner in links
        for part in owner.parts
        if part.name in handles and not barred
    }
    grasps = list(_grasps(s))
    return instance(
        name,
        split,
        links,
        affordances={"open": affordance(links, values)},
        grasps=() if barred else clear_grasps(grasps, hinged.hulls_before(links, s.back_m)),
        fixed_base=True,
    )


def _draw_shape(split: Split, rng: np.random.Generator, *, barred: bool) -> DoorCabinetShape:
    n = int(rng.integers(1, 3))
    ratio = float(rng.uniform(*WIDTH_TO_HEIGHT[split]))
    wide, high = WIDTH_M[n], HEIGHT_M
    height = float(rng.uniform(max(high[0], wide[0] / ratio), min(high[1], wide[1] / ratio)))
    one = ("left", "right")[int(rng.integers(2))]
    return DoorCabinetShape(
        width_m=ratio * height,
        depth_m=float(rng.uniform(*DEPTH_M)),
        height_m=height,
        board_m=float(rng.uniform(0.009, 0.013)),
        foot_m=float(rng.uniform(0.010, 0.024)),
        door_m=float(rng.uniform(0.014, 0.018)),
        gap_m=float(rng.uniform(*GAP_M)),
        range_rad=float(rng.uniform(*RANGE_RAD)),
        panelled=bool(rng.random() < 0.5),
        feet=str(rng.choice(("skids", "plinth"))),
        handle=str(rng.choice(("bar", "knob", "rail"))),
        handle_z_share=0.5 if barred else float(rng.uniform(0.46, 0.62)),
        handle_length_m=height * float(rng.uniform(0.24, 0.34)),
        inset_m=float(rng.uniform(0.026, 0.034)),
        standoff_m=float(rng.uniform(*hinged.STANDOFF_M)),
        sides=("left", "right") if n == 2 else (one,),
    )


def _carcass(s: DoorCabinetShape) -> Iterator[Solid]:
    """Bottom, top, sides, back, a shelf and feet, butted so that no two overlap."""
    x, y = (-s.depth_m / 2, s.depth_m / 2), (-s.width_m / 2, s.width_m / 2)
    t, inside = s.board_m, (s.foot_m + s.board_m, s.height_m - s.board_m)
    yield board(x, y, (s.foot_m, s.foot_m + t))
    yield board(x, y, (s.height_m - t, s.height_m))
    yield board(x, (y[0], y[0] + t), inside)
    yield board(x, (y[1] - t, y[1]), inside)
    between = (y[0] + t, y[1] - t)
    yield board((x[0], x[0] + 0.006), between, inside)
    shelf = 0.68 * inside[0] + 0.32 * inside[1]
    yield board((x[0] + 0.006, x[1] - 0.012), between, (shelf - 0.0035, shelf + 0.0035))
    if s.feet == "plinth":
        yield board((x[0] + 0.01, x[1] - 0.012), (y[0] + 0.01, y[1] - 0.01), (0.0, s.foot_m))
    else:
        yield board(x, (y[0] + 0.008, y[0] + 0.026), (0.0, s.foot_m))
        yield board(x, (y[1] - 0.026, y[1] - 0.008), (0.0, s.foot_m))


def _bars(s: DoorCabinetShape) -> Iterator[Solid]:
    """Two level bars just before the doors, each held by a bracket on either side board."""
    near, radius, half = s.front_m + BAR_GAP_M, 0.006, s.width_m / 2
    middle, reach = sum(s.z_m) / 2, half + 0.016
    offset = max(s.handle_length_m / 2 + 0.020, 0.26 * s.height_m)
    for z in (middle - offset, middle + offset):
        yield rod(radius, (-reach, reach), "y", (near + radius, 0.0, z), segments=12)
        for y in ((-reach, -half - 0.006), (half + 0.006, reach)):
            yield board((s.depth_m / 2 - 0.040, near + radius), y, (z - 0.008, z + 0.008))
        for y in ((-half - 0.006, -half), (half, half + 0.006)):
            x = (s.depth_m / 2 - 0.040, s.depth_m / 2 - 0.008)
            yield board(x, y, (z - 0.008, z + 0.008))


def _door(s: DoorCabinetShape, side: str, looks: dict[str, np.ndarray]) -> Link:
    """A slab or a framed panel with its handle; the link's origin lies on the hinge's axis."""
    name = f"door{s.suffix(side)}"
    parts = [
        assembled(name, list(_leaf(s, side)), looks["front"]),
        s.handle_of(side).part(f"handle{s.suffix(side)}", looks["handle"]),
    ]
    body = solid_mass([p.mesh for p in parts], DENSITY_KG_M3, mass_range_kg=hinged.MASS_KG)
    origin = s.root_from_door_m(side)
    # The left door turns clockwise seen from above, the right one the other way.
    joint = hinged.hinge(name, SIDES[side] * _Z, lever_m=s.lever_m, range_rad=s.range_rad)
    return link(name, parts, body, parent=("cabinet", Pose.at(*origin)), joint=joint)


def _leaf(s: DoorCabinetShape, side: str) -> Iterator[Solid]:
    inward, height = -SIDES[side], s.z_m[1] - s.z_m[0]
    x, z = (0.0, s.door_m), (0.0, height)

    def across(near: float, far: float) -> tuple[float, float]:
        low, high = sorted((inward * near, inward * far))
        return low, high

    start, end = hinged.AXIS_OUT_M, s.door_width_m
    if s.panelled:
        left, right = start + FRAME_M, end - FRAME_M - 0.016
        yield board(x, across(start, left), z)
        yield board(x, across(right, end), z)
        yield board(x, across(left, right), (0.0, FRAME_M))
        yield board(x, across(left, right), (height - FRAME_M, height))
        panel = (0.0, s.door_m - RECESS_M)
        yield board(panel, across(left, right), (FRAME_M, height - FRAME_M))
    else:
        yield board(x, across(start, end), z)
    yield from hinged.barrels("z", (0.09 * height, 0.91 * height), 0.018)


def _grasps(s: DoorCabinetShape) -> Iterator[PartGrasp]:
    for side in s.sides:
        root_from_door_m = s.root_from_door_m(side)
        yield from s.handle_of(side).grasps(f"handle{s.suffix(side)}", root_from_door_m)


OBJECTS.register("door_cabinet", ObjectFamily("door_cabinet", make_door_cabinet))
OBJECTS.register(
    "barred_door_cabinet", ObjectFamily("barred_door_cabinet", make_barred_door_cabinet)
)
