"""A miniature of PIAD: drawn photographs, text clouds, boxes and the lists that pair them."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np

from ivlm_bench.testing.miniatures.shapes import ANCHORS, heat, picture, shape
from ivlm_bench.testing.miniatures.spec import add_miniature

#: Order of a cloud's columns after x, y and z (IAGNet data_utils/dataset_PIAD.py).
AFFORDANCES = (
    *("grasp", "contain", "lift", "open", "lay", "sit", "support", "wrapgrasp", "pour"),
    *("move", "display", "push", "listen", "wear", "press", "cut", "stab"),
)
#: Objects of each setting.
_SETTINGS = {"Seen": ("Mug", "Knife"), "Unseen": ("Chair",)}
#: Where the owner's lists say the files are.
_OWNERS_FOLDER = "Data"


def make(folder: Path, rng: np.random.Generator) -> None:
    """Write both settings: two clouds an object, one photograph an affordance and cloud."""
    for setting, things in _SETTINGS.items():
        lists: dict[str, list[str]] = {"Img": [], "Point": [], "Box": []}
        for thing in things:
            for index in (1, 2):
                points = shape(thing, rng)
                cloud = f"{setting}/Point/Test/{thing}/Point_Test_{thing}_{index}.txt"
                _write_cloud(folder / cloud, points, thing)
                for affordance in ANCHORS[thing]:
                    name = f"Img_Test_{thing}_{affordance}_{index}"
                    image = f"{setting}/Img/Test/{thing}/{affordance}/{name}.jpg"
                    box = f"{setting}/Box/Test/{thing}/{affordance}/{name}.json"
                    _write_image(folder / image, shape(thing, rng))
                    _write_box(folder / box, has_subject=index == 1)
                    for kind, path in (("Img", image), ("Point", cloud), ("Box", box)):
                        lists[kind].append(f"{_OWNERS_FOLDER}/{path}")
        for kind, lines in lists.items():
            (folder / setting / f"{kind}_Test.txt").write_text("\n".join(lines) + "\n")


def _write_cloud(path: Path, points: np.ndarray, thing: str) -> None:
    """Write one line a point: an id, the object, x y z and 17 affordances, a blank at the end."""
    path.parent.mkdir(parents=True, exist_ok=True)
    columns = [points, *(heat(points, thing, name)[:, None] for name in AFFORDANCES)]
    table = np.concatenate(columns, axis=1).astype(np.float32)
    rows = (" ".join(str(value) for value in row) for row in table)
    path.write_text("".join(f"{path.stem} {thing} {row} \n" for row in rows))


def _write_image(path: Path, points: np.ndarray) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    picture(points).save(path, quality=90)


def _write_box(path: Path, *, has_subject: bool) -> None:
    """Write the rectangles of the person and the object as labelme does; one may be missing."""
    shapes = [{"label": "object", "points": [[20.0, 18.5], [76.0, 80.0]]}]
    if has_subject:
        shapes.insert(0, {"label": "subject", "points": [[4.0, 6.0], [60.0, 90.0]]})
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps({"version": "3.16.7", "shapes": shapes}))


add_miniature("piad", make)
