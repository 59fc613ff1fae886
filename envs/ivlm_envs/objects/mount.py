"""What turning controls share: an upright plate on a foot, pins, and the joint's constants."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np

from ivlm_bench.geometry.solids import Solid
from ivlm_bench.types import Joint, Link, Part
from ivlm_envs.objects import textures as tx
from ivlm_envs.objects.boards import Interval, board, rod
from ivlm_envs.objects.bodies import assembled, link, part, solid_mass

#: Force on the handle (N), share of its torque that dry friction takes, and time in which the
#: force crosses the whole range (s): IVLM-Phys v1, section 6.2.
FORCE_N, FRICTION_SHARE, CROSSING_S = 10.0, 0.2, 1.5
#: Where a hand or finger acts, as a share of the handle's reach from the axis.
LEVER_ARM_SHARE = 0.85
#: Thickness of the plate, and thickness of the foot it stands on (m).
PLATE_M, FOOT_M = 0.012, 0.014
#: Thickness of the ring around an axis, and the gap between it and what turns (m).
ROSETTE_M, GAP_M = 0.003, 0.0008
#: Radius of a pin (m), and the gap that it leaves the handle (m): enough to see it give way.
PIN_RADIUS_M, PIN_GAP_M = 0.003, (0.0015, 0.0022)
#: How far a pin reaches beyond the handle (m), and thickness of the strap across two pins (m).
PIN_BEYOND_M, STRAP_M = 0.004, 0.004
#: Density of a zinc alloy casting with hollows, and of ABS plastic (kg/m3).
METAL_KG_M3, PLASTIC_KG_M3 = 3300.0, 1050.0
#: Mass limits of a plate and of a handle (kg); the drawn sizes stay well inside.
PLATE_MASS_KG, HANDLE_MASS_KG = (0.02, 6.0), (0.002, 1.0)
#: Where a control sits on its plate, by the number of them, from the left.
SIDES: dict[int, tuple[str, ...]] = {1: ("",), 2: ("left", "right"), 3: ("left", "middle", "right")}

#: Gain of a handle in the plate's own colour, so that its outline can be seen: on plates darker
#: than this 8-bit value it is lighter, on others darker.
MIDDLE_TONE, LIGHTER, DARKER = 120.0, 1.5, 0.8

PLATE_COLOURS: tuple[tx.Colour, ...] = (
    (196, 194, 188),
    (122, 134, 146),
    (86, 92, 98),
    (178, 164, 142),
    (132, 150, 134),
)


@dataclass(frozen=True, slots=True)
class Plate:
    """An upright plate that faces +x: its extents along y and z (m), and its axes' (y, z)."""

    y_m: Interval
    z_m: Interval
    centres: tuple[tuple[float, float], ...]
    rosette_m: float

    @property
    def face_m(self) -> float:
        """Where the plate's front lies along x."""
        return PLATE_M / 2

    def root(self, name: str, rng: np.random.Generator, pins: Sequence[Part] = ()) -> Link:
        """Return the fixed link: plate with a ring around each axis, foot, and pins."""
        texture = _finish(rng)
        solids = [board((-self.face_m, self.face_m), self.y_m, self.z_m)]
        ends = (self.face_m, self.face_m + ROSETTE_M)
        solids += [
            rod(self.rosette_m, ends, "x", (0.0, y, z), segments=28) for y, z in self.centres
        ]
        plate = assembled("plate", solids, texture)
        depth = 0.030 + 0.10 * (self.z_m[1] - self.z_m[0])
        half = max(self.y_m[1], -self.y_m[0]) + 0.008
        base = board((-depth, depth), (-half, half), (0.0, self.z_m[0]))
        dark = texture if rng.random() < 0.5 else tx.plain(rng, (64, 64, 68))
        parts = [plate, part("foot", base, dark, smooth=False), *pins]
        body = solid_mass([p.mesh for p in parts], PLASTIC_KG_M3, mass_range_kg=PLATE_MASS_KG)
        return link(name, parts, body)


def side_name(kind: str, side: str) -> str:
    """Return the name of a control, its part and its joint: ``knob``, ``knob_left``."""
    return f"{kind}_{side}" if side else kind


