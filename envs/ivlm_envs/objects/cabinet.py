"""Drawer cabinets: a fixed carcass of boards, and trays that slide out along +x."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import pairwise

import numpy as np

from ivlm_bench.geometry.solids import Solid, joined, lathe
from ivlm_bench.objects import OBJECTS, ObjectFamily, Split
from ivlm_bench.types import Joint, Link, ObjectModel, Part, PartGrasp, Pose
from ivlm_envs.objects import textures as tx
from ivlm_envs.objects.boards import board, rod, turned_to
from ivlm_envs.objects.bodies import affordance, assembled, instance, link, solid_mass
from ivlm_envs.objects.clearance import clear_grasps, gripper_frame, rest_hulls

#: Width over height of the cabinet: the visible difference between the pools.
WIDTH_TO_HEIGHT = {"seen": (1.0, 1.4), "unseen": (0.70, 0.88)}
HEIGHT_M = (0.20, 0.32)
WIDTH_M = (0.22, 0.34)
#: Travel of a drawer (m), and its share of the cabinet's depth.
TRAVEL_M = (0.105, 0.190)
TRAVEL_SHARE = (0.70, 0.85)
#: Gap around each moving part (m).
GAP_M = (0.0025, 0.0038)
#: Dry friction (N) and damping (N s/m) of a drawer: IVLM-Phys v1, section 6.2.
FRICTION_LOSS_N, DAMPING_N_S_M = 2.0, 10.0
#: Density of chipboard (kg/m3).
DENSITY_KG_M3 = 620.0
#: Mass limits of a carcass and of a drawer (kg); the drawn sizes stay well inside.
MASS_KG = (0.05, 20.0)
#: Distance of a handle's centre line from the front (m): half a pad's depth, and 6 mm to spare.
STANDOFF_M = (0.027, 0.033)
#: Names of the drawers from the top, by their number.
LEVELS = {2: ("top", "bottom"), 3: ("top", "middle", "bottom")}
#: Pieces along a grip, so that values on its vertices can vary along it.
GRIP_STEPS = 8
#: Thickness of tray walls and floor (m).
TRAY_M = 0.005

_X, _Y, _Z = np.eye(3)


@dataclass(frozen=True, slots=True)
class CabinetShape:
    """Dimensions of one cabinet in m; ``bays`` are the (low, high) heights, top one first."""

    width_m: float
    depth_m: float
    height_m: float
    board_m: float
    foot_m: float
    front_m: float
    gap_m: float
    travel_m: float
    inset: bool
    feet: str
    handle: str
    standoff_m: float
    handle_length_m: float
    bays: tuple[tuple[float, float], ...]

    @property
    def front_x_m(self) -> tuple[float, float]:
        """Where a closed drawer's front board begins and ends along x."""
        start = self.depth_m / 2 - self.front_m if self.inset else self.depth_m / 2 + self.gap_m
        return start, start + self.front_m


def make_cabinet(name: str, split: Split, rng: np.random.Generator) -> ObjectModel:
    """Build a cabinet whose drawers open."""
    return _make(name, split, rng, barred=False)


def make_barred_cabinet(name: str, split: Split, rng: np.random.Generator) -> ObjectModel:
    """Build a cabinet with two bars across its fronts: no drawer can open."""
    return _make(name, split, rng, barred=True)


def _make(name: str, split: Split, rng: np.random.Generator, *, barred: bool) -> ObjectModel:
    s = _draw_shape(split, rng, barred=barred)
    looks = _looks(rng)
    parts = [assembled("cabinet", list(_carcass(s)), looks["carcass"])]
    if barred:
        parts.append(assembled("bar", list(_bars(s)), looks["bar"]))
    body = solid_mass([p.mesh for p in parts], DENSITY_KG_M3, mass_range_kg=MASS_KG)
    links = [link("cabinet", parts, body)]
    for level, bay in zip(LEVELS[len(s.bays)], s.bays, strict=True):
        links.append(_drawer(s, level, bay, looks))
    values = {} if barred else _openable(s, links)
    return instance(
        name,
        split,
        links,
        affordances={"open": affordance(links, values)},
        grasps=clear_grasps(list(_grasps(s)), rest_hulls(links)),
        fixed_base=True,
    )


def _draw_shape(split: Split, rng: np.random.Generator, *, barred: bool) -> CabinetShape:
    ratio = float(rng.uniform(*WIDTH_TO_HEIGHT[split]))
    low, high = max(HEIGHT_M[0], WIDTH_M[0] / ratio), min(HEIGHT_M[1], WIDTH_M[1] / ratio)
    height = float(rng.uniform(low, high))
    travel = float(rng.uniform(*TRAVEL_M))
    kind = str(rng.choice(("bar", "knob") if barred else ("bar", "knob", "rail")))
    share = {"bar": (0.28, 0.36) if barred else (0.30, 0.50), "rail": (0.60, 0.80)}
    width = ratio * height
    board_m, foot = float(rng.uniform(0.008, 0.012)), float(rng.uniform(0.010, 0.024))
    n = int(rng.integers(2, 4))
    return CabinetShape(
        width_m=width,
        depth_m=travel / float(rng.uniform(*TRAVEL_SHARE)),
        height_m=height,
        board_m=board_m,
        foot_m=foot,
        front_m=float(rng.uniform(0.009, 0.013)),
        gap_m=float(rng.uniform(*GAP_M)),
        travel_m=travel,
        inset=bool(rng.random() < 0.5),
        feet=str(rng.choice(("skids", "plinth"))),
        handle=kind,
        standoff_m=float(rng.uniform(*STANDOFF_M)),
        handle_length_m=width * float(rng.uniform(*share.get(kind, (0.1, 0.1)))),
        bays=_bays(foot + board_m, height - board_m, n, rng),
    )


