"""Boxes with a hinged lid that is lifted at a tab on its front."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import pairwise

import numpy as np

from ivlm_bench.geometry.solids import Solid, joined
from ivlm_bench.objects import OBJECTS, ObjectFamily, Split
from ivlm_bench.types import Link, ObjectModel, Part, PartGrasp, Pose
from ivlm_envs.objects import hinged
from ivlm_envs.objects import textures as tx
from ivlm_envs.objects.boards import board, rod
from ivlm_envs.objects.bodies import affordance, assembled, instance, link, solid_mass
from ivlm_envs.objects.clearance import clear_grasps, gripper_frame

#: Height, lid and all, over width: the visible difference between the pools.
HEIGHT_TO_WIDTH = {"seen": (0.34, 0.48), "unseen": (0.58, 0.76)}
WIDTH_M, DEPTH_M = (0.22, 0.30), (0.165, 0.21)
WALL_M = (0.009, 0.012)
#: Gap between the walls and the lid (m): with it the barrels turn clear of the wall.
GAP_M = (0.0025, 0.0034)
#: How far a lid opens (rad): not past upright, so that gravity never opens it.
RANGE_RAD = (1.20, 1.45)
#: Height of a lid that is a tray turned over, and thickness of one that is a slab (m).
TRAY_M, SLAB_M = (0.028, 0.045), (0.013, 0.017)
#: Density of wood (kg/m3), so that a lid weighs 0.4 to 0.9 kg: 10 N at its tab lift it, and it is
#: not so light that its damping stops it within a step of an engine.
DENSITY_KG_M3 = 700.0
#: Width of a tab, and how far it stands out from the lid: a pad's 20 mm, and what it holds (m).
TAB_WIDTH_M, TAB_OUT_M = (0.036, 0.056), (0.028, 0.034)
#: Distance of a bar's centre line from the lid's front (m).
BAR_OUT_M = (0.027, 0.033)
#: How far behind the front a pad that holds the tab may reach (m).
PAD_REACH_M = 0.03
#: Gap, thickness and width of a strap (m); the gap is less than would count as a movement.
STRAP_GAP_M, STRAP_M, STRAP_WIDTH_M = 0.0007, 0.003, 0.020
#: Standard gravity as rounded in protocol IVLM-Phys v1 (m/s2).
GRAVITY_M_S2 = 9.81
LEATHERS: tuple[tx.Colour, ...] = ((104, 62, 38), (58, 44, 38), (146, 96, 54), (40, 42, 48))

_X, _Y, _Z = np.eye(3)


@dataclass(frozen=True, slots=True)
class LidBoxShape:
    """Dimensions of one box in m; ``wall_top_m`` is where the walls end below the lid."""

    width_m: float
    depth_m: float
    height_m: float
    wall_m: float
    gap_m: float
    lid_m: float
    tray: bool
    bar: bool
    range_rad: float
    tab_width_m: float
    tab_out_m: float
    tab_z_m: float

    @property
    def wall_top_m(self) -> float:
        """Upper end of the walls."""
        return self.height_m - self.lid_m - self.gap_m

    @property
    def root_from_lid_m(self) -> np.ndarray:
        """Where the lid's link has its origin: on the axis, behind its lower back edge."""
        x = -self.depth_m / 2 - hinged.AXIS_OUT_M
        return np.array([x, 0.0, self.wall_top_m + self.gap_m])

    @property
    def front_m(self) -> float:
        """Distance of the lid's front from its axis."""
        return self.depth_m + hinged.AXIS_OUT_M

    @property
    def lever_m(self) -> float:
        """Distance of the middle of the tab from the lid's axis."""
        return self.front_m + (self.tab_out_m if self.bar else 0.5 * self.tab_out_m)


def make_lid_box(name: str, split: Split, rng: np.random.Generator) -> ObjectModel:
    """Build a box whose lid can be lifted."""
    return _make(name, split, rng, strapped=False)


def make_strapped_lid_box(name: str, split: Split, rng: np.random.Generator) -> ObjectModel:
    """Build a box with two straps buckled around it: its lid can't be lifted."""
    return _make(name, split, rng, strapped=True)


