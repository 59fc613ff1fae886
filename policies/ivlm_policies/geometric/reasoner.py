"""The geometric baseline: fuse the depth, drop the table, take what is left, apply one rule.

* grasp: antipodal grasps over the whole object; of a handle, over what sticks out of its body.
* open: pull a bit that stands out from an upright front, straight out.
* press: push a bump on an upright plate, straight in.

It abstains if nothing fits the gripper, nothing sticks out, or a bar crosses the front. It sees
the observation only and needs depth.

Which of several drawers or buttons is asked for, shape does not tell: ``geometric`` takes the one
nearest to the middle of the front. ``geometric-words`` also reads top, middle and bottom and the
colour words, looks at the colour of the bumps, and abstains if none has the asked one. The
difference of the two rows is what those few words are worth.
"""

from __future__ import annotations

import numpy as np

from ivlm_bench.geometry.antipodal import antipodal_grasps
from ivlm_bench.geometry.cloud import Cloud, cluster_labels, object_cloud
from ivlm_bench.geometry.lifting import spread_maps
from ivlm_bench.reasoners import REASONERS, ReasonerEntry
from ivlm_bench.types import Grasp, Interaction, Motion, Observation
from ivlm_policies.geometric.colours import asked_colour, colour_distance
from ivlm_policies.geometric.fronts import Bit, Front, find_front
from ivlm_policies.geometric.handles import handle_weights

#: Seed of the grasp search; the same observation gives the same answer.
SEARCH_SEED = 1
#: How far (m) handles of drawers stand out from the front, at least and at most.
HANDLE_OUT_M = (0.008, 0.070)
#: How far (m) caps of buttons stand out from the plate.
CAP_OUT_M = (0.002, 0.025)
#: Cells (m) that join the points of one handle and of one cap.
HANDLE_CELL_M, CAP_CELL_M = 0.010, 0.005
#: A bit that is taller than this share of the front is a bar across the drawers.
BAR_SHARE = 0.45
#: Handles whose heights differ by less than this share of the front belong to one drawer.
SAME_ROW_SHARE = 0.08
#: How far (m) to pull, and to press.
PULL_M, PRESS_M = 0.15, 0.004
#: Standard deviation (m) of the affordance maps about the contacts.
MAP_RADIUS_M = 0.008


class GeometricReasoner:
    """Depth and shape rules only; with ``words``, place and colour words too."""

    def __init__(self, *, words: bool = False) -> None:
        self.words = words

    def predict(self, observation: Observation, /) -> Interaction:
        """Answer by the rule for the query's interaction."""
        cloud = object_cloud(observation.views)
        target = cloud.select(cluster_labels(cloud.points_m) == 0)
        if len(target) == 0:
            return _abstain("nothing is seen above the table")
        text = observation.query.text.lower() if self.words else ""
        if observation.query.interaction == "open":
            return _open(observation, target, text)
        if observation.query.interaction == "press":
            return _press(observation, target, text)
        return _grasp(observation, target)


def _abstain(reason: str) -> Interaction:
    return Interaction(abstain=True, abstain_reason=reason, feasible_prob=0.1)


def _grasp(observation: Observation, target: Cloud) -> Interaction:
    weights: np.ndarray | None = np.ones(len(target))
    if "handle" in f"{observation.query.part_name} {observation.query.text.lower()}":
        weights = handle_weights(target)
    if weights is None:
        return _abstain("nothing sticks out of the body that could be a handle")
    rng = np.random.default_rng(SEARCH_SEED)
    grasps = antipodal_grasps(target, weights, observation.gripper, rng)
    if not grasps:
        return _abstain("no two opposite surfaces fit into the gripper and can be reached")
    contacts = _contacts(grasps[0], target)
    return Interaction(
        label_prob={"grasp": 1.0},
        affordance_maps=spread_maps(observation.views, contacts, radius_m=MAP_RADIUS_M),
        contact_points_m=contacts,
        grasps=grasps,
        feasible_prob=float(np.clip(grasps[0].prob, 0.0, 1.0)),
    )


