"""Kettles: body, spout towards +x, lid with a knob, and a handle that arches over them.

A held-out category: all its instances are unseen.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from jaxtyping import Float64

from ivlm_bench.geometry import se3
from ivlm_bench.geometry.solids import Solid, joined, lathe
from ivlm_bench.objects import DEFAULT_POOL_SIZE, OBJECTS, ObjectFamily, Split
from ivlm_bench.types import Mesh, ObjectModel, Part, PartGrasp, Pose
from ivlm_envs.objects import textures as tx
from ivlm_envs.objects.bodies import affordance, link, part, solid_mass
from ivlm_envs.objects.clearance import best_first, clear_grasps, gripper_frame, rest_hulls
from ivlm_envs.objects.handles import bar_grasps, bar_part, bar_section, middle_first
from ivlm_envs.objects.turned import turned_hull

RADIUS_M = (0.044, 0.060)
#: Height of the body over its diameter, foot radius and lid radius over its radius.
ASPECT, FOOT, LID = (0.62, 0.90), (0.80, 0.98), (0.45, 0.60)
#: Height of the lid's dome; radius of its knob (m).
DOME_M, KNOB_M = (0.006, 0.011), (0.0065, 0.0090)
#: Thickness of the handle in its plane and across it (m), and free height above the knob (m).
BAR_M, GAP_M = (0.0085, 0.0125), (0.036, 0.048)
#: Outer radii of the spout at root and tip; how far its tip stands out from the body (m).
SPOUT_ROOT_M, SPOUT_TIP_M, SPOUT_OUT_M = (0.010, 0.014), (0.0065, 0.0085), (0.026, 0.038)
#: Mean density (kg/m3): a thin shell, drawn as if it were solid.
DENSITY_KG_M3 = (250.0, 500.0)
MASS_KG = (0.10, 0.40)
#: Facets around the drawn body and around its hull; convex pieces of the handle.
FACETS, HULL_FACETS, LINKS = 40, 20, 12
#: Facets around the body where only room for the gripper is asked for.
COARSE_FACETS = 10

_X, _Y, _Z = np.eye(3)


@dataclass(frozen=True, slots=True)
class KettleShape:
    """Dimensions of one kettle in m; radii are outer ones."""

    radius_m: float
    height_m: float
    foot_m: float
    lid_m: float
    dome_m: float
    knob_m: float
    bar_m: tuple[float, float]
    gap_m: float
    spout_m: tuple[float, float]
    spout_out_m: float

    @property
    def top_m(self) -> float:
        """Height of the knob's top."""
        return self.height_m + self.dome_m + 1.8 * self.knob_m

    def outer_m(self, share: float) -> float:
        """Outer radius at a share of the height: foot, belly at 0.35, shoulder to the lid."""
        if share < 0.35:
            return self.foot_m + (self.radius_m - self.foot_m) * float(
                np.sin(share / 0.35 * np.pi / 2)
            )
        turn = (share - 0.35) / 0.65
        return self.lid_m + (self.radius_m - self.lid_m) * float(np.sqrt(1.0 - turn**2))


def make_kettle(name: str, split: Split, rng: np.random.Generator) -> ObjectModel:
    """Build a kettle."""
    s = _draw_shape(rng)
    enamel, lid_paint, grip = _looks(rng)
    path = _arch(s)
    spout, axis = _spout(s)
    handle = bar_part("handle", path, bar_section(s.bar_m), texture=grip, links=LINKS)
    parts = [_body(s, enamel), part("spout", spout, enamel), _lid(s, lid_paint), handle]
    density = float(rng.uniform(*DENSITY_KG_M3))
    mass = solid_mass([p.mesh for p in parts], density, mass_range_kg=MASS_KG)
    links = (link("kettle", parts, mass),)
    grasps = best_first([*_handle_grasps(s, path), *_spout_grasps(s, axis)], mass.centre_of_mass_m)
    return ObjectModel(
        name=name,
        category="kettle",
        cluster=name,
        split=split,
        links=links,
        affordances={"grasp": affordance(links, {"handle": middle_first(handle, path)})},
        grasps=clear_grasps(grasps, rest_hulls(links) | {"body": [_around_body(s)]}),
    )


def _draw_shape(rng: np.random.Generator) -> KettleShape:
    radius = float(rng.uniform(*RADIUS_M))
    return KettleShape(
        radius_m=radius,
        height_m=2 * radius * float(rng.uniform(*ASPECT)),
        foot_m=radius * float(rng.uniform(*FOOT)),
        lid_m=radius * float(rng.uniform(*LID)),
        dome_m=float(rng.uniform(*DOME_M)),
        knob_m=float(rng.uniform(*KNOB_M)),
        bar_m=(float(rng.uniform(*BAR_M)), float(rng.uniform(*BAR_M))),
        gap_m=float(rng.uniform(*GAP_M)),
        spout_m=(float(rng.uniform(*SPOUT_ROOT_M)), float(rng.uniform(*SPOUT_TIP_M))),
        spout_out_m=float(rng.uniform(*SPOUT_OUT_M)),
    )


