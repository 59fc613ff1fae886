"""Lift the lid of a box."""

from __future__ import annotations

import numpy as np

from ivlm_bench.env import InteractionEnv, Question, register
from ivlm_bench.types import Interaction, Placement, Query, Scene, TrialSpec
from ivlm_envs.answers import motion_answer, unanswerable
from ivlm_envs.articulated.faces import FRONT_DEPTH_M, link_centre, outward, world_from_part
from ivlm_envs.staging import UNANSWERABLE_SHARE, draw_object, stage

FREE, STRAPPED = "lid_box", "strapped_lid_box"
PART, JOINT = "tab", "lid"
#: How far in front of the tab the near miss lifts the air, metres.
MISS_M = 0.03
#: How far below the lid's middle the penetrating answer points, into the empty box, metres.
BELOW_M = 0.04
#: Where on the lid the answer at the hinge lifts, in shares of the tab's lever arm: dry friction,
#: a fifth of the torque at the tab, and the weight hold the lid against it.
AT_HINGE_SHARE = 0.1
#: Height on the front wall, in shares of the box's, of the answer that pulls at the wall.
WALL_SHARE = 0.4
#: Way that the oracle asks the tab to travel, metres.
LIFT_M = 0.15

_UP = np.array([0.0, 0.0, 1.0])


@register
class LiftLid(InteractionEnv):
    """Lift a hinged lid by the tab on its front.

    Asked: "Lift the lid of the box."
    Randomised: the box (sizes, flat or deep lid, lip or bar as a tab, colours), its yaw and place,
    the table's look, the cameras. One question in six shows straps buckled around it: abstain.
    Success: wrench mode of protocol IVLM-Phys v1, 6.2: 10 N at the answered point along the
    answered direction, both carried by the lid, open it against its weight by at least 75 % of its
    range in 2 s.
    Source: the box and bucket lids of Where2Act and UMPNet, with a lid that weighs something.
    """

    task = "ivlm/LiftLid-v0"

    def sample_scene(self, rng: np.random.Generator) -> Scene:
        """Draw one box on the table."""
        family = STRAPPED if rng.random() < UNANSWERABLE_SHARE else FREE
        return stage("lift-lid", draw_object(family, rng), rng, size_px=self.size_px)

    def question(self, scene: Scene, rng: np.random.Generator) -> Question:
        """Ask to lift the lid."""
        target = scene.target
        query = Query("lift", "box", PART, "Lift the lid of the box.")
        trial = TrialSpec(kind="articulate", part=PART, joint=JOINT)
        right = _lift(_below_tab(target))
        if target.model.category == STRAPPED:
            reason = "straps around the box keep its lid shut"
            return unanswerable(query, trial, "lift", reason=reason, naive=right)
        return Question(query, trial, right, "lift", wrong=_wrong(target))


def _lift(point_m: np.ndarray) -> Interaction:
    return motion_answer(point_m, _UP, label="lift", amount=LIFT_M)


def _vertices(target: Placement, part: str) -> np.ndarray:
    return next(p.mesh.vertices_m for _, p in target.model.parts if p.name == part)


def _below_tab(target: Placement) -> np.ndarray:
    """Return the world point in the middle of the tab's lowest vertices, where a finger lifts."""
    tab = _vertices(target, PART)
    lowest = tab[tab[:, 2] < tab[:, 2].min() + FRONT_DEPTH_M]
    middle = (lowest.min(axis=0) + lowest.max(axis=0)) / 2.0
    return world_from_part(target, PART).apply(middle)


def _wrong(target: Placement) -> dict[str, Interaction]:
    point, front = _below_tab(target), outward(target, PART)
    reach_m = float(np.ptp(_vertices(target, PART)[:, 0])) + MISS_M
    inside = link_centre(target, PART) - BELOW_M * _UP
    return {
        "null": Interaction(),
        "wrong-part": motion_answer(_wall(target), front, label="lift", amount=LIFT_M),
        "near-miss": _lift(point + reach_m * front),
        "penetrating": _lift(inside),
        "rotated": motion_answer(point, np.cross(_UP, front), label="lift", amount=LIFT_M),
        "at-hinge": _lift(_at_hinge(target)),
    }


def _wall(target: Placement) -> np.ndarray:
    """Return a world point in the middle of the box's front wall, which is fixed."""
    low, high = (f(_vertices(target, "box"), axis=0) for f in (np.min, np.max))
    at = np.array([high[0], 0.0, low[2] + WALL_SHARE * (high[2] - low[2])])
    return target.world_from_object.apply(at)


def _at_hinge(target: Placement) -> np.ndarray:
    """Return a world point on the top of the lid, close to its hinge."""
    lid, tab = _vertices(target, "lid"), _vertices(target, PART)
    lever_m = (tab[:, 0].min() + tab[:, 0].max()) / 2.0
    at = np.array([AT_HINGE_SHARE * lever_m, 0.0, lid[:, 2].max()])
    return world_from_part(target, PART).apply(at)
