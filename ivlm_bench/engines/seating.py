"""Where a put-down object touches what is below it: pure geometry, one result for every engine."""

from __future__ import annotations

from functools import lru_cache
from typing import Any

import mujoco
import numpy as np

from ivlm_bench.engines.clearance import CCD_ITERATIONS, placed_hulls
from ivlm_bench.engines.mujoco_model import add_hull, compile_spec
from ivlm_bench.types import Pose, Scene

#: Surfaces this near to each other touch, metres: a tenth of what a solver's contact gives way.
TOUCH_M = 1e-5
#: Steps of one search: each one that meets a plane face first is the last.
MOST_STEPS = 50


class Seating:
    """The target's hulls against all others of a scene, at any pose of the target."""

    def __init__(self, scene: Scene) -> None:
        hulls = placed_hulls(scene)
        self._start = scene.target.world_from_object
        self._owners = np.array([hull.placement for hull in hulls])
        self._mine = np.flatnonzero(self._owners == scene.target.name)
        self._others = np.flatnonzero(self._owners != scene.target.name)
        vertices = [hull.mesh.vertices_m for hull in hulls]
        self._vertices = vertices
        self._low = np.array([v.min(axis=0) for v in vertices]).reshape(-1, 3)
        self._high = np.array([v.max(axis=0) for v in vertices]).reshape(-1, 3)
        self._model, self._state = _still_model(scene)
        self._centres = self._state.geom_xpos.copy()
        self._turns = self._state.geom_xmat.reshape(-1, 3, 3).copy()

    def penetration_m(self, world_from_object: Pose) -> float:
        """Return how deep the target at a pose cuts into anything else (m, >= 0)."""
        self._move(world_from_object)
        pairs = self._near(0.0)
        return max((-self._gap(a, b, 0.0)[0] for a, b in pairs), default=0.0)

    def lift_m(self, world_from_object: Pose, limit_m: float) -> float:
        """Return how far up the target must go until it cuts into nothing (m).

        A height above ``limit_m`` says only that the limit does not do.
        """
        height = 0.0
        for _ in range(MOST_STEPS):
            depth = self.penetration_m(Pose.at(0.0, 0.0, height) @ world_from_object)
            if depth <= TOUCH_M:
                return height
            # The depth is the shortest way out, so going up takes at least as much.
            height += depth
            if height > limit_m:
                return height
        return limit_m + depth

    def drop_m(self, world_from_object: Pose, limit_m: float, *, onto: str | None = None) -> float:
        """Return how far the target falls until it touches anything, or the placement ``onto``.

        ``limit_m`` where nothing is touched on that way.
        """
        self._move(world_from_object)
        pairs = [p for p in self._near(limit_m) if onto in (None, self._owners[p[1]])]
        return min((self._fall_m(a, b, limit_m) for a, b in pairs), default=limit_m)

    def _fall_m(self, mine: int, other: int, limit_m: float) -> float:
        """Conservative advancement of two convex bodies.

        With the gap d and its direction n they can't meet before they closed by d along n (Mirtich,
        "Impulse-based dynamic simulation of rigid body systems", 1996).
        """
        height, fallen = float(self._state.geom_xpos[mine, 2]), 0.0
        for _ in range(MOST_STEPS):
            self._state.geom_xpos[mine, 2] = height - fallen
            gap, ends = self._gap(mine, other, limit_m)
            closing = float(ends[2] - ends[5]) / max(gap, TOUCH_M)
            if gap <= TOUCH_M:
                break
            # A gap beyond the cap has no direction; one that does not close never will.
            if gap <= limit_m and closing <= 0.0:
                fallen = limit_m
            fallen += gap / closing if gap <= limit_m and closing > 0.0 else gap
            if fallen >= limit_m:
                break
        self._state.geom_xpos[mine, 2] = height
        return min(fallen, limit_m)

    def _move(self, world_from_object: Pose) -> None:
        motion = world_from_object @ self._start.inverse()
        for geom in self._mine:
            self._state.geom_xpos[geom] = motion.apply(self._centres[geom])
            self._state.geom_xmat[geom] = (motion.rotation @ self._turns[geom]).ravel()
            moved = motion.apply(self._vertices[geom])
            self._low[geom], self._high[geom] = moved.min(axis=0), moved.max(axis=0)

    def _near(self, below_m: float) -> list[tuple[int, int]]:
        """Return pairs (mine, other) whose boxes meet when the target falls by ``below_m``."""
        low = self._low[self._mine] - np.array([TOUCH_M, TOUCH_M, TOUCH_M + below_m])
        high = self._high[self._mine] + TOUCH_M
        meet = (low[:, None] <= self._high[self._others]).all(axis=2)
        meet &= (high[:, None] >= self._low[self._others]).all(axis=2)
        return [(int(self._mine[i]), int(self._others[j])) for i, j in np.argwhere(meet)]

    def _gap(self, mine: int, other: int, cap_m: float) -> tuple[float, np.ndarray]:
        """Return the signed distance (m, at most the cap) and the ends (6,) of its line."""
        ends = np.zeros(6)
        gap = mujoco.mj_geomDistance(self._model, self._state, mine, other, cap_m + TOUCH_M, ends)
        return float(gap), ends


@lru_cache(maxsize=2)
def seating(scene: Scene) -> Seating:
    """Return the seating of a scene; the last two scenes are remembered, by identity."""
    return Seating(scene)


def _still_model(scene: Scene) -> tuple[Any, Any]:
    """Return a model with every hull in the world, in the order of ``placed_hulls``."""
    spec = mujoco.MjSpec()
    spec.option.ccd_iterations = CCD_ITERATIONS
    for index, hull in enumerate(placed_hulls(scene)):
        add_hull(spec, spec.worldbody, f"hull{index}", hull.mesh)
    model = compile_spec(spec, scene.name)
    state = mujoco.MjData(model)
    mujoco.mj_kinematics(model, state)
    return model, state
