"""Open a hinged door of a cabinet or a microwave."""

from __future__ import annotations

import numpy as np

from ivlm_bench.env import InteractionEnv, Question, register
from ivlm_bench.types import Interaction, Placement, Query, Scene, TrialSpec
from ivlm_envs.answers import motion_answer, unanswerable
from ivlm_envs.articulated.faces import front_point, link_centre, outward, world_from_part
from ivlm_envs.staging import UNANSWERABLE_SHARE, bounds_m, draw_object, stage

FREE, BARRED, HELD_OUT = "door_cabinet", "barred_door_cabinet", "microwave"
#: Share of the questions with an answer that show the held-out category.
HELD_OUT_SHARE = 1.0 / 3.0
JOINT = "door"
#: How far in front of the handle the near miss pulls at the air, metres.
MISS_M = 0.03
#: How far behind the middle of the door the penetrating answer points, metres.
BEHIND_M = 0.06
#: Where on the door the answer at the hinge pulls, in shares of the handle's lever arm: dry
#: friction, a fifth of the torque at the handle, holds the door against it.
AT_HINGE_SHARE = 0.07
#: Way that the oracle asks the handle to travel, metres.
PULL_M = 0.20


@register
class OpenDoor(InteractionEnv):
    """Open a door.

    Asked: "Open the left door." of a cabinet with two doors, "Open the cabinet door." of one with
    a single door, "Open the microwave.". Left and right are those of who faces the front.
    Randomised: cabinet or microwave (sizes, doors, hinge side, handles, colours), which door, its
    yaw and place, the table's look, the cameras. One question in three with an answer shows the
    held-out microwave. One question in six shows bars across the doors: abstain.
    Success: wrench mode of protocol IVLM-Phys v1, 6.2: 10 N at the answered point along the
    answered direction, both carried by the door, open it by at least 75 % of its range in 2 s, and
    no other door moves by a tenth of its own.
    Source: Where2Act and UMPNet (pulling by a suction-like force), ManiSkill OpenCabinetDoor.
    """

    task = "ivlm/OpenDoor-v0"

    def sample_scene(self, rng: np.random.Generator) -> Scene:
        """Draw one cabinet or microwave on the table."""
        family = FREE
        if rng.random() < UNANSWERABLE_SHARE:
            family = BARRED
        elif rng.random() < HELD_OUT_SHARE:
            family = HELD_OUT
        return stage("open-door", draw_object(family, rng), rng, size_px=self.size_px)

    def question(self, scene: Scene, rng: np.random.Generator) -> Question:
        """Ask to open one door."""
        target = scene.target
        doors = [link.joint.name for link in target.model.links if link.joint is not None]
        joint = str(rng.choice(doors))
        part = _handle(joint)
        noun = target.model.category if target.model.category == HELD_OUT else "cabinet"
        query = Query("open", noun, part, _text(noun, joint))
        trial = TrialSpec(kind="articulate", part=part, joint=joint)
        if target.model.category == BARRED:
            reason = "bars in front of the doors keep them shut"
            return unanswerable(query, trial, "open", reason=reason, naive=_pull(target, part))
        others = [_handle(name) for name in doors if name != joint]
        wrong = _wrong(target, part, others)
        return Question(query, trial, _pull(target, part), "open", wrong=wrong)


def _handle(joint: str) -> str:
    return "handle" + joint.removeprefix(JOINT)


def _text(noun: str, joint: str) -> str:
    if noun == HELD_OUT:
        return "Open the microwave."
    side = joint.removeprefix(JOINT).removeprefix("_")
    return f"Open the {side} door." if side else "Open the cabinet door."


def _pull(target: Placement, part: str) -> Interaction:
    return motion_answer(
        front_point(target, part), outward(target, part), label="open", amount=PULL_M
    )


def _wrong(target: Placement, part: str, others: list[str]) -> dict[str, Interaction]:
    point, front = front_point(target, part), outward(target, part)
    sideways = np.cross(np.array([0.0, 0.0, 1.0]), front)
    behind = link_centre(target, part) - BEHIND_M * front
    other = _pull(target, others[0]) if others else _pull_at_top(target)
    return {
        "null": Interaction(),
        "wrong-part": other,
        "near-miss": motion_answer(point + MISS_M * front, front, label="open", amount=PULL_M),
        "penetrating": motion_answer(behind, front, label="open", amount=PULL_M),
        "rotated": motion_answer(point, sideways, label="open", amount=PULL_M),
        "at-hinge": motion_answer(_at_hinge(target, part), front, label="open", amount=PULL_M),
    }


def _pull_at_top(target: Placement) -> Interaction:
    """Pull at the middle of the body's top, which is fixed."""
    low, high = bounds_m(target.model)
    top = target.world_from_object.apply(np.array([0.0, (low[1] + high[1]) / 2.0, high[2]]))
    return motion_answer(top, np.array([0.0, 0.0, 1.0]), label="open", amount=PULL_M)


def _at_hinge(target: Placement, part: str) -> np.ndarray:
    """Return the world point on the door's front at the handle's height, close to the hinge."""
    link = target.model.link_of_part(part)
    leaf = next(p.mesh.vertices_m for p in link.parts if p.name.startswith(JOINT))
    handle = next(p.mesh.vertices_m for p in link.parts if p.name == part)
    middle = (handle.min(axis=0) + handle.max(axis=0)) / 2.0
    at = np.array([leaf[:, 0].max(), AT_HINGE_SHARE * middle[1], middle[2]])
    return world_from_part(target, part).apply(at)
