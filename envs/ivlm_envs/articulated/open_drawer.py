"""Open a drawer of a cabinet."""

from __future__ import annotations

import numpy as np

from ivlm_bench.env import InteractionEnv, Question, register
from ivlm_bench.types import Interaction, Placement, Query, Scene, TrialSpec
from ivlm_envs.answers import motion_answer, unanswerable
from ivlm_envs.articulated.faces import front_point, link_centre, outward
from ivlm_envs.staging import UNANSWERABLE_SHARE, draw_object, stage

FREE, BARRED = "cabinet", "barred_cabinet"
JOINT_PREFIX = "drawer_"
#: How far in front of the handle the near miss pulls at the air, metres.
MISS_M = 0.03
#: Distance that the oracle asks the drawer to travel, metres.
PULL_M = 0.15


@register
class OpenDrawer(InteractionEnv):
    """Open one of the drawers.

    Asked: "Open the top drawer." of two or three drawers.
    Randomised: the cabinet (sizes, handles, wood, colours), which drawer, its yaw and place, the
    table's look, the cameras. One question in six shows bars across the drawers: abstain.
    Success: wrench mode of protocol IVLM-Phys v1, 6.2: 10 N at the answered point along the
    answered direction opens the asked drawer by at least 75 % of its range, and no other joint
    moves by a tenth of its own.
    Source: Where2Act and UMPNet (pulling by a suction-like force), ManiSkill OpenCabinetDrawer.
    """

    task = "ivlm/OpenDrawer-v0"

    def sample_scene(self, rng: np.random.Generator) -> Scene:
        """Draw one cabinet on the table."""
        family = BARRED if rng.random() < UNANSWERABLE_SHARE else FREE
        return stage("open-drawer", draw_object(family, rng), rng, size_px=self.size_px)

    def question(self, scene: Scene, rng: np.random.Generator) -> Question:
        """Ask to open one drawer."""
        target = scene.target
        drawers = [link.joint.name for link in target.model.links if link.joint is not None]
        joint = str(rng.choice(drawers))
        place = joint.removeprefix(JOINT_PREFIX)
        part = f"handle_{place}"
        query = Query("open", "cabinet", part, f"Open the {place} drawer.")
        trial = TrialSpec(kind="articulate", part=part, joint=joint)
        if target.model.category == BARRED:
            reason = "bars in front of the drawers keep them shut"
            return unanswerable(query, trial, "open", reason=reason, naive=_pull(target, part))
        others = [name.removeprefix(JOINT_PREFIX) for name in drawers if name != joint]
        wrong = _wrong(target, part, f"handle_{rng.choice(others)}")
        return Question(query, trial, _pull(target, part), "open", wrong=wrong)


def _pull(target: Placement, part: str) -> Interaction:
    return motion_answer(
        front_point(target, part), outward(target, part), label="open", amount=PULL_M
    )


def _wrong(target: Placement, part: str, other: str) -> dict[str, Interaction]:
    point, front = front_point(target, part), outward(target, part)
    sideways = np.cross(np.array([0.0, 0.0, 1.0]), front)
    inside = link_centre(target, part)
    return {
        "null": Interaction(),
        "wrong-part": _pull(target, other),
        "near-miss": motion_answer(point + MISS_M * front, front, label="open", amount=PULL_M),
        "penetrating": motion_answer(inside, front, label="open", amount=PULL_M),
        "rotated": motion_answer(point, sideways, label="open", amount=PULL_M),
    }
