"""Put an object on one of several supports."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from itertools import product

import numpy as np

from ivlm_bench.env import InteractionEnv, Question, register
from ivlm_bench.geometry import se3
from ivlm_bench.geometry.kinematics import link_poses
from ivlm_bench.objects import OBJECTS
from ivlm_bench.types import (
    Interaction,
    ObjectModel,
    Placement,
    Pose,
    Query,
    Scene,
    TrialSpec,
)
from ivlm_envs.answers import NAIVE, abstention
from ivlm_envs.layout import cameras_on, clearest_azimuth, points_of, spread
from ivlm_envs.staging import GRAVITY_M_S2, UNANSWERABLE_SHARE, built, draw_object

#: What may be put down; the word is the family's name.
AT_HAND = ("mug", "cup", "box", "bowl", "bottle")
FLAT, STEEP = "pedestal", "slope"
TABLE = "table"
#: The part of a support that things are put on.
TOP = "top"
#: Least and largest number of supports.
N_SUPPORTS = (2, 3)
#: How far over the edge the near miss puts the centre of mass (m).
OVER_EDGE_M = 0.010
#: How deep the penetrating answer goes, and how high the floating one stays (m).
DEEP_M, HIGH_M = 0.05, 0.06
#: Tilts of which the turned answer takes the one farthest out of balance, degrees.
TILTS_DEG = (25.0, 40.0, 55.0)

#: Largest angle (rad) between the first camera and the downhill side of a steep support.
SIDE_RAD = np.deg2rad(100.0)

Answers = dict[str, Interaction]


@register
class PlaceOn(InteractionEnv):
    """Put the object at hand on one of two or three supports.

    Asked: "Put the mug on the red block.", of a mug, a cup, a box, a bowl or a bottle that stands
    on the table beside blocks, stands and benches of different colours.
    Randomised: the object (shape, colour, texture, mass), the supports (kind, sizes, colours), all
    places and yaws, the table's look, the cameras. One question in six asks for a support
    whose top slopes by more than 40 degrees: abstain.
    Success: protocol IVLM-Phys v1, 6.4: at the answered pose the object cuts into nothing, is at
    most 5 mm above the asked support, and 2 s after it was let go it rests there, moved by less
    than 2 cm and turned by less than 10 degrees.
    Source: placing and stacking tasks of ManiSkill, with the stability test of that protocol.
    """

    task = "ivlm/PlaceOn-v0"

    def sample_scene(self, rng: np.random.Generator) -> Scene:
        """Draw one object and its supports on the table; the first support is the asked one."""
        steep = rng.random() < UNANSWERABLE_SHARE
        target = _placement(draw_object(str(rng.choice(AT_HAND)), rng), "target")
        n_supports = int(rng.integers(N_SUPPORTS[0], N_SUPPORTS[1] + 1))
        supports = _draw_supports(n_supports, rng, steep=steep)
        asked, *others, target = spread([*supports, target], rng)
        things = (target, asked, *others)
        table = Placement(TABLE, _draw_table(rng), Pose.identity(), "support")
        # What can't be done must be seen in the first view: not a steep support from behind.
        way = asked.world_from_object.turn(np.array([1.0, 0.0, 0.0]))
        facing = (float(np.arctan2(way[1], way[0])), SIDE_RAD) if steep else None
        first = clearest_azimuth(things, rng, watched=2, facing=facing)
        cameras = cameras_on(things, rng, first_rad=first, size_px=self.size_px)
        return Scene("place-on", (*things, table), cameras, np.array(GRAVITY_M_S2))

    def question(self, scene: Scene, rng: np.random.Generator) -> Question:
        """Ask for the first support."""
        target, support, *others = scene.placements[:-1]
        name, called = target.model.category, support.name.replace("_", " ")
        query = Query("place", name, called, f"Put the {name} on the {called}.")
        asked = partial(
            Question,
            query,
            TrialSpec(kind="place", support=support.name),
            affordance="place",
            region=support.name,
            region_part=TOP,
            at_hand=True,
        )
        if support.model.category == STEEP:
            reason = f"the {called} is too steep for anything to stay on it"
            naive = _answer(target, _on_slope(target, support), support)
            return asked(
                abstention(reason), feasible=False, wrong={NAIVE: naive}, infeasible_reason=reason
            )
        right = _answer(target, _standing_on(target, _top_centre(support)), support)
        return asked(right, wrong=_wrong(target, support, others))


def _placement(model: ObjectModel, role: str) -> Placement:
    name = model.category if role == "target" else model.links[0].name
    return Placement(name, model, Pose.identity(), "target" if role == "target" else "support")


def _draw_supports(n: int, rng: np.random.Generator, *, steep: bool) -> list[Placement]:
    """Draw supports of different colours; a steep one comes first."""
    drawn: list[Placement] = []
    while len(drawn) < n:
        family = STEEP if steep and not drawn else FLAT
        support = _placement(draw_object(family, rng), "support")
        colours = {placed.name.split("_")[0] for placed in drawn}
        if support.name.split("_")[0] not in colours:
            drawn.append(support)
    return drawn


def _draw_table(rng: np.random.Generator) -> ObjectModel:
    return built(TABLE, int(rng.integers(OBJECTS.get(TABLE).n_seen)), "seen")


def _answer(target: Placement, goal: Pose, support: Placement) -> Interaction:
    """Return the answer that carries the target to ``goal``."""
    return Interaction(
        label_prob={"place": 1.0},
        placement=goal @ target.world_from_object.inverse(),
        contact_points_m=_top_centre(support)[None],
        contact_prob=np.ones(1, np.float32),
    )


def _wrong(target: Placement, support: Placement, others: Sequence[Placement]) -> Answers:
    middle = _top_centre(support)
    upright = _standing_on(target, middle)
    tilted = _tilted_on(target, middle)
    stay = target.world_from_object
    goals = {
        "near-miss": _standing_on(target, _over_edge(support, others)),
        "penetrating": Pose.at(0.0, 0.0, -DEEP_M) @ upright,
        "floating": Pose.at(0.0, 0.0, HIGH_M) @ upright,
        "rotated": tilted,
        "left-there": stay,
    }
    wrong = {kind: _answer(target, goal, support) for kind, goal in goals.items()}
    other = others[0]
    wrong["wrong-part"] = _answer(target, _standing_on(target, _top_centre(other)), other)
    return {"null": Interaction()} | wrong


def _centre_of_mass_m(target: Placement) -> np.ndarray:
    link = target.model.links[0]
    return link_poses(target)[link.name].apply(link.centre_of_mass_m)


def _standing_on(target: Placement, point_m: np.ndarray) -> Pose:
    """Return the pose of the target as it stands, centre of mass over a point, base at its height.

    It stands on the plane z = 0 to begin with.
    """
    aside = point_m - _centre_of_mass_m(target)
    shift = Pose.at(float(aside[0]), float(aside[1]), float(point_m[2]))
    return shift @ target.world_from_object


def _top_centre(support: Placement) -> np.ndarray:
    """Return the world point in the middle of a support's top."""
    middle = support.world_from_object.position_m
    return np.array([middle[0], middle[1], float(points_of(support)[:, 2].max())])


