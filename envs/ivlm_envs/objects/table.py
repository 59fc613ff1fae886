"""The table that everything stands on: a fixed board whose top is the plane z = 0."""

from __future__ import annotations

import numpy as np

from ivlm_bench.geometry.solids import box as box_solid
from ivlm_bench.objects import OBJECTS, ObjectFamily, Split
from ivlm_bench.types import ObjectModel
from ivlm_envs.objects import textures as tx
from ivlm_envs.objects.boards import CHART_AXES
from ivlm_envs.objects.bodies import affordance, link, part, solid_mass

#: Size of the board (m).
TABLE_SIZE_M = (1.2, 1.2, 0.05)
#: Radius of its edges (m): the visible difference between the pools.
EDGE_M = {"seen": (0.0005, 0.003), "unseen": (0.006, 0.012)}
#: Density of beech wood (kg/m3); the table is fixed, so it only has to be positive.
DENSITY_KG_M3 = 700.0
#: Distance after which the texture repeats (m).
REPEAT_M = 0.60
#: Instances in each pool: the table is background, few looks are enough.
POOL_SIZE = 12


def make_table(name: str, split: Split, rng: np.random.Generator) -> ObjectModel:
    """Build a table top of wood, planks or laminate."""
    size = np.array(TABLE_SIZE_M)
    solid = box_solid(size, radius_m=float(rng.uniform(*EDGE_M[split])), inner_steps=6)
    solid = solid.with_uv(solid.uv * size[CHART_AXES[solid.chart]] / REPEAT_M)
    board = part("board", solid.at(0.0, 0.0, -TABLE_SIZE_M[2] / 2), _surface(rng))
    body = solid_mass([board.mesh], DENSITY_KG_M3, mass_range_kg=(1.0, 100.0))
    links = (link("table", [board], body),)
    return ObjectModel(
        name=name,
        category="table",
        cluster=name,
        split=split,
        links=links,
        affordances={"grasp": affordance(links, {})},
        fixed_base=True,
    )


def _surface(rng: np.random.Generator) -> np.ndarray:
    kind = rng.random()
    colour = tx.jittered(rng, tx.pick(rng, tx.WOODS), 6.0)
    if kind < 0.5:
        return tx.planks(rng, colour)
    if kind < 0.85:
        return tx.wood(rng, colour, 128)
    return tx.stone(rng, tx.pick(rng, ((188, 186, 180), (120, 122, 126), (206, 200, 188))))


OBJECTS.register("table", ObjectFamily("table", make_table, POOL_SIZE, POOL_SIZE))
