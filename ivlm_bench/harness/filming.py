"""An engine whose simulations are filmed at even intervals while a trial runs in them."""

from __future__ import annotations

from collections.abc import Mapping
from types import TracebackType

import numpy as np

from ivlm_bench.protocols import Engine, Simulation
from ivlm_bench.types import (
    Conditions,
    Contact,
    GripperProgram,
    JointState,
    Keyframe,
    Pose,
    Scene,
    Tool,
)


class FilmingEngine:
    """An engine that keeps the poses of all bodies every ``interval_s`` of simulated time.

    It goes on in shorter stretches than it is asked to, which changes no result: the same steps
    are made. ``frames`` are those of the last simulation, unlabelled.
    """

    def __init__(self, engine: Engine, interval_s: float) -> None:
        self.name = engine.name
        self.version = engine.version
        self.timestep_s = engine.timestep_s
        self.frames: list[Keyframe] = []
        self._engine = engine
        self._interval_s = interval_s

    def load(
        self,
        scene: Scene,
        conditions: Conditions,
        *,
        tool: Tool | None = None,
        timestep_s: float | None = None,
    ) -> FilmedSimulation:
        """Load a scene in the filmed engine, and shoot the start."""
        self.frames = []
        loaded = self._engine.load(scene, conditions, tool=tool, timestep_s=timestep_s)
        return FilmedSimulation(loaded, self._interval_s, self.frames)


class FilmedSimulation:
    """A simulation that adds a frame to a list whenever an interval has passed."""

    def __init__(self, simulation: Simulation, interval_s: float, frames: list[Keyframe]) -> None:
        self.timestep_s = simulation.timestep_s
        self.n_steps = simulation.n_steps
        self._simulation = simulation
        self._every = max(1, round(interval_s / simulation.timestep_s))
        self._frames = frames
        self._shoot()

    def __enter__(self) -> FilmedSimulation:
        self._simulation.__enter__()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._simulation.__exit__(kind, error, trace)

    def step(self, n_steps: int) -> None:
        """Advance, with a frame at every interval."""
        done = 0
        while done < n_steps:
            stretch = min(n_steps - done, self._until_next())
            self._simulation.step(stretch)
            done += stretch
            self._after_stretch()

    def drive(self, program: GripperProgram) -> None:
        """Run a gripper program, with a frame at every interval."""
        done = 0
        while done < len(program.base_m):
            rows = slice(done, done + self._until_next())
            stretch = GripperProgram(program.base_m[rows], program.closing_m_s[rows])
            self._simulation.drive(stretch)
            done += len(stretch.base_m)
            self._after_stretch()

    def pose(self, body: str) -> Pose:
        """Return ``world_from_body``."""
        return self._simulation.pose(body)

    def poses(self) -> Mapping[str, Pose]:
        """Return ``world_from_body`` of every body."""
        return self._simulation.poses()

    def speed(self, body: str) -> tuple[float, float]:
        """Return linear and angular speed."""
        return self._simulation.speed(body)

    def set_velocity(self, body: str, linear_m_s: np.ndarray, angular_rad_s: np.ndarray) -> None:
        """Set the velocity of a free body."""
        self._simulation.set_velocity(body, linear_m_s, angular_rad_s)

    def joint(self, name: str) -> JointState:
        """Return the state of a joint."""
        return self._simulation.joint(name)

    def contacts(self, body: str) -> tuple[Contact, ...]:
        """Return the contacts of a body."""
        return self._simulation.contacts(body)

    def apply_wrench(
        self, body: str, point_m: np.ndarray, force_n: np.ndarray, torque_nm: np.ndarray
    ) -> None:
        """Apply a wrench that the link carries."""
        self._simulation.apply_wrench(body, point_m, force_n, torque_nm)

    def _until_next(self) -> int:
        return self._every - self.n_steps % self._every

    def _after_stretch(self) -> None:
        self.n_steps = self._simulation.n_steps
        if self.n_steps % self._every == 0:
            self._shoot()

    def _shoot(self) -> None:
        time_s = self.n_steps * self.timestep_s
        self._frames.append(Keyframe("", time_s, dict(self._simulation.poses())))
