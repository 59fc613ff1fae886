"""One loaded scene in MuJoCo."""

from __future__ import annotations

from collections.abc import Mapping
from types import TracebackType
from typing import Any

import mujoco
import numpy as np

from ivlm_bench.engines import rig
from ivlm_bench.engines.naming import known
from ivlm_bench.errors import EngineError
from ivlm_bench.types import Contact, GripperProgram, JointState, Pose


def _counted(message: str) -> None:
    """Take a warning of MuJoCo: simulations read its counters, and no log file is wanted."""
    del message


mujoco.set_mju_user_warning(_counted)


class MujocoSimulation:
    """Satisfies ``ivlm_bench.protocols.Simulation``; made by ``MujocoEngine.load``.

    ``gripper/palm`` has the gripper frame (origin at the pad centre); ``gripper/left`` and
    ``gripper/right`` sit at the centres of their pads. ``joint`` also knows the fingers, by
    their bodies' names: the distance closed from fully open.
    """

    def __init__(self, model: Any, state: Any, parts: tuple[str, ...]) -> None:
        self.timestep_s = float(model.opt.timestep)
        self.n_steps = 0
        self._model = model
        self._state = state
        self._parts = parts
        self._bodies = {model.body(i).name: i for i in range(1, model.nbody)}
        self._names = {i: name for name, i in self._bodies.items()}
        self._joints = {model.joint(i).name: i for i in range(model.njnt)}
        self._wrenches: dict[int, tuple[np.ndarray, np.ndarray, np.ndarray]] = {}
        mujoco.mj_forward(model, state)
        self._fresh_kinematics = self._fresh_velocity = True
        self._check()

    def __enter__(self) -> MujocoSimulation:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        del self._model, self._state

    def step(self, n_steps: int) -> None:
        """Advance by ``n_steps``; raises ``EngineError`` if the state diverges."""
        if self._wrenches:
            for _ in range(n_steps):
                self._carry_wrenches()
                mujoco.mj_step(self._model, self._state)
        elif n_steps > 0:
            mujoco.mj_step(self._model, self._state, nstep=n_steps)
        self._advanced(n_steps)

    def drive(self, program: GripperProgram) -> None:
        """Run a gripper program, one row a step; ``EngineError`` if the state diverges."""
        rows = np.empty((len(program.base_m), 5))
        rows[:, :3] = program.base_m
        rows[:, 3:] = program.closing_m_s[:, None]
        model, state, step = self._model, self._state, mujoco.mj_step
        if state.ctrl.shape != (5,):
            raise EngineError("A gripper program needs a simulation that was loaded with one.")
        control = state.ctrl
        for row in rows:
            control[:] = row
            if self._wrenches:
                self._carry_wrenches()
            step(model, state)
        self._advanced(len(rows))

    def pose(self, body: str) -> Pose:
        """Return ``world_from_body``."""
        self._update_kinematics()
        return self._pose(known(self._bodies, body, "body"))

    def poses(self) -> Mapping[str, Pose]:
        """Return ``world_from_body`` of every body."""
        self._update_kinematics()
        return {name: self._pose(i) for name, i in self._bodies.items()}

    def speed(self, body: str) -> tuple[float, float]:
        """Return linear speed of the centre of mass (m/s) and angular speed (rad/s)."""
        index = known(self._bodies, body, "body")
        self._update_velocity()
        twist = np.empty(6)
        mujoco.mj_objectVelocity(
            self._model, self._state, int(mujoco.mjtObj.mjOBJ_BODY), index, twist, 0
        )
        return float(np.linalg.norm(twist[3:])), float(np.linalg.norm(twist[:3]))

    def set_velocity(self, body: str, linear_m_s: np.ndarray, angular_rad_s: np.ndarray) -> None:
        """Set the world-frame velocity of a free body's centre of mass."""
        index = known(self._bodies, body, "body")
        joint = int(self._model.body_jntadr[index])
        free = int(mujoco.mjtJoint.mjJNT_FREE)
        if joint < 0 or int(self._model.jnt_type[joint]) != free:
            raise EngineError(f"{body!r} is not a free body; its velocity cannot be set.")
        self._update_kinematics()
        state = self._state
        rotation = state.xmat[index].reshape(3, 3)
        arm = state.xpos[index] - state.xipos[index]
        address = int(self._model.jnt_dofadr[joint])
        state.qvel[address : address + 3] = linear_m_s + np.cross(angular_rad_s, arm)
        state.qvel[address + 3 : address + 6] = rotation.T @ angular_rad_s
        self._fresh_velocity = False

    def joint(self, name: str) -> JointState:
        """Return position and velocity of ``placement/joint``."""
        index = known(self._joints, name, "joint")
        model, state = self._model, self._state
        return JointState(
            float(state.qpos[model.jnt_qposadr[index]]), float(state.qvel[model.jnt_dofadr[index]])
        )

    def contacts(self, body: str) -> tuple[Contact, ...]:
        """Return the contacts of ``body`` in the last step, in MuJoCo's order."""
        index = known(self._bodies, body, "body")
        pairs = self._model.geom_bodyid[self._state.contact.geom[: self._state.ncon]]
        return tuple(
            self._contact(int(row), first=bool(pairs[row, 0] == index))
            for row in np.flatnonzero((pairs == index).any(axis=1))
        )

    def apply_wrench(
        self, body: str, point_m: np.ndarray, force_n: np.ndarray, torque_nm: np.ndarray
    ) -> None:
        """Apply a wrench carried by the link; zeros end it."""
        index = known(self._bodies, body, "body")
        wrench = tuple(np.array(v, dtype=np.float64) for v in (point_m, force_n, torque_nm))
        if not all(v.shape == (3,) and np.isfinite(v).all() for v in wrench):
            raise EngineError(f"The wrench on {body!r} needs three finite vectors of length 3.")
        if wrench[1].any() or wrench[2].any():
            self._wrenches[index] = (wrench[0], wrench[1], wrench[2])
        else:
            self._wrenches.pop(index, None)
            self._state.xfrc_applied[index] = 0.0

    def _carry_wrenches(self) -> None:
        # mj_step leaves positions of the step's start behind: bring them up to the state.
        mujoco.mj_kinematics(self._model, self._state)
        state = self._state
        for index, (point, force, torque) in self._wrenches.items():
            rotation = state.xmat[index].reshape(3, 3)
            pushed = rotation @ force
            arm = state.xpos[index] + rotation @ point - state.xipos[index]
            applied = state.xfrc_applied[index]
            applied[:3] = pushed
            (ax, ay, az), (fx, fy, fz) = arm.tolist(), pushed.tolist()
            # the moment of the push, written out: np.cross takes longer than the step's kinematics
            moment = (ay * fz - az * fy, az * fx - ax * fz, ax * fy - ay * fx)
            applied[3:] = rotation @ torque + moment

    def _pose(self, index: int) -> Pose:
        return Pose(self._state.xpos[index].copy(), self._state.xquat[index].copy())

    def _contact(self, row: int, *, first: bool) -> Contact:
        contact = self._state.contact[row]
        mine, other = contact.geom if first else contact.geom[::-1]
        force = np.empty(6)
        mujoco.mj_contactForce(self._model, self._state, row, force)
        # MuJoCo's normal points from the first geom into the second.
        normal = contact.frame[:3] * (-1.0 if first else 1.0)
        bodies = self._model.geom_bodyid
        return Contact(
            body_a=self._names[int(bodies[mine])],
            body_b=self._names[int(bodies[other])],
            part_a=self._parts[int(mine)],
            part_b=self._parts[int(other)],
            position_m=contact.pos.copy(),
            normal=normal,
            force_n=float(force[0]),
            distance_m=float(contact.dist),
            tangent_force_n=float(np.hypot(force[1], force[2])),
        )

    def _advanced(self, n_steps: int) -> None:
        self.n_steps += n_steps
        self._fresh_kinematics = self._fresh_velocity = False
        self._check()

    def _update_kinematics(self) -> None:
        if not self._fresh_kinematics:
            mujoco.mj_kinematics(self._model, self._state)
            self._fresh_kinematics = True

    def _update_velocity(self) -> None:
        if not self._fresh_velocity:
            self._update_kinematics()
            mujoco.mj_comPos(self._model, self._state)
            mujoco.mj_comVel(self._model, self._state)
            self._fresh_velocity = True

    def _check(self) -> None:
        state = self._state
        if state.warning.number.any():
            raised = [str(mujoco.mjtWarning(i).name) for i in np.flatnonzero(state.warning.number)]
            raise EngineError(f"MuJoCo warned after {self.n_steps} steps: {', '.join(raised)}.")
        if not (np.isfinite(state.qpos).all() and np.isfinite(state.qvel).all()):
            raise EngineError(f"MuJoCo's state is not finite after {self.n_steps} steps.")


def start_state(model: Any, closure_m: float, ctrl: float) -> Any:
    """Return a fresh ``MjData``; ``closure_m`` of both fingers, ``ctrl`` of a probe's servo."""
    state = mujoco.MjData(model)
    for name, _ in rig.PAD_SIDES:
        if mujoco.mj_name2id(model, int(mujoco.mjtObj.mjOBJ_JOINT), name) >= 0:
            state.joint(name).qpos[0] = closure_m
    if mujoco.mj_name2id(model, int(mujoco.mjtObj.mjOBJ_ACTUATOR), rig.TIP) >= 0:
        state.actuator(rig.TIP).ctrl[0] = ctrl
    return state
