"""Bottles: a turned or oval body, a neck and a cap; bare bottles have lost their cap."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from jaxtyping import Float64

from ivlm_bench.geometry.solids import Solid, cylinder, lathe
from ivlm_bench.objects import OBJECTS, ObjectFamily, Split
from ivlm_bench.types import Mesh, ObjectModel, Part, PartGrasp
from ivlm_envs.objects import textures as tx
from ivlm_envs.objects.bodies import affordance, instance, link, part, solid_mass
from ivlm_envs.objects.clearance import best_first, clear_grasps, gripper_frame, rest_hulls
from ivlm_envs.objects.turned import turned_hull, wedge_hulls

#: Height of the body over its width: the visible difference between the pools.
ASPECT = {"seen": (1.15, 1.65), "unseen": (1.95, 2.60)}
WIDTH_M = (0.046, 0.070)
#: Tallest body (m): with neck and cap, 0.2 m.
BODY_HEIGHT_M = 0.135
#: Depth over width of an oval body; half of the bottles are round.
OVAL = (0.68, 0.90)
#: Radius of the neck, and what the cap's is larger by (m).
NECK_M, CAP_OVER_M = (0.0095, 0.0130), (0.0020, 0.0045)
CAP_HEIGHT_M = (0.018, 0.030)
#: Free length of the neck (m): hidden or long under a cap; bare necks can be held.
SHORT_NECK_M, LONG_NECK_M = (0.006, 0.012), (0.028, 0.038)
#: Wall of an open neck (m).
NECK_WALL_M = 0.0030
#: Mean density with contents (kg/m3), from nearly empty plastic to a full flask.
DENSITY_KG_M3 = (250.0, 800.0)
#: Limits of the mass (kg): a protocol floor, and what a 20 N grip at the cap carries.
MASS_KG = (0.05, 0.35)
#: Widest body that the pads may close on (m): the 80 mm opening less 5 mm a side.
GRASPABLE_M = 0.070
#: Facets around the drawn body and around its hull; wedges of an open neck.
FACETS, HULL_FACETS, WEDGES = 40, 20, 8
#: How far the neck reaches into the body (m).
ROOT_M = 0.002
#: Half the breadth, half the depth of a pad; distance kept to what is below it (m).
PAD_BREADTH_M, PAD_DEPTH_M, CLEAR_M = 0.010, 0.020, 0.0065

_X, _Y, _Z = np.eye(3)


@dataclass(frozen=True, slots=True)
class BottleShape:
    """Dimensions of one bottle in m; ``oval`` is the depth over the width of the body."""

    height_m: float
    width_m: float
    oval: float
    foot_m: float
    shoulder_m: float
    pointed: bool
    neck_radius_m: float
    neck_m: float
    cap_radius_m: float
    cap_m: float


def make_bottle(name: str, split: Split, rng: np.random.Generator) -> ObjectModel:
    """Build a bottle with a cap."""
    shape = _draw_shape(split, rng, neck_m=LONG_NECK_M if rng.random() < 0.4 else SHORT_NECK_M)
    glass, lid = _colours(rng)
    body = _body(shape, _labelled(rng, glass))
    neck = _solid_neck(shape, tx.plain(rng, glass))
    cap = _cap(shape, tx.stripes(rng, (lid, _darker(lid)), upright=True))
    return _model(name, split, shape, [body, neck, cap], float(rng.uniform(*DENSITY_KG_M3)))


def make_bare_bottle(name: str, split: Split, rng: np.random.Generator) -> ObjectModel:
    """Build a bottle whose neck is open: there is no cap to hold it by."""
    shape = _draw_shape(split, rng, neck_m=LONG_NECK_M)
    glass, _ = _colours(rng)
    body = _body(shape, _labelled(rng, glass))
    neck = _open_neck(shape, tx.speckles(rng, (glass, _darker(glass))))
    return _model(name, split, shape, [body, neck], float(rng.uniform(*DENSITY_KG_M3)))


def _draw_shape(
    split: Split, rng: np.random.Generator, *, neck_m: tuple[float, float]
) -> BottleShape:
    aspect = float(rng.uniform(*ASPECT[split]))
    width = float(rng.uniform(WIDTH_M[0], min(WIDTH_M[1], BODY_HEIGHT_M / aspect)))
    neck_radius = float(rng.uniform(*NECK_M))
    return BottleShape(
        height_m=width * aspect,
        width_m=width,
        oval=float(rng.uniform(*OVAL)) if rng.random() < 0.5 else 1.0,
        foot_m=float(rng.uniform(0.002, 0.008)),
        shoulder_m=width * aspect * float(rng.uniform(0.18, 0.40)),
        pointed=bool(rng.random() < 0.4),
        neck_radius_m=neck_radius,
        neck_m=float(rng.uniform(*neck_m)),
        cap_radius_m=neck_radius + float(rng.uniform(*CAP_OVER_M)),
        cap_m=float(rng.uniform(*CAP_HEIGHT_M)),
    )


def _model(
    name: str, split: Split, s: BottleShape, parts: list[Part], density: float
) -> ObjectModel:
    mass = solid_mass([p.mesh for p in parts], density, mass_range_kg=MASS_KG)
    links = (link("bottle", parts, mass),)
    has_cap = parts[-1].name == "cap"
    grasps = [*_top_grasps(s, has_cap=has_cap), *_body_grasps(s)]
    return instance(
        name,
        split,
        links,
        affordances={"grasp": affordance(links, {p.name: _graspable(s, p) for p in parts})},
        grasps=clear_grasps(best_first(grasps, mass.centre_of_mass_m), rest_hulls(links)),
    )


def _body(s: BottleShape, texture: np.ndarray) -> Part:
    """A convex solid of revolution, drawn in towards the front where it is oval."""
    quarter = np.linspace(0.0, np.pi / 2, 5)
    radius, top = s.width_m / 2, 1.15 * s.neck_radius_m / s.oval
    inner = radius - s.foot_m
    foot = np.stack([inner + s.foot_m * np.sin(quarter), s.foot_m * (1 - np.cos(quarter))], axis=1)
    start = s.height_m - s.shoulder_m
    turn = np.linspace(0.0, 1.0 if s.pointed else np.pi / 2, 3 if s.pointed else 9)[:, None]
    out = 1.0 - turn if s.pointed else np.cos(turn)
    up = turn if s.pointed else np.sin(turn)
    shoulder = np.concatenate([top + (radius - top) * out, start + s.shoulder_m * up], axis=1)
    straight = np.linspace(foot[-1], shoulder[0], 4)[1:-1]
    side = np.concatenate([foot, straight, shoulder])
    ends = [np.array([[0.0, 0.0], foot[0]]), np.array([shoulder[-1], [0.0, s.height_m]])]
    turned = lathe([ends[0], side, ends[1]], FACETS)
    solid = Solid(
        Mesh(turned.mesh.vertices_m * np.array([s.oval, 1.0, 1.0]), turned.mesh.faces),
        turned.uv,
        turned.chart,
    )
    v = np.where(solid.chart == 1, 0.02 + 0.96 * solid.uv[:, 1], 0.98)
    drawn = solid.with_uv(np.stack([2.0 * solid.uv[:, 0], v], axis=1))
    hull = turned_hull(np.concatenate([foot[::2], shoulder[::2]]), HULL_FACETS, oval=s.oval)
    return part("body", drawn, texture, hulls=[hull])


def _solid_neck(s: BottleShape, texture: np.ndarray) -> Part:
    length = s.neck_m + ROOT_M
    solid = cylinder(s.neck_radius_m, length, segments=24, steps=4)
    drawn = solid.at(0.0, 0.0, s.height_m - ROOT_M + length / 2)
    return part("neck", drawn, texture, hulls=[_hull_of(s.neck_radius_m, drawn.mesh)])


def _open_neck(s: BottleShape, texture: np.ndarray) -> Part:
    """A tube with a rounded lip; the body's top closes it below."""
    lip, low, high = NECK_WALL_M / 2, s.height_m - ROOT_M, s.height_m + s.neck_m
    turn = np.linspace(0.0, np.pi, 5)
    middle = s.neck_radius_m - lip
    rim = np.stack([middle + lip * np.cos(turn), high - lip + lip * np.sin(turn)], axis=1)
    outer = np.concatenate([np.linspace([s.neck_radius_m, low], rim[0], 4)[:-1], rim])
    inner = np.array([rim[-1], [rim[-1][0], low]])
    solid = lathe([outer, inner, np.array([inner[-1], outer[0]])], 24)
    return part(
        "neck", solid, texture, hulls=wedge_hulls(np.concatenate([outer, inner]), WEDGES, facets=24)
    )