def turning_joint(name: str, axis: np.ndarray, limits_rad: Interval, *, reach_m: float) -> Joint:
    """Return a hinge at the link's origin that 10 N at the handle turns over its range in 1.5 s.

    Friction loss 0.2 F r; the rest of the torque F r meets the damping 0.8 F r t / range, with
    r the lever arm of the handle: IVLM-Phys v1, section 6.2.
    """
    torque_nm = FORCE_N * LEVER_ARM_SHARE * reach_m
    span_rad = limits_rad[1] - limits_rad[0]
    return Joint(
        name=name,
        kind="hinge",
        axis=axis,
        origin_m=np.zeros(3),
        lower=limits_rad[0],
        upper=limits_rad[1],
        friction_loss=FRICTION_SHARE * torque_nm,
        damping=(1.0 - FRICTION_SHARE) * torque_nm * CROSSING_S / span_rad,
    )


@dataclass(frozen=True, slots=True)
class Pinned:
    """Where two pins hold a handle: its (y, z) there, its direction, half its width, its front."""

    centre: tuple[float, float]
    along: tuple[float, float]
    half_m: float
    front_m: float


def pin_parts(places: Sequence[Pinned], face_m: float, rng: np.random.Generator) -> list[Part]:
    """Return a pin on each side of every handle; in half of the objects straps join each two."""
    texture = tx.brushed_metal(rng, tx.pick(rng, tx.METALS))
    gap, strap = float(rng.uniform(*PIN_GAP_M)), bool(rng.random() < 0.5)
    solids = [solid for place in places for solid in _pins(place, face_m, gap, strap=strap)]
    return [assembled("pin", solids, texture)]


def _pins(place: Pinned, face_m: float, gap_m: float, *, strap: bool) -> Iterator[Solid]:
    (y, z), (ay, az) = place.centre, place.along
    off = place.half_m + gap_m + PIN_RADIUS_M
    top = place.front_m + PIN_BEYOND_M
    for sign in (-1.0, 1.0):
        at = (0.0, y - sign * off * az, z + sign * off * ay)
        yield rod(PIN_RADIUS_M, (face_m, top), "x", at, segments=14)
    if strap:
        wide = off + PIN_RADIUS_M
        across = wide if abs(az) > abs(ay) else PIN_RADIUS_M + 0.001
        upright = wide if abs(ay) >= abs(az) else PIN_RADIUS_M + 0.001
        yield board((top, top + STRAP_M), (y - across, y + across), (z - upright, z + upright))


def graded(points_m: np.ndarray, axis: int, reach_m: float) -> np.ndarray:
    """Return how well points (n, 3) of a handle turn it: distance from its axis over its reach."""
    away = np.linalg.norm(np.delete(points_m, axis, axis=1), axis=1)
    return np.clip((away / reach_m - 0.25) / (LEVER_ARM_SHARE - 0.25), 0.0, 1.0)


def _finish(rng: np.random.Generator) -> np.ndarray:
    kind = rng.random()
    if kind < 0.35:
        return tx.brushed_metal(rng, tx.jittered(rng, tx.pick(rng, tx.METALS), 6.0))
    if kind < 0.65:
        return tx.wood(rng, tx.jittered(rng, tx.pick(rng, tx.WOODS), 6.0))
    return tx.plain(rng, tx.jittered(rng, tx.pick(rng, PLATE_COLOURS), 6.0))


def handle_look(rng: np.random.Generator, root: Link) -> np.ndarray:
    """Return a handle's texture: metal, paint, or in a third of the objects a tone of the plate."""
    kind = rng.random()
    if kind < 0.33:
        plate = root.parts[0].texture
        gain = LIGHTER if plate.mean() < MIDDLE_TONE else DARKER
        return tx.as_image(plate.astype(float) * gain)
    if kind < 0.66:
        return tx.brushed_metal(rng, tx.jittered(rng, tx.pick(rng, tx.METALS), 6.0))
    return tx.plain(rng, tx.jittered(rng, tx.pick(rng, tx.GLAZES), 6.0))
