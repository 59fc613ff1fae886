"""A grasp judged by loads instead of motion: no gravity, no table, six pushes in turn.

The approach is checked in the real scene, as ever. Then the object floats alone between the pads,
which close on it and hold; its own weight pulls it along x, -x, y, -y, z and -z of the world in
turn, as in DexGraspBench. It is held if both pads still touch it with 0.5 N each at the end.
"""

from __future__ import annotations

from dataclasses import replace
from functools import lru_cache

import numpy as np

from ivlm_bench.engines.rig import LEFT, RIGHT
from ivlm_bench.protocols import Engine, Simulation
from ivlm_bench.trials.attempt import Attempt, Film, at_least, normal_force_n
from ivlm_bench.trials.grasp import opening_m, precheck
from ivlm_bench.trials.programs import grasp_programs
from ivlm_bench.trials.protocol import GRASP_CODES, GRAVITY_M_S2, PROTOCOL
from ivlm_bench.types import GripperMount, GripperProgram, Scene, TrialOutcome

#: How long each load acts, s, and how often its direction is brought up to date.
LOAD_S, CHUNK_S = 0.5, 0.010


class SixLoadTrial:
    """Close, hold, and pull in six directions; see the module's docstring."""

    codes: tuple[str, ...] = GRASP_CODES

    def answered(self, interaction: object) -> bool:
        """Say whether there is a grasp; only the first is executed."""
        return bool(getattr(interaction, "grasps", ()))

    def run(self, engine: Engine, attempt: Attempt, *, record: bool = False) -> TrialOutcome:
        """Check the approach in the scene, then close and load without it.

        Raises
        ------
        EngineError
            If the simulation diverges.
        """
        grasp = attempt.perturbation.grasp(attempt.interaction.grasps[0])
        code, checks = precheck(attempt, grasp)
        if code is not None:
            return TrialOutcome(code, False, checks)
        spec = attempt.gripper
        mount = GripperMount(spec, grasp.world_from_gripper, opening_m(grasp, spec))
        conditions = attempt.perturbation.conditions
        with engine.load(afloat(attempt.scene), conditions, tool=mount) as simulation:
            film = Film(simulation, record=record)
            code = _executed(simulation, attempt, film)
            end = _pads_n(simulation, attempt.scene.target.name)
            held = at_least("held", min(end), PROTOCOL.grasp.contact_n, unit="N")
            return TrialOutcome(
                code,
                code == "SUCCESS",
                (*checks, held),
                n_steps=simulation.n_steps,
                keyframes=film.frames,
            )


@lru_cache(maxsize=2)
def afloat(scene: Scene) -> Scene:
    """Return a scene's target alone, without gravity; the same scene always gives the same one."""
    return replace(scene, placements=(scene.target,), gravity_m_s2=np.zeros(3))


def _executed(simulation: Simulation, attempt: Attempt, film: Film) -> str:
    """Close, hold and load; return the outcome code."""
    target, limit_n = attempt.scene.target, PROTOCOL.grasp.contact_n
    closing_m_s = attempt.gripper.closing_speed_m_s
    phases = grasp_programs(simulation.timestep_s, closing_m_s)
    for program, label in ((phases.close, "closed"), (phases.hold, "held")):
        simulation.drive(program)
        film.shoot(label)
    closed = _pads_n(simulation, target.name)
    if min(closed) < limit_n:
        return "NO_CONTACT"
    if attempt.spec.part is not None:
        on_part = _pads_n(simulation, target.name, attempt.spec.part)
        beside = max(all_n - part_n for all_n, part_n in zip(closed, on_part, strict=True))
        if min(on_part) < limit_n or beside > limit_n:
            return "WRONG_PART"
    for axis in np.eye(3):
        for direction in (axis, -axis):
            _load(simulation, attempt, direction, closing_m_s)
    film.shoot("end")
    return "SUCCESS" if min(_pads_n(simulation, target.name)) >= limit_n else "SLIP_SHAKE"


def _load(
    simulation: Simulation, attempt: Attempt, direction: np.ndarray, closing_m_s: float
) -> None:
    """Pull every link of the target by its weight along a world direction."""
    target, n_steps = attempt.scene.target, round(CHUNK_S / simulation.timestep_s)
    still = GripperProgram(np.zeros((n_steps, 3)), np.full(n_steps, closing_m_s))
    for _ in range(round(LOAD_S / CHUNK_S)):
        for link in target.model.links:
            body = target.body(link)
            force_n = link.mass_kg * attempt.perturbation.mass_scale * GRAVITY_M_S2 * direction
            in_link_n = simulation.pose(body).inverse().turn(force_n)
            simulation.apply_wrench(body, link.centre_of_mass_m, in_link_n, np.zeros(3))
        simulation.drive(still)
    for link in target.model.links:
        body = target.body(link)
        simulation.apply_wrench(body, link.centre_of_mass_m, np.zeros(3), np.zeros(3))


def _pads_n(simulation: Simulation, target: str, part: str | None = None) -> tuple[float, float]:
    left, right = (normal_force_n(simulation.contacts(pad), target, part) for pad in (LEFT, RIGHT))
    return left, right
