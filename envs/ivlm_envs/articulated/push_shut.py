"""Push an open drawer or door shut."""

from __future__ import annotations

from dataclasses import replace
from functools import lru_cache

import numpy as np

from ivlm_bench.env import InteractionEnv, Question, register
from ivlm_bench.geometry.mesh import face_normals, sample_surface
from ivlm_bench.types import (
    Interaction,
    Link,
    Mesh,
    ObjectModel,
    Placement,
    Query,
    Scene,
    TrialSpec,
)
from ivlm_envs.answers import motion_answer, unanswerable
from ivlm_envs.articulated.faces import outward, world_from_part
from ivlm_envs.layout import cameras_on, points_of
from ivlm_envs.staging import ELEVATION_DEG, FRONT_DEG, UNANSWERABLE_SHARE, draw_object, stage

#: Families with something to push shut, and how often each is drawn; the last one is held out.
FAMILIES = {"cabinet": 0.40, "door_cabinet": 0.35, "microwave": 0.25}
DRAWER, HELD_OUT = "drawer_", "microwave"
#: How far drawers and doors stand open, in shares of the range.
OPEN_SHARE = (0.35, 0.80)
#: The same for drawers above one that is shut, which they would hide.
BARELY_OPEN_SHARE = (0.10, 0.22)
#: Share of the scenes with several drawers or doors in which one is shut.
ONE_SHUT_SHARE = 0.5
#: A face whose normal is nearer to the front's than this cosine belongs to the front.
FRONTAL = 0.95
#: Points on a front that the oracle chooses from.
N_CANDIDATES = 1500
#: Least share of the longest lever at which the oracle pushes a door.
LEVER_SHARE = 0.7
#: How far above everything the near miss pushes at the air (m).
ABOVE_M = 0.02
#: How far behind the front's surface the penetrating answer points (m): 20 mm before that, where
#: the probe starts, it is 5 mm inside.
BEHIND_M = 0.025
#: Way that the oracle asks to push (m): the probe's stroke less its run-up.
PUSH_M = 0.085


@register
class PushShut(InteractionEnv):
    """Push a drawer or a door shut that stands open.

    Asked: "Push the top drawer shut." of two or three drawers, "Push the left door shut." of a
    cabinet, "Push the microwave door shut.". Left and right are those of who faces the front.
    Randomised: cabinet or microwave (sizes, handles, colours), which drawer or door, how far it and
    others stand open, yaw and place, the table's look, the cameras. One question in four with an
    answer shows the held-out microwave. One question in six asks for what is shut already: abstain.
    Success: contact mode of protocol IVLM-Phys v1, 6.2 b: a 5 mm sphere, pushed 0.10 m with at most
    10 N from 20 mm before the answered point along the answered direction, touches the asked drawer
    or door first and moves it by 0.01 m or rad towards shut, and no other one by a tenth of its
    range.
    Source: pushing primitives of Where2Act, door-close and drawer-close of Meta-World.
    """

    task = "ivlm/PushShut-v0"

    def sample_scene(self, rng: np.random.Generator) -> Scene:
        """Draw one piece of furniture whose drawers or doors stand open, maybe but one."""
        family = str(rng.choice(list(FAMILIES), p=list(FAMILIES.values())))
        scene = stage("push-shut", pushable(draw_object(family, rng)), rng, size_px=self.size_px)
        links = _moving(scene.target.model)
        share = ONE_SHUT_SHARE if len(links) > 1 else UNANSWERABLE_SHARE
        shut = links[int(rng.integers(len(links)))] if rng.random() < share else None
        joints = {
            link.joint.name: float(rng.uniform(*_open_share(link, shut))) * link.joint.upper
            for link in links
            if link.joint is not None and link is not shut
        }
        target = replace(scene.target, joints=joints)
        front = _facing(target)
        first = np.arctan2(front[1], front[0]) + np.deg2rad(rng.uniform(-FRONT_DEG, FRONT_DEG))
        cameras = cameras_on(
            [target], rng, first_rad=float(first), size_px=self.size_px, elevation_deg=ELEVATION_DEG
        )
        return replace(scene, placements=(target, *scene.placements[1:]), cameras=cameras)

    def question(self, scene: Scene, rng: np.random.Generator) -> Question:
        """Ask to shut one that is open, or, so that it can't be done, one that is shut."""
        target = scene.target
        names = [link.joint.name for link in _moving(target.model) if link.joint is not None]
        shut = [name for name in names if name not in target.joints]
        ask_shut = rng.random() < UNANSWERABLE_SHARE / ONE_SHUT_SHARE
        asked_shut = bool(shut) and (ask_shut or len(names) == 1)
        joint = str(rng.choice(shut if asked_shut else [n for n in names if n not in shut]))
        query, trial = _query(target, joint), TrialSpec(kind="push", joint=joint, sign=-1.0)
        right = _push(target, joint)
        if asked_shut:
            reason = f"the {_called(target, joint)} is shut already"
            return unanswerable(
                query,
                trial,
                "push",
                reason=reason,
                naive=right,
                region=target.name,
                region_part=front_part(joint),
            )
        others = [name for name in names if name != joint]
        wrong = _wrong(target, joint, others)
        return Question(
            query,
            trial,
            right,
            "push",
            wrong=wrong,
            region=target.name,
            region_part=query.part_name,
        )


def _open_share(link: Link, shut: Link | None) -> tuple[float, float]:
    """Return how far a link may stand open, in shares of its range."""
    if shut is None or link.joint is None or link.joint.kind != "slide":
        return OPEN_SHARE
    above = link.parent_from_link.position_m[2] > shut.parent_from_link.position_m[2]
    return BARELY_OPEN_SHARE if above else OPEN_SHARE


