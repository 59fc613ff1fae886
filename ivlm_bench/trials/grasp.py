"""The grasp trial of IVLM-Phys v1, section 6.1.

The gripper starts at the grasp pose, opened at the grasp's width; the motion before contact is not
simulated but checked as geometry. Then CLOSE, HOLD, LIFT, rest, SHAKE along x, y and z, rest. Part
of the protocol are two early ends: after HOLD without contact, after LIFT without hold.

``success`` means **held**: at the end both pads touch the target with >= 0.5 N each and it has
risen by at least half the lift; and, where a part is asked for, both pads held that part and
nothing else of the target at the end of HOLD. **Stable** (drift in the hand since the end of HOLD
< 2 cm and < 15 deg) is reported beside it: an object that is held but has drifted gets the code
DISPLACED *with* ``success`` true.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from ivlm_bench.engines.rig import LEFT, PALM, RIGHT
from ivlm_bench.geometry import se3
from ivlm_bench.protocols import Engine, Simulation
from ivlm_bench.trials.attempt import Attempt, Film, at_least, at_most, normal_force_n
from ivlm_bench.trials.precheck import scene_approach
from ivlm_bench.trials.programs import grasp_programs
from ivlm_bench.trials.protocol import GRASP_CODES, PROTOCOL
from ivlm_bench.types import (
    Check,
    Grasp,
    GripperMount,
    GripperProgram,
    GripperSpec,
    Interaction,
    Placement,
    Pose,
    TrialOutcome,
)


class GraspTrial:
    """Close, lift and shake; see the module's docstring for what success means."""

    codes: tuple[str, ...] = GRASP_CODES

    def answered(self, interaction: Interaction) -> bool:
        """Say whether there is a grasp; only the first is executed."""
        return bool(interaction.grasps)

    def run(self, engine: Engine, attempt: Attempt, *, record: bool = False) -> TrialOutcome:
        """Check the approach, then close, lift and shake.

        Raises
        ------
        EngineError
            If the simulation diverges.
        """
        grasp = attempt.perturbation.grasp(attempt.interaction.grasps[0])
        code, checks = precheck(attempt, grasp)
        if code is not None:
            return TrialOutcome(code, False, checks)
        mount = GripperMount(
            attempt.gripper, grasp.world_from_gripper, opening_m(grasp, attempt.gripper)
        )
        conditions = attempt.perturbation.conditions
        with engine.load(attempt.scene, conditions, tool=mount) as simulation:
            film = Film(simulation, record=record)
            execution = GraspExecution(
                simulation, attempt.scene.target, part=attempt.spec.part, film=film
            )
            code, success = execution.run(attempt.gripper.closing_speed_m_s)
            return TrialOutcome(
                code,
                success,
                checks + tuple(execution.checks),
                n_steps=simulation.n_steps,
                keyframes=film.frames,
            )


def opening_m(grasp: Grasp, spec: GripperSpec) -> float:
    """Return the grasp's width inside what the gripper can do, metres."""
    return float(np.clip(grasp.width_m, 0.0, spec.max_opening_m))


def precheck(attempt: Attempt, grasp: Grasp) -> tuple[str | None, tuple[Check, ...]]:
    """Return the first failure before any physics (None if there is none) and its checks."""
    constants, spec = PROTOCOL.grasp, attempt.gripper
    excess_m = max(-grasp.width_m, grasp.width_m - spec.max_opening_m)
    valid = at_most("width_excess", excess_m, constants.width_tolerance_m, unit="m")
    if not valid.passed:
        return "INVALID", (valid,)
    found = scene_approach(attempt.scene).penetrations(
        grasp.world_from_gripper, opening_m(grasp, spec), spec
    )
    limit_m = constants.penetration_m
    gates = {
        "COLLISION_OBJECT": at_most("penetration_object", found.object_m, limit_m, unit="m"),
        "COLLISION_SUPPORT": at_most("penetration_support", found.support_m, limit_m, unit="m"),
        "COLLISION_CLUTTER": at_most("penetration_clutter", found.clutter_m, limit_m, unit="m"),
    }
    loose = at_most(
        "penetration_loose", found.worst_m, constants.loose_penetration_m, unit="m", gating=False
    )
    code = next((code for code, check in gates.items() if not check.passed), None)
    return code, (valid, *gates.values(), loose)


@dataclass(frozen=True, eq=False, slots=True)
class _Grip:
    """What the pads do at one moment: force (N) on the target of each, the target's pose.

    Target poses are of its centre of mass, which a turn in the hand does not lift or shift.
    """

    left_n: float
    right_n: float
    world_from_target: Pose
    gripper_from_target: Pose

    @property
    def weakest_n(self) -> float:
        return min(self.left_n, self.right_n)


