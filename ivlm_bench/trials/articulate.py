"""The trial on a joint in wrench mode: IVLM-Phys v1, section 6.2 a.

The scene settles; then a force of 10 N acts for 2 s at the surface point nearest to the predicted
one, along the predicted direction, both carried by the link. Pushing and pulling (suction) are
allowed inside the friction cone (mu 1.0) about the surface normal, either sign; outside of it the
contact slips, unless the answer also has a grasp whose pads reach that point. A force on another
link simply pushes that link.

``success`` means that the asked joint covered ``goal_fraction`` of its available range in the asked
sense, pushed at its own link, while every other joint moved < 10 % of its range.
"""

from __future__ import annotations

import math

import numpy as np

from ivlm_bench.engines.clearance import SurfacePoint, nearest_surface
from ivlm_bench.geometry.kinematics import body_poses
from ivlm_bench.protocols import Engine, Simulation
from ivlm_bench.trials.attempt import Attempt, Film, at_least, at_most
from ivlm_bench.trials.joints import AskedJoint, asked_joint, joint_ranges, positions
from ivlm_bench.trials.protocol import ARTICULATE_CODES, PROTOCOL
from ivlm_bench.types import Check, Interaction, Motion, TrialOutcome

#: Key frames while the force acts; the last is the end.
PUSH_FRAMES = 4


class ArticulateTrial:
    """Push or pull a point of the target; see the module's docstring for what success means."""

    codes: tuple[str, ...] = ARTICULATE_CODES

    def answered(self, interaction: Interaction) -> bool:
        """Say whether there is a motion."""
        return interaction.motion is not None

    def run(self, engine: Engine, attempt: Attempt, *, record: bool = False) -> TrialOutcome:
        """Find the surface point, then push it.

        Raises
        ------
        EngineError
            If the simulation diverges.
        InvalidAnswerError
            If the answer has no motion.
        """
        motion = attempt.motion
        near = nearest_surface(attempt.scene, motion.point_m)
        asked = asked_joint(attempt.scene.target, attempt.spec)
        code, checks = contact_checks(attempt, motion, near)
        if code is not None or asked is None:
            return TrialOutcome(code or "WRONG_PART", False, checks)
        with engine.load(attempt.scene, attempt.perturbation.conditions) as simulation:
            film = Film(simulation, record=record)
            push = PushExecution(simulation, attempt, asked, film=film)
            code = push.run(near, motion)
            return TrialOutcome(
                code,
                code == "SUCCESS",
                checks + tuple(push.checks),
                n_steps=simulation.n_steps,
                keyframes=film.frames,
            )


def contact_checks(
    attempt: Attempt, motion: Motion, near: SurfacePoint
) -> tuple[str | None, tuple[Check, ...]]:
    """Return NO_CONTACT or SLIP if one applies before any physics, and its checks."""
    constants = PROTOCOL.articulate
    reach = at_most("surface_distance", near.distance_m, constants.reach_m, unit="m")
    if not reach.passed:
        return "NO_CONTACT", (reach,)
    angle_rad = math.acos(min(abs(float(motion.direction @ near.normal)), 1.0))
    held = _grasped(attempt, near.point_m)
    cone_rad = math.atan(constants.cone_friction)
    cone = at_most("cone_angle", angle_rad, cone_rad, unit="rad", gating=not held)
    return (None if cone.passed or held else "SLIP"), (reach, cone)


def _grasped(attempt: Attempt, point_m: np.ndarray) -> bool:
    """Say whether the answer's grasp has its pads where the force acts."""
    reach_m = PROTOCOL.articulate.grasp_reach_m
    return any(
        np.linalg.norm(grasp.world_from_gripper.position_m - point_m) <= reach_m
        for grasp in attempt.interaction.grasps[:1]
    )


