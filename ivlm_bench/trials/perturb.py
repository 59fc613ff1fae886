"""Perturbed repetitions with common random numbers.

A draw depends on the protocol, the scenario and its own index only, so every reasoner and every
engine meets the same ones, and the first 8 of 16 are the 8.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from jaxtyping import Float64

from ivlm_bench.geometry import se3
from ivlm_bench.trials.protocol import PROTOCOL
from ivlm_bench.types import Conditions, Grasp, Motion, Pose
from ivlm_bench.types.validate import freeze, unit


@dataclass(frozen=True, eq=False, slots=True)
class Perturbation:
    """What one repetition changes.

    ``translation_m`` and ``rotation`` (unit quaternion, wxyz) displace the answer: a grasp in its
    gripper frame, a motion in the world frame, a placement about the middle of the object.
    ``friction`` is the sliding coefficient of every contact, ``mass_scale`` multiplies the target's
    mass. ``push_azimuth_rad``: world direction of the sideways push on a placed object (None: no
    push).
    """

    translation_m: Float64[np.ndarray, "3"]
    rotation: Float64[np.ndarray, "4"]
    friction: float
    mass_scale: float
    push_azimuth_rad: float | None = None

    def __post_init__(self) -> None:
        freeze(self, "translation_m", np.float64, (3,))
        unit(self, "rotation", 4)

    @property
    def conditions(self) -> Conditions:
        """The physical conditions of the trial."""
        nominal = PROTOCOL.conditions
        return Conditions(
            friction=self.friction,
            torsional_m=nominal.torsional_m,
            rolling_m=nominal.rolling_m,
            mass_scale=self.mass_scale,
        )

    def grasp(self, grasp: Grasp) -> Grasp:
        """Return the grasp displaced in its own gripper frame; the width stays."""
        shift = Pose(self.translation_m, self.rotation)
        return Grasp(grasp.world_from_gripper @ shift, grasp.width_m, grasp.prob)

    def motion(self, motion: Motion) -> Motion:
        """Return the motion with its point shifted and its direction turned, world frame."""
        direction = se3.quat_rotate(self.rotation, motion.direction)
        return Motion(
            motion.point_m + self.translation_m,
            direction / np.linalg.norm(direction),
            motion.kind,
            motion.amount,
            motion.axis_point_m,
        )

    def placed(self, world_from_object: Pose, pivot_m: np.ndarray) -> Pose:
        """Return the pose of a placed object, turned about a world point and shifted.

        The draws are those of every trial, scaled to the sizes of the placement trial.
        """
        place, sizes = PROTOCOL.place, PROTOCOL.perturb
        turn_scale = place.rotation_sigma_rad / sizes.rotation_sigma_rad
        shift_scale = place.translation_sigma_m / sizes.translation_sigma_m
        quat = se3.quat_from_rotvec(turn_scale * se3.rotvec_from_quat(self.rotation))
        turned = Pose(pivot_m, quat) @ Pose(-pivot_m, np.array([1.0, 0.0, 0.0, 0.0]))
        shifted = Pose.at(*(float(x) for x in shift_scale * self.translation_m))
        return shifted @ turned @ world_from_object


#: The unperturbed trial.
NOMINAL = Perturbation(
    np.zeros(3),
    np.array([1.0, 0.0, 0.0, 0.0]),
    PROTOCOL.conditions.friction,
    PROTOCOL.conditions.mass_scale,
)


def perturbations(scenario_seed: int, n: int) -> tuple[Perturbation, ...]:
    """Draw the first ``n`` perturbations of a scenario; ``scenario_seed`` is not negative."""
    return tuple(_draw(scenario_seed, trial) for trial in range(n))


def _draw(scenario_seed: int, trial: int) -> Perturbation:
    constants = PROTOCOL.perturb
    rng = np.random.default_rng(np.random.SeedSequence([constants.seed, scenario_seed, trial]))
    translation_m = rng.normal(0.0, constants.translation_sigma_m, 3)
    rotvec_rad = rng.normal(0.0, constants.rotation_sigma_rad, 3)
    friction = rng.normal(constants.friction_mean, constants.friction_sigma)
    mass_scale = rng.uniform(constants.mass_scale_lower, constants.mass_scale_upper)
    push_azimuth_rad = rng.uniform(-np.pi, np.pi)  # last, so that older draws stay what they were
    return Perturbation(
        translation_m,
        se3.quat_from_rotvec(rotvec_rad),
        float(np.clip(friction, constants.friction_lower, constants.friction_upper)),
        float(mass_scale),
        float(push_azimuth_rad),
    )