class GraspExecution:
    """The simulated half of a grasp trial, on a loaded simulation."""

    def __init__(
        self, simulation: Simulation, target: Placement, *, part: str | None, film: Film
    ) -> None:
        self._simulation = simulation
        self._target = target
        root = target.model.links[0]
        self._root = target.body(root)
        self._root_from_centre = Pose.at(*root.centre_of_mass_m)
        self._part = part
        self._film = film
        self.checks: list[Check] = []

    def run(self, closing_speed_m_s: float) -> tuple[str, bool]:
        """Execute all phases; return the outcome code and success."""
        simulation = self._simulation
        phases = grasp_programs(simulation.timestep_s, closing_speed_m_s)
        start = simulation.pose(self._root) @ self._root_from_centre
        self._film.shoot("start")
        self._drive(phases.close, "closed")
        self._drive(phases.hold, "held")
        grip, on_part = self._after_hold(start)
        if grip.weakest_n < PROTOCOL.grasp.contact_n:
            return "NO_CONTACT", False
        self._drive(phases.lift, "lifted")
        if not self._held("lift", self._grip(), grip):
            return ("SLIP_LIFT" if on_part else "WRONG_PART"), False
        self._drive(phases.shake, "shaken")
        self._drive(phases.rest, "end")
        end = self._grip()
        held = self._held("shake", end, grip)
        stable = self._stable(end, grip) and held
        self._flag("held", held)
        self._flag("stable", stable)
        return self._final_code(on_part=on_part, held=held, stable=stable), held and on_part

    @staticmethod
    def _final_code(*, on_part: bool, held: bool, stable: bool) -> str:
        if not on_part:
            return "WRONG_PART"
        if not held:
            return "SLIP_SHAKE"
        return "SUCCESS" if stable else "DISPLACED"

    def _drive(self, program: GripperProgram, label: str) -> None:
        self._simulation.drive(program)
        self._film.shoot(label)

    def _grip(self) -> _Grip:
        simulation, name = self._simulation, self._target.name
        target = simulation.pose(self._root) @ self._root_from_centre
        return _Grip(
            normal_force_n(simulation.contacts(LEFT), name),
            normal_force_n(simulation.contacts(RIGHT), name),
            target,
            simulation.pose(PALM).inverse() @ target,
        )

    def _after_hold(self, start: Pose) -> tuple[_Grip, bool]:
        """Look at the end of HOLD: contact, object motion while closing, the part held."""
        constants, closed = PROTOCOL.grasp, self._grip()
        moved_m, turned_rad = _difference(start, closed.world_from_target)
        limit_n = constants.contact_n
        self.checks += [
            at_least("contact_left", closed.left_n, limit_n, unit="N"),
            at_least("contact_right", closed.right_n, limit_n, unit="N"),
            at_most("closing_motion", moved_m, constants.drift_m, unit="m", gating=False),
            at_most("closing_turn", turned_rad, constants.drift_rad, unit="rad", gating=False),
        ]
        return closed, self._on_part(closed)

    def _on_part(self, closed: _Grip) -> bool:
        """Check that both pads touch the asked part, and no other part of the target."""
        if self._part is None:
            return True
        name, limit_n = self._target.name, PROTOCOL.grasp.contact_n
        on_part_n = [
            normal_force_n(self._simulation.contacts(pad), name, self._part)
            for pad in (LEFT, RIGHT)
        ]
        beside_n = max(closed.left_n - on_part_n[0], closed.right_n - on_part_n[1])
        held = at_least("part_contact", min(on_part_n), limit_n, unit="N")
        beside = at_most("part_beside", beside_n, limit_n, unit="N")
        self.checks += [held, beside]
        return held.passed and beside.passed

    def _held(self, phase: str, now: _Grip, closed: _Grip) -> bool:
        constants = PROTOCOL.grasp
        rise_m = float(now.world_from_target.position_m[2] - closed.world_from_target.position_m[2])
        needed_m = constants.rise_fraction * constants.lift_m
        grip = at_least(f"grip_{phase}", now.weakest_n, constants.contact_n, unit="N")
        rise = at_least(f"rise_{phase}", rise_m, needed_m, unit="m")
        self.checks += [grip, rise]
        return grip.passed and rise.passed

    def _stable(self, end: _Grip, closed: _Grip) -> bool:
        constants = PROTOCOL.grasp
        moved_m, turned_rad = _difference(closed.gripper_from_target, end.gripper_from_target)
        drift = at_most("drift", moved_m, constants.drift_m, unit="m", gating=False)
        turn = at_most("drift_turn", turned_rad, constants.drift_rad, unit="rad", gating=False)
        self.checks += [drift, turn]
        return drift.passed and turn.passed

    def _flag(self, name: str, value: bool) -> None:
        self.checks.append(at_least(name, float(value), 1.0, unit="", gating=name == "held"))


def _difference(before: Pose, after: Pose) -> tuple[float, float]:
    """Return the distance (m) and the angle (rad) between two poses of one frame."""
    moved_m = float(np.linalg.norm(after.position_m - before.position_m))
    return moved_m, se3.quat_angle_rad(before.quat_wxyz, after.quat_wxyz)