class PushExecution:
    """The simulated half of the trial, on a loaded simulation."""

    def __init__(
        self, simulation: Simulation, attempt: Attempt, asked: AskedJoint, *, film: Film
    ) -> None:
        self._simulation = simulation
        self._scene = attempt.scene
        self._goal = attempt.spec.goal_fraction
        self._asked = asked
        self._film = film
        self._ranges = joint_ranges(attempt.scene)
        self.checks: list[Check] = []

    def run(self, near: SurfacePoint, motion: Motion) -> str:
        """Settle, push, and return the outcome code."""
        simulation, constants = self._simulation, PROTOCOL.articulate
        self._film.shoot("start")
        self._settle()
        self._film.shoot("settled")
        start = positions(self._simulation, self._ranges)
        link_from_world = body_poses(self._scene)[near.body].inverse()
        point_m = link_from_world.apply(near.point_m)
        force_n = constants.force_n * link_from_world.turn(motion.direction)
        before_m = simulation.pose(near.body).apply(point_m)
        simulation.apply_wrench(near.body, point_m, force_n, np.zeros(3))
        n_steps = round(constants.push_s / simulation.timestep_s / PUSH_FRAMES)
        for frame in range(PUSH_FRAMES):
            simulation.step(n_steps)
            self._film.shoot("end" if frame == PUSH_FRAMES - 1 else f"pushed-{frame + 1}")
        shift_m = simulation.pose(near.body).apply(point_m) - before_m
        self._report_direction(shift_m, motion.direction)
        return self._code(near.body, start, positions(self._simulation, self._ranges))

    def _settle(self) -> None:
        """Wait until no joint has moved faster than the limit for the settling time."""
        simulation, constants = self._simulation, PROTOCOL.articulate
        n_chunk = max(1, round(constants.chunk_s / simulation.timestep_s))
        chunk_s = n_chunk * simulation.timestep_s
        quiet_s = waited_s = 0.0
        before = positions(self._simulation, self._ranges)
        while quiet_s < constants.settle_s and waited_s < constants.settle_limit_s:
            simulation.step(n_chunk)
            now = positions(self._simulation, self._ranges)
            fastest = max((abs(now[name] - before[name]) / chunk_s for name in now), default=0.0)
            quiet_s = quiet_s + chunk_s if fastest < constants.settle_speed else 0.0
            waited_s, before = waited_s + chunk_s, now
        self.checks.append(
            at_least("settled", quiet_s, constants.settle_s - chunk_s / 2, unit="s", gating=False)
        )

    def _report_direction(self, shift_m: np.ndarray, direction: np.ndarray) -> None:
        length_m = float(np.linalg.norm(shift_m))
        dot = float(shift_m @ direction) / length_m if length_m > 0 else 0.0
        limit = PROTOCOL.articulate.direction_dot
        self.checks.append(at_least("direction_dot", dot, limit, unit="", gating=False))

    def _code(self, pushed: str, start: dict[str, float], end: dict[str, float]) -> str:
        constants, asked = PROTOCOL.articulate, self._asked
        q_start, q_end = start[asked.name], end[asked.name]
        unit = "m" if asked.joint.kind == "slide" else "rad"
        least = min(constants.moved, constants.moved_fraction * max(asked.available(q_start), 0.0))
        moved = (q_end - q_start) * asked.sign
        others = asked.others_moved(start, end, self._ranges)
        on_link = at_least("on_joint_link", float(pushed == asked.body), 1.0, unit="")
        moving = at_least("moved", moved, least, unit=unit)
        opened = at_least("opened", asked.covered(q_start, q_end), self._goal, unit="")
        aside = at_most("others_moved", others, constants.side_effect_fraction, unit="")
        travel = at_least("joint_motion", abs(q_end - q_start), least, unit=unit, gating=False)
        self.checks += [on_link, moving, opened, aside, travel]
        gates = {
            "WRONG_PART": on_link,
            "NOT_MOVED": moving,
            "PARTIAL": opened,
            "SIDE_EFFECT": aside,
        }
        return next((code for code, check in gates.items() if not check.passed), "SUCCESS")