def _bays(
    low: float, high: float, n: int, rng: np.random.Generator
) -> tuple[tuple[float, float], ...]:
    """Divide the inside into bays, lower ones a little taller; shelves are 7 mm thick."""
    shelf = 0.007
    shares = np.sort(rng.uniform(0.8, 1.2, n))
    heights = shares / shares.sum() * (high - low - (n - 1) * shelf)
    tops = high - np.concatenate([[0.0], np.cumsum(heights[:-1] + shelf)])
    return tuple((float(t - h), float(t)) for t, h in zip(tops, heights, strict=True))


def _carcass(s: CabinetShape) -> Iterator[Solid]:
    """Bottom, top, sides, back, shelves and feet, butted so that no two overlap."""
    x, y = (-s.depth_m / 2, s.depth_m / 2), (-s.width_m / 2, s.width_m / 2)
    t, inside = s.board_m, (s.foot_m + s.board_m, s.height_m - s.board_m)
    yield board(x, y, (s.foot_m, s.foot_m + t))
    yield board(x, y, (s.height_m - t, s.height_m))
    yield board(x, (y[0], y[0] + t), inside)
    yield board(x, (y[1] - t, y[1]), inside)
    between = (y[0] + t, y[1] - t)
    yield board((x[0], x[0] + 0.006), between, inside)
    for upper, lower in zip(s.bays[:-1], s.bays[1:], strict=True):
        yield board((x[0] + 0.006, x[1]), between, (lower[1], upper[0]))
    if s.feet == "plinth":
        yield board((x[0] + 0.01, x[1] - 0.015), (y[0] + 0.01, y[1] - 0.01), (0.0, s.foot_m))
    else:
        yield board(x, (y[0] + 0.008, y[0] + 0.026), (0.0, s.foot_m))
        yield board(x, (y[1] - 0.026, y[1] - 0.008), (0.0, s.foot_m))


def _bars(s: CabinetShape) -> Iterator[Solid]:
    """Two upright bars just in front of the drawers, each held by a bracket at either end."""
    near = s.front_x_m[1] + 0.003
    offset = max(s.handle_length_m / 2 + 0.022, 0.27 * s.width_m)
    for y in (-offset, offset):
        yield rod(0.006, (s.foot_m, s.height_m), "z", (near + 0.006, y, 0.0), segments=12)
        for low in (s.foot_m, s.height_m - s.board_m):
            reach = (s.depth_m / 2, near + 0.006)
            yield board(reach, (y - 0.009, y + 0.009), (low, low + s.board_m))


def _drawer(
    s: CabinetShape, level: str, bay: tuple[float, float], looks: dict[str, np.ndarray]
) -> Link:
    """A tray, its front and its handle; the link's origin lies on the bay's floor."""
    height = bay[1] - bay[0]
    name = f"drawer_{level}"
    parts = [
        assembled(f"tray_{level}", list(_tray(s, height)), looks["tray"]),
        assembled(f"front_{level}", [_front(s, height)], looks["front"]),
        _handle(s, level, height, looks["handle"]),
    ]
    body = solid_mass([p.mesh for p in parts], DENSITY_KG_M3, mass_range_kg=MASS_KG)
    joint = Joint(
        name=name,
        kind="slide",
        axis=_X,
        origin_m=np.zeros(3),
        lower=0.0,
        upper=s.travel_m,
        friction_loss=FRICTION_LOSS_N,
        damping=DAMPING_N_S_M,
    )
    return link(name, parts, body, parent=("cabinet", Pose.at(0.0, 0.0, bay[0])), joint=joint)


def _tray(s: CabinetShape, height: float) -> Iterator[Solid]:
    half = s.width_m / 2 - s.board_m - s.gap_m
    x = (-s.depth_m / 2 + 0.006 + s.gap_m, s.front_x_m[0])
    low, high = s.gap_m, max(0.72 * height, s.gap_m + 0.015)
    yield board(x, (-half, half), (low, low + TRAY_M))
    walls = (low + TRAY_M, high)
    yield board(x, (-half, -half + TRAY_M), walls)
    yield board(x, (half - TRAY_M, half), walls)
    yield board((x[0], x[0] + TRAY_M), (-half + TRAY_M, half - TRAY_M), walls)


