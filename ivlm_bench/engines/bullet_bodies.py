"""Building Bullet multibodies: frames, inertia, friction, joints.

Bullet's bodies sit at their centre of mass, along their principal axes. A link's frame in Bullet
is that inertial frame where its joint allows it (a root, a slide); a hinge's lies on its axis.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from ivlm_bench.engines.bullet_native import pybullet
from ivlm_bench.engines.bullet_shapes import NO_SHAPE, HullFiles, link_shape, xyzw
from ivlm_bench.engines.overlap import links_that_never_touch
from ivlm_bench.errors import AssetError
from ivlm_bench.geometry.kinematics import link_poses
from ivlm_bench.types import Conditions, Joint, Link, Placement, Pose, Scene

#: No visual shape.
NO_VISUAL = -1


@dataclass(frozen=True, eq=False, slots=True)
class Piece:
    """One link for ``createMultiBody``; ``parent`` is an index of pieces, the base first.

    Poses: ``parent_from_frame`` at joint position 0, ``frame_from_inertial``; ``axis`` in the
    link's Bullet frame, ``limits`` in m or rad.
    """

    shape: int
    mass_kg: float
    moments_kg_m2: np.ndarray
    frame_from_inertial: Pose
    parent: int = -1
    parent_from_frame: Pose | None = None
    hinge: bool = False
    axis: np.ndarray | None = None
    limits: tuple[float, float] | None = None


@dataclass(frozen=True, eq=False, slots=True)
class BulletLink:
    """Where a named body is in Bullet: unique id, link index (-1 for the base), frames."""

    body: int
    link: int
    link_from_frame: Pose
    frame_from_inertial: Pose
    model: Link | None = None
    mass_kg: float = 0.0
    free: bool = False


@dataclass(frozen=True, eq=False, slots=True)
class BulletJoint:
    """Where a named joint is in Bullet, and what springs it has (None for a tool's)."""

    body: int
    link: int
    model: Joint | None = None


class BulletBodies:
    """All bodies and joints of one loaded scene, by name."""

    def __init__(self, client: int, conditions: Conditions, files: HullFiles) -> None:
        self.client = client
        self.links: dict[str, BulletLink] = {}
        self.joints: dict[str, BulletJoint] = {}
        self._conditions = conditions
        self._files = files

    def add_scene(self, scene: Scene) -> None:
        """Add every placement; links that start inside each other never touch."""
        for placement in scene.placements:
            self._add_placement(placement)
        for a, b in sorted(links_that_never_touch(scene)):
            first, second = self.links[a], self.links[b]
            pybullet.setCollisionFilterPair(
                first.body, second.body, first.link, second.link, 0, physicsClientId=self.client
            )

    def create(self, pieces: list[Piece], world_from_frame: Pose, *, self_collision: bool) -> int:
        """Create a multibody from its pieces, the base first (of mass 0 if fixed).

        Raises
        ------
        AssetError
            If Bullet refuses it.
        """
        base, links = pieces[0], pieces[1:]
        flags = 0
        if self_collision:
            flags = (
                pybullet.URDF_USE_SELF_COLLISION | pybullet.URDF_USE_SELF_COLLISION_INCLUDE_PARENT
            )
        inertial = base.frame_from_inertial
        body = int(
            pybullet.createMultiBody(
                baseMass=base.mass_kg,
                baseCollisionShapeIndex=base.shape,
                basePosition=world_from_frame.position_m,
                baseOrientation=xyzw(world_from_frame.quat_wxyz),
                baseInertialFramePosition=inertial.position_m,
                baseInertialFrameOrientation=xyzw(inertial.quat_wxyz),
                flags=flags,
                physicsClientId=self.client,
                **_link_arrays(links),
            )
        )
        if body < 0:
            raise AssetError("PyBullet refuses an object; check its links, hulls and masses.")
        for index, piece in enumerate(pieces, start=-1):
            self._set_dynamics(body, index, piece)
        self._set_body_dynamics(body)
        # The pose given at creation is not kept to the last bit; that of a reset is.
        start = world_from_frame @ inertial
        pybullet.resetBasePositionAndOrientation(
            body, start.position_m, xyzw(start.quat_wxyz), physicsClientId=self.client
        )
        return body

    def release_joint(self, body: int, index: int, *, friction: float = 0.0) -> None:
        """Turn the joint's default motor into dry friction (N or N m), 0 to free it."""
        pybullet.setJointMotorControl2(
            body,
            index,
            pybullet.VELOCITY_CONTROL,
            targetVelocity=0.0,
            force=friction,
            physicsClientId=self.client,
        )

    def set_joint(self, body: int, index: int, position: float) -> None:
        """Put a joint at rest at ``position`` (m or rad)."""
        pybullet.resetJointState(body, index, position, physicsClientId=self.client)

    def _add_placement(self, placement: Placement) -> None:
        model = placement.model
        scale = self._conditions.mass_scale if placement.role == "target" else 1.0
        step_s = pybullet.getPhysicsEngineParameters(physicsClientId=self.client)["fixedTimeStep"]
        frames = [_bullet_frame(_damped_implicitly(q, step_s / scale)) for q in model.links]
        pieces = self._pieces(placement, frames)
        root = link_poses(placement)[model.links[0].name]
        body = self.create(pieces, root @ frames[0][0], self_collision=len(pieces) > 1)
        for index, (link, piece) in enumerate(zip(model.links, pieces, strict=True), start=-1):
            self.links[placement.body(link)] = BulletLink(
                body,
                index,
                frames[index + 1][0],
                piece.frame_from_inertial,
                model=link,
                mass_kg=piece.mass_kg,
                free=index < 0 and not model.fixed_base,
            )
            if link.joint is not None:
                name = f"{placement.name}/{link.joint.name}"
                self.joints[name] = BulletJoint(body, index, link.joint)
                self.set_joint(body, index, placement.joints.get(link.joint.name, 0.0))
                self.release_joint(body, index, friction=link.joint.friction_loss)

    def _pieces(
        self, placement: Placement, frames: list[tuple[Pose, Pose, np.ndarray]]
    ) -> list[Piece]:
        links = placement.model.links
        order = {link.name: index for index, link in enumerate(links)}
        scale = self._conditions.mass_scale if placement.role == "target" else 1.0
        pieces = []
        for link, (frame, inertial, moments) in zip(links, frames, strict=True):
            shape = link_shape(self.client, link, frame.inverse(), self._files)
            piece = Piece(shape, link.mass_kg * scale, moments * scale, inertial)
            if link.parent is not None and link.joint is not None:
                parent = order[link.parent]
                piece = replace(
                    piece,
                    parent=parent,
                    parent_from_frame=frames[parent][0].inverse() @ link.parent_from_link @ frame,
                    hinge=link.joint.kind == "hinge",
                    axis=frame.inverse().turn(link.joint.axis),
                    limits=(link.joint.lower, link.joint.upper),
                )
            pieces.append(piece)
        if placement.model.fixed_base:
            pieces[0] = replace(pieces[0], mass_kg=0.0)
        return pieces

    def _set_dynamics(self, body: int, index: int, piece: Piece) -> None:
        settings: dict[str, object] = dict(_surface(self._conditions))
        if piece.mass_kg > 0.0:
            settings["localInertiaDiagonal"] = piece.moments_kg_m2.tolist()
        if piece.limits is not None:
            settings["jointLowerLimit"], settings["jointUpperLimit"] = piece.limits
        pybullet.changeDynamics(
            body,
            index,
            restitution=0.0,
            jointDamping=0.0,
            physicsClientId=self.client,
            **settings,
        )

    def _set_body_dynamics(self, body: int) -> None:
        # Given together with settings of a link, these would move those to the base.
        pybullet.changeDynamics(
            body,
            -1,
            linearDamping=0.0,
            angularDamping=0.0,
            activationState=pybullet.ACTIVATION_STATE_DISABLE_SLEEPING,
            physicsClientId=self.client,
        )


def _link_arrays(links: list[Piece]) -> dict[str, object]:
    if not links:
        return {}
    poses = [link.parent_from_frame or Pose.identity() for link in links]
    axes = [np.array([1.0, 0.0, 0.0]) if link.axis is None else link.axis for link in links]
    return {
        "linkMasses": [link.mass_kg for link in links],
        "linkCollisionShapeIndices": [link.shape for link in links],
        "linkVisualShapeIndices": [NO_VISUAL] * len(links),
        "linkPositions": [pose.position_m.tolist() for pose in poses],
        "linkOrientations": [xyzw(pose.quat_wxyz) for pose in poses],
        "linkInertialFramePositions": [
            link.frame_from_inertial.position_m.tolist() for link in links
        ],
        "linkInertialFrameOrientations": [
            xyzw(link.frame_from_inertial.quat_wxyz) for link in links
        ],
        "linkParentIndices": [link.parent for link in links],
        "linkJointTypes": [
            pybullet.JOINT_REVOLUTE if link.hinge else pybullet.JOINT_PRISMATIC for link in links
        ],
        "linkJointAxis": [axis.tolist() for axis in axes],
    }


def _damped_implicitly(link: Link, step_s: float) -> Link:
    """Return a damped hinge's link with the inertia d dt added about its axis.

    The explicit step of (I + d dt) dv/dt = torque - d v is the implicit one with I: it is stable
    where the damping d stops a light knob within a fraction of a step.
    """
    joint = link.joint
    if joint is None or joint.kind != "hinge" or not joint.damping:
        return link
    added = joint.damping * step_s * np.outer(joint.axis, joint.axis)
    return replace(link, inertia_kg_m2=link.inertia_kg_m2 + added)


def _bullet_frame(link: Link) -> tuple[Pose, Pose, np.ndarray]:
    """Return ``link_from_frame``, ``frame_from_inertial`` and the principal moments."""
    tensor = link.inertia_kg_m2
    moments, axes = np.diagonal(tensor).copy(), np.eye(3)
    if np.count_nonzero(tensor - np.diag(moments)):
        moments, axes = np.linalg.eigh(tensor)
        axes[:, 2] *= np.linalg.det(axes)
    link_from_inertial = Pose.from_rotation(axes, link.centre_of_mass_m)
    if link.joint is None or link.joint.kind == "slide":
        return link_from_inertial, Pose.identity(), moments
    link_from_frame = Pose(link.joint.origin_m, link_from_inertial.quat_wxyz)
    offset = link_from_frame.inverse().apply(link.centre_of_mass_m)
    return link_from_frame, Pose.at(*offset), moments


def _surface(conditions: Conditions) -> dict[str, float]:
    """Bullet multiplies sliding coefficients and cross-multiplies the others (docs/protocol.md)."""
    root = float(np.sqrt(conditions.friction))
    half = 0.5 / root if root > 0.0 else 0.0
    return {
        "lateralFriction": root,
        "spinningFriction": conditions.torsional_m * half,
        "rollingFriction": conditions.rolling_m * half,
    }


def bare_piece(mass_kg: float, moments_kg_m2: np.ndarray, *, shape: int = NO_SHAPE) -> Piece:
    """Return a piece whose frame is its inertial frame, as a base."""
    return Piece(shape, mass_kg, moments_kg_m2, Pose.identity())
