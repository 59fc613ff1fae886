"""The collision check before a grasp: pure geometry, so every engine shares one result."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache

import numpy as np

from ivlm_bench.engines.clearance import GripperClearance
from ivlm_bench.trials.protocol import PROTOCOL
from ivlm_bench.types import GripperSpec, Pose, Scene

#: Results remembered for each scene: a question's nominal and perturbed grasps many times over.
MOST_REMEMBERED = 256


@dataclass(frozen=True, slots=True)
class Penetrations:
    """Deepest penetration (m) of the open gripper on its approach, by role of what it meets."""

    object_m: float
    support_m: float
    clutter_m: float

    @property
    def worst_m(self) -> float:
        """The deepest of all, metres."""
        return max(self.object_m, self.support_m, self.clutter_m)


class SceneApproach:
    """Collision checks of straight approaches into one scene; remembers what it computed."""

    def __init__(self, scene: Scene) -> None:
        self._roles = {placement.name: placement.role for placement in scene.placements}
        self._clearance = GripperClearance(scene)
        self._known: dict[tuple[bytes, float, GripperSpec], Penetrations] = {}

    def penetrations(
        self, world_from_gripper: Pose, width_m: float, spec: GripperSpec
    ) -> Penetrations:
        """Return the deepest penetrations over the grasp pose and its waypoints."""
        pose_bytes = (
            world_from_gripper.position_m.tobytes() + world_from_gripper.quat_wxyz.tobytes()
        )
        key = (pose_bytes, width_m, spec)
        if key not in self._known:
            if len(self._known) >= MOST_REMEMBERED:
                self._known.clear()
            self._known[key] = self._measure(world_from_gripper, width_m, spec)
        return self._known[key]

    def _measure(self, world_from_gripper: Pose, width_m: float, spec: GripperSpec) -> Penetrations:
        worst_m = {"target": 0.0, "support": 0.0, "clutter": 0.0}
        for pose in approach_poses(world_from_gripper):
            for name, depth_m in self._clearance.penetrations(pose, width_m, spec).items():
                role = self._roles[name]
                worst_m[role] = max(worst_m[role], float(depth_m))
        return Penetrations(worst_m["target"], worst_m["support"], worst_m["clutter"])


@lru_cache(maxsize=2)
def scene_approach(scene: Scene) -> SceneApproach:
    """Return the checks of a scene; the last two scenes are remembered, by identity."""
    return SceneApproach(scene)


def approach_poses(world_from_gripper: Pose) -> tuple[Pose, ...]:
    """Return the grasp pose and its waypoints, from the grasp back along the approach."""
    grasp = PROTOCOL.grasp
    return tuple(
        world_from_gripper @ Pose.at(0.0, 0.0, -float(back_m))
        for back_m in np.linspace(0.0, grasp.approach_m, grasp.n_waypoints + 1)
    )