def _contacts(grasp: Grasp, target: Cloud) -> np.ndarray:
    """Return the points (2, 3) of the object that the pads of a grasp will touch first."""
    local = grasp.world_from_gripper.inverse().apply(target.points_m)
    between = (np.abs(local[:, 0]) < 0.5 * grasp.width_m) & (np.abs(local[:, 1]) < 0.01)
    between &= np.abs(local[:, 2]) < 0.02
    inside = target.points_m[between]
    x = local[between, 0]
    return np.stack([inside[int(np.argmin(x))], inside[int(np.argmax(x))]])


def _open(observation: Observation, target: Cloud, text: str) -> Interaction:
    nearest_m, farthest_m = HANDLE_OUT_M
    front = find_front(target, nearest_m=nearest_m, farthest_m=farthest_m, cell_m=HANDLE_CELL_M)
    if front is None:
        return _abstain("nothing stands out from an upright front")
    if any(bit.extent_m[1] > BAR_SHARE * front.extent_m[1] for bit in front.bits):
        return _abstain("a bar crosses the front")
    bit = _asked_row(front, text)
    return _moved(observation, bit, front.plane.normal, PULL_M)


def _asked_row(front: Front, text: str) -> Bit:
    """Return the handle that top, middle or bottom points to, else the middlemost one."""
    rows: list[list[Bit]] = []
    for bit in sorted(front.bits, key=lambda b: -float(b.centre_m[2])):
        if rows and rows[-1][0].centre_m[2] - bit.centre_m[2] < SAME_ROW_SHARE * front.extent_m[1]:
            rows[-1].append(bit)
        else:
            rows.append([bit])
    largest = [max(row, key=lambda b: len(b.cloud)) for row in rows]
    places = {"top": 0, "upper": 0, "middle": len(rows) // 2, "bottom": -1, "lower": -1}
    for word, place in places.items():
        if word in text:
            return largest[place]
    return _middlemost(front)


def _middlemost(front: Front) -> Bit:
    """Return the bit whose centre is nearest to the mean of all bits' centres."""
    middle = np.mean([bit.centre_m for bit in front.bits], axis=0)
    return min(front.bits, key=lambda b: float(np.linalg.norm(b.centre_m - middle)))


def _press(observation: Observation, target: Cloud, text: str) -> Interaction:
    nearest_m, farthest_m = CAP_OUT_M
    front = find_front(target, nearest_m=nearest_m, farthest_m=farthest_m, cell_m=CAP_CELL_M)
    if front is None:
        return _abstain("no bump stands out from an upright plate")
    word = asked_colour(text)
    if word is None:
        bit = _middlemost(front)
    else:
        bit = min(front.bits, key=lambda b: colour_distance(word, _colour(b)))
        if colour_distance(word, _colour(bit)) > 1.0:
            return _abstain(f"no bump is {word}")
    return _moved(observation, bit, -front.plane.normal, PRESS_M)


def _colour(bit: Bit) -> np.ndarray:
    return np.asarray(np.median(bit.cloud.colours, axis=0))


def _moved(
    observation: Observation, bit: Bit, direction: np.ndarray, amount_m: float
) -> Interaction:
    return Interaction(
        label_prob={observation.query.interaction: 1.0},
        affordance_maps=spread_maps(
            observation.views, bit.cloud.points_m, radius_m=MAP_RADIUS_M / 2
        ),
        contact_points_m=bit.touch_m[None],
        motion=Motion(bit.touch_m, direction, amount=amount_m),
        feasible_prob=0.8,
    )


def _with_words() -> GeometricReasoner:
    return GeometricReasoner(words=True)


REASONERS.register(
    "geometric",
    ReasonerEntry(
        GeometricReasoner,
        "Geometric",
        notes="antipodal from depth and rules about shape; reads no words",
    ),
)
REASONERS.register(
    "geometric-words",
    ReasonerEntry(
        _with_words,
        "Geometric + words",
        notes="antipodal from depth, rules about shape, place words and colour words",
    ),
)
