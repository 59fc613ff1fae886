"""Open, press, push, turn and lift: rules about upright fronts and what stands out from them."""

from __future__ import annotations

import numpy as np

from ivlm_bench.geometry.cloud import Cloud
from ivlm_bench.geometry.planes import upright_planes
from ivlm_bench.geometry.seen import Seen
from ivlm_bench.types import Interaction, Motion, Observation
from ivlm_policies.geometric.answers import abstention, moved
from ivlm_policies.geometric.fronts import Bit, Front, find_front
from ivlm_policies.geometric.words import Sense, asked_bit, asked_heights, asked_sense

#: How far (m) handles and tabs stand out from a front, at least and at most; caps; knobs.
HANDLE_OUT_M, CAP_OUT_M, KNOB_OUT_M = (0.008, 0.070), (0.002, 0.025), (0.004, 0.090)
#: Cells (m) that join the points of one handle or knob, and of one cap.
HANDLE_CELL_M, CAP_CELL_M = 0.010, 0.005
#: A bit that is taller, or broader, than these shares of the front is a bar across it.
BAR_UP_SHARE, BAR_ACROSS_SHARE = 0.45, 0.90
#: How far (m) to pull or lift, to push, to press and to turn.
PULL_M, PUSH_M, PRESS_M, TURN_M = 0.15, 0.10, 0.004, 0.03
#: Largest share of a front's direction in the normal of a surface that turns what it belongs to.
SIDE_COSINE = 0.6
#: A front faces the first camera if the cosine between them is at least this.
FACING_COSINE = 0.3
#: Points whose normal is this near to a face's belong to it, if no deeper (m) than this.
FACE_COSINE, FACE_DEPTH_M = 0.95, 0.006
UP = np.array([0.0, 0.0, 1.0])


def open_front(observation: Observation, seen: Seen, target: Cloud, text: str) -> Interaction:
    """Pull a bit that stands out from an upright front, straight out."""
    front = _front(target, HANDLE_OUT_M, HANDLE_CELL_M)
    if front is None:
        return abstention("nothing stands out from an upright front")
    if any(_crosses(bit, front) for bit in front.bits):
        return abstention("a bar crosses the front")
    bit = asked_bit(front, text)
    if bit is None:
        return abstention("no handle has the asked colour")
    motion = Motion(bit.touch_m, front.plane.normal, amount=PULL_M)
    return moved(seen, observation.query, motion, bit.cloud.points_m)


def _front(target: Cloud, out_m: tuple[float, float], cell_m: float) -> Front | None:
    return find_front(target, nearest_m=out_m[0], farthest_m=out_m[1], cell_m=cell_m)


def _crosses(bit: Bit, front: Front) -> bool:
    across, up = bit.extent_m
    return up > BAR_UP_SHARE * front.extent_m[1] or across > BAR_ACROSS_SHARE * front.extent_m[0]


def press_cap(observation: Observation, seen: Seen, target: Cloud, text: str) -> Interaction:
    """Push a bump on an upright plate, straight in."""
    front = _front(target, CAP_OUT_M, CAP_CELL_M)
    if front is None:
        return abstention("no bump stands out from an upright plate")
    bit = asked_bit(front, text)
    if bit is None:
        return abstention("no bump has the asked colour")
    motion = Motion(bit.touch_m, -front.plane.normal, amount=PRESS_M)
    return moved(seen, observation.query, motion, bit.cloud.points_m)


