"""Checks of free motion, joints, wrenches and frames: nothing touches."""

from __future__ import annotations

import math

import numpy as np

from ivlm_bench.geometry import se3
from ivlm_bench.geometry.kinematics import body_poses
from ivlm_bench.protocols import Engine, Simulation
from ivlm_bench.testing import engine_scenes as scenes
from ivlm_bench.trials.attempt import at_most
from ivlm_bench.types import (
    Check,
    Conditions,
    Placement,
    Pose,
)

G = scenes.G_M_S2
STANDARD = Conditions()


def wait(simulation: Simulation, duration_s: float) -> None:
    """Advance by a duration, seconds."""
    simulation.step(round(duration_s / simulation.timestep_s))


def free_fall(engine: Engine) -> tuple[Check, ...]:
    """Fall for 0.5 s: g t^2 / 2 = 1.226 m; a step of dt adds at most dt / t of it."""
    duration_s = 0.5
    with engine.load(scenes.on_table(scenes.box(), height_m=2.0), STANDARD) as simulation:
        wait(simulation, duration_s)
        fallen_m = 2.0 - float(simulation.pose("target/body").position_m[2])
        speed_m_s = simulation.speed("target/body")[0]
    exact_m = 0.5 * G * duration_s**2
    limit = 1.01 * engine.timestep_s / duration_s
    return (
        at_most("free_fall_distance", abs(fallen_m / exact_m - 1.0), limit, unit="relative"),
        at_most("free_fall_speed", abs(speed_m_s / (G * duration_s) - 1.0), 1e-6, unit="relative"),
    )


def round_trip(engine: Engine) -> tuple[Check, ...]:
    """Poses and velocities read back as they were given, joints and frames askew."""
    rng = np.random.default_rng(0)
    quats = rng.normal(size=(4, 4))
    placements = [
        Placement(
            f"p{i}",
            scenes.swinging_arm() if i % 2 else scenes.box(),
            Pose(rng.uniform(-1.0, 1.0, 3), quats[i] / np.linalg.norm(quats[i])),
            "clutter" if i else "target",
            {"hinge0": 0.7, "hinge1": -0.4} if i % 2 else {},
        )
        for i in range(4)
    ]
    scene = scenes.scene(*placements, gravity=False)
    linear, angular = np.array([0.3, -0.2, 0.1]), np.array([1.0, 2.0, -2.0])
    with engine.load(scene, STANDARD) as simulation:
        read = simulation.poses()
        simulation.set_velocity("p0/body", linear, angular)
        speeds = simulation.speed("p0/body")
    wanted = body_poses(scene)
    moved_m = max(
        float(np.linalg.norm(read[b].position_m - p.position_m)) for b, p in wanted.items()
    )
    turned = max(se3.quat_angle_rad(read[b].quat_wxyz, p.quat_wxyz) for b, p in wanted.items())
    speed_error = max(abs(speeds[0] - math.hypot(*linear)), abs(speeds[1] - math.hypot(*angular)))
    return (
        at_most("pose_round_trip_position", moved_m, 1e-6, unit="m"),
        at_most("pose_round_trip_angle", turned, 1e-6, unit="rad"),
        at_most("velocity_round_trip", speed_error, 1e-9, unit="m/s or rad/s"),
    )


def _distance_m(a: Pose, b: Pose) -> float:
    return float(np.linalg.norm(a.position_m - b.position_m))


def drawer(engine: Engine) -> tuple[Check, ...]:
    """10 N on a drawer of 0.8 kg, friction 2 N, damping 10 N s/m, for 0.2 s from rest.

    With F = 8 N left, v = F/c (1 - exp(-c t/m)) and x = F/c (t - m/c (1 - exp(-c t/m))).
    Limit 2 % of the range (docs/protocol.md).
    """
    mass_kg, damping, time_s, left_n = 0.8, 10.0, 0.2, 10.0 - 2.0
    grown = 1.0 - math.exp(-damping * time_s / mass_kg)
    speed_m_s = left_n / damping * grown
    path_m = left_n / damping * (time_s - mass_kg / damping * grown)
    found = {}
    for barred in (False, True):
        target = scenes.drawer(
            friction_n=2.0, damping_n_s_m=damping, mass_kg=mass_kg, barred=barred
        )
        # Turned by 90 degrees: the wrench is given in the link's frame.
        turned = Pose(np.array([0.1, 0.0, 0.0]), np.array([1.0, 0.0, 0.0, 1.0]) / math.sqrt(2.0))
        scene = scenes.scene(Placement("target", target, turned, "target"))
        with engine.load(scene, STANDARD) as simulation:
            force = np.array([10.0, 0.0, 0.0])
            simulation.apply_wrench("target/drawer", np.array([0.1, 0.0, 0.0]), force, np.zeros(3))
            wait(simulation, time_s)
            found[barred] = simulation.joint("target/slide")
    return (
        at_most(
            "drawer_position", abs(found[False].position - path_m) / 0.3, 0.02, unit="of range"
        ),
        at_most(
            "drawer_speed", abs(found[False].velocity / speed_m_s - 1.0), 0.02, unit="relative"
        ),
        at_most(
            "barred_drawer_opens", abs(found[True].position - 0.025), 1e-3, unit="m from the bar"
        ),
    )


def dry_friction(engine: Engine) -> tuple[Check, ...]:
    """A push of 1.9 N does not move a drawer with 2 N of dry friction."""
    target = scenes.drawer(friction_n=2.0, damping_n_s_m=0.0, mass_kg=0.8)
    scene = scenes.scene(Placement("target", target, Pose.identity(), "target"))
    with engine.load(scene, STANDARD) as simulation:
        force = np.array([1.9, 0.0, 0.0])
        simulation.apply_wrench("target/drawer", np.zeros(3), force, np.zeros(3))
        wait(simulation, 1.0)
        position_m = simulation.joint("target/slide").position
    return (at_most("dry_friction_creep", abs(position_m), 1e-4, unit="m"),)


def wrench(engine: Engine) -> tuple[Check, ...]:
    """A free box in no gravity turns by (a t)^2 / 2 under a torque, and a couple adds to it."""
    half = scenes.BOX_HALF_M
    inertia = scenes.box_inertia(scenes.BOX_MASS_KG, half)[2, 2]
    scene = scenes.scene(
        Placement("target", scenes.box(), Pose.identity(), "target"), gravity=False
    )
    time_s, torque_nm, force_n, arm_m = 0.5, 2e-5, 1e-3, 0.02
    with engine.load(scene, STANDARD) as simulation:
        # The force pulls along the link's x at an arm along y: -z torque, taken off the torque.
        simulation.apply_wrench(
            "target/body",
            np.array([0.0, arm_m, half[2]]),
            np.array([force_n, 0.0, 0.0]),
            np.array([0.0, 0.0, torque_nm + force_n * arm_m]),
        )
        wait(simulation, time_s)
        speed, spin = simulation.speed("target/body")
    exact_spin = torque_nm / inertia * time_s
    # The pulled direction turns with the box, so the speed is a little below F t / m.
    exact_speed = force_n / scenes.BOX_MASS_KG * time_s
    return (
        at_most("wrench_spin", abs(spin / exact_spin - 1.0), 1e-3, unit="relative"),
        at_most("wrench_speed", abs(speed / exact_speed - 1.0), 0.02, unit="relative"),
    )
