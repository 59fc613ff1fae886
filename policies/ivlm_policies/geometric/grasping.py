"""Grasp: antipodal grasps over the whole thing, or over the part that shape rules find."""

from __future__ import annotations

import numpy as np

from ivlm_bench.geometry.antipodal import antipodal_grasps
from ivlm_bench.geometry.cloud import Cloud
from ivlm_bench.geometry.lifting import spread_maps
from ivlm_bench.geometry.seen import Seen
from ivlm_bench.types import Grasp, Interaction, Observation
from ivlm_policies.geometric.answers import MAP_RADIUS_M, abstention
from ivlm_policies.geometric.handles import handle_weights, long_handle_weights

#: Seed of the grasp search; the same observation gives the same answer.
SEARCH_SEED = 1
#: At most this many points, evenly strided, are searched, seen or guessed: what a search costs.
MAX_POINTS, MAX_GUESSED_POINTS = 2500, 1200
#: Parts at the upper end of a thing, and the share of its height that they take.
UPPER_PARTS = ("cap", "lid", "neck")
UPPER_SHARE = 0.30


def grasp(observation: Observation, seen: Seen, thing: np.ndarray) -> Interaction:
    """Return antipodal grasps of a thing, given as a mask of ``seen.solid``, best first."""
    target = seen.solid.select(thing)
    query = observation.query
    wishes = part_wishes(target, f"{query.part_name} {query.text}".lower())
    if not wishes and seen.source == "depth":
        return abstention("nothing sticks out of the body that could be a handle")
    grasps: tuple[Grasp, ...] = ()
    for wish in wishes or (np.ones(len(target)),):  # a guessed shape proves no part's absence
        grasps = grasps or _search(observation, seen, thing, wish)
    if not grasps and seen.source != "depth":
        return _aimed(seen, query.interaction, target, wishes)
    if not grasps:
        return abstention("no two opposite surfaces fit into the gripper and can be reached")
    contacts = _contacts(grasps[0], target)
    return Interaction(
        label_prob={"grasp": 1.0},
        affordance_maps=spread_maps(seen.views, contacts, radius_m=MAP_RADIUS_M),
        contact_points_m=contacts,
        grasps=grasps,
        feasible_prob=float(np.clip(grasps[0].prob, 0.0, 1.0)),
    )


def _aimed(seen: Seen, label: str, target: Cloud, wishes: tuple[np.ndarray, ...]) -> Interaction:
    """Return the wished point of a guessed shape, which no grasp need be found on."""
    wish = wishes[0] if wishes and wishes[0].any() else np.ones(len(target))
    point = (wish[:, None] * target.points_m).sum(axis=0, keepdims=True) / wish.sum()
    return Interaction(
        label_prob={label: 1.0},
        affordance_maps=spread_maps(seen.views, point, radius_m=MAP_RADIUS_M),
        contact_points_m=point,
        feasible_prob=0.5,
    )


def _search(
    observation: Observation, seen: Seen, thing: np.ndarray, wish: np.ndarray
) -> tuple[Grasp, ...]:
    """Return grasps of a thing's wished points that touch nothing else."""
    wishes = np.zeros(len(seen.solid))
    wishes[thing] = wish
    limit = MAX_POINTS if seen.source == "depth" else MAX_GUESSED_POINTS
    kept = np.arange(0, len(wishes), len(wishes) // limit + 1)
    rng = np.random.default_rng(SEARCH_SEED)
    return antipodal_grasps(seen.solid.select(kept), wishes[kept], observation.gripper, rng)


def part_wishes(target: Cloud, words: str) -> tuple[np.ndarray, ...]:
    """Return wishes (n,) in [0, 1] to touch each point, the likeliest part first, none if none."""
    if "handle" in words:
        sticking_out = handle_weights(target)
        own = () if sticking_out is None else (sticking_out,)
        return long_handle_weights(target) or own
    if any(part in words for part in UPPER_PARTS):
        height = target.points_m[:, 2]
        upper = height >= height.max() - UPPER_SHARE * np.ptp(height)
        return (np.asarray(upper, np.float64),)
    return (np.ones(len(target)),)


def _contacts(found: Grasp, target: Cloud) -> np.ndarray:
    """Return the points (2, 3) of the object that the pads of a grasp will touch first."""
    local = found.world_from_gripper.inverse().apply(target.points_m)
    between = (np.abs(local[:, 0]) < 0.5 * found.width_m) & (np.abs(local[:, 1]) < 0.01)
    between &= np.abs(local[:, 2]) < 0.02
    if not between.any():
        return found.world_from_gripper.position_m[None]
    inside = target.points_m[between]
    x = local[between, 0]
    return np.stack([inside[int(np.argmin(x))], inside[int(np.argmax(x))]])
