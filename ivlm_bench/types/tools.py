"""What a trial puts into a simulation, and what a simulation reports."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
from jaxtyping import Float64

from ivlm_bench.errors import InvalidAnswerError
from ivlm_bench.types.observation import GripperSpec
from ivlm_bench.types.spatial import Pose
from ivlm_bench.types.validate import freeze, unit


@dataclass(frozen=True, slots=True)
class Conditions:
    """Physical conditions of one trial (IVLM-Phys v1, section 6, "Common").

    ``friction``: sliding coefficient of every contact. ``torsional_m``, ``rolling_m``: torsional
    and rolling friction lengths. ``mass_scale`` multiplies mass and inertia of the target.
    """

    friction: float = 0.6
    torsional_m: float = 0.01
    rolling_m: float = 1e-4
    mass_scale: float = 1.0


@dataclass(frozen=True, eq=False, slots=True)
class GripperMount:
    """A free-flying gripper at its start pose, pads ``opening_m`` apart.

    The base slides on the three world axes, held by position servos; gravity does not act on it.
    Bodies: ``gripper/palm``, ``gripper/left``, ``gripper/right`` (left lies at -x).
    """

    spec: GripperSpec
    world_from_gripper: Pose
    opening_m: float


@dataclass(frozen=True, eq=False, slots=True)
class ProbeMount:
    """A rigid sphere tip on one slide, driven by a force-limited velocity servo.

    It moves along ``direction``. ``position_m``: centre of the sphere at the start, world frame.
    Body: ``probe/tip``.
    """

    radius_m: float
    position_m: Float64[np.ndarray, "3"]
    direction: Float64[np.ndarray, "3"]
    speed_m_s: float
    force_n: float

    def __post_init__(self) -> None:
        freeze(self, "position_m", np.float64, (3,))
        unit(self, "direction", 3)


Tool = GripperMount | ProbeMount


@dataclass(frozen=True, eq=False, slots=True)
class GripperProgram:
    """Open-loop commands, one row a step of the simulation.

    ``base_m``: displacement of the base from its mount, world axes, metres.
    ``closing_m_s``: speed at which each pad is asked to close, metres per second.
    """

    base_m: Float64[np.ndarray, "t 3"]
    closing_m_s: Float64[np.ndarray, " t"]

    def __post_init__(self) -> None:
        base = freeze(self, "base_m", np.float64, (None, 3))
        closing = freeze(self, "closing_m_s", np.float64, (None,))
        if len(base) != len(closing):
            raise InvalidAnswerError("GripperProgram needs as many base rows as closing rows.")


@dataclass(frozen=True, slots=True)
class JointState:
    """Position (rad or m) and velocity (rad/s or m/s) of one joint."""

    position: float
    velocity: float


@dataclass(frozen=True, eq=False, slots=True)
class Contact:
    """One contact between two bodies.

    ``part_a``/``part_b`` name the object parts that touch (the body's own name for tools).
    ``normal`` is a unit vector from b into a, world frame. ``force_n`` is the normal force on a,
    ``distance_m`` is negative when the bodies overlap.
    """

    body_a: str
    body_b: str
    part_a: str
    part_b: str
    position_m: Float64[np.ndarray, "3"]
    normal: Float64[np.ndarray, "3"]
    force_n: float
    distance_m: float
    tangent_force_n: float = field(default=0.0)