def push_shut(observation: Observation, seen: Seen, target: Cloud, text: str) -> Interaction:
    """Push in the upright face that stands out farthest, at its outer end.

    Of the faces towards the first camera the one farthest from the middle of the thing's points
    along its own normal: the front of a drawer or a door that stands open.
    """
    eye = seen.views[0].camera.world_from_camera.position_m
    way = (eye - target.points_m.mean(axis=0)) * np.array([1.0, 1.0, 0.0])
    way = way / max(float(np.linalg.norm(way)), 1e-9)
    middle = np.median(target.points_m, axis=0)
    best: tuple[float, np.ndarray, np.ndarray] | None = None
    low_m, high_m = asked_heights(target.points_m[:, 2], text)
    asked = (target.points_m[:, 2] >= low_m) & (target.points_m[:, 2] <= high_m)
    for plane in upright_planes(target):
        if plane.normal @ way <= FACING_COSINE:
            continue
        facing = target.points_m[asked & (target.normals @ plane.normal > FACE_COSINE)]
        if len(facing) == 0:
            continue
        out = (facing - middle) @ plane.normal
        farthest = float(np.quantile(out, 0.98))
        if best is None or farthest > best[0]:
            best = farthest, facing[out >= farthest - FACE_DEPTH_M], plane.normal
    if best is None:
        return abstention("no upright face is seen that could be pushed")
    _, face, normal = best
    away = np.linalg.norm((face - middle)[:, :2], axis=1)
    level = np.abs(face[:, 2] - np.median(face[:, 2])) <= 0.25 * np.ptp(face[:, 2]) + 1e-3
    outer = np.argsort(np.where(level, away, -1.0))
    point = face[int(outer[int(0.9 * (len(outer) - 1))])]
    return moved(seen, observation.query, Motion(point, -normal, amount=PUSH_M), point[None])


def turn_knob(observation: Observation, seen: Seen, target: Cloud, text: str) -> Interaction:
    """Push the side of a bit that stands out from a plate, or of the uppermost bit of a thing."""
    front = _front(target, KNOB_OUT_M, HANDLE_CELL_M)
    if front is None:
        height = target.points_m[:, 2]
        part = target.select(height >= height.max() - 0.3 * np.ptp(height))
        low = target.points_m[height <= height.min() + 0.5 * np.ptp(height)]
        motion = turning_push(part, low.mean(axis=0), UP, asked_sense(text))
    else:
        bit = asked_bit(front, text)
        if bit is None:
            return abstention("no knob has the asked colour")
        part = bit.cloud
        motion = turning_push(part, bit.centre_m, front.plane.normal, asked_sense(text))
    if motion is None:
        return abstention("nothing has a side that could be pushed to turn it")
    return moved(seen, observation.query, motion, part.points_m)


def turning_push(
    part: Cloud, centre_m: np.ndarray, axis: np.ndarray, sense: Sense
) -> Motion | None:
    """Return the push into the surface that turns a part most, or None if no side of it is seen.

    ``clockwise`` and ``anticlockwise`` are seen against ``axis``; ``down`` and ``up`` push so.
    """
    if len(part) == 0:
        return None
    push = -part.normals
    if sense in ("down", "up"):
        gain = push[:, 2] * (1.0 if sense == "up" else -1.0)
    else:
        arm = part.points_m - centre_m
        torque = np.cross(arm, push) @ axis
        gain = torque * (1.0 if sense == "anticlockwise" else -1.0)
    gain = np.where(np.abs(part.normals @ axis) <= SIDE_COSINE, gain, -np.inf)
    best = int(np.argmax(gain))
    if not np.isfinite(gain[best]):
        return None
    return Motion(part.points_m[best], push[best], amount=TURN_M)


def lift_lid(observation: Observation, seen: Seen, target: Cloud, text: str) -> Interaction:
    """Pull up at the highest bit that stands out from an upright front, else at the front edge."""
    front = _front(target, HANDLE_OUT_M, HANDLE_CELL_M)
    part = target
    if front is not None:
        part = max(front.bits, key=lambda b: float(b.centre_m[2])).cloud
    tops = part.points_m[part.normals[:, 2] > SIDE_COSINE]
    if len(tops) == 0:
        tops = part.points_m
    eye = seen.views[0].camera.world_from_camera.position_m
    near = np.linalg.norm((tops - eye)[:, :2], axis=1) if front is None else -tops[:, 2]
    point = tops[int(np.argmin(near))]
    return moved(seen, observation.query, Motion(point, UP, amount=PULL_M), part.points_m)
