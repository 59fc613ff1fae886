"""The public check of an object family: closed, solid, graspable, at rest in every engine."""

from __future__ import annotations

import msgspec
import numpy as np

from ivlm_bench.engines import available_engines, get_engine
from ivlm_bench.geometry import se3
from ivlm_bench.geometry.mesh import is_convex, is_watertight
from ivlm_bench.objects import ObjectFamily, Split, content_hash
from ivlm_bench.protocols import Engine
from ivlm_bench.testing.engine_scenes import on_table
from ivlm_bench.trials.attempt import at_most
from ivlm_bench.trials.protocol import PROTOCOL
from ivlm_bench.types import Check, GripperSpec, Link, ObjectModel

#: Time at rest (s), and what may move in it: any link (m) and its turn (rad).
REST_S, MOVED_M, TURNED_RAD = 2.0, 0.001, float(np.deg2rad(0.5))
#: Relative slack of the triangle inequality of principal moments: rounding of a flat body.
INERTIA_SLACK = 1e-9


def check_family(family: ObjectFamily) -> tuple[Check, ...]:
    """Build the first instance of each pool and return what it kept and what it broke.

    ``repeatable``: instances whose second building differs in a bit; then, of ``check_object``,
    every check with the instance's name before it.
    """
    splits: tuple[Split, ...] = ("seen", "unseen")
    checks: list[Check] = []
    for split in (s for s in splits if family.size(s)):
        model = family.build(0, split)
        differs = content_hash(family.make_anew(0, split)) != content_hash(model)
        checks.append(at_most(f"{model.name} repeatable", differs, 0.0, unit="differences"))
        checks += [_named(model.name, check) for check in check_object(model)]
    return tuple(checks)


def check_object(model: ObjectModel) -> tuple[Check, ...]:
    """Return how many parts, links, affordances and grasps of an object break a rule, and its rest.

    ``closed``: visible meshes with a hole. ``convex``: collision pieces that are not.
    ``inertia``: links whose inertia is not positive definite or breaks the triangle inequality.
    ``affordances``: labels whose values don't fit the vertices or leave [0, 1]. ``grasps``: grasps
    of a part that is not there or wider than the gripper opens. ``rest <engine>``: largest motion
    (m) of a link in 2 s on the table.
    """
    parts = [part for _, part in model.parts]
    n_vertices = sum(len(part.mesh.vertices_m) for part in parts)
    names = {part.name for part in parts}
    widest = GripperSpec().max_opening_m
    counts = {
        "closed": sum(not is_watertight(part.mesh) for part in parts),
        "convex": sum(not is_convex(hull) for part in parts for hull in part.hulls),
        "inertia": sum(not _is_inertia(link) for link in model.links),
        "affordances": sum(
            len(v) != n_vertices or v.min() < 0 or v.max() > 1 for v in model.affordances.values()
        ),
        "grasps": sum(
            grasp.part not in names or not 0 < grasp.width_m <= widest for grasp in model.grasps
        ),
    }
    rests = [check for name in available_engines() for check in _rest(get_engine(name), model)]
    return (*(at_most(name, n, 0.0, unit="faults") for name, n in counts.items()), *rests)


def _is_inertia(link: Link) -> bool:
    moments = np.linalg.eigvalsh(link.inertia_kg_m2)
    return bool(moments[0] > 0 and moments[2] <= (moments[0] + moments[1]) * (1 + INERTIA_SLACK))


def _rest(engine: Engine, model: ObjectModel) -> tuple[Check, Check]:
    with engine.load(on_table(model), PROTOCOL.conditions) as simulation:
        before = dict(simulation.poses())
        simulation.step(round(REST_S / simulation.timestep_s))
        after = simulation.poses()
    moved = [np.linalg.norm(after[b].position_m - p.position_m) for b, p in before.items()]
    turned = [se3.quat_angle_rad(after[b].quat_wxyz, p.quat_wxyz) for b, p in before.items()]
    return (
        at_most(f"rest {engine.name}", float(max(moved)), MOVED_M, unit="m"),
        at_most(f"rest {engine.name} turn", float(max(turned)), TURNED_RAD, unit="rad"),
    )


def _named(prefix: str, check: Check) -> Check:
    return msgspec.structs.replace(check, name=f"{prefix} {check.name}")
