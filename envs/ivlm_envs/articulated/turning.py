"""Where to push a part that turns: points on its sides, far from its axis."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
from jaxtyping import Float64

from ivlm_bench.errors import AssetError
from ivlm_bench.geometry.hulls import is_outside
from ivlm_bench.geometry.kinematics import link_poses
from ivlm_bench.geometry.mesh import sample_surface
from ivlm_bench.types import Interaction, Joint, Link, Motion, Part, Placement
from ivlm_envs.answers import motion_answer

#: Points on a part that stand for its surface.
N_SURFACE = 3000
#: A point this far off the surface is outside of the whole part, metres.
LIFTED_M = 2e-4
#: Least cosine between a push and the inward normal of the surface it acts on.
SQUARE_COSINE = 0.95
#: Where to push, as shares of the part's reach from the axis: not at its very end.
ALONG_SHARES = (0.70, 0.93)
#: Points within this distance support each other, metres: a push in the middle of a face.
NEIGHBOUR_M = 0.006


@dataclass(frozen=True, eq=False, slots=True)
class Push:
    """A push that turns a part, world frame: point, unit direction, and the axis of the joint.

    ``axis`` is the joint's unit axis, ``axis_point_m`` the joint's origin.
    """

    point_m: Float64[np.ndarray, "3"]
    direction: Float64[np.ndarray, "3"]
    axis: Float64[np.ndarray, "3"]
    axis_point_m: Float64[np.ndarray, "3"]


def moving_link(placement: Placement, joint: str) -> tuple[Link, Joint]:
    """Return the link that ``joint`` moves, and the joint; ``AssetError`` if there is none."""
    for link in placement.model.links:
        if link.joint is not None and link.joint.name == joint:
            return link, link.joint
    raise AssetError(f"Object {placement.model.name!r} has no joint called {joint!r}.")


def turning_push(placement: Placement, joint: str, sign: float) -> Push:
    """Return the push, square on a side of the hinged part, that turns it in a sense (+1, -1).

    Of the points on sides that face against the motion, far from the axis, it takes the one with
    the most others around it.

    Raises
    ------
    AssetError
        If no side of the part faces against the motion.
    """
    link, hinge = moving_link(placement, joint)
    points, normals = _outside(link.parts[0])
    arms = points - hinge.origin_m
    arms = arms - np.outer(arms @ hinge.axis, hinge.axis)
    away = np.linalg.norm(arms, axis=1)
    ways = sign * np.cross(hinge.axis, arms) / away[:, None]
    low, high = ALONG_SHARES
    fits = (away >= low * away.max()) & (away <= high * away.max())
    fits &= -(ways * normals).sum(axis=1) >= SQUARE_COSINE
    if not fits.any():
        raise AssetError(f"Nothing of {placement.model.name!r} can be pushed to turn {joint!r}.")
    chosen = points[fits]
    near = np.linalg.norm(chosen[:, None] - chosen, axis=2) < NEIGHBOUR_M
    best = int(np.argmax(near.sum(axis=1)))
    world_from_link = link_poses(placement)[link.name]
    return Push(
        world_from_link.apply(chosen[best]),
        world_from_link.turn(ways[fits][best]),
        world_from_link.turn(hinge.axis),
        world_from_link.apply(hinge.origin_m),
    )


def _outside(part: Part) -> tuple[Float64[np.ndarray, "n 3"], Float64[np.ndarray, "n 3"]]:
    """Return points and normals on the outside of a part, whose solids reach into each other."""
    points, normals, _ = sample_surface(part.mesh, N_SURFACE, np.random.default_rng(0))
    is_free = is_outside(points + LIFTED_M * normals, part.hulls)
    return points[is_free], normals[is_free]


def turning_answer(push: Push, *, label: str, angle_rad: float) -> Interaction:
    """Return the answer that pushes a point around the axis by ``angle_rad`` (>= 0)."""
    answer = motion_answer(push.point_m, push.direction, label=label, amount=angle_rad)
    motion = Motion(push.point_m, push.direction, "rotate", angle_rad, push.axis_point_m)
    return replace(answer, motion=motion)
