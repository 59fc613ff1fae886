"""Turn a lever, a knob or a tap."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

import numpy as np

from ivlm_bench.env import InteractionEnv, Question, register
from ivlm_bench.types import Interaction, Placement, Query, Scene, TrialSpec
from ivlm_envs.answers import motion_answer, unanswerable
from ivlm_envs.articulated.faces import front_point, outward
from ivlm_envs.articulated.turning import moving_link, turning_answer, turning_push
from ivlm_envs.staging import UNANSWERABLE_SHARE, draw_object, stage

#: Families that turn, with their shares of the answerable questions: the tap is held out.
FREE: Mapping[str, float] = {"lever": 0.3, "knob": 0.3, "tap": 0.4}
#: Families that pins keep from turning.
PINNED = ("pinned_lever", "pinned_knob")
#: Where a control may stand: shares of its range, low, about the middle, high.
STARTS = ((0.03, 0.10), (0.42, 0.58), (0.90, 0.97))
#: A control within this share of an end of its range is asked to turn away from it.
END_SHARE = 0.2
#: How far in front of the handle the near miss pushes the air, metres.
MISS_M = 0.03
#: How far behind the plane that a handle turns on the penetrating answer points, metres.
BEHIND_M = 0.005


@register
class TurnControl(InteractionEnv):
    """Turn a lever, a knob or a tap in the asked sense.

    Asked: "Turn the lever down.", "Turn the left knob clockwise.", "Turn the tap on: its handle
    anticlockwise, seen from above.".
    Randomised: the family, the object (number of controls, sizes, style, look), where its controls
    stand, which one is asked in which sense, yaw and place, the table's look, the cameras. One
    question in six shows pins or straps around the handles: abstain.
    Success: wrench mode of protocol IVLM-Phys v1, 6.2: 10 N at the answered point along the
    answered direction, both carried round by the handle, turn the asked joint in the asked sense
    by at least 75 % of the way to its stop, and no other joint moves by a tenth of its range.
    Source: VAT-Mart and UMPNet (taps, switches and levers), with the forces of that protocol.
    """

    task = "ivlm/TurnControl-v0"

    def sample_scene(self, rng: np.random.Generator) -> Scene:
        """Draw one object on the table, and where its controls stand."""
        if rng.random() < UNANSWERABLE_SHARE:
            family = str(rng.choice(PINNED))
        else:
            family = str(rng.choice(list(FREE), p=list(FREE.values())))
        scene = stage("turn-control", draw_object(family, rng), rng, size_px=self.size_px)
        placements = tuple(
            _started(p, rng) if p.role == "target" and family not in PINNED else p
            for p in scene.placements
        )
        return replace(scene, placements=placements)

    def question(self, scene: Scene, rng: np.random.Generator) -> Question:
        """Ask to turn one control."""
        target = scene.target
        joints = [link.joint.name for link in target.model.links if link.joint is not None]
        joint = str(rng.choice(joints))
        sign = _sense(target, joint, rng)
        query = _query(target, joint, sign, rng)
        trial = TrialSpec(kind="articulate", part=joint, joint=joint, sign=sign)
        oracle = _turn(target, joint, sign)
        if target.model.category in PINNED:
            reason = "pins on both sides of the handle keep it from turning"
            return unanswerable(query, trial, "turn", reason=reason, naive=oracle)
        others = [name for name in joints if name != joint]
        wrong = _wrong(target, joint, sign, str(rng.choice(others)) if others else None)
        return Question(query, trial, oracle, "turn", wrong=wrong)


def _started(target: Placement, rng: np.random.Generator) -> Placement:
    """Return the target with each control near an end or about the middle of its range."""
    positions = {}
    for link in target.model.links:
        if link.joint is not None:
            share = float(rng.uniform(*STARTS[int(rng.integers(len(STARTS)))]))
            span = link.joint.upper - link.joint.lower
            positions[link.joint.name] = link.joint.lower + share * span
    return replace(target, joints=positions)


def _sense(target: Placement, joint: str, rng: np.random.Generator) -> float:
    """Return the sense to ask for: away from an end, either from about the middle."""
    _, hinge = moving_link(target, joint)
    share = (target.joints.get(joint, 0.0) - hinge.lower) / (hinge.upper - hinge.lower)
    drawn = float(rng.choice((-1.0, 1.0)))
    if share < END_SHARE:
        return 1.0
    return -1.0 if share > 1.0 - END_SHARE else drawn


def _query(target: Placement, joint: str, sign: float, rng: np.random.Generator) -> Query:
    """Name the control and the sense in words; positive turns are anticlockwise from the front."""
    kind = target.model.category.removeprefix("pinned_")
    circular = "anticlockwise" if sign > 0 else "clockwise"
    if kind == "tap":
        switched = "on" if sign > 0 else "off"
        text = f"Turn the tap {switched}: its handle {circular}, seen from above."
        return Query("turn", kind, joint, text)
    _, _, side = joint.partition("_")
    named = f"{side} {kind}" if side else kind
    sense = circular
    if kind == "lever" and rng.random() < 0.75:
        sense = _straight_sense(target, joint, sign)
    return Query("turn", kind, joint, f"Turn the {named} {sense}.")


def _straight_sense(target: Placement, joint: str, sign: float) -> str:
    """Return where a lever's end goes, seen from the front: up or down, or to a side."""
    link, hinge = moving_link(target, joint)
    arm = link.parts[0].mesh.vertices_m.mean(axis=0) - hinge.origin_m
    way = sign * np.cross(hinge.axis, arm)
    if abs(way[2]) > abs(way[1]):
        return "up" if way[2] > 0 else "down"
    return "to the right" if way[1] > 0 else "to the left"


def _way_rad(target: Placement, joint: str, sign: float) -> float:
    """Return the angle from where a control stands to its stop."""
    _, hinge = moving_link(target, joint)
    start = target.joints.get(joint, 0.0)
    return hinge.upper - start if sign > 0 else start - hinge.lower


def _turn(target: Placement, joint: str, sign: float) -> Interaction:
    angle_rad = _way_rad(target, joint, sign)
    return turning_answer(turning_push(target, joint, sign), label="turn", angle_rad=angle_rad)


def _wrong(target: Placement, joint: str, sign: float, other: str | None) -> dict[str, Interaction]:
    """Return answers that must fail; ``backwards`` is right but for the sense."""
    amount, push = _way_rad(target, joint, sign), turning_push(target, joint, sign)
    behind = push.axis_point_m - BEHIND_M * push.axis
    before = push.point_m + MISS_M * push.axis
    return {
        "null": Interaction(),
        "wrong-part": _turn(target, other, sign) if other else _fixed_part(target, amount),
        "near-miss": motion_answer(before, push.direction, label="turn", amount=amount),
        "penetrating": motion_answer(behind, push.direction, label="turn", amount=amount),
        "rotated": motion_answer(push.point_m, push.axis, label="turn", amount=amount),
        "backwards": _turn(target, joint, -sign),
    }


def _fixed_part(target: Placement, amount: float) -> Interaction:
    """Return a push on what does not turn: the spout of a tap, else the plate."""
    part = "spout" if target.model.category == "tap" else "plate"
    front = outward(target, part)
    return motion_answer(front_point(target, part), -front, label="turn", amount=amount)
