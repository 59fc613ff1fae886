"""Posts with a spout or a handle, and handles that arch over a vessel.

What a spout looks like beside a handle is learnt here; no post has both a spout and something on
its top that turns, as taps have. Frames as in ``fittings``; lengths in m.
"""

from __future__ import annotations

import numpy as np

from ivlm_bench.geometry.solids import Solid, cylinder, joined, lathe, swept_tube
from ivlm_bench.geometry.solids import box as box_solid
from ivlm_bench.types import Pose
from ivlm_envs.drills import fittings
from ivlm_envs.drills.carriers import FACETS, Carrier, Placed, outwards
from ivlm_envs.objects.boards import turned_to
from ivlm_envs.objects.handles import bar_section

#: Height and radius of a post; radius of its foot over its own.
HEIGHT_M, RADIUS_M, FOOT = (0.07, 0.18), (0.009, 0.026), (1.0, 1.9)
#: Shares of posts with a spout, and of those with a loop on the other side.
SPOUT_SHARE, LOOP_SHARE = 0.55, 0.35
#: Reach of an arched spout, its rise and its drop as shares of the reach, and its thickness.
REACH_M, RISE, DROP, THICK_M = (0.035, 0.10), (0.0, 0.6), (0.1, 0.7), (0.009, 0.020)
#: Length of a handle across a post's top, thickness, and how long its stem is.
ACROSS_M, BAR_M, STEM_M = (0.035, 0.09), (0.005, 0.012), (0.002, 0.012)
_Y = np.array([0.0, 1.0, 0.0])


def post(rng: np.random.Generator) -> tuple[Carrier, list[Placed]]:
    """Return a post and what is on it."""
    carrier = _post_carrier(rng)
    azimuth = float(rng.uniform(-np.pi, np.pi))
    if rng.random() >= SPOUT_SHARE:
        return carrier, _put(_across(carrier, rng), carrier)
    level = float(rng.uniform(0.6, 0.95))
    parts = [("spout", arched_spout(rng).moved(carrier.at(azimuth, level)))]
    if rng.random() < LOOP_SHARE:
        loop = fittings.loop_handle(0.6 * carrier.height_m, rng)
        parts.append(("handle", loop.moved(carrier.at(azimuth + np.pi, 0.5))))
    return carrier, parts


def _post_carrier(rng: np.random.Generator) -> Carrier:
    height, radius = float(rng.uniform(*HEIGHT_M)), float(rng.uniform(*RADIUS_M))
    foot, plate = radius * float(rng.uniform(*FOOT)), 0.08 * height
    narrow = radius * float(rng.uniform(0.7, 1.0))
    side = [[foot, 0.0], [foot, plate], [radius, plate + 0.002], [narrow, height]]
    bands = [[[0.0, 0.0], side[0]], side, [side[-1], [0.0, height]]]
    body = lathe([np.array(band) for band in bands], FACETS)

    def at(azimuth_rad: float, share: float) -> Pose:
        wide = float(np.interp(share, (0.1, 1.0), (radius, narrow)))
        return outwards(azimuth_rad, wide, share * height)

    return Carrier("post", (("body", body),), at, height, narrow)


def _put(parts: list[Placed], carrier: Carrier) -> list[Placed]:
    return [(name, fittings.upwards(solid).at(0.0, 0.0, carrier.height_m)) for name, solid in parts]


def arched_spout(rng: np.random.Generator) -> Solid:
    """Return a bent tube that leads out, up and down again."""
    reach, thick = float(rng.uniform(*REACH_M)), float(rng.uniform(*THICK_M))
    rise, drop = reach * float(rng.uniform(*RISE)), reach * float(rng.uniform(*DROP))
    t = np.linspace(0.0, 1.0, fittings.N_PATH)
    out = reach * np.sin(0.5 * np.pi * t) ** float(rng.uniform(0.7, 1.0))
    up = rise * np.sin(np.pi * np.minimum(t / 0.7, 1.0)) - drop * np.maximum(t - 0.55, 0.0) / 0.45
    path = np.stack([out - 2 * fittings.ROOT_M, 0.0 * t, up], axis=1)
    return fittings.swelled(path, bar_section((thick, thick)), rng.uniform(0.8, 1.15, 3))


def _across(carrier: Carrier, rng: np.random.Generator) -> list[Placed]:
    """Return a bar, a cross or an arm on a stem, its frame's x axis up."""
    long, thick, stem = (float(rng.uniform(*r)) for r in (ACROSS_M, BAR_M, STEM_M))
    boss = cylinder(carrier.top_radius_m * float(rng.uniform(0.5, 1.0)), stem + 2 * thick)
    middle = turned_to(boss, "x").at((stem + 2 * thick) / 2 - fittings.ROOT_M, 0.0, 0.0)
    kind = int(rng.integers(3))  # a bar, a cross, or an arm to one side
    arm = box_solid((thick, 1.3 * thick, long), radius_m=0.3 * thick)
    height = stem + thick - fittings.ROOT_M
    pieces = [middle, arm.at(height, 0.0, 0.45 * long if kind == 2 else 0.0)]
    if kind == 1:
        pieces.append(fittings.crosswise(arm).at(height, 0.0, 0.0))
    turn = float(rng.uniform(-np.pi, np.pi))
    c, s = np.cos(turn), np.sin(turn)
    about = Pose.from_rotation(np.array([[1.0, 0, 0], [0, c, -s], [0, s, c]]), np.zeros(3))
    return [("handle", joined(pieces).moved(about))]


def arch_handle(span_m: float, rng: np.random.Generator) -> Solid:
    """Return a handle that arches from one side of a top to the other, its x axis up."""
    half = 0.5 * span_m * float(rng.uniform(0.85, 0.98))
    t, square = np.linspace(0.0, np.pi, fittings.N_PATH), float(rng.uniform(0.4, 1.0))
    up = half * float(rng.uniform(0.8, 2.2)) * np.abs(np.sin(t)) ** square
    along = half * np.sign(np.cos(t)) * np.abs(np.cos(t)) ** square
    path = np.stack([up - fittings.ROOT_M, 0.0 * t, along], axis=1)
    thick = (float(rng.uniform(*fittings.BAR_M)), float(rng.uniform(*fittings.BAR_M)))
    return swept_tube(path, bar_section(thick), _Y)