def _cap(s: BottleShape, texture: np.ndarray) -> Part:
    solid = cylinder(s.cap_radius_m, s.cap_m, segments=30, bevel_m=0.0012, steps=5)
    turned = solid.with_uv(solid.uv * np.where(solid.chart == 1, 6.0, 0.2)[:, None])
    drawn = turned.at(0.0, 0.0, s.height_m + s.neck_m + s.cap_m / 2)
    return part("cap", drawn, texture, hulls=[_hull_of(s.cap_radius_m, drawn.mesh)])


def _hull_of(radius_m: float, upright: Mesh) -> Mesh:
    """Return the coarse prism around an upright cylinder."""
    z = upright.vertices_m[:, 2]
    return turned_hull(np.array([[radius_m, z.min()], [radius_m, z.max()]]), 2 * WEDGES)


def _graspable(s: BottleShape, piece: Part) -> Float64[np.ndarray, " n"]:
    """Cap best, then the neck; the body only where the pads can span it."""
    z = piece.mesh.vertices_m[:, 2]
    middle = 1.0 - np.abs(2.0 * (z - z.min()) / np.ptp(z) - 1.0)
    middle = middle / middle.max()  # no vertex need lie in the very middle
    if piece.name == "cap":
        return 0.75 + 0.25 * middle
    if piece.name == "neck":
        return 0.6 + 0.4 * middle if s.neck_m >= LONG_NECK_M[0] else 0.2 * middle
    return 0.7 * middle if s.width_m * s.oval <= GRASPABLE_M else 0.0 * z


