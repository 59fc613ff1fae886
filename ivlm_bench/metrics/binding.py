"""Which of several things an answer is about: the asked one, another one, or none of them."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from jaxtyping import Float64

from ivlm_bench.geometry.proximity import closest_on_triangles
from ivlm_bench.metrics.spec import Absent, MetricSpec, add_metric
from ivlm_bench.types import Interaction, Mesh, Truth, Verdict

#: A place farther than this (m) from every thing is on none: about the side of a gripper's pad.
ON_THING_M = 0.02


def surface_distance_m(mesh: Mesh, points_m: Float64[np.ndarray, "n 3"]) -> float:
    """Return the mean distance (m) of points, n >= 1, to the nearest place of a mesh's surface.

    Examples
    --------
    >>> flat = Mesh(np.array([[0.0, 0, 0], [1, 0, 0], [0, 1, 0]]), np.array([[0, 1, 2]], np.int32))
    >>> surface_distance_m(flat, np.array([[0.25, 0.25, 0.5]]))
    0.5
    """
    triangles_m = mesh.vertices_m[mesh.faces]
    gaps = [np.linalg.norm(closest_on_triangles(p, triangles_m) - p, axis=1) for p in points_m]
    return float(np.mean([gap.min() for gap in gaps]))


def thing_at(points_m: Float64[np.ndarray, "n 3"], things: Sequence[Mesh]) -> int | None:
    """Return the index of the thing that points are on, the nearest; None if it is 2 cm away."""
    gaps_m = [surface_distance_m(thing, points_m) for thing in things]
    nearest = int(np.argmin(gaps_m))
    return nearest if gaps_m[nearest] <= ON_THING_M else None


def meant_points_m(interaction: Interaction) -> Float64[np.ndarray, "n 3"]:
    """Return the places (m, world frame) that an answer is surest of, maybe none.

    The contact points of the highest ``contact_prob`` (all, where there are no probabilities);
    without any the middle of the pads of the first grasp, else the point that a motion starts at.
    """
    points_m, prob = interaction.contact_points_m, interaction.contact_prob
    if len(points_m):
        return points_m if prob is None else points_m[prob == prob.max()]
    if interaction.grasps:
        return np.array([interaction.grasps[0].world_from_gripper.position_m])
    if interaction.motion is not None:
        return interaction.motion.point_m[None]
    return np.zeros((0, 3))


def _thing(interaction: Interaction, truth: Truth) -> int | Absent | None:
    """Return 0 for the asked thing, a higher number for another, None for no thing at all."""
    if not truth.feasible:
        return Absent("the query can't be answered")
    if truth.asked_thing is None or not truth.other_things:
        return Absent("nothing stands beside the asked thing")
    if interaction.abstain:
        return None
    points_m = meant_points_m(interaction)
    if not len(points_m):
        return None
    return thing_at(points_m, (truth.asked_thing, *truth.other_things))


def right_thing(
    interaction: Interaction, truth: Truth, verdicts: tuple[Verdict, ...]
) -> float | Absent:
    """Return 1.0 if the answer's contact is on the asked thing, where others stand beside it.

    Its surest contact points count, after completion by the shared tools; on a thing are points
    that lie within 2 cm of its surface and nearer to it than to any other. An abstention is
    on none.
    """
    thing = _thing(interaction, truth)
    return thing if isinstance(thing, Absent) else float(thing == 0)


def other_thing(
    interaction: Interaction, truth: Truth, verdicts: tuple[Verdict, ...]
) -> float | Absent:
    """Return 1.0 if the answer's contact is on a thing that was not asked for.

    As ``right_thing``; where both are 0 the contact is on neither.
    """
    thing = _thing(interaction, truth)
    if isinstance(thing, Absent):
        return thing
    return Absent("abstained") if interaction.abstain else float(thing is not None and thing > 0)


for _function, _title, _up in (
    (right_thing, "Whether the contact is on the asked thing, of several that stand there", True),
    (other_thing, "Whether the contact is on another thing than the asked one", False),
):
    add_metric(
        MetricSpec(
            name=_function.__name__,
            title=_title,
            function=_function,
            unit="1",
            low=0.0,
            high=1.0,
            higher_is_better=_up,
            answerable_only=False,
            empty="0: on no thing",
            source="own: target, distractor and miss apart, as in the binding of parts to things",
        )
    )