def _make(name: str, split: Split, rng: np.random.Generator, *, strapped: bool) -> ObjectModel:
    s = _draw_shape(split, rng)
    looks = _looks(rng)
    parts = [assembled("box", list(_walls(s)), looks["body"])]
    if strapped:
        parts.append(assembled("strap", list(_straps(s)), looks["strap"]))
        parts.append(assembled("buckle", list(_buckles(s)), looks["metal"]))
    body = solid_mass([p.mesh for p in parts], DENSITY_KG_M3, mass_range_kg=hinged.MASS_KG)
    links = [link("box", parts, body), _lid(s, looks)]
    values = {} if strapped else {"tab": _liftable(s, links[1].parts[1].mesh.vertices_m)}
    hulls = hinged.hulls_before(links, s.depth_m / 2 - PAD_REACH_M)
    return instance(
        name,
        split,
        links,
        affordances={"lift": affordance(links, values)},
        grasps=() if strapped else clear_grasps(list(_grasps(s)), hulls),
        fixed_base=True,
    )


def _draw_shape(split: Split, rng: np.random.Generator) -> LidBoxShape:
    width = float(rng.uniform(*WIDTH_M))
    height = width * float(rng.uniform(*HEIGHT_TO_WIDTH[split]))
    tray, bar = bool(rng.random() < 0.6), bool(rng.random() < 0.4)
    lid = float(rng.uniform(*(TRAY_M if tray else SLAB_M)))
    bar &= tray  # a bar needs a front that its posts stand on
    return LidBoxShape(
        width_m=width,
        depth_m=float(rng.uniform(*DEPTH_M)),
        height_m=height,
        wall_m=float(rng.uniform(*WALL_M)),
        gap_m=float(rng.uniform(*GAP_M)),
        lid_m=lid,
        tray=tray,
        bar=bar,
        range_rad=float(rng.uniform(*RANGE_RAD)),
        tab_width_m=float(rng.uniform(*TAB_WIDTH_M)),
        tab_out_m=float(rng.uniform(*(BAR_OUT_M if bar else TAB_OUT_M))),
        tab_z_m=lid * float(rng.uniform(0.40, 0.60)) if tray else lid / 2,
    )


def _walls(s: LidBoxShape) -> Iterator[Solid]:
    """Bottom and four walls, butted."""
    x, y = (-s.depth_m / 2, s.depth_m / 2), (-s.width_m / 2, s.width_m / 2)
    yield board(x, y, (0.0, s.wall_m))
    yield from _ring(x, y, (s.wall_m, s.wall_top_m), s.wall_m)


def _ring(
    x: tuple[float, float], y: tuple[float, float], z: tuple[float, float], wall: float
) -> Iterator[Solid]:
    yield board((x[0], x[0] + wall), y, z)
    yield board((x[1] - wall, x[1]), y, z)
    between = (x[0] + wall, x[1] - wall)
    yield board(between, (y[0], y[0] + wall), z)
    yield board(between, (y[1] - wall, y[1]), z)


def _lid(s: LidBoxShape, looks: dict[str, np.ndarray]) -> Link:
    """A slab or an upturned tray, and its tab; the link's origin lies on the hinge's axis."""
    x, y = (hinged.AXIS_OUT_M, s.front_m), (-s.width_m / 2, s.width_m / 2)
    top = s.lid_m - s.wall_m if s.tray else 0.0
    solids = [board(x, y, (top, s.lid_m))]
    if s.tray:
        solids += _ring(x, y, (0.0, top), s.wall_m)
    solids += hinged.barrels("y", (-0.40 * s.width_m, 0.40 * s.width_m), 0.024)
    parts = [assembled("lid", solids, looks["front"]), _tab(s, looks["handle"])]
    body = solid_mass([p.mesh for p in parts], DENSITY_KG_M3, mass_range_kg=hinged.MASS_KG)
    weight_nm = GRAVITY_M_S2 * body.mass_kg * body.centre_of_mass_m
    joint = hinged.hinge(
        "lid",
        -_Y,
        lever_m=s.lever_m,
        range_rad=s.range_rad,
        weight_nm=(float(weight_nm[0]), -float(weight_nm[2])),
    )
    return link("lid", parts, body, parent=("box", Pose.at(*s.root_from_lid_m)), joint=joint)


