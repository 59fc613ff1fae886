"""Grasp any object."""

from __future__ import annotations

import numpy as np

from ivlm_bench.env import InteractionEnv, Question, register
from ivlm_bench.geometry import se3
from ivlm_bench.types import GripperSpec, Interaction, Placement, Pose, Query, Scene, TrialSpec
from ivlm_envs.answers import grasp_answer, grasp_at, unanswerable, wrong_grasps
from ivlm_envs.staging import UNANSWERABLE_SHARE, draw_object, stage

#: Families that the gripper can take, and the one that is too wide for it.
GRASPABLE = ("box", "mug")
TOO_WIDE = "wide_box"
#: What a person would call the families, so that the sentence does not tell the answer.
CALLED = {"box": "box", "mug": "mug", TOO_WIDE: "box"}
#: How far beside the object the wrong answer grasps at the bare table, metres.
BESIDE_M = 0.15
#: Height of that grasp: the pads just clear the table, metres.
ABOVE_TABLE_M = 0.03


@register
class GraspAny(InteractionEnv):
    """Grasp the one object on the table.

    Asked: "Pick up the mug.", of a box or a mug.
    Randomised: the instance (shape, colour, texture, mass), its yaw and place, the table's look,
    the cameras. One question in six shows a box wider than the gripper's 80 mm: abstain.
    Success: held by protocol IVLM-Phys v1, 6.1: lifted by half the lift and still between the pads
    after the shake.
    Source: physics-based grasp tests of ACRONYM, VGN and DexGraspBench, as merged in that protocol.
    """

    task = "ivlm/GraspAny-v0"

    def sample_scene(self, rng: np.random.Generator) -> Scene:
        """Draw one object on the table."""
        too_wide = rng.random() < UNANSWERABLE_SHARE
        family = TOO_WIDE if too_wide else str(rng.choice(GRASPABLE))
        return stage("grasp-any", draw_object(family, rng), rng, size_px=self.size_px)

    def question(self, scene: Scene, rng: np.random.Generator) -> Question:
        """Ask to pick the object up."""
        target = scene.target
        name = CALLED[target.model.category]
        query = Query("grasp", name, None, f"Pick up the {name}.")
        trial = TrialSpec(kind="grasp")
        if not target.model.grasps:
            reason = "every side of the object is wider than the gripper opens"
            return unanswerable(
                query, trial, "grasp", reason=reason, naive=_across(target, self.gripper)
            )
        best = target.model.grasps[0]
        wrong = wrong_grasps(target, best, self.gripper) | {"wrong-part": _table_grasp(scene)}
        return Question(query, trial, grasp_answer(target, best), "grasp", wrong=wrong)


def _across(target: Placement, gripper: GripperSpec) -> Interaction:
    """Return the grasp from above, fully open, across the middle of the narrower side."""
    vertices = np.concatenate([part.mesh.vertices_m for _, part in target.model.parts])
    low, high = vertices.min(axis=0), vertices.max(axis=0)
    closing = np.eye(3)[int(np.argmin((high - low)[:2]))]
    rotation = se3.frame_from_axes(z=np.array([0.0, 0.0, -1.0]), x=closing)
    middle = (low + high) / 2.0
    middle[2] = high[2] - gripper.pad_size_m[2] / 2.0
    pose = target.world_from_object @ Pose.from_rotation(rotation, middle)
    return grasp_at(pose, gripper.max_opening_m)


def _table_grasp(scene: Scene) -> Interaction:
    place = scene.target.world_from_object.position_m
    down = np.diag([1.0, -1.0, -1.0])
    beside = np.array([place[0] + BESIDE_M, place[1], ABOVE_TABLE_M])
    return grasp_at(Pose.from_rotation(down, beside), 0.06)
