"""Building a MuJoCo model from a scene; every constant is that of docs/protocol.md."""

from __future__ import annotations

from typing import Any

import mujoco
import numpy as np

from ivlm_bench.engines import rig
from ivlm_bench.engines.hulls import as_box
from ivlm_bench.errors import AssetError
from ivlm_bench.geometry.kinematics import link_poses
from ivlm_bench.types import (
    Conditions,
    GripperMount,
    GripperSpec,
    Joint,
    Link,
    Mesh,
    Placement,
    ProbeMount,
    Scene,
    Tool,
)

SOLREF = (0.004, 1.0)
SOLIMP = (0.95, 0.99, 0.001, 0.5, 2.0)
#: Dry friction of joints: nearly hard, or a drawer creeps by 0.25 mm/s below its friction.
DRY_FRICTION_SOLIMP = (0.99, 0.999, 0.001, 0.5, 2.0)
#: That of hinges, as hard as can be: the creep goes with one over the inertia, and with the value
#: above a light lever sank by 9 mrad/s, which never counts as settled.
HINGE_FRICTION_SOLIMP = (0.9999, 0.9999, 0.001, 0.5, 2.0)
SOLVER_ITERATIONS = 100
SOLVER_TOLERANCE = 1e-8
IMPRATIO = 10.0
CONTACT_DIMENSION = 4
#: Stiffness of the base servos, N/m.
BASE_STIFFNESS_N_M = 2e5
#: Arena for contacts and constraints, bytes: about 2,000 contacts in a dense Jacobian.
ARENA_BYTES = 64 * 2**20
#: Collision bits. Objects meet everything; parts of a tool do not meet each other.
OBJECT_BITS = (1, 3)
TOOL_BITS = (2, 1)

Overlaps = frozenset[tuple[str, str]]


def build_spec(
    scene: Scene, *, spec: GripperSpec | None, probe_radius_m: float | None, overlaps: Overlaps
) -> Any:
    """Return the ``MjSpec`` of a scene with a gripper or a probe mounted at the world's origin.

    ``overlaps`` names pairs of bodies that never touch each other.
    """
    out = mujoco.MjSpec()
    _set_options(out)
    out.option.gravity = scene.gravity_m_s2
    for placement in scene.placements:
        add_placement(out, placement)
    for a, b in sorted(overlaps):
        out.add_exclude(bodyname1=a, bodyname2=b)
    if spec is not None:
        _add_gripper(out, spec)
    if probe_radius_m is not None:
        _add_probe(out, probe_radius_m)
    return out


def compile_spec(spec: Any, scene_name: str) -> Any:
    """Compile; a scene that MuJoCo refuses is an ``AssetError``."""
    try:
        return spec.compile()
    except ValueError as error:
        raise AssetError(
            f"MuJoCo cannot load the scene {scene_name!r}: {error} Check its hulls and masses."
        ) from error


def _set_options(spec: Any) -> None:
    spec.compiler.degree = False
    spec.memory = ARENA_BYTES
    option = spec.option
    option.integrator = int(mujoco.mjtIntegrator.mjINT_IMPLICITFAST)
    option.solver = int(mujoco.mjtSolver.mjSOL_NEWTON)
    option.iterations = SOLVER_ITERATIONS
    option.tolerance = SOLVER_TOLERANCE
    option.cone = int(mujoco.mjtCone.mjCONE_ELLIPTIC)
    option.impratio = IMPRATIO
    # The sparse factorisation of 4.0.0 is wrong in places; dense is right and faster here.
    option.jacobian = int(mujoco.mjtJacobian.mjJAC_DENSE)
    # A diverged state must stay visible, and links of one object may block each other.
    option.disableflags = int(mujoco.mjtDisableBit.mjDSBL_AUTORESET) | int(
        mujoco.mjtDisableBit.mjDSBL_FILTERPARENT
    )


def add_placement(spec: Any, placement: Placement) -> None:
    """Add one object: its links as bodies ``placement/link``, its joints ``placement/joint``."""
    bodies: dict[str, Any] = {}
    roots = link_poses(placement)
    for link in placement.model.links:
        if link.parent is None:
            pose = roots[link.name]
            parent = spec.worldbody
        else:
            pose = link.parent_from_link
            parent = bodies[link.parent]
        body = parent.add_body(name=placement.body(link), pos=pose.position_m, quat=pose.quat_wxyz)
        bodies[link.name] = body
        _set_inertia(body, link)
        if link.joint is not None:
            _add_joint(body, placement, link.joint)
        elif not placement.model.fixed_base:
            free = body.add_freejoint(name=f"{placement.name}/free")
            free.align = int(mujoco.mjtAlignFree.mjALIGNFREE_FALSE)
        _add_hulls(spec, body, link)


