"""Which links of one object never touch each other, in every engine.

Links of an articulated object collide (a bar across a drawer's front blocks the drawer), except

* pairs that overlap where the trial starts, such as a button's stem in its plate;
* pairs that cannot meet anywhere in the range of their joints: nothing to find, much to compute.
"""

from __future__ import annotations

import itertools
from dataclasses import dataclass
from functools import lru_cache

import mujoco
import numpy as np

from ivlm_bench.engines.mujoco_model import Overlaps, compile_spec
from ivlm_bench.geometry.kinematics import link_poses
from ivlm_bench.types import Link, ObjectModel, Placement, Pose, Scene

#: Links that share no more than this depth do not count as overlapping, metres.
OVERLAP_TOLERANCE_M = 2e-5
#: Distances above this are not told apart, metres; overlaps are what is asked.
DISTANCE_CAP_M = 1e-3

Clouds = dict[str, list[np.ndarray]]


@dataclass(frozen=True, eq=False, slots=True)
class _Piece:
    """The vertices of one convex piece in the world, and what it belongs to."""

    link: str
    swept: bool
    vertices_m: np.ndarray


def links_that_never_touch(scene: Scene) -> Overlaps:
    """Return the pairs of body names ``(placement/link, placement/link)``, each sorted."""
    pairs: set[tuple[str, str]] = set()
    for placement in scene.placements:
        if len(placement.model.links) > 1:
            joints = tuple(sorted(placement.joints.items()))
            for a, b in _never_touch(placement.model, joints):
                pairs.add((placement.body(a), placement.body(b)))
    return frozenset(pairs)


@lru_cache(maxsize=64)
def _never_touch(model: ObjectModel, joints: tuple[tuple[str, float], ...]) -> Overlaps:
    placement = Placement("object", model, Pose.identity(), "target", dict(joints))
    start = _clouds(model, [link_poses(placement)])
    corners = _corner_positions(model)
    swept = _clouds(model, [link_poses(placement, c) for c in corners])
    pieces = [_Piece(n, False, v) for n, vs in start.items() for v in vs]
    pieces += [_Piece(n, True, v) for n, vs in swept.items() for v in vs]
    overlapping = _overlapping(pieces, model.name)
    turning = {link.name for link in model.links if _turns(model, link)}
    never = set()
    for a, b in itertools.combinations(sorted(link.name for link in model.links), 2):
        meet_on_the_way = (a, b, True) in overlapping or a in turning or b in turning
        if (a, b, False) in overlapping or not meet_on_the_way:
            never.add((a, b))
    return frozenset(never)


def _turns(model: ObjectModel, link: Link) -> bool:
    """Say whether the link hangs on a hinge, whose sweep is not convex: it is not computed."""
    while link.joint is not None and link.parent is not None:
        if link.joint.kind == "hinge":
            return True
        link = model.link(link.parent)
    return False


def _corner_positions(model: ObjectModel) -> list[dict[str, float]]:
    """Return positions whose pieces' hulls are the sweeps: slides at both ends.

    Joints of links that don't carry each other move apart: all low, all high and, for chains,
    every mixture.
    """
    slides = [link.joint for link in model.links if link.joint and link.joint.kind == "slide"]
    carried = any(
        model.link(link.parent).joint is not None for link in model.links if link.parent is not None
    )
    if carried:
        choices = itertools.product(*((j.lower, j.upper) for j in slides))
        return [{j.name: q for j, q in zip(slides, c, strict=True)} for c in choices]
    return [{j.name: j.lower for j in slides}, {j.name: j.upper for j in slides}]


def _clouds(model: ObjectModel, poses: list[dict[str, Pose]]) -> Clouds:
    return {
        link.name: [
            np.concatenate([world[link.name].apply(hull.vertices_m) for world in poses])
            for part in link.parts
            for hull in part.hulls
        ]
        for link in model.links
    }


def _overlapping(pieces: list[_Piece], name: str) -> set[tuple[str, str, bool]]:
    """Return pairs of links with overlapping pieces, at the start and swept (True)."""
    found: set[tuple[str, str, bool]] = set()
    low = np.array([p.vertices_m.min(axis=0) for p in pieces]).reshape(-1, 3)
    high = np.array([p.vertices_m.max(axis=0) for p in pieces]).reshape(-1, 3)
    near = (low[:, None] < high[None]).all(axis=2) & (low[None] < high[:, None]).all(axis=2)
    spec = mujoco.MjSpec()
    for index, piece in enumerate(pieces):
        spec.add_mesh(name=f"p{index}", uservert=piece.vertices_m.ravel())
        spec.worldbody.add_geom(type=mujoco.mjtGeom.mjGEOM_MESH, meshname=f"p{index}")
    model = compile_spec(spec, name)
    state = mujoco.MjData(model)
    mujoco.mj_kinematics(model, state)
    for i, j in np.argwhere(np.triu(near, 1)):
        a, b = sorted((pieces[i].link, pieces[j].link))
        key = (a, b, pieces[i].swept)
        if a == b or pieces[i].swept != pieces[j].swept or key in found:
            continue
        gap = mujoco.mj_geomDistance(model, state, int(i), int(j), DISTANCE_CAP_M, None)
        if gap < -OVERLAP_TOLERANCE_M:
            found.add(key)
    return found
