"""Made-up pairs of meshes for ``ivlm-bench plausibility``: a hand of two fingers about a can."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import trimesh

from ivlm_bench.testing.miniatures.spec import add_miniature

#: Radius and height of the can, m; it stands on z = 0.
RADIUS_M, HEIGHT_M = 0.03, 0.10
#: Sides of a finger: across the can, along it, upwards, m.
FINGER_M = (0.016, 0.020, 0.100)
#: Where a finger begins above the ground, and how thick the palm above both is, m.
LOW_M, PALM_M = 0.04, 0.02
#: How far each finger reaches into the can, by pair, m: a touch, far too deep, a gap.
REACH_M = {"touching": 0.001, "deep": 0.012, "apart": -0.020}
#: Largest change of a reach by the draw, m.
SPREAD_M = 0.0003
#: How often the faces of the hand are cut in four: vertices enough for measures at vertices.
N_CUTS = 4


def make(folder: Path, rng: np.random.Generator) -> None:
    """Write ``NAME.hand.obj`` and ``NAME.object.obj`` of each pair, metres, z up."""
    for name, reach_m in REACH_M.items():
        into_m = reach_m + float(rng.uniform(-SPREAD_M, SPREAD_M))
        _write(folder / f"{name}.hand.obj", _hand(into_m))
        _write(folder / f"{name}.object.obj", _can())


def _hand(into_m: float) -> trimesh.Trimesh:
    """Return two fingers that reach into the can from both sides, and the palm over it."""
    away_m = RADIUS_M + FINGER_M[0] / 2.0 - into_m
    middle_m = LOW_M + FINGER_M[2] / 2.0
    top_m = LOW_M + FINGER_M[2]
    palm = _box((2.0 * away_m + FINGER_M[0], FINGER_M[1], PALM_M), (0.0, 0.0, top_m))
    fingers = [_box(FINGER_M, (side * away_m, 0.0, middle_m)) for side in (-1.0, 1.0)]
    join: Callable[..., Any] = trimesh.util.concatenate
    hand: trimesh.Trimesh = join([*fingers, palm])
    return hand


def _box(size_m: tuple[float, ...], centre_m: tuple[float, ...]) -> trimesh.Trimesh:
    create: Callable[..., trimesh.Trimesh] = trimesh.creation.box
    box = create(extents=size_m)
    for _ in range(N_CUTS):
        box = box.subdivide()
    return trimesh.Trimesh(box.vertices + np.array(centre_m), box.faces, process=False)


def _can() -> trimesh.Trimesh:
    create: Callable[..., trimesh.Trimesh] = trimesh.creation.cylinder
    can = create(radius=RADIUS_M, height=HEIGHT_M, sections=64)
    raised = can.vertices + np.array([0.0, 0.0, HEIGHT_M / 2.0])
    return trimesh.Trimesh(raised, can.faces, process=False)


def _write(path: Path, mesh: trimesh.Trimesh) -> None:
    lines = [f"v {x:.6f} {y:.6f} {z:.6f}" for x, y, z in np.asarray(mesh.vertices)]
    lines += [f"f {a} {b} {c}" for a, b, c in np.asarray(mesh.faces) + 1]
    path.write_text("\n".join(lines) + "\n", encoding="utf-8")


add_miniature("pairs", make)
