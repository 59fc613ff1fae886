"""A miniature of 3D AffordanceNet: whole, partial and turned shapes in pickles."""

from __future__ import annotations

import pickle
from pathlib import Path
from typing import Any

import numpy as np

from ivlm_bench.testing.miniatures.shapes import ANCHORS, N_POINTS, heat, shape
from ivlm_bench.testing.miniatures.spec import add_miniature

#: Affordances in the order and spelling of the owner's files.
AFFORDANCES = (
    *("grasp", "contain", "lift", "openable", "layable", "sittable", "support", "wrap_grasp"),
    *("pourable", "move", "displaY", "pushable", "pull", "listen", "wear", "press", "cut", "stab"),
)
#: Which region of the miniatures' shapes stands for an affordance: every one of the 18 needs some
#: shape that has it, as in the owner's splits, or the official means are NaN.
_ANCHOR_NAMES = {
    "sittable": "sit",
    "layable": "sit",
    "wear": "sit",
    "openable": "contain",
    "wrap_grasp": "wrapgrasp",
    "listen": "wrapgrasp",
    "lift": "grasp",
    "pourable": "pour",
    "pushable": "move",
    "pull": "move",
    "displaY": "support",
    "press": "cut",
}
#: Views of a partial shape and turns of a whole one; the owner has more.
_N_VIEWS = 2


def make(folder: Path, rng: np.random.Generator) -> None:
    """Write the splits "test" and "val": three shapes each, one with an empty affordance."""
    for split in ("test", "val"):
        whole: list[dict[str, Any]] = []
        partial: list[dict[str, Any]] = []
        rotate: list[dict[str, Any]] = []
        for thing in ANCHORS:
            about = {
                "shape_id": f"{rng.integers(16**12):012x}",
                "semantic class": thing,
                "affordance": list(AFFORDANCES),
            }
            points = shape(thing, rng)
            whole.append(about | {"full_shape": _labelled(points, thing)})
            views = {f"view_{i}": _labelled(_seen(points, rng), thing) for i in range(_N_VIEWS)}
            partial.append(about | {"partial": views})
            rotate.append(about | {"rotate": _turns(rng)})
        for name, entries in (("full_shape", whole), ("partial", partial), ("rotate", rotate)):
            path = folder / f"{name}_{split}_data.pkl"
            path.write_bytes(pickle.dumps(entries, protocol=4))


def _labelled(points: np.ndarray, thing: str) -> dict[str, Any]:
    """Return coordinates and the probability (2048, 1) of each affordance."""
    labels = {
        name: heat(points, thing, _ANCHOR_NAMES.get(name, name)).astype(np.float32)[:, None]
        for name in AFFORDANCES
    }
    return {"coordinate": points.astype(np.float32), "label": labels}


def _seen(points: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """Return 2048 points of the half that faces a random side."""
    side = rng.normal(size=3)
    depth = points @ side
    half = points[depth >= np.median(depth)]
    return half[rng.integers(0, len(half), N_POINTS)]


def _turns(rng: np.random.Generator) -> dict[str, dict[str, np.ndarray]]:
    """Return rotations about z and about any axis."""
    about_z, about_any = {}, {}
    for index in range(_N_VIEWS):
        c, s = np.cos(index + 0.5), np.sin(index + 0.5)
        about_z[str(index)] = np.array([[c, -s, 0.0], [s, c, 0.0], [0.0, 0.0, 1.0]])
        q, r = np.linalg.qr(rng.normal(size=(3, 3)))
        turn = q * np.sign(np.diag(r))
        about_any[str(index)] = turn * np.linalg.det(turn)
    return {"z": about_z, "so3": about_any}


add_miniature("affordancenet", make)