def _top_grasps(s: BottleShape, *, has_cap: bool) -> Iterator[PartGrasp]:
    """Pads on both sides of cap and neck, from all sides; from above on the topmost of them."""
    neck = s.height_m, s.height_m + s.neck_m, 2 * s.neck_radius_m
    pieces = {"neck": neck}
    if has_cap:
        pieces["cap"] = neck[1], neck[1] + s.cap_m, 2 * s.cap_radius_m
    for name, (low, high, thick) in pieces.items():
        width = thick + 0.026
        for angle in np.deg2rad(np.arange(0, 360, 30)):
            radial = np.cos(angle) * _X + np.sin(angle) * _Y
            closing = np.cross(_Z, radial)
            beside = low + PAD_BREADTH_M + min(CLEAR_M, (high - low) / 3)
            yield PartGrasp(name, gripper_frame(beside * _Z, -radial, closing), width)
            above = low + PAD_DEPTH_M + min(CLEAR_M, (high - low) / 4)
            if angle < np.pi:
                yield PartGrasp(name, gripper_frame(above * _Z, -_Z, closing), width)


def _body_grasps(s: BottleShape) -> Iterator[PartGrasp]:
    """Pads across the body from the side; across its depth alone where it is oval."""
    across = s.width_m * s.oval
    if across > GRASPABLE_M:
        return
    round_body = s.oval > OVAL[1]
    for degrees in range(0, 360, 30) if round_body else (90, 270):
        angle = np.deg2rad(degrees)
        radial = np.cos(angle) * _X + np.sin(angle) * _Y
        for share in (0.35, 0.5, 0.65):
            z = max((s.height_m - s.shoulder_m) * share, 0.034)
            pose = gripper_frame(z * _Z, -radial, np.cross(_Z, radial))
            yield PartGrasp("body", pose, min(across + 0.018, 0.080))


def _colours(rng: np.random.Generator) -> tuple[tx.Colour, tx.Colour]:
    """Return the colours of glass and cap, alike in four bottles of ten."""
    first, second = rng.permutation(len(tx.GLAZES))[:2]
    glass = tx.jittered(rng, tx.GLAZES[first])
    return glass, glass if rng.random() < 0.4 else tx.jittered(rng, tx.GLAZES[second])


def _darker(colour: tx.Colour) -> tx.Colour:
    r, g, b = (round(0.8 * c) for c in colour)
    return r, g, b


def _labelled(rng: np.random.Generator, colour: tx.Colour) -> np.ndarray:
    """Return the wall's texture: glass with a paper label around its straight part."""
    side = tx.plain(rng, colour)
    y, x = np.mgrid[0 : len(side), 0 : len(side)] / len(side)
    low, tall = rng.uniform(0.48, 0.56), rng.uniform(0.22, 0.34)
    paper = (236, 232, 222) if rng.random() < 0.5 else tx.pick(rng, tx.GLAZES)
    label = tx.mixed(side, tx.plain(rng, paper), (y > low) & (y < low + tall))
    band = (y > low + 0.02) & (y < low + 0.02 + rng.uniform(0.03, 0.08))
    label = tx.mixed(label, tx.plain(rng, tx.pick(rng, tx.GLAZES)), band)
    lines = (y > low + 0.6 * tall) & (y < low + 0.92 * tall) & ((y * 30 % 1) < 0.45)
    return tx.mixed(label, tx.plain(rng, (60, 60, 64)), lines & (x > 0.2) & (x < 0.75))


OBJECTS.register("bottle", ObjectFamily("bottle", make_bottle))
OBJECTS.register("bare_bottle", ObjectFamily("bare_bottle", make_bare_bottle))
