"""Checks of gripper and probe."""

from __future__ import annotations

import numpy as np

from ivlm_bench.geometry import se3
from ivlm_bench.protocols import Engine, Simulation
from ivlm_bench.testing import engine_scenes as scenes
from ivlm_bench.testing.engine_motion import wait
from ivlm_bench.trials.attempt import at_least, at_most
from ivlm_bench.types import (
    Check,
    Conditions,
    GripperProgram,
    Placement,
    Pose,
    ProbeMount,
)

STANDARD = Conditions()


def lift(simulation: Simulation, *, lift_m: float) -> None:
    """Close for 0.8 s, lift in 1 s along a minimum-jerk path, rest for 0.5 s."""
    step_s = simulation.timestep_s
    closing, lifting = round(0.8 / step_s), round(1.0 / step_s)
    s = np.linspace(0.0, 1.0, lifting + 1)[1:]
    path = np.zeros((closing + lifting, 3))
    path[closing:, 2] = lift_m * s**3 * (10.0 - 15.0 * s + 6.0 * s * s)
    simulation.drive(GripperProgram(path, np.full(len(path), 0.1)))
    wait(simulation, 0.5)


def squeeze(engine: Engine) -> tuple[Check, ...]:
    """Each pad presses a lifted box with the servo's 20 N; the box creeps down slowly.

    Creep limit 50 um/s (docs/protocol.md).
    """
    mount = scenes.from_above(0.07, 0.08)
    with engine.load(scenes.on_table(scenes.box()), STANDARD, tool=mount) as simulation:
        lift(simulation, lift_m=0.1)
        forces_n = [
            sum(c.force_n for c in simulation.contacts(pad) if c.body_b == "target/body")
            for pad in ("gripper/left", "gripper/right")
        ]
        before = simulation.pose("target/body").position_m
        wait(simulation, 1.0)
        after = simulation.pose("target/body").position_m
    error = max(abs(f / mount.spec.force_n - 1.0) for f in forces_n)
    return (
        at_most("squeeze_force", error, 0.01, unit="relative"),
        at_least("held_box_height", float(after[2]), 0.099, unit="m"),
        at_most("held_box_creep", float(np.linalg.norm(after - before)), 50e-6, unit="m/s"),
    )


def gripper_motion(engine: Engine) -> tuple[Check, ...]:
    """A tilted gripper goes where it is told, and its fingers stop closed and fully open."""
    quat = np.array([0.5, -0.1, 0.7, 0.5])
    mount = scenes.from_above(0.5, 0.06)
    tilted = Pose(np.array([0.1, 0.2, 0.6]), quat / np.linalg.norm(quat))
    mount = type(mount)(mount.spec, tilted, mount.opening_m)
    goal = np.array([0.05, -0.03, 0.02])
    with engine.load(scenes.on_table(scenes.box()), STANDARD, tool=mount) as simulation:
        steps = round(1.0 / simulation.timestep_s)
        path = np.linspace(0.0, 1.0, steps)[:, None] * goal
        simulation.drive(GripperProgram(path, np.full(steps, 0.1)))
        wait(simulation, 0.2)
        palm = simulation.pose("gripper/palm")
        gaps_m = [_opening_m(simulation, mount.spec.pad_size_m[0])]
        still = np.repeat(goal[None], steps, axis=0)
        simulation.drive(GripperProgram(still, np.full(steps, -0.1)))
        gaps_m.append(_opening_m(simulation, mount.spec.pad_size_m[0]))
    turned = se3.quat_angle_rad(palm.quat_wxyz, tilted.quat_wxyz)
    missed_m = float(np.linalg.norm(palm.position_m - tilted.position_m - goal))
    wanted_m = (0.0, mount.spec.max_opening_m)
    stops_m = max(abs(a - b) for a, b in zip(gaps_m, wanted_m, strict=True))
    return (
        at_most("gripper_base_error", missed_m, 1e-4, unit="m"),
        at_most("gripper_turn_error", turned, 1e-4, unit="rad"),
        at_most("finger_stop_error", stops_m, 1e-3, unit="m"),
    )


def _opening_m(simulation: Simulation, pad_m: float) -> float:
    left = simulation.pose("gripper/left").position_m
    right = simulation.pose("gripper/right").position_m
    return float(np.linalg.norm(right - left)) - pad_m


def probe(engine: Engine) -> tuple[Check, ...]:
    """A probe flies at its speed, and pushes a spring in by (F - preload) / k."""
    scene = scenes.scene(Placement("target", scenes.button(), Pose.identity(), "target"))
    start = np.array([0.015 + 0.005 + 0.02, 0.0, 0.0])
    mount = ProbeMount(0.005, start, np.array([-1.0, 0.0, 0.0]), 0.05, 1.5)
    with engine.load(scene, STANDARD, tool=mount) as simulation:
        wait(simulation, 0.2)
        speed_m_s = simulation.speed("probe/tip")[0]
        # The lightly damped spring swings for a while.
        wait(simulation, 3.0)
        travel_m = simulation.joint("target/press").position
        touched = simulation.contacts("probe/tip")
    forces_n = sum(c.force_n for c in touched if c.part_b == "cap")
    return (
        at_most("probe_speed", abs(speed_m_s / mount.speed_m_s - 1.0), 0.01, unit="relative"),
        at_most("probe_force", abs(forces_n / mount.force_n - 1.0), 0.01, unit="relative"),
        at_most("button_travel", abs(travel_m / 0.002 - 1.0), 0.02, unit="relative"),
    )
