"""Which links of one object start inside each other and so never touch, in every engine.

Links of an articulated object collide with each other (a bar across a drawer's front blocks the
drawer), except pairs that overlap where the trial starts, such as a button's stem in its plate.
"""

from __future__ import annotations

from functools import lru_cache

import mujoco

from ivlm_bench.engines.mujoco_model import Overlaps, add_placement, compile_spec
from ivlm_bench.types import ObjectModel, Placement, Pose, Scene

#: Links that share more than this depth at the start are not made to collide, metres.
OVERLAP_TOLERANCE_M = 2e-5


def overlapping_links(scene: Scene) -> Overlaps:
    """Return the pairs of body names ``(placement/link, placement/link)``, each sorted."""
    pairs: set[tuple[str, str]] = set()
    for placement in scene.placements:
        if len(placement.model.links) > 1:
            joints = tuple(sorted(placement.joints.items()))
            for a, b in _overlaps(placement.model, joints):
                pairs.add((placement.body(a), placement.body(b)))
    return frozenset(pairs)


@lru_cache(maxsize=64)
def _overlaps(model: ObjectModel, joints: tuple[tuple[str, float], ...]) -> Overlaps:
    placement = Placement("object", model, Pose.identity(), "target", dict(joints))
    spec = mujoco.MjSpec()
    spec.compiler.degree = False
    spec.option.disableflags = int(mujoco.mjtDisableBit.mjDSBL_FILTERPARENT)
    add_placement(spec, placement)
    compiled = compile_spec(spec, model.name)
    state = mujoco.MjData(compiled)
    for name, position in joints:
        state.joint(f"object/{name}").qpos[0] = position
    mujoco.mj_kinematics(compiled, state)
    mujoco.mj_comPos(compiled, state)
    mujoco.mj_collision(compiled, state)
    pairs = set()
    for index in range(state.ncon):
        contact = state.contact[index]
        if contact.dist < -OVERLAP_TOLERANCE_M:
            names = [compiled.body(int(compiled.geom_bodyid[g])).name for g in contact.geom]
            first, second = sorted(name.split("/", 1)[1] for name in names)
            pairs.add((first, second))
    return frozenset(pairs)
