"""PyBullet, the cross-check engine of IVLM-Phys v1 (docs/protocol.md)."""

from __future__ import annotations

from importlib.metadata import version

from ivlm_bench.engines.bullet_bodies import BulletBodies
from ivlm_bench.engines.bullet_native import pybullet
from ivlm_bench.engines.bullet_shapes import HullFiles
from ivlm_bench.engines.bullet_simulation import BulletSimulation
from ivlm_bench.engines.bullet_tools import add_gripper, add_probe
from ivlm_bench.errors import EngineError, IvlmBenchError
from ivlm_bench.types import Conditions, GripperMount, GripperSpec, ProbeMount, Scene, Tool

#: Time step of the protocol, seconds.
TIMESTEP_S = 1.0 / 500.0
SOLVER_ITERATIONS = 150
#: Share of a penetration that is removed in one step.
ERP = 0.2
SOLVER_RESIDUAL = 1e-7


class BulletEngine:
    """Satisfies ``ivlm_bench.protocols.Engine``; every simulation has its own client."""

    name = "pybullet"
    version: str = version("pybullet")
    timestep_s = TIMESTEP_S

    def __init__(self) -> None:
        self._files = HullFiles()
        self._idle: list[int] = []

    def load(
        self,
        scene: Scene,
        conditions: Conditions,
        *,
        tool: Tool | None = None,
        timestep_s: float | None = None,
    ) -> BulletSimulation:
        """Return a fresh simulation; ``AssetError`` if PyBullet refuses an object."""
        step_s = self.timestep_s if timestep_s is None else timestep_s
        client = self._client(step_s)
        try:
            bodies, gripper = self._build(client, scene, conditions, tool)
        except IvlmBenchError:
            self._idle.append(client)
            raise
        return BulletSimulation(
            client,
            bodies,
            timestep_s=step_s,
            gravity_m_s2=scene.gravity_m_s2,
            gripper=gripper,
            release=self._idle.append,
        )

    def _build(
        self, client: int, scene: Scene, conditions: Conditions, tool: Tool | None
    ) -> tuple[BulletBodies, tuple[int, GripperSpec] | None]:
        bodies = BulletBodies(client, conditions, self._files)
        bodies.add_scene(scene)
        if isinstance(tool, GripperMount):
            return bodies, (add_gripper(bodies, tool), tool.spec)
        if isinstance(tool, ProbeMount):
            add_probe(bodies, tool)
        return bodies, None

    def _client(self, timestep_s: float) -> int:
        """Return an empty client with the protocol's settings; starting one takes 20 ms."""
        client = self._idle.pop() if self._idle else int(pybullet.connect(pybullet.DIRECT))
        if client < 0:
            raise EngineError("PyBullet has no free physics client; close simulations after use.")
        pybullet.resetSimulation(physicsClientId=client)
        pybullet.setGravity(0.0, 0.0, 0.0, physicsClientId=client)
        pybullet.setPhysicsEngineParameter(
            fixedTimeStep=timestep_s,
            numSolverIterations=SOLVER_ITERATIONS,
            numSubSteps=0,
            erp=ERP,
            contactERP=ERP,
            frictionERP=ERP,
            solverResidualThreshold=SOLVER_RESIDUAL,
            enableConeFriction=1,
            deterministicOverlappingPairs=1,
            enableFileCaching=0,
            physicsClientId=client,
        )
        return client
