"""The press trial of IVLM-Phys v1, section 6.3.

A sphere of 5 mm radius, whose centre starts 20 mm before the predicted point, is driven along the
predicted direction at 0.05 m/s with at most 5 N for 1 s. ``success`` means that it first touched
the asked part, that the direction is within 45 degrees of the button's axis, and that the button
stands at >= 80 % of its travel at the end: the steady state, not the peak.
"""

from __future__ import annotations

import math

import numpy as np

from ivlm_bench.protocols import Engine, Simulation
from ivlm_bench.trials.attempt import Attempt, Film, at_least, at_most
from ivlm_bench.trials.joints import AskedJoint
from ivlm_bench.trials.probe import first_contact, is_asked, probe_trial
from ivlm_bench.trials.protocol import PRESS_CODES, PROTOCOL
from ivlm_bench.types import Check, Contact, Interaction, TrialOutcome

#: Key frames after the first contact; the last is the end.
PRESS_FRAMES = 3


class PressTrial:
    """Drive a probe; see the module's docstring for what success means."""

    codes: tuple[str, ...] = PRESS_CODES

    def answered(self, interaction: Interaction) -> bool:
        """Say whether there is a motion."""
        return interaction.motion is not None

    def run(self, engine: Engine, attempt: Attempt, *, record: bool = False) -> TrialOutcome:
        """Put the probe before the point, then drive it; see ``probe_trial`` for what it raises."""
        return probe_trial(engine, attempt, PROTOCOL.press, PressExecution, record=record)


class PressExecution:
    """The simulated half of the trial, on a loaded simulation."""

    def __init__(
        self, simulation: Simulation, attempt: Attempt, asked: AskedJoint, film: Film
    ) -> None:
        self._simulation = simulation
        self._asked = asked
        self._part = attempt.spec.part
        self._film = film
        self.checks: list[Check] = []

    def run(self, direction: np.ndarray) -> str:
        """Drive the probe to the end; return the outcome code."""
        simulation, asked = self._simulation, self._asked
        n_total = round(PROTOCOL.press.duration_s / simulation.timestep_s)
        axis = simulation.pose(asked.body).turn(asked.joint.axis) * asked.sign
        angle_rad = math.acos(float(np.clip(direction @ axis, -1.0, 1.0)))
        start = simulation.joint(asked.name).position
        self._film.shoot("start")
        first = first_contact(simulation, self._film, n_total, chunk_s=PROTOCOL.press.chunk_s)
        if first is not None:
            self._film.shoot("contact")
            rest = n_total - simulation.n_steps
            for frame in range(1, PRESS_FRAMES):
                simulation.step(rest // PRESS_FRAMES)
                self._film.shoot(f"pressed-{frame}")
            simulation.step(n_total - simulation.n_steps)
        self._film.shoot("end")
        covered = asked.covered(start, simulation.joint(asked.name).position)
        return self._code(first, angle_rad, covered)

    def _code(self, first: Contact | None, angle_rad: float, covered: float) -> str:
        press = PROTOCOL.press
        touched = at_least("touched", float(first is not None), 1.0, unit="")
        on_part = first is not None and is_asked(first, self._asked, self._part)
        part = at_least("first_on_part", float(on_part), 1.0, unit="")
        angle = at_most("axis_angle", angle_rad, press.angle_rad, unit="rad")
        travel = at_least("travel", covered, press.travel_fraction, unit="")
        self.checks += [touched, part, angle, travel]
        gates = {"NO_CONTACT": touched, "WRONG_PART": part, "BAD_ANGLE": angle}
        gates["NOT_PRESSED"] = travel
        return next((code for code, check in gates.items() if not check.passed), "SUCCESS")
