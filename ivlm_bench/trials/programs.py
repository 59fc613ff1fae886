"""Open-loop gripper programs of the grasp trial, one row a step."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache

import numpy as np
from jaxtyping import Float64

from ivlm_bench.trials.protocol import PROTOCOL
from ivlm_bench.types import GripperProgram


def min_jerk(fraction: np.ndarray) -> np.ndarray:
    """Return the minimum-jerk profile 10 s^3 - 15 s^4 + 6 s^5 of elapsed fraction s in [0, 1].

    References
    ----------
    Flash and Hogan, "The coordination of arm movements", J. Neuroscience 5(7), 1985.
    """
    s = np.clip(fraction, 0.0, 1.0)
    return s**3 * (10.0 - 15.0 * s + 6.0 * s**2)


def shake_offset_m(time_s: np.ndarray) -> Float64[np.ndarray, " t"]:
    """Return the displacement (m) along one axis while it is shaken, from its start.

    A sine whose amplitude rises and falls linearly over the first and the last half cycle: the
    envelope bends where the sine crosses zero, so the velocity is continuous and the acceleration
    never exceeds that of the full sine.
    """
    grasp = PROTOCOL.grasp
    cycles = time_s * grasp.shake_hz
    from_ends = np.minimum(cycles, grasp.shake_cycles - cycles)
    envelope = np.clip(from_ends / grasp.shake_ramp_cycles, 0.0, 1.0)
    return grasp.shake_amplitude_m * envelope * np.sin(2.0 * np.pi * cycles)


@dataclass(frozen=True, eq=False, slots=True)
class GraspPrograms:
    """The phases of a grasp trial at one time step; run in the order of their fields."""

    close: GripperProgram
    hold: GripperProgram
    lift: GripperProgram
    shake: GripperProgram
    rest: GripperProgram


@lru_cache(maxsize=8)
def grasp_programs(timestep_s: float, closing_speed_m_s: float) -> GraspPrograms:
    """Return the programs of all phases; ``lift`` includes the rest after it.

    The pads are asked to close all the time, the base stands, rises along world z by minimum
    jerk, is shaken along world x, y and z in turn at lifted height, and rests.
    """
    grasp = PROTOCOL.grasp

    def program(base_m: np.ndarray) -> GripperProgram:
        return GripperProgram(base_m, np.full(len(base_m), closing_speed_m_s))

    def still(duration_s: float, height_m: float) -> np.ndarray:
        return np.tile([0.0, 0.0, height_m], (round(duration_s / timestep_s), 1))

    rise_s = _times(timestep_s, grasp.lift_s + grasp.rest_s)
    lift_m = np.zeros((len(rise_s), 3))
    lift_m[:, 2] = grasp.lift_m * min_jerk(rise_s / grasp.lift_s)
    return GraspPrograms(
        close=program(still(grasp.close_s, 0.0)),
        hold=program(still(grasp.hold_s, 0.0)),
        lift=program(lift_m),
        shake=program(_shake_m(timestep_s)),
        rest=program(still(grasp.rest_s, grasp.lift_m)),
    )


def _shake_m(timestep_s: float) -> Float64[np.ndarray, "t 3"]:
    grasp = PROTOCOL.grasp
    time_s = _times(timestep_s, grasp.shake_cycles / grasp.shake_hz)
    base_m = np.tile([0.0, 0.0, grasp.lift_m], (3 * len(time_s), 1))
    for axis in range(3):
        rows = slice(axis * len(time_s), (axis + 1) * len(time_s))
        base_m[rows, axis] += shake_offset_m(time_s)
    return base_m


def _times(timestep_s: float, duration_s: float) -> Float64[np.ndarray, " t"]:
    """Times at the ends of the steps."""
    return timestep_s * np.arange(1, round(duration_s / timestep_s) + 1)
