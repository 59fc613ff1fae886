"""Gripper and probe as Bullet multibodies."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from ivlm_bench.engines import rig
from ivlm_bench.engines.bullet_bodies import (
    BulletBodies,
    BulletJoint,
    BulletLink,
    Piece,
    bare_piece,
)
from ivlm_bench.engines.bullet_native import pybullet
from ivlm_bench.engines.bullet_shapes import box_shape, sphere_shape
from ivlm_bench.types import GripperMount, GripperSpec, Pose, ProbeMount

#: Mass of the gripper's carriages between world and palm, kg: next to nothing.
CARRIAGE_MASS_KG = 1e-3
#: Coupling of the fingers (docs/protocol.md): force in units of a finger's, share of error.
GEAR_FORCE_RATIO = 5.0
GEAR_ERP = 0.3
#: Links of the gripper in Bullet; the carriages x and y come before the palm.
PALM_LINK, LEFT_LINK, RIGHT_LINK = 2, 3, 4


def add_gripper(bodies: BulletBodies, mount: GripperMount) -> int:
    """Add the gripper, fingers at their start; return its unique id."""
    still = Pose.identity()
    gripper_from_palm = Pose.at(*rig.palm_box(mount.spec).centre_m)
    pieces = [*_base(bodies, mount), *_pads(bodies, mount.spec)]
    body = bodies.create(pieces, mount.world_from_gripper, self_collision=False)
    bodies.links[rig.PALM] = BulletLink(body, PALM_LINK, gripper_from_palm, still)
    for index in range(len(pieces) - 1):
        bodies.release_joint(body, index)
    for index, (name, _) in enumerate(rig.PAD_SIDES, start=LEFT_LINK):
        bodies.links[name] = BulletLink(body, index, still, still)
        bodies.joints[name] = BulletJoint(body, index)
        bodies.set_joint(body, index, rig.start_closure_m(mount))
    _couple(bodies.client, body, mount.spec.force_n)
    return body


def _base(bodies: BulletBodies, mount: GripperMount) -> list[Piece]:
    """Return the world's end, two carriages and the palm, on the three world axes."""
    palm = rig.palm_box(mount.spec)
    carriage = bare_piece(CARRIAGE_MASS_KG, rig.sphere_inertia(CARRIAGE_MASS_KG, palm.half_m[0]))
    hand = bare_piece(
        rig.PALM_MASS_KG,
        rig.box_inertia(rig.PALM_MASS_KG, palm.half_m),
        shape=box_shape(bodies.client, palm.half_m),
    )
    still = Pose.identity()
    # Rows of the rotation are the world's axes in the gripper frame.
    x, y, z = mount.world_from_gripper.rotation
    return [
        replace(carriage, mass_kg=0.0),
        replace(carriage, parent=0, parent_from_frame=still, axis=x),
        replace(carriage, parent=1, parent_from_frame=still, axis=y),
        replace(hand, parent=2, parent_from_frame=Pose.at(*palm.centre_m), axis=z),
    ]


def _pads(bodies: BulletBodies, spec: GripperSpec) -> list[Piece]:
    """Return the two pads on slides of the palm (piece 3), fully open."""
    half = rig.pad_half_m(spec)
    pad = bare_piece(
        rig.PAD_MASS_KG,
        rig.box_inertia(rig.PAD_MASS_KG, half),
        shape=box_shape(bodies.client, half),
    )
    palm_from_gripper = Pose.at(*rig.palm_box(spec).centre_m).inverse()
    open_m = rig.pad_x_m(spec, spec.max_opening_m)
    return [
        replace(
            pad,
            parent=PALM_LINK + 1,
            parent_from_frame=palm_from_gripper @ Pose.at(side * open_m, 0.0, 0.0),
            axis=np.array([-side, 0.0, 0.0]),
            limits=(0.0, rig.stroke_m(spec)),
        )
        for _, side in rig.PAD_SIDES
    ]


def _couple(client: int, body: int, force_n: float) -> None:
    origin = [0.0, 0.0, 0.0]
    gear = pybullet.createConstraint(
        body,
        LEFT_LINK,
        body,
        RIGHT_LINK,
        jointType=pybullet.JOINT_GEAR,
        jointAxis=[1.0, 0.0, 0.0],
        parentFramePosition=origin,
        childFramePosition=origin,
        physicsClientId=client,
    )
    pybullet.changeConstraint(
        gear,
        gearRatio=-1,
        erp=GEAR_ERP,
        maxForce=GEAR_FORCE_RATIO * force_n,
        physicsClientId=client,
    )


def add_probe(bodies: BulletBodies, mount: ProbeMount) -> None:
    """Add the probe and start its servo."""
    moments = rig.sphere_inertia(rig.PROBE_MASS_KG, mount.radius_m)
    still = Pose.identity()
    base = bare_piece(0.0, moments)
    tip = replace(
        bare_piece(rig.PROBE_MASS_KG, moments, shape=sphere_shape(bodies.client, mount.radius_m)),
        parent=0,
        parent_from_frame=still,
        axis=mount.direction,
    )
    start = Pose(mount.position_m, still.quat_wxyz)
    body = bodies.create([base, tip], start, self_collision=False)
    bodies.links[rig.TIP] = BulletLink(body, 0, still, still)
    bodies.joints[rig.TIP] = BulletJoint(body, 0)
    pybullet.setJointMotorControl2(
        body,
        0,
        pybullet.VELOCITY_CONTROL,
        targetVelocity=mount.speed_m_s,
        force=mount.force_n,
        physicsClientId=bodies.client,
    )
