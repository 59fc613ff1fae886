"""A miniature of LASO: annotations and shapes in pickles, questions in a table."""

from __future__ import annotations

import csv
import pickle
from pathlib import Path

import numpy as np

from ivlm_bench.testing.miniatures.shapes import ANCHORS, heat, shape
from ivlm_bench.testing.miniatures.spec import add_miniature

#: Objects of each split, two shapes each.
_SPLITS = {"test": ("Mug", "Knife"), "val": ("Chair",)}
#: The owner's spelling where it differs.
_SPELLED = {"wrapgrasp": "wrap_grasp"}
_N_QUESTIONS = 15


def make(folder: Path, rng: np.random.Generator) -> None:
    """Write annotations and shapes of both splits, and the questions of all pairs."""
    for split, things in _SPLITS.items():
        notes, objects = [], {}
        for thing in things:
            for index in (1, 2):
                points = shape(thing, rng).astype(np.float32)
                shape_id = f"{rng.integers(16**12):012x}{index}"
                objects[shape_id] = points
                notes += [
                    {
                        "shape_id": shape_id,
                        "class": thing.lower(),
                        "affordance": _SPELLED.get(name, name),
                        "mask": heat(points.astype(float), thing, name).astype(np.float32),
                    }
                    for name in ANCHORS[thing]
                ]
        (folder / f"anno_{split}.pkl").write_bytes(pickle.dumps(notes, protocol=4))
        (folder / f"objects_{split}.pkl").write_bytes(pickle.dumps(objects, protocol=4))
    _write_questions(folder / "Affordance-Question.csv")


def _write_questions(path: Path) -> None:
    """Write 15 questions a pair of object and affordance."""
    with path.open("w", newline="", encoding="utf-8") as file:
        table = csv.writer(file)
        table.writerow(["Object", "Affordance", *(f"Question{i}" for i in range(_N_QUESTIONS))])
        for thing, anchors in ANCHORS.items():
            for name in anchors:
                asked = [
                    f"Where on the {thing.lower()} is the part for '{name}'? (wording {i})"
                    for i in range(_N_QUESTIONS)
                ]
                table.writerow([thing.lower(), _SPELLED.get(name, name), *asked])


add_miniature("laso", make)
