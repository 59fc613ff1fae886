"""The trial on a joint in contact mode, pushes only: IVLM-Phys v1, section 6.2 b.

A rigid sphere of 5 mm radius, whose centre starts 20 mm before the predicted point, is driven
0.10 m along the predicted direction at 0.1 m/s with at most 10 N. Nothing is glued: the sphere can
only push. ``success`` means **moved**: it first touched the asked part (the asked link where no
part is named), the joint went at least 0.01 m or rad in the asked sense, or half of its available
way where that is less, the touched point went along the predicted direction (cosine >= 0.5), and
every other joint moved < 10 % of its range.
"""

from __future__ import annotations

import numpy as np

from ivlm_bench.protocols import Engine, Simulation
from ivlm_bench.trials.attempt import Attempt, Film, at_least, at_most
from ivlm_bench.trials.joints import AskedJoint, joint_ranges, positions
from ivlm_bench.trials.probe import first_contact, is_asked, probe_trial
from ivlm_bench.trials.protocol import PROTOCOL, PUSH_CODES
from ivlm_bench.types import Check, Contact, Interaction, TrialOutcome

#: Key frames after the first contact; the last is the end.
PUSH_FRAMES = 4


class PushTrial:
    """Push with a probe; see the module's docstring for what success means."""

    codes: tuple[str, ...] = PUSH_CODES

    def answered(self, interaction: Interaction) -> bool:
        """Say whether there is a motion."""
        return interaction.motion is not None

    def run(self, engine: Engine, attempt: Attempt, *, record: bool = False) -> TrialOutcome:
        """Put the probe before the point, then drive it; see ``probe_trial`` for what it raises."""
        return probe_trial(engine, attempt, PROTOCOL.push, PushContact, record=record)


class PushContact:
    """The simulated half of the trial, on a loaded simulation."""

    def __init__(
        self, simulation: Simulation, attempt: Attempt, asked: AskedJoint, film: Film
    ) -> None:
        self._simulation = simulation
        self._spec = attempt.spec
        self._asked = asked
        self._film = film
        self._ranges = joint_ranges(attempt.scene)
        self.checks: list[Check] = []

    def run(self, direction: np.ndarray) -> str:
        """Drive the probe to the end of its stroke; return the outcome code."""
        simulation, constants = self._simulation, PROTOCOL.push
        n_total = round(constants.duration_s / simulation.timestep_s)
        start = positions(self._simulation, self._ranges)
        self._film.shoot("start")
        first = first_contact(simulation, self._film, n_total, chunk_s=constants.chunk_s)
        shift_m = np.zeros(3)
        if first is not None:
            self._film.shoot("contact")
            shift_m = self._push(first, n_total)
        self._film.shoot("end")
        return self._code(first, _cosine(shift_m, direction), start)

    def _push(self, first: Contact, n_total: int) -> np.ndarray:
        """Go on to the end; return the way (3,) of the touched point from here, in m."""
        simulation = self._simulation
        point_m = simulation.pose(first.body_b).inverse().apply(first.position_m)
        rest = n_total - simulation.n_steps
        for frame in range(1, PUSH_FRAMES):
            simulation.step(rest // PUSH_FRAMES)
            self._film.shoot(f"pushed-{frame}")
        simulation.step(n_total - simulation.n_steps)
        return simulation.pose(first.body_b).apply(point_m) - first.position_m

    def _code(self, first: Contact | None, cosine: float, start: dict[str, float]) -> str:
        constants, asked, end = (
            PROTOCOL.push,
            self._asked,
            positions(self._simulation, self._ranges),
        )
        q_start, q_end = start[asked.name], end[asked.name]
        least = constants.moved
        if asked.available(q_start) >= constants.shut_fraction * self._ranges[asked.name]:
            least = min(least, constants.moved_fraction * asked.available(q_start))
        on_part = first is not None and is_asked(first, asked, self._spec.part)
        others = asked.others_moved(start, end, self._ranges)
        unit = "m" if asked.joint.kind == "slide" else "rad"
        gates = {
            "NO_CONTACT": at_least("touched", float(first is not None), 1.0, unit=""),
            "WRONG_PART": at_least("first_on_part", float(on_part), 1.0, unit=""),
            "NOT_MOVED": at_least("moved", (q_end - q_start) * asked.sign, least, unit=unit),
            "BAD_DIRECTION": at_least("direction_dot", cosine, constants.direction_dot, unit=""),
            "SIDE_EFFECT": at_most("others_moved", others, constants.side_effect_fraction, unit=""),
        }
        covered, goal = asked.covered(q_start, q_end), self._spec.goal_fraction
        self.checks += [*gates.values(), at_least("covered", covered, goal, unit="", gating=False)]
        return next((code for code, check in gates.items() if not check.passed), "SUCCESS")


def _cosine(shift_m: np.ndarray, direction: np.ndarray) -> float:
    length_m = float(np.linalg.norm(shift_m))
    return float(shift_m @ direction) / length_m if length_m > 0 else 0.0