def _set_inertia(body: Any, link: Link) -> None:
    tensor = link.inertia_kg_m2
    body.explicitinertial = True
    body.mass = link.mass_kg
    body.ipos = link.centre_of_mass_m
    body.fullinertia = tensor[[0, 1, 2, 0, 0, 1], [0, 1, 2, 1, 2, 2]]


def _add_joint(body: Any, placement: Placement, joint: Joint) -> None:
    kinds = {"hinge": mujoco.mjtJoint.mjJNT_HINGE, "slide": mujoco.mjtJoint.mjJNT_SLIDE}
    body.add_joint(
        name=f"{placement.name}/{joint.name}",
        type=kinds[joint.kind],
        axis=joint.axis,
        pos=joint.origin_m,
        range=(joint.lower, joint.upper),
        limited=mujoco.mjtLimited.mjLIMITED_TRUE,
        frictionloss=joint.friction_loss,
        damping=(joint.damping, 0.0, 0.0),
        stiffness=(joint.stiffness, 0.0, 0.0),
        springref=joint.spring_rest,
        solref_limit=SOLREF,
        solimp_limit=SOLIMP,
        solref_friction=SOLREF,
        solimp_friction=(HINGE_FRICTION_SOLIMP if joint.kind == "hinge" else DRY_FRICTION_SOLIMP),
    )


def _add_hulls(spec: Any, body: Any, link: Link) -> None:
    for part in link.parts:
        for index, hull in enumerate(part.hulls):
            name = f"{body.name}:{part.name}:{index}"
            add_hull(spec, body, name, hull)


def add_box(body: Any, name: str, box: rig.Box, *, bits: tuple[int, int]) -> None:
    """Add a box that collides."""
    body.add_geom(
        name=name,
        type=mujoco.mjtGeom.mjGEOM_BOX,
        pos=box.centre_m,
        size=box.half_m,
        **_contact(bits),
    )


def add_hull(spec: Any, body: Any, name: str, hull: Mesh) -> None:
    """Add a convex piece that collides, as a box where it is one."""
    box = as_box(hull)
    if box is not None:
        add_box(body, name, box, bits=OBJECT_BITS)
        return
    spec.add_mesh(
        name=name,
        uservert=hull.vertices_m.ravel(),
        userface=hull.faces.ravel(),
        inertia=mujoco.mjtMeshInertia.mjMESH_INERTIA_CONVEX,
    )
    body.add_geom(
        name=name, type=mujoco.mjtGeom.mjGEOM_MESH, meshname=name, **_contact(OBJECT_BITS)
    )


def _contact(bits: tuple[int, int]) -> dict[str, Any]:
    standard = Conditions()
    return {
        "condim": CONTACT_DIMENSION,
        "friction": (standard.friction, standard.torsional_m, standard.rolling_m),
        "solref": SOLREF,
        "solimp": SOLIMP,
        "margin": 0.0,
        "contype": bits[0],
        "conaffinity": bits[1],
    }


def _add_gripper(out: Any, spec: GripperSpec) -> None:
    palm = out.worldbody.add_body(name=rig.PALM, gravcomp=1.0)
    box = rig.palm_box(spec)
    _set_tool_inertia(
        palm, rig.PALM_MASS_KG, rig.box_inertia(rig.PALM_MASS_KG, box.half_m), at=box.centre_m
    )
    add_box(palm, rig.PALM, box, bits=TOOL_BITS)
    for axis, direction in zip("xyz", np.eye(3), strict=True):
        name = f"gripper/{axis}"
        palm.add_joint(name=name, type=mujoco.mjtJoint.mjJNT_SLIDE, axis=direction)
        servo = _actuator(out, name)
        # The damping ratio of 1 by formula: the compiler's own depends on the last bit of inertia.
        mass = rig.PALM_MASS_KG + 2.0 * rig.PAD_MASS_KG
        servo.set_to_position(BASE_STIFFNESS_N_M, kv=2.0 * np.sqrt(BASE_STIFFNESS_N_M * mass))
    for name, side in rig.PAD_SIDES:
        _add_finger(out, palm, name, side=side, spec=spec)
    out.add_equality(
        name="gripper/coupling",
        type=mujoco.mjtEq.mjEQ_JOINT,
        objtype=mujoco.mjtObj.mjOBJ_JOINT,
        name1=rig.LEFT,
        name2=rig.RIGHT,
        data=(0.0, 1.0) + (0.0,) * 10,
        solref=SOLREF,
        solimp=SOLIMP,
    )