def _body(s: KettleShape, texture: np.ndarray) -> Part:
    shoulder = 0.35 + 0.65 * np.sin(_quarter(9))
    shares = np.concatenate([np.linspace(0.0, 0.35, 5)[:-1], shoulder])
    side = np.array([[s.outer_m(share), share * s.height_m] for share in shares])
    top = np.array([side[-1], [0.0, s.height_m]])
    solid = lathe([np.array([[0.0, 0.0], side[0]]), side, top], FACETS)
    hull = turned_hull(np.concatenate([side[:4:2], side[4:]]), HULL_FACETS)
    return part("body", solid, texture, hulls=[hull])


def _around_body(s: KettleShape) -> Mesh:
    """Return a hull of few faces around the body: against it grasps are tried five times faster."""
    corner = s.outer_m(0.7)
    section = [[s.radius_m, 0.0], [s.radius_m, 0.7 * s.height_m], [corner, s.height_m]]
    widened = np.array(section) * [1.0 / np.cos(np.pi / COARSE_FACETS), 1.0]
    return turned_hull(widened, COARSE_FACETS)


def _quarter(n: int) -> Float64[np.ndarray, " n"]:
    return np.linspace(0.0, np.pi / 2, n)


def _lid(s: KettleShape, texture: np.ndarray) -> Part:
    """A dome and a knob, each of them convex."""
    turn = _quarter(5)
    rim, base = 0.97 * s.lid_m, s.height_m
    dome = np.stack([rim * np.cos(turn), base + s.dome_m * np.sin(turn)], axis=1)
    dome[-1, 0] = 0.0
    middle = base + s.dome_m + 0.8 * s.knob_m
    ball = np.linspace(-np.pi / 2, np.pi / 2, 9)
    knob = np.stack([s.knob_m * np.cos(ball), middle + s.knob_m * np.sin(ball)], axis=1)
    knob[[0, -1], 0] = 0.0
    solid = joined([lathe([np.array([[0.0, base], dome[0]]), dome], FACETS), lathe([knob], 20)])
    hulls = [turned_hull(dome, HULL_FACETS), turned_hull(knob[::2], HULL_FACETS // 2)]
    return part("lid", solid, texture, hulls=hulls)


def _spout(s: KettleShape) -> tuple[Solid, Float64[np.ndarray, "2 3"]]:
    """Return a tapered tube and the ends of its axis, from inside the body to the tip."""
    start = np.array([s.outer_m(0.35) - 1.3 * s.spout_m[0], 0.0, 0.40 * s.height_m])
    end = np.array([s.radius_m + s.spout_out_m, 0.0, 0.92 * s.height_m])
    length = float(np.linalg.norm(end - start))
    side = np.linspace([s.spout_m[0], 0.0], [s.spout_m[1], length], 4)
    cone = lathe([np.array([[0.0, 0.0], side[0]]), side, np.array([side[-1], [0.0, length]])], 20)
    turned = se3.frame_from_axes(z=(end - start) / length, x=_Y)
    placed = cone.moved(Pose.from_rotation(turned, start))
    return placed, np.stack([start, end])


def _arch(s: KettleShape) -> Float64[np.ndarray, "k 3"]:
    """Half an ellipse over the lid, its ends inside the body's shoulder."""
    foot_share = 0.72
    reach, base = 0.94 * s.outer_m(foot_share) - s.bar_m[0] / 2, foot_share * s.height_m
    rise = s.top_m + s.gap_m + s.bar_m[0] / 2 - base
    turn = np.linspace(np.pi, 0.0, 3 * LINKS + 1)
    out = np.sign(np.cos(turn)) * np.abs(np.cos(turn)) ** 0.8
    return np.stack([reach * out, 0.0 * turn, base + rise * np.abs(np.sin(turn)) ** 0.8], axis=1)


def _handle_grasps(s: KettleShape, path: np.ndarray) -> Iterator[PartGrasp]:
    tilts_deg = (0.0, 25.0, -25.0, 50.0, -50.0)
    shares = (0.42, 0.46, 0.5, 0.54, 0.58)
    return bar_grasps("handle", path, s.bar_m, shares=shares, tilts_deg=tilts_deg)


def _spout_grasps(s: KettleShape, axis: np.ndarray) -> Iterator[PartGrasp]:
    """Pads on both sides of the spout, coming along its axis and from in front."""
    along = (axis[1] - axis[0]) / np.linalg.norm(axis[1] - axis[0])
    for lean in np.deg2rad([0.0, 20.0, 40.0]):
        approach = -np.cos(lean) * along - np.sin(lean) * np.cross(along, _Y)
        for reach in (0.006, 0.012):
            pose = gripper_frame(axis[1] + reach * along, approach, _Y)
            yield PartGrasp("spout", pose, 2 * s.spout_m[0] + 0.024)


def _looks(rng: np.random.Generator) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Return the textures of body, lid and handle: enamel or steel; lids often match."""
    paint, metal = tx.jittered(rng, tx.pick(rng, tx.GLAZES)), tx.pick(rng, tx.METALS)
    steel = tx.brushed_metal(rng, metal)
    enamel = (tx.plain(rng, paint), tx.speckles(rng, (paint, (226, 222, 212))), steel)
    body = enamel[int(rng.integers(len(enamel)))]
    lid = body if rng.random() < 0.6 else steel
    grips = (tx.wood(rng, tx.pick(rng, tx.WOODS)), tx.plain(rng, (52, 52, 56)), steel)
    return body, lid, grips[int(rng.integers(len(grips)))]


OBJECTS.register(
    "kettle", ObjectFamily("kettle", make_kettle, n_seen=0, n_unseen=DEFAULT_POOL_SIZE)
)
