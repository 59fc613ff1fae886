"""A miniature of 3DIR: photographs, object clouds, body contact and object centres."""

from __future__ import annotations

import pickle
from pathlib import Path

import numpy as np

from ivlm_bench.testing.miniatures.shapes import ANCHORS, heat, picture, shape
from ivlm_bench.testing.miniatures.spec import add_miniature

#: Order of a cloud's columns after x, y and z (lemon_3d dataset_utils/dataset_3DIR.py).
AFFORDANCES = (
    *("grasp", "lift", "open", "lay", "sit", "support", "wrapgrasp", "pour", "move", "pull"),
    *("listen", "press", "cut", "stab", "ride", "play", "carry"),
)
#: Vertices of the SMPL-H body.
N_VERTICES = 6890


def make(folder: Path, rng: np.random.Generator) -> None:
    """Write two photographs for each affordance of each object, and the lists of the split."""
    images: list[str] = []
    clouds: list[str] = []
    for thing, anchors in ANCHORS.items():
        cloud = f"Objects/{thing}/{thing}_1.txt"
        _write_cloud(folder / cloud, shape(thing, rng), thing)
        for affordance in (name for name in anchors if name in AFFORDANCES):
            for index in (1, 2):
                name = f"{thing}_{affordance}_{index}"
                image = f"Images/{thing}/{affordance}/{name}.jpg"
                _made(folder / image)
                picture(shape(thing, rng)).save(folder / image, quality=90)
                contact = folder / f"smplh_contact_pkl/{thing}/{affordance}/{name}.pkl"
                _dump(contact, _contact(rng))
                _dump(folder / f"obj_center/{thing}/{name}.pkl", rng.normal(0.0, 0.5, (1, 3)))
                images.append(f"Data/{image}")
                clouds.append(f"Data/{cloud}")
    lists = {"val.txt": images, "Point_val.txt": clouds}
    for name, lines in lists.items():
        _made(folder / "txt_scripts" / name).write_text("\n".join(lines) + "\n")


def _made(path: Path) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    return path


def _dump(path: Path, values: np.ndarray) -> None:
    _made(path).write_bytes(pickle.dumps(values, protocol=4))


def _contact(rng: np.random.Generator) -> np.ndarray:
    """Return contact (6890,), 0.0 or 1.0, in a run of vertices."""
    contact = np.zeros(N_VERTICES)
    first, n = int(rng.integers(0, N_VERTICES - 300)), int(rng.integers(50, 301))
    contact[first : first + n] = 1.0
    return contact


def _write_cloud(path: Path, points: np.ndarray, thing: str) -> None:
    """Write one line a point: x y z and 17 affordances, a blank at the end."""
    columns = [points, *(heat(points, thing, name)[:, None] for name in AFFORDANCES)]
    table = np.concatenate(columns, axis=1)
    rows = (" ".join(str(float(value)) for value in row) for row in table)
    _made(path).write_text("".join(f"{row} \n" for row in rows))


add_miniature("3dir", make)