def _tab(s: LidBoxShape, texture: np.ndarray) -> Part:
    """A lip that stands out from the lid's front, or a bar on two posts."""
    half, x, z = s.tab_width_m / 2, s.front_m, s.tab_z_m
    cuts = np.linspace(-half, half, hinged.GRIP_STEPS + 1)
    if not s.bar:
        high, deep = (z - 0.0035, z + 0.0035), (x, x + s.tab_out_m)
        return assembled("tab", [joined([board(deep, c, high) for c in pairwise(cuts)])], texture)
    grip = rod(0.0055, (-half, half), "y", (x + s.tab_out_m, 0.0, z), steps=hinged.GRIP_STEPS)
    reach = (x, x + s.tab_out_m - 0.0038)
    posts = [
        rod(0.0038, reach, "x", (0.0, end, z), segments=12) for end in (0.008 - half, half - 0.008)
    ]
    return assembled("tab", [grip, *posts], texture, smooth=True)


def _straps(s: LidBoxShape) -> Iterator[Solid]:
    """Two bands down the front, over the lid and down the back, clear of hinges and tab."""
    top = s.height_m + STRAP_GAP_M
    front = s.depth_m / 2 + STRAP_GAP_M
    back = -s.depth_m / 2 - hinged.AXIS_OUT_M - hinged.BARREL_M - STRAP_GAP_M
    for middle in (-0.27 * s.width_m, 0.27 * s.width_m):
        y = (middle - STRAP_WIDTH_M / 2, middle + STRAP_WIDTH_M / 2)
        yield board((front, front + STRAP_M), y, (0.0, top))
        yield board((back - STRAP_M, back), y, (0.0, top))
        yield board((back - STRAP_M, front + STRAP_M), y, (top, top + STRAP_M))


def _buckles(s: LidBoxShape) -> Iterator[Solid]:
    """A metal frame with a tongue on each strap, at the middle of the front."""
    x0 = s.depth_m / 2 + STRAP_GAP_M + STRAP_M
    x, z, half = (x0, x0 + 0.003), s.wall_top_m / 2, STRAP_WIDTH_M / 2 + 0.004
    for y in (-0.27 * s.width_m, 0.27 * s.width_m):
        yield board(x, (y - half, y + half), (z + 0.010, z + 0.014))
        yield board(x, (y - half, y + half), (z - 0.014, z - 0.010))
        yield board(x, (y - half, y - half + 0.004), (z - 0.010, z + 0.010))
        yield board(x, (y + half - 0.004, y + half), (z - 0.010, z + 0.010))
        yield board(x, (y - 0.0015, y + 0.0015), (z - 0.010, z + 0.010))


def _liftable(s: LidBoxShape, points_m: np.ndarray) -> np.ndarray:
    """1 on the middle of the tab's outer half, less towards its ends and its root."""
    off = np.clip(np.abs(points_m[:, 1]) / (s.tab_width_m / 2), 0.0, 1.0)
    out = np.clip((points_m[:, 0] - s.front_m) / (0.6 * s.tab_out_m), 0.0, 1.0)
    return (0.3 + 0.7 * out) * (1.0 - 0.5 * off)


def _grasps(s: LidBoxShape) -> Iterator[PartGrasp]:
    """Pads above and below the tab, from the front."""
    out = s.tab_out_m if s.bar else s.tab_out_m - 0.005
    middle = s.root_from_lid_m + np.array([s.front_m + out, 0.0, s.tab_z_m])
    for share in (0.0, -0.2, 0.2):
        centre = middle + share * s.tab_width_m * _Y
        for tilt in np.deg2rad([0.0, 15.0, 30.0]):
            approach = -np.cos(tilt) * _X - np.sin(tilt) * _Z
            closing = np.cross(_Y, approach)
            yield PartGrasp("tab", gripper_frame(centre, approach, closing), hinged.OPENING_M)


def _looks(rng: np.random.Generator) -> dict[str, np.ndarray]:
    looks = hinged.furniture_looks(rng)
    return looks | {"strap": tx.plain(rng, tx.jittered(rng, tx.pick(rng, LEATHERS), 6.0))}


OBJECTS.register("lid_box", ObjectFamily("lid_box", make_lid_box))
OBJECTS.register("strapped_lid_box", ObjectFamily("strapped_lid_box", make_strapped_lid_box))
