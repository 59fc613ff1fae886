"""Press a button of a panel."""

from __future__ import annotations

import numpy as np

from ivlm_bench.env import InteractionEnv, Question, register
from ivlm_bench.types import Interaction, Placement, Query, Scene, TrialSpec
from ivlm_envs.answers import motion_answer, unanswerable
from ivlm_envs.articulated.faces import front_point, outward, radius_m
from ivlm_envs.staging import UNANSWERABLE_SHARE, draw_object, stage

JOINT_PREFIX = "button_"
#: Colours that a question may name; a panel has two to five of them.
COLOURS = ("red", "green", "blue", "yellow", "white", "black")
#: Travel of a button, protocol IVLM-Phys v1, 6.3, metres.
TRAVEL_M = 0.004
#: How far beyond the cap's edge the near miss lands on the plate, metres.
MISS_M = 0.009
#: How far behind the cap's front the penetrating answer points, metres.
BEHIND_M = 0.06


@register
class PressButton(InteractionEnv):
    """Press the button of one colour.

    Asked: "Press the red button." of a panel with two to five.
    Randomised: the panel (size, caps, colours, layout), its yaw and place, the table's look, the
    cameras. One question in six names a colour that the panel does not have: abstain.
    Success: protocol IVLM-Phys v1, 6.3: a 5 mm sphere, pushed with 5 N from 20 mm before the
    answered point along the answered direction, touches the asked button first and holds it down
    by at least 80 % of its travel, at no more than 45 degrees to its axis.
    Source: press tasks of Meta-World and Where2Act, with the tighter travel of that protocol.
    """

    task = "ivlm/PressButton-v0"

    def sample_scene(self, rng: np.random.Generator) -> Scene:
        """Draw one panel on the table."""
        return stage("press-button", draw_object("panel", rng), rng, size_px=self.size_px)

    def question(self, scene: Scene, rng: np.random.Generator) -> Question:
        """Ask for a button by its colour."""
        target = scene.target
        joints = [link.joint.name for link in target.model.links if link.joint is not None]
        present = [name.removeprefix(JOINT_PREFIX) for name in joints]
        absent = [colour for colour in COLOURS if colour not in present]
        if absent and rng.random() < UNANSWERABLE_SHARE:
            return _unanswerable(str(rng.choice(absent)), _press(target, joints[0]))
        colour = str(rng.choice(present))
        part = JOINT_PREFIX + colour
        trial = TrialSpec(kind="press", part=part, joint=part)
        others = [name for name in joints if name != part]
        wrong = _wrong(target, part, str(rng.choice(others)), joints)
        return Question(_query(colour), trial, _press(target, part), "press", wrong=wrong)


def _query(colour: str) -> Query:
    return Query("press", "panel", JOINT_PREFIX + colour, f"Press the {colour} button.")


def _unanswerable(colour: str, naive: Interaction) -> Question:
    reason = f"the panel has no {colour} button"
    part = JOINT_PREFIX + colour
    trial = TrialSpec(kind="press", part=part, joint=part)
    return unanswerable(_query(colour), trial, "press", reason=reason, naive=naive)


def _press(target: Placement, part: str) -> Interaction:
    return motion_answer(
        front_point(target, part), -outward(target, part), label="press", amount=TRAVEL_M
    )


def _wrong(target: Placement, part: str, other: str, buttons: list[str]) -> dict[str, Interaction]:
    point, front = front_point(target, part), outward(target, part)
    up = np.array([0.0, 0.0, 1.0])
    aside = np.cross(up, front)
    miss = _beside(target, part, [name for name in buttons if name != part])
    return {
        "null": Interaction(),
        "wrong-part": _press(target, other),
        "near-miss": motion_answer(miss, -front, label="press", amount=TRAVEL_M),
        "penetrating": motion_answer(
            point - BEHIND_M * front, -front, label="press", amount=TRAVEL_M
        ),
        "rotated": motion_answer(point, aside, label="press", amount=TRAVEL_M),
    }


def _beside(target: Placement, part: str, others: list[str]) -> np.ndarray:
    """Return the point just off the cap, up, down, left or right, farthest from other caps."""
    point, front = front_point(target, part), outward(target, part)
    up = np.array([0.0, 0.0, 1.0])
    aside = np.cross(up, front)
    reach = radius_m(target, part) + MISS_M
    caps = np.stack([front_point(target, name) for name in others])
    candidates = [point + reach * way for way in (up, -up, aside, -aside)]
    return max(candidates, key=lambda c: float(np.linalg.norm(caps - c, axis=1).min()))
