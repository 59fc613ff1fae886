"""Slopes: fixed ramps and slanted boards so steep that nothing stays on them."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from ivlm_bench.geometry.solids import Solid, prism
from ivlm_bench.objects import OBJECTS, ObjectFamily, Split
from ivlm_bench.types import ObjectModel
from ivlm_envs.objects import textures as tx
from ivlm_envs.objects.boards import turned_to
from ivlm_envs.objects.bodies import affordance, assembled, link, solid_mass
from ivlm_envs.objects.panel import CAP_COLOURS

#: Inclination (degrees): friction 0.6 holds up to 31 degrees, and 0.9, the largest, up to 42.
INCLINE_DEG = (44.0, 52.0)
#: Length of the base down the slope (m): the visible difference between the pools.
LENGTH_M = {"seen": (0.100, 0.125), "unseen": (0.140, 0.170)}
#: Width across the slope, and height of the lower edge (m).
WIDTH_M, LIP_M = (0.110, 0.160), (0.006, 0.014)
#: Thickness of the sloping layer, upright, and of the legs under a slanted board (m).
LAYER_M, LEG_M = 0.012, 0.016
#: Density of painted wood (kg/m3); a slope is fixed, so it only has to be positive.
DENSITY_KG_M3 = 600.0
MASS_KG = (0.05, 20.0)
#: Kinds by the word a person uses who does not tell the answer: a ramp, a board on legs.
KINDS = ("block", "stand")


def make_slope(name: str, split: Split, rng: np.random.Generator) -> ObjectModel:
    """Build a ramp, or a slanted board on legs; it falls towards +x."""
    kind, colour = str(rng.choice(KINDS)), str(rng.choice(list(CAP_COLOURS)))
    length, width = float(rng.uniform(*LENGTH_M[split])), float(rng.uniform(*WIDTH_M))
    lip, steepness = float(rng.uniform(*LIP_M)), np.tan(np.deg2rad(rng.uniform(*INCLINE_DEG)))
    texture = tx.speckles(rng, (CAP_COLOURS[colour], tx.jittered(rng, CAP_COLOURS[colour], 9.0)))
    half = length / 2

    def under(x: float) -> tuple[float, float]:
        return x, lip + (half - x) * steepness

    ends = (under(half), under(-half))
    top = assembled("top", [_prism([*ends, *(_above(end) for end in ends[::-1])], width)], texture)
    spans = [(-half, half)]
    if kind == "stand":
        spans = [(-half, LEG_M - half), (half - LEG_M, half)]
    under_top = [[(a, 0.0), (b, 0.0), under(b), under(a)] for a, b in spans]
    base = assembled("base", [_prism(outline, width) for outline in under_top], texture)
    mass = solid_mass([top.mesh, base.mesh], DENSITY_KG_M3, mass_range_kg=MASS_KG)
    links = (link(f"{colour}_{kind}", [top, base], mass),)
    return ObjectModel(
        name=name,
        category="slope",
        cluster=name,
        split=split,
        links=links,
        affordances={"place": affordance(links, {})},
        fixed_base=True,
    )


def _above(point: tuple[float, float]) -> tuple[float, float]:
    return point[0], point[1] + LAYER_M


def _prism(outline: Sequence[tuple[float, float]], width: float) -> Solid:
    """Return the prism of an outline of (x, z), in any sense of turning, across y."""
    corners = np.array(outline)[:, ::-1]  # turned to y, a prism's first coordinate runs along z
    following = np.roll(corners, -1, axis=0)
    area = np.sum(corners[:, 0] * following[:, 1] - following[:, 0] * corners[:, 1])
    solid = prism(corners if area > 0 else corners[::-1], width)
    return turned_to(solid, "y").at(0.0, -width / 2, 0.0)


OBJECTS.register("slope", ObjectFamily("slope", make_slope))