@lru_cache(maxsize=64)
def pushable(model: ObjectModel) -> ObjectModel:
    """Return the model with the affordance to push its fronts: 1 on them, less near a hinge."""
    fronts = {front_part(link.joint.name): link for link in _moving(model) if link.joint}
    rows = []
    for _, part in model.parts:
        owner = fronts.get(part.name)
        rows.append(
            np.zeros(len(part.mesh.vertices_m)) if owner is None else _worth(part.mesh, owner)
        )
    return replace(
        model, affordances={**model.affordances, "push": np.concatenate(rows, dtype=np.float32)}
    )


def front_part(joint: str) -> str:
    """Return the part that is pushed to move a joint: a drawer's front, or the door itself."""
    if joint.startswith(DRAWER):
        return "front_" + joint.removeprefix(DRAWER)
    return joint


def _facing(target: Placement) -> np.ndarray:
    """Return the mean of where the body and its open doors face: both are seen from there."""
    body = target.world_from_object.turn(np.array([1.0, 0.0, 0.0]))
    fronts = [outward(target, front_part(name)) for name in target.joints]
    return body + (np.mean(fronts, axis=0) if fronts else 0.0)


def _moving(model: ObjectModel) -> list[Link]:
    return [link for link in model.links if link.joint is not None]


def _worth(mesh: Mesh, owner: Link) -> np.ndarray:
    """Return how good each vertex of a front is to be pushed, in [0, 1]."""
    frontal = np.zeros(len(mesh.vertices_m), bool)
    frontal[mesh.faces[face_normals(mesh)[:, 0] > FRONTAL]] = True
    lever = _lever_share(owner, mesh.vertices_m, mesh.vertices_m)
    return np.where(frontal, 0.3 + 0.7 * lever, 0.0)


def _lever_share(owner: Link, points_m: np.ndarray, all_m: np.ndarray) -> np.ndarray:
    """Return the lever arm of points (n, 3), link frame, over the longest one; 1 on slides."""
    if owner.joint is None or owner.joint.kind == "slide":
        return np.ones(len(points_m))
    origin = owner.joint.origin_m[:2]
    arms, longest = (np.linalg.norm(p[:, :2] - origin, axis=1) for p in (points_m, all_m))
    return np.clip(arms / longest.max(), 0.0, 1.0)


def _push_point(target: Placement, joint: str) -> np.ndarray:
    """Return the world point on the front that is farthest from its edges and from the handle."""
    part_name = front_part(joint)
    link = target.model.link_of_part(part_name)
    mesh = next(part.mesh for part in link.parts if part.name == part_name)
    points, normals, _ = sample_surface(mesh, N_CANDIDATES, np.random.default_rng(0))
    lever = _lever_share(link, points, mesh.vertices_m)
    points = points[(normals[:, 0] > FRONTAL) & (lever >= LEVER_SHARE)]
    low, high = mesh.vertices_m.min(axis=0)[1:], mesh.vertices_m.max(axis=0)[1:]
    room = np.minimum(points[:, 1:] - low, high - points[:, 1:]).min(axis=1)
    for other in link.parts:
        proud = other.mesh.vertices_m[other.mesh.vertices_m[:, 0] > points[:, 0].max()]
        if other.name != part_name and len(proud):
            beside = np.maximum(proud.min(axis=0) - points, points - proud.max(axis=0))[:, 1:]
            room = np.minimum(room, np.linalg.norm(np.maximum(beside, 0.0), axis=1))
    return world_from_part(target, part_name).apply(points[int(np.argmax(room))])


def _push(target: Placement, joint: str) -> Interaction:
    front = outward(target, front_part(joint))
    return motion_answer(_push_point(target, joint), -front, label="push", amount=PUSH_M)


def _wrong(target: Placement, joint: str, others: list[str]) -> dict[str, Interaction]:
    point, front = _push_point(target, joint), outward(target, front_part(joint))
    up = np.array([0.0, 0.0, 1.0])
    over = point + (points_of(target)[:, 2].max() + ABOVE_M - point[2]) * up
    answers = {
        "near-miss": (over, -front),
        "penetrating": (point - BEHIND_M * front, -front),
        "rotated": (point, np.cross(up, front)),
        "pulling": (point, front),
    }
    wrong = {
        kind: motion_answer(where, way, label="push", amount=PUSH_M)
        for kind, (where, way) in answers.items()
    }
    wrong["wrong-part"] = _push(target, others[0]) if others else _push_side(target)
    return {"null": Interaction()} | wrong


def _push_side(target: Placement) -> Interaction:
    """Push at the middle of the side of the fixed body."""
    root = target.model.links[0]
    points = np.concatenate([part.mesh.vertices_m for part in root.parts])
    low, high = points.min(axis=0), points.max(axis=0)
    side = np.array([(low[0] + high[0]) / 2.0, high[1], (low[2] + high[2]) / 2.0])
    pose = target.world_from_object
    inwards = pose.turn(np.array([0.0, -1.0, 0.0]))
    return motion_answer(pose.apply(side), inwards, label="push", amount=PUSH_M)


def _query(target: Placement, joint: str) -> Query:
    noun = HELD_OUT if target.model.category == HELD_OUT else "cabinet"
    return Query("push", noun, front_part(joint), f"Push the {_called(target, joint)} shut.")


def _called(target: Placement, joint: str) -> str:
    """Return what a person calls a drawer or a door."""
    if joint.startswith(DRAWER):
        return f"{joint.removeprefix(DRAWER)} drawer"
    side = joint.removeprefix("door").removeprefix("_")
    noun = HELD_OUT if target.model.category == HELD_OUT else "cabinet"
    return f"{side} door" if side else f"{noun} door"
