"""One loaded scene in PyBullet."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from types import TracebackType
from typing import Any

import numpy as np

from ivlm_bench.engines import rig
from ivlm_bench.engines.bullet_bodies import BulletBodies, BulletLink
from ivlm_bench.engines.bullet_native import pybullet
from ivlm_bench.engines.bullet_shapes import wxyz
from ivlm_bench.engines.naming import known
from ivlm_bench.errors import EngineError
from ivlm_bench.geometry.proximity import nearest_hull
from ivlm_bench.types import Contact, GripperProgram, GripperSpec, JointState, Pose

#: Servo of the gripper's base: largest force in N, and share of the error removed in one step.
BASE_FORCE_N = 5000.0
BASE_POSITION_GAIN = 0.8
#: Bullet cuts off velocities at 100 m/s or rad/s, which hides divergence: nothing in a trial
#: comes near.
SPEED_LIMIT = 99.0


class BulletSimulation:
    """Satisfies ``ivlm_bench.protocols.Simulation``; made by ``BulletEngine.load``.

    Bodies and joints as in ``MujocoSimulation``. Gravity is off in Bullet, so that tools float;
    each movable link of an object is pulled by its weight at its centre of mass.
    """

    def __init__(
        self,
        client: int,
        bodies: BulletBodies,
        *,
        timestep_s: float,
        gravity_m_s2: np.ndarray,
        gripper: tuple[int, GripperSpec] | None,
        release: Callable[[int], None],
    ) -> None:
        self.timestep_s = timestep_s
        self.n_steps = 0
        self._client = client
        self._links = bodies.links
        self._joints = bodies.joints
        self._gripper = gripper
        self._base_m = np.zeros(3)
        self._release: Callable[[int], None] | None = release
        self._names = {(b.body, b.link): name for name, b in bodies.links.items()}
        self._weights = [
            (b.body, b.link, [float(v) for v in b.mass_kg * gravity_m_s2])
            for b in bodies.links.values()
            if b.mass_kg > 0.0 and gravity_m_s2.any()
        ]
        self._springs = [
            (j.body, j.link, j.model)
            for j in bodies.joints.values()
            if j.model is not None and (j.model.damping or j.model.stiffness)
        ]
        self._wrenches: dict[str, tuple[np.ndarray, np.ndarray]] = {}
        pybullet.performCollisionDetection(physicsClientId=client)

    def __enter__(self) -> BulletSimulation:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()

    def __del__(self) -> None:
        self.close()

    def close(self) -> None:
        """Give the client back; further calls are errors."""
        if self._release is not None:
            self._release(self._client)
            self._release = None

    def step(self, n_steps: int) -> None:
        """Advance by ``n_steps``; raises ``EngineError`` if the state diverges."""
        if self._gripper is not None:
            self._command_base(self._base_m, np.zeros(3))
        for _ in range(n_steps):
            self._advance()
        self._check()

    def drive(self, program: GripperProgram) -> None:
        """Run a gripper program, one row a step; ``EngineError`` if the state diverges."""
        if self._gripper is None:
            raise EngineError("A gripper program needs a simulation that was loaded with one.")
        previous = self._base_m
        speeds = np.diff(program.base_m, axis=0, prepend=previous[None]) / self.timestep_s
        closing: float | None = None
        for row, speed, wanted in zip(program.base_m, speeds, program.closing_m_s, strict=True):
            self._command_base(row, speed)
            if wanted != closing:
                closing = float(wanted)
                self._command_fingers(closing)
            self._advance()
        if len(program.base_m):
            self._base_m = program.base_m[-1]
        self._check()

    def pose(self, body: str) -> Pose:
        """Return ``world_from_body``."""
        return self._pose(known(self._links, body, "body"))

    def poses(self) -> Mapping[str, Pose]:
        """Return ``world_from_body`` of every body."""
        return {name: self._pose(link) for name, link in self._links.items()}

    def speed(self, body: str) -> tuple[float, float]:
        """Return linear speed of the centre of mass (m/s) and angular speed (rad/s)."""
        link = known(self._links, body, "body")
        if link.link < 0:
            linear, angular = pybullet.getBaseVelocity(link.body, physicsClientId=self._client)
        else:
            linear, angular = self._link_state(link)[6:8]
        return float(np.linalg.norm(linear)), float(np.linalg.norm(angular))

    def set_velocity(self, body: str, linear_m_s: np.ndarray, angular_rad_s: np.ndarray) -> None:
        """Set the world-frame velocity of a free body's centre of mass."""
        link = known(self._links, body, "body")
        if not link.free:
            raise EngineError(f"{body!r} is not a free body; its velocity cannot be set.")
        pybullet.resetBaseVelocity(
            link.body,
            [float(v) for v in linear_m_s],
            [float(v) for v in angular_rad_s],
            physicsClientId=self._client,
        )

    def joint(self, name: str) -> JointState:
        """Return position and velocity of ``placement/joint``."""
        joint = known(self._joints, name, "joint")
        state = pybullet.getJointState(joint.body, joint.link, physicsClientId=self._client)
        return JointState(float(state[0]), float(state[1]))

    def contacts(self, body: str) -> tuple[Contact, ...]:
        """Return the contacts of ``body`` in the last step, in Bullet's order.

        Points of Bullet's cache that neither touch nor push are left out.
        """
        link = known(self._links, body, "body")
        points = pybullet.getContactPoints(
            bodyA=link.body, linkIndexA=link.link, physicsClientId=self._client
        )
        return tuple(
            self._contact(body, point) for point in points if point[8] <= 0.0 or point[9] > 0.0
        )

    def apply_wrench(
        self, body: str, point_m: np.ndarray, force_n: np.ndarray, torque_nm: np.ndarray
    ) -> None:
        """Apply a wrench carried by the link; zeros end it."""
        link = known(self._links, body, "body")
        vectors = [np.array(v, dtype=np.float64) for v in (point_m, force_n, torque_nm)]
        if not all(v.shape == (3,) and np.isfinite(v).all() for v in vectors):
            raise EngineError(f"The wrench on {body!r} needs three finite vectors of length 3.")
        if not (vectors[1].any() or vectors[2].any()):
            self._wrenches.pop(body, None)
            return
        # Moved to the centre of mass, where Bullet applies forces.
        centre = (link.link_from_frame @ link.frame_from_inertial).position_m
        torque = vectors[2] + np.cross(vectors[0] - centre, vectors[1])
        self._wrenches[body] = (vectors[1], torque)

    def _advance(self) -> None:
        client = self._client
        for body, index, weight in self._weights:
            pybullet.applyExternalForce(
                body,
                index,
                weight,
                self._centre(body, index),
                pybullet.WORLD_FRAME,
                physicsClientId=client,
            )
        for body, index, joint in self._springs:
            position, velocity = pybullet.getJointState(body, index, physicsClientId=client)[:2]
            pybullet.setJointMotorControl2(
                body,
                index,
                pybullet.TORQUE_CONTROL,
                force=joint.stiffness * (joint.spring_rest - position) - joint.damping * velocity,
                physicsClientId=client,
            )
        if self._wrenches:
            self._carry_wrenches()
        pybullet.stepSimulation(physicsClientId=client)
        self.n_steps += 1

    def _carry_wrenches(self) -> None:
        for name, (force, torque) in self._wrenches.items():
            link = self._links[name]
            rotation = self._pose(link).rotation
            pybullet.applyExternalForce(
                link.body,
                link.link,
                rotation @ force,
                self._centre(link.body, link.link),
                pybullet.WORLD_FRAME,
                physicsClientId=self._client,
            )
            pybullet.applyExternalTorque(
                link.body,
                link.link,
                rotation @ torque,
                pybullet.WORLD_FRAME,
                physicsClientId=self._client,
            )

    def _centre(self, body: int, index: int) -> tuple[float, ...]:
        if index < 0:
            return pybullet.getBasePositionAndOrientation(body, physicsClientId=self._client)[0]
        return pybullet.getLinkState(body, index, physicsClientId=self._client)[0]

    def _command_base(self, base_m: np.ndarray, speed_m_s: np.ndarray) -> None:
        if self._gripper is None:
            return
        pybullet.setJointMotorControlArray(
            self._gripper[0],
            (0, 1, 2),
            pybullet.POSITION_CONTROL,
            targetPositions=base_m,
            targetVelocities=speed_m_s,
            forces=(BASE_FORCE_N,) * 3,
            positionGains=(BASE_POSITION_GAIN,) * 3,
            physicsClientId=self._client,
        )

    def _command_fingers(self, closing_m_s: float) -> None:
        if self._gripper is None:
            return
        for name, _ in rig.PAD_SIDES:
            pybullet.setJointMotorControl2(
                self._gripper[0],
                self._joints[name].link,
                pybullet.VELOCITY_CONTROL,
                targetVelocity=closing_m_s,
                force=self._gripper[1].force_n,
                physicsClientId=self._client,
            )

    def _link_state(self, link: BulletLink) -> Any:
        return pybullet.getLinkState(
            link.body,
            link.link,
            computeLinkVelocity=1,
            computeForwardKinematics=1,
            physicsClientId=self._client,
        )

    def _pose(self, link: BulletLink) -> Pose:
        if link.link < 0:
            state = pybullet.getBasePositionAndOrientation(link.body, physicsClientId=self._client)
            world_from_frame = _pose(*state) @ link.frame_from_inertial.inverse()
        else:
            world_from_frame = _pose(*self._link_state(link)[4:6])
        return world_from_frame @ link.link_from_frame.inverse()

    def _contact(self, body: str, point: Any) -> Contact:
        other = self._names.get((point[2], point[4]), "gripper/base")
        position = 0.5 * (np.array(point[5]) + np.array(point[6]))
        return Contact(
            body_a=body,
            body_b=other,
            part_a=self._part(body, position),
            part_b=self._part(other, position),
            position_m=position,
            normal=_unit(np.array(point[7])),
            force_n=float(point[9]),
            distance_m=float(point[8]),
            tangent_force_n=float(np.hypot(point[10], point[12])),
        )

    def _part(self, body: str, position_m: np.ndarray) -> str:
        """Return the part whose hull lies nearest; Bullet does not tell pieces of a link apart."""
        link = self._links[body].model
        if link is None:
            return body
        if len(link.parts) == 1:
            return link.parts[0].name
        local = self._pose(self._links[body]).inverse().apply(position_m)
        pieces = [(part.name, hull) for part in link.parts for hull in part.hulls]
        nearest, _ = nearest_hull([hull for _, hull in pieces], local)
        return pieces[nearest][0]

    def _check(self) -> None:
        for name, link in self._links.items():
            if link.link < 0:
                velocity = pybullet.getBaseVelocity(link.body, physicsClientId=self._client)
            else:
                velocity = pybullet.getJointState(
                    link.body, link.link, physicsClientId=self._client
                )[1]
            # NaN fails the comparison too.
            if not bool((np.abs(velocity) < SPEED_LIMIT).all()):
                raise EngineError(
                    f"PyBullet's state of {name!r} diverged within {self.n_steps} steps."
                )


def _pose(position: tuple[float, ...], quat_xyzw: tuple[float, ...]) -> Pose:
    quat = wxyz(quat_xyzw)
    return Pose(np.array(position), quat / np.linalg.norm(quat))


def _unit(vector: np.ndarray) -> np.ndarray:
    return vector / np.linalg.norm(vector)
