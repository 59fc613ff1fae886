"""Methods for the demonstration of the gate: one good one, spoilt by a known amount."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from ivlm_bench.types import Grasp, Interaction, Observation, Pose
from ivlm_policies.geometric.reasoner import GeometricReasoner


class Drifting:
    """``geometric-words`` whose grasps drift.

    Parameters
    ----------
    handle_m
        Every grasp of a handle is moved so far along its own pads (gripper y), in metres: the
        planted regression.
    jitter_m
        Standard deviation of a random shift of every grasp, in metres: noise.
    salt
        Which noise: two methods that differ in it alone are equally good.
    """

    def __init__(self, handle_m: float = 0.0, jitter_m: float = 0.0, salt: int = 0) -> None:
        self.handle_m, self.jitter_m, self.salt = handle_m, jitter_m, salt
        self._steady = GeometricReasoner(words=True)
        self._rng = np.random.default_rng(0)

    def reset(self, seed: int) -> None:
        """Begin an episode."""
        self._rng = np.random.default_rng([seed, self.salt])

    def predict(self, observation: Observation, /) -> Interaction:
        """Answer as the steady method does, then drift."""
        answer = self._steady.predict(observation)
        shift = self._rng.normal(0.0, self.jitter_m, 3) if self.jitter_m else np.zeros(3)
        if observation.query.part_name == "handle":
            shift = shift + np.array([0.0, self.handle_m, 0.0])
        if not shift.any() or not answer.grasps:
            return answer
        grasps = tuple(_moved(grasp, shift) for grasp in answer.grasps)
        return replace(answer, grasps=grasps)


def _moved(grasp: Grasp, shift_m: np.ndarray) -> Grasp:
    return replace(grasp, world_from_gripper=grasp.world_from_gripper @ Pose.at(*shift_m))
