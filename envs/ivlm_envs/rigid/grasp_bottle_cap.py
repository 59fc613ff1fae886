"""Grasp a bottle by its cap or its neck."""

from __future__ import annotations

import numpy as np

from ivlm_bench.env import InteractionEnv, Question, register
from ivlm_bench.types import Query, Scene, TrialSpec
from ivlm_envs.answers import grasp_answer, unanswerable, wrong_grasps
from ivlm_envs.staging import UNANSWERABLE_SHARE, draw_object, stage

#: Share of bottles without a cap, of which every other question asks for the cap all the same.
BARE_SHARE = 2.0 * UNANSWERABLE_SHARE
#: Share of questions about the neck among those of a bottle whose neck can be held.
NECK_SHARE = {"bottle": 0.3, "bare_bottle": 0.5}
SENTENCES = (
    "Grasp the bottle by its {part}.",
    "Hold the bottle by the {part}.",
    "Pick the bottle up by its {part}.",
)


@register
class GraspBottleCap(InteractionEnv):
    """Grasp a bottle by its cap, or by its neck, not by its body.

    Asked: "Grasp the bottle by its cap." (or neck) in three wordings.
    Randomised: the bottle (shape, cap, colours, label, mass), its yaw and place, the table's look,
    the cameras. One question in six asks for the cap of a bottle that has none: abstain. Bottles
    without a cap are asked for their neck as often, so that a bare neck does not tell the answer.
    Success: held by protocol IVLM-Phys v1, 6.1, and when the pads have closed they touch the
    asked part and no other.
    Source: affordance-specific grasping of AffordPose ("twist" and "lift" parts of bottles) and
    3D AffordanceNet.
    """

    task = "ivlm/GraspBottleCap-v0"

    def sample_scene(self, rng: np.random.Generator) -> Scene:
        """Draw one bottle on the table."""
        family = "bare_bottle" if rng.random() < BARE_SHARE else "bottle"
        return stage("grasp-bottle-cap", draw_object(family, rng), rng, size_px=self.size_px)

    def question(self, scene: Scene, rng: np.random.Generator) -> Question:
        """Ask for the cap or the neck."""
        target = scene.target
        by_part = {g.part: g for g in reversed(target.model.grasps)}
        about_neck = rng.random() < NECK_SHARE[target.model.category] and "neck" in by_part
        part = "neck" if about_neck else "cap"
        text = str(rng.choice(SENTENCES)).format(part=part)
        query, trial = Query("grasp", "bottle", part, text), TrialSpec(kind="grasp", part=part)
        if part not in by_part:
            reason = "the bottle has no cap"
            return unanswerable(
                query, trial, "grasp", reason=reason, naive=grasp_answer(target, by_part["neck"])
            )
        wrong = wrong_grasps(target, by_part[part], self.gripper)
        wrong["wrong-part"] = grasp_answer(target, by_part["body"])
        return Question(query, trial, grasp_answer(target, by_part[part]), "grasp", wrong=wrong)
