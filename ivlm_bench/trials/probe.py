"""What the trials with a spherical probe share: their frame, its start, what it touches first."""

from __future__ import annotations

from collections.abc import Callable
from typing import Protocol

import numpy as np

from ivlm_bench.engines.clearance import nearest_surface
from ivlm_bench.engines.rig import TIP
from ivlm_bench.protocols import Engine, Simulation
from ivlm_bench.trials.attempt import Attempt, Film, at_most
from ivlm_bench.trials.joints import AskedJoint, asked_joint
from ivlm_bench.trials.protocol import PressConstants, PushConstants
from ivlm_bench.types import Check, Contact, Motion, ProbeMount, Scene, TrialOutcome

#: Key frames of a whole motion through air, besides start and end.
APPROACH_FRAMES = 3

ProbeConstants = PressConstants | PushConstants


class ProbeExecution(Protocol):
    """The simulated half of a trial with a probe; ``checks`` fill up while it runs."""

    checks: list[Check]

    def run(self, direction: np.ndarray) -> str:
        """Drive the probe along ``direction`` to the end; return the outcome code."""
        ...


#: Makes the execution of an attempt on a loaded simulation, for the asked joint.
Executes = Callable[[Simulation, Attempt, AskedJoint, Film], ProbeExecution]


def probe_trial(
    engine: Engine,
    attempt: Attempt,
    constants: ProbeConstants,
    executes: Executes,
    *,
    record: bool,
) -> TrialOutcome:
    """Put the probe before the point, then drive it.

    Raises
    ------
    EngineError
        If the simulation diverges.
    InvalidAnswerError
        If the answer has no motion.
    """
    mount = probe_mount(attempt.motion, constants)
    free = start_check(attempt.scene, mount, constants.penetration_m)
    asked = asked_joint(attempt.scene.target, attempt.spec)
    if not free.passed or asked is None:
        return TrialOutcome("WRONG_PART" if free.passed else "INVALID", False, (free,))
    with engine.load(attempt.scene, attempt.perturbation.conditions, tool=mount) as simulation:
        film = Film(simulation, record=record)
        execution = executes(simulation, attempt, asked, film)
        code = execution.run(mount.direction)
        return TrialOutcome(
            code,
            code == "SUCCESS",
            (free, *execution.checks),
            n_steps=simulation.n_steps,
            keyframes=film.frames,
        )


def probe_mount(motion: Motion, constants: ProbeConstants) -> ProbeMount:
    """Return the probe at its start before the predicted point."""
    return ProbeMount(
        constants.radius_m,
        motion.point_m - constants.start_m * motion.direction,
        motion.direction,
        constants.speed_m_s,
        constants.force_n,
    )


def start_check(scene: Scene, mount: ProbeMount, limit_m: float) -> Check:
    """Check that the probe does not start inside anything: a start there is INVALID."""
    near = nearest_surface(scene, mount.position_m)
    depth_m = max(mount.radius_m - near.signed_distance_m, 0.0)
    return at_most("start_penetration", depth_m, limit_m, unit="m")


def first_contact(
    simulation: Simulation, film: Film, n_total: int, *, chunk_s: float
) -> Contact | None:
    """Step in short chunks; return the strongest contact of the first chunk that has one."""
    n_chunk = max(1, round(chunk_s / simulation.timestep_s))
    n_between, shot = n_total // (APPROACH_FRAMES + 1), 0
    while simulation.n_steps < n_total:
        simulation.step(min(n_chunk, n_total - simulation.n_steps))
        touching = [c for c in simulation.contacts(TIP) if c.force_n > 0.0]
        if touching:
            return max(touching, key=lambda contact: contact.force_n)
        if shot < APPROACH_FRAMES and simulation.n_steps >= (shot + 1) * n_between:
            shot += 1
            film.shoot(f"approach-{shot}")
    return None


def is_asked(contact: Contact, asked: AskedJoint, part: str | None) -> bool:
    """Say whether a contact is on the link that must move, and on ``part`` of it if named."""
    if part is not None and contact.part_b != part:
        return False
    return contact.body_b == asked.body