def _over_edge(support: Placement, others: Sequence[Placement]) -> np.ndarray:
    """Return the point beyond the middle of a side of the top, away from all other things."""
    top = next(part for _, part in support.model.parts if part.name == TOP)
    reach = top.mesh.vertices_m.max(axis=0)[:2] + OVER_EDGE_M
    sides = np.array([[reach[0], 0.0], [-reach[0], 0.0], [0.0, reach[1]], [0.0, -reach[1]]])
    height = top.mesh.vertices_m[:, 2].max()
    points = support.world_from_object.apply(np.column_stack([sides, np.full(4, height)]))
    there = np.array([other.world_from_object.position_m[:2] for other in others])
    apart = np.linalg.norm(points[:, None, :2] - there, axis=2).min(axis=1)
    return points[int(np.argmax(apart))]


def _tilted_on(target: Placement, point_m: np.ndarray) -> Pose:
    """Return the target on its edge or corner, as far out of balance as a tilt brings it."""
    upright = _standing_on(target, point_m)
    centre_m = upright.apply(target.model.links[0].centre_of_mass_m)
    points = upright.apply(target.world_from_object.inverse().apply(points_of(target)))
    best: tuple[float, Pose] | None = None
    for axis, degrees in product(np.eye(3)[:2], TILTS_DEG):
        quat = se3.quat_from_rotvec(np.deg2rad(degrees) * axis)
        about = Pose(centre_m, quat) @ Pose(-centre_m, np.array([1.0, 0.0, 0.0, 0.0]))
        turned = about.apply(points)
        lowest = turned[int(np.argmin(turned[:, 2]))]
        arm_m = float(np.linalg.norm((lowest - centre_m)[:2]))
        if best is None or arm_m > best[0]:
            down = Pose.at(0.0, 0.0, float(point_m[2] - lowest[2]))
            best = arm_m, down @ about @ upright
    if best is None:
        raise ValueError("There is no tilt to choose from.")
    return best[1]


def _on_slope(target: Placement, support: Placement) -> Pose:
    """Return the target standing on the middle of a slope, which falls towards +x."""
    top = next(part for _, part in support.model.parts if part.name == TOP)
    upper = [top.mesh.vertices_m[top.mesh.vertices_m[:, 0] * side > 0] for side in (-1.0, 1.0)]
    high, low = (end[int(np.argmax(end[:, 2]))] for end in upper)
    down = (low - high) * np.array([1.0, 0.0, 1.0])
    normal = np.cross(down, np.array([0.0, 1.0, 0.0]))
    middle = (high + low) / 2.0 * np.array([1.0, 0.0, 1.0])
    slanted = Pose.from_rotation(se3.frame_from_axes(z=normal, x=down), middle)
    return support.world_from_object @ slanted @ _upright_at_origin(target)


def _upright_at_origin(target: Placement) -> Pose:
    """Return the pose of the target as it stands, with its base's middle in the origin."""
    away = target.world_from_object.position_m
    return Pose.at(-float(away[0]), -float(away[1]), 0.0) @ target.world_from_object