def _add_finger(out: Any, palm: Any, name: str, *, side: float, spec: GripperSpec) -> None:
    body = palm.add_body(
        name=name, pos=(side * rig.pad_x_m(spec, spec.max_opening_m), 0.0, 0.0), gravcomp=1.0
    )
    half = rig.pad_half_m(spec)
    _set_tool_inertia(body, rig.PAD_MASS_KG, rig.box_inertia(rig.PAD_MASS_KG, half))
    add_box(body, name, rig.Box((0.0, 0.0, 0.0), half), bits=TOOL_BITS)
    body.add_joint(
        name=name,
        type=mujoco.mjtJoint.mjJNT_SLIDE,
        axis=(-side, 0.0, 0.0),
        range=(0.0, rig.stroke_m(spec)),
        limited=mujoco.mjtLimited.mjLIMITED_TRUE,
        armature=rig.FINGER_ARMATURE_KG,
        solref_limit=SOLREF,
        solimp_limit=SOLIMP,
    )
    servo = _actuator(out, name)
    servo.set_to_velocity(rig.servo_gain(spec.force_n, spec.closing_speed_m_s))
    servo.forcelimited = mujoco.mjtLimited.mjLIMITED_TRUE
    servo.forcerange = (-spec.force_n, spec.force_n)


def _add_probe(out: Any, radius_m: float) -> None:
    tip = out.worldbody.add_body(name=rig.TIP, gravcomp=1.0)
    _set_tool_inertia(tip, rig.PROBE_MASS_KG, rig.sphere_inertia(rig.PROBE_MASS_KG, radius_m))
    tip.add_geom(
        name=rig.TIP,
        type=mujoco.mjtGeom.mjGEOM_SPHERE,
        size=(radius_m, 0.0, 0.0),
        **_contact(TOOL_BITS),
    )
    tip.add_joint(name=rig.TIP, type=mujoco.mjtJoint.mjJNT_SLIDE, axis=(0.0, 0.0, 1.0))
    servo = _actuator(out, rig.TIP)
    servo.set_to_velocity(1.0)
    servo.forcelimited = mujoco.mjtLimited.mjLIMITED_TRUE
    servo.forcerange = (-1.0, 1.0)


def _actuator(out: Any, joint: str) -> Any:
    return out.add_actuator(name=joint, trntype=mujoco.mjtTrn.mjTRN_JOINT, target=joint)


def _set_tool_inertia(
    body: Any,
    mass_kg: float,
    moments: np.ndarray,
    *,
    at: tuple[float, float, float] = (0.0, 0.0, 0.0),
) -> None:
    body.explicitinertial = True
    body.mass = mass_kg
    body.ipos = at
    body.inertia = moments


def apply_conditions(model: Any, scene: Scene, conditions: Conditions) -> None:
    """Set friction everywhere and scale the target's mass and inertia, in place."""
    model.geom_friction[:] = (conditions.friction, conditions.torsional_m, conditions.rolling_m)
    if conditions.mass_scale == 1.0:
        return
    target = scene.target
    for link in target.model.links:
        body = model.body(target.body(link)).id
        model.body_mass[body] *= conditions.mass_scale
        model.body_inertia[body] *= conditions.mass_scale


def mount_tool(model: Any, tool: Tool | None) -> None:
    """Move the tool of a compiled model to its mount, in place."""
    if isinstance(tool, GripperMount):
        pose = tool.world_from_gripper
        palm = model.body(rig.PALM).id
        model.body_pos[palm] = pose.position_m
        model.body_quat[palm] = pose.quat_wxyz
        for index, axis in enumerate("xyz"):
            model.jnt_axis[model.joint(f"gripper/{axis}").id] = pose.rotation[index]
    elif isinstance(tool, ProbeMount):
        body, joint, servo = (
            model.body(rig.TIP).id,
            model.joint(rig.TIP).id,
            model.actuator(rig.TIP).id,
        )
        model.body_pos[body] = tool.position_m
        model.jnt_axis[joint] = tool.direction
        gain = rig.servo_gain(tool.force_n, tool.speed_m_s)
        model.actuator_gainprm[servo, 0] = gain
        model.actuator_biasprm[servo, 2] = -gain
        model.actuator_forcerange[servo] = (-tool.force_n, tool.force_n)
