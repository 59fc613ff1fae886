"""The tools as boxes, masses and servo gains: one description for every engine.

Gripper frame: z approaches, x closes, origin at the pad centre. A finger's coordinate is the
distance that its pad has closed from fully open, so both run from 0 to half the opening.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from ivlm_bench.errors import InvalidAnswerError
from ivlm_bench.types import GripperMount, GripperSpec

#: Mass of the palm, kg: a light hand, heavy against the objects (<= 1 kg) it holds.
PALM_MASS_KG = 1.0
#: Mass of one pad, kg.
PAD_MASS_KG = 0.1
#: Rotor inertia seen by a finger, kg (docs/protocol.md).
FINGER_ARMATURE_KG = 0.05
#: Mass of the probe's tip, kg.
PROBE_MASS_KG = 0.1
#: Share of the nominal speed at which a velocity servo's force saturates, so that a stalled
#: finger pushes with its full force at any command above it.
SATURATION_SHARE = 0.5

PALM = "gripper/palm"
LEFT = "gripper/left"
RIGHT = "gripper/right"
TIP = "probe/tip"
#: Pads and the sign of their place on the gripper's x axis.
PAD_SIDES = ((LEFT, -1.0), (RIGHT, 1.0))
GRIPPER_BODIES = (PALM, LEFT, RIGHT)


@dataclass(frozen=True, slots=True)
class Box:
    """A box in the gripper frame: centre and half sizes, metres."""

    centre_m: tuple[float, float, float]
    half_m: tuple[float, float, float]


def palm_box(spec: GripperSpec) -> Box:
    """Return the palm, whose front face lies ``palm_offset_m`` behind the pad centre."""
    x, y, z = (0.5 * s for s in spec.palm_size_m)
    return Box((0.0, 0.0, -spec.palm_offset_m - z), (x, y, z))


def pad_half_m(spec: GripperSpec) -> tuple[float, float, float]:
    """Return the half sizes of one pad, metres."""
    x, y, z = (0.5 * s for s in spec.pad_size_m)
    return (x, y, z)


def pad_x_m(spec: GripperSpec, opening_m: float) -> float:
    """Return the distance of a pad's centre from the gripper's origin along x, metres."""
    return 0.5 * opening_m + 0.5 * spec.pad_size_m[0]


def stroke_m(spec: GripperSpec) -> float:
    """Return how far one finger travels from fully open to closed, metres."""
    return 0.5 * spec.max_opening_m


def start_closure_m(mount: GripperMount) -> float:
    """Return the fingers' start coordinate, metres.

    Raises
    ------
    InvalidAnswerError
        If the opening is outside what the gripper can do.
    """
    if not 0.0 <= mount.opening_m <= mount.spec.max_opening_m:
        raise InvalidAnswerError(
            f"GripperMount.opening_m is {mount.opening_m:.4f} m; the gripper opens from 0 to "
            f"{mount.spec.max_opening_m:.4f} m."
        )
    return stroke_m(mount.spec) - 0.5 * mount.opening_m


def box_inertia(mass_kg: float, half_m: tuple[float, float, float]) -> np.ndarray:
    """Return the principal moments (3,) of a solid box, kg m2."""
    a, b, c = (h * h for h in half_m)
    return mass_kg / 3.0 * np.array([b + c, a + c, a + b])


def sphere_inertia(mass_kg: float, radius_m: float) -> np.ndarray:
    """Return the principal moments (3,) of a solid sphere, kg m2."""
    return np.full(3, 0.4 * mass_kg * radius_m**2)


def servo_gain(force_n: float, speed_m_s: float) -> float:
    """Return the gain of a force-limited velocity servo, N s/m."""
    return force_n / (SATURATION_SHARE * speed_m_s)