def _front(s: CabinetShape, height: float) -> Solid:
    overlap = 0.0 if s.inset else s.board_m - 0.002
    half = s.width_m / 2 - s.board_m - s.gap_m + overlap
    return board(s.front_x_m, (-half, half), (s.gap_m / 2, height - s.gap_m / 2))


def _handle(s: CabinetShape, level: str, height: float, texture: np.ndarray) -> Part:
    """Bar or rail on two posts, or a turned knob, at the middle of the front."""
    x, z, y = s.front_x_m[1], height / 2, s.handle_length_m / 2
    name = f"handle_{level}"
    if s.handle == "knob":
        stem = rod(0.0055, (x, x + s.standoff_m - 0.006), "x", (0.0, 0.0, z))
        head = turned_to(lathe(_knob_profile(), 20), "x").at(x + s.standoff_m - 0.006, 0.0, z)
        return assembled(name, [stem, head], texture, smooth=True)
    centre = (x + s.standoff_m, 0.0, z)
    if s.handle == "rail":
        deep, high = (centre[0] - 0.0045, centre[0] + 0.0045), (z - 0.007, z + 0.007)
        cuts = np.linspace(-y, y, GRIP_STEPS + 1)
        grip = joined([board(deep, (a, b), high) for a, b in pairwise(cuts)])
        posts = [board((x, deep[0]), (e - 0.005, e + 0.005), high) for e in (-y + 0.005, y - 0.005)]
        return assembled(name, [grip, *posts], texture)
    grip = rod(0.0055, (-y, y), "y", centre, steps=GRIP_STEPS)
    ends = (-y + 0.008, y - 0.008)
    reach = (x, centre[0] - 0.0038)  # just into the grip, whose round side recedes there
    posts = [rod(0.0038, reach, "x", (0.0, e, z), segments=12) for e in ends]
    return assembled(name, [grip, *posts], texture, smooth=True)


def _knob_profile() -> list[np.ndarray]:
    """A flat button head: radius 12 mm, 14 mm long."""
    rim = np.array(
        [[0.007, 0.0], [0.0112, 0.003], [0.012, 0.007], [0.0105, 0.0115], [0.006, 0.014]]
    )
    return [np.array([[0.0, 0.0], rim[0]]), rim, np.array([rim[-1], [0.0, 0.014]])]


def _openable(s: CabinetShape, links: list[Link]) -> dict[str, np.ndarray]:
    """1 on the middle of each handle's grip, less towards its ends and on its posts."""
    values = {}
    for owner in links[1:]:
        handle = owner.parts[2]
        x, y = handle.mesh.vertices_m[:, 0], handle.mesh.vertices_m[:, 1]
        half = max(s.handle_length_m / 2, 0.012)
        out = np.clip((x - s.front_x_m[1]) / (s.standoff_m - 0.006), 0.0, 1.0)
        values[handle.name] = (0.3 + 0.7 * out) * (1.0 - 0.5 * np.clip(np.abs(y) / half, 0.0, 1.0))
    return values


def _grasps(s: CabinetShape) -> Iterator[PartGrasp]:
    """Pads above and below the grip (or on both sides of a knob), from the front."""
    shares = (0.0,) if s.handle == "knob" else (0.0, -0.25, 0.25, -0.5, 0.5)
    for level, bay in zip(LEVELS[len(s.bays)], s.bays, strict=True):
        middle = np.array([s.front_x_m[1] + s.standoff_m, 0.0, (bay[0] + bay[1]) / 2])
        for share in shares:
            centre = middle + share * s.handle_length_m / 2 * _Y
            for tilt in np.deg2rad([0.0, 20.0, -20.0]):
                approach = -np.cos(tilt) * _X - np.sin(tilt) * _Z
                pose = gripper_frame(centre, approach, _Z)
                yield PartGrasp(f"handle_{level}", pose, 0.045)
            if s.handle == "knob":
                yield PartGrasp(f"handle_{level}", gripper_frame(centre, -_X, _Y), 0.045)


def _looks(rng: np.random.Generator) -> dict[str, np.ndarray]:
    """Textures; in half of the cabinets the handles look like the fronts."""
    carcass = _finish(rng)
    front = carcass if rng.random() < 0.5 else _finish(rng)
    metal = tx.brushed_metal(rng, tx.pick(rng, tx.METALS))
    return {
        "carcass": carcass,
        "front": front,
        "handle": front if rng.random() < 0.5 else metal,
        "tray": tx.wood(rng, tx.jittered(rng, (206, 182, 146), 6.0)),
        "bar": tx.brushed_metal(rng, tx.pick(rng, tx.METALS)),
    }


def _finish(rng: np.random.Generator) -> np.ndarray:
    if rng.random() < 0.6:
        return tx.wood(rng, tx.jittered(rng, tx.pick(rng, tx.WOODS), 6.0))
    return tx.plain(rng, tx.jittered(rng, tx.pick(rng, tx.GLAZES), 6.0))


OBJECTS.register("cabinet", ObjectFamily("cabinet", make_cabinet))
OBJECTS.register("barred_cabinet", ObjectFamily("barred_cabinet", make_barred_cabinet))
