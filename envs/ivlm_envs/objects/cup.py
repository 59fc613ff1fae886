"""Cups: mugs without a handle, the visible reason why one can't be held by it."""

from __future__ import annotations

import numpy as np

from ivlm_bench.objects import OBJECTS, ObjectFamily, Split
from ivlm_bench.types import ObjectModel
from ivlm_envs.objects.bodies import affordance, link, solid_mass
from ivlm_envs.objects.clearance import best_first, clear_grasps, rest_hulls
from ivlm_envs.objects.vessel import (
    DENSITIES_KG_M3,
    MASS_KG,
    body_grasps,
    body_part,
    draw_vessel,
    glazes,
    graspable_wall,
)


def make_cup(name: str, split: Split, rng: np.random.Generator) -> ObjectModel:
    """Build a cup."""
    shape = draw_vessel(split, rng)
    texture, _ = glazes(rng)
    body = body_part(shape, texture)
    density = float(rng.choice(DENSITIES_KG_M3))
    mass = solid_mass([body.mesh], density, mass_range_kg=MASS_KG)
    links = (link("cup", [body], mass),)
    wall = graspable_wall(shape, body)
    grasps = best_first(body_grasps(shape), mass.centre_of_mass_m)
    return ObjectModel(
        name=name,
        category="cup",
        cluster=name,
        split=split,
        links=links,
        affordances={"grasp": affordance(links, {"body": wall / wall.max()})},
        grasps=clear_grasps(grasps, rest_hulls(links)),
    )


OBJECTS.register("cup", ObjectFamily("cup", make_cup))
