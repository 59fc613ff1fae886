"""A miniature of DAMON: archives of contact for six photographs, with made-up bodies."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image, ImageDraw

from ivlm_bench.testing.miniatures.spec import add_miniature

#: Vertices of the SMPL body.
N_VERTICES = 6890
#: Objects that are touched in each photograph; "supporting" is what the body rests on.
_TOUCHED = (
    ("frisbee",),
    ("skateboard", "supporting"),
    ("bench", "cell_phone"),
    ("tennis_racket",),
    ("supporting",),
    ("cup", "dining_table", "supporting"),
)
#: Folder of the images, as the owner's arrays name it.
_IMAGES = "datasets/HOT-Annotated/images/training"
#: First image of each split, and the names of its photographs as in HOT.
_SPLITS = {"test": (0, "hake_train2015"), "trainval": (100, "vcoco")}


def make(folder: Path, rng: np.random.Generator) -> None:
    """Write ``hot_dca_test.npz``, ``hot_dca_trainval.npz`` and the photographs they name."""
    home = folder / "Release_Datasets" / "damon"
    home.mkdir(parents=True)
    for split, (first, source) in _SPLITS.items():
        names = [f"{_IMAGES}/{source}_{first + i:08d}.jpg" for i in range(len(_TOUCHED))]
        for name in names:
            _write_photograph(folder / name, rng)
        by_object = [{thing: _patch(rng) for thing in things} for things in _TOUCHED]
        _write_archive(home / f"hot_dca_{split}.npz", names, by_object, rng)


def _patch(rng: np.random.Generator) -> list[int]:
    """Return a run of 20 to 200 vertices, as lists of numbers in the owner's arrays."""
    first, n = int(rng.integers(0, N_VERTICES - 200)), int(rng.integers(20, 201))
    return list(range(first, first + n))


def _write_archive(
    path: Path, names: list[str], by_object: list[dict[str, list[int]]], rng: np.random.Generator
) -> None:
    n = len(names)
    contact = np.zeros((n, N_VERTICES))
    for row, touched in enumerate(by_object):
        for vertices in touched.values():
            contact[row, vertices] = 1.0
    objects = np.empty(n, dtype=object)
    objects[:] = by_object
    folders = {"polygon_2d_contact": "annotations", "scene_seg": "scene", "part_seg": "part"}
    masks: dict[str, Any] = {
        key: np.array([name.replace("images", kind).replace(".jpg", ".png") for name in names])
        for key, kind in folders.items()
    }
    np.savez(
        path,
        imgname=np.array(names),
        pose=rng.normal(0.0, 0.3, (n, 72)),
        transl=rng.normal(0.0, 1.0, (n, 3)),
        shape=rng.normal(0.0, 1.0, (n, 10)),
        cam_k=np.tile(np.diag([500.0, 500.0, 1.0]), (n, 1, 1)),
        contact_label=contact,
        contact_label_objectwise=objects,
        **masks,
    )


def _write_photograph(path: Path, rng: np.random.Generator) -> None:
    """Write a picture of a stick figure."""
    path.parent.mkdir(parents=True, exist_ok=True)
    image = Image.new("RGB", (80, 100), tuple(int(c) for c in rng.integers(150, 230, 3)))
    pen = ImageDraw.Draw(image)
    pen.ellipse((32, 8, 48, 24), fill=(90, 60, 40))
    for line in ((40, 24, 40, 60), (40, 34, 20, 50), (40, 34, 62, 44), (40, 60, 26, 92)):
        pen.line(line, fill=(40, 40, 80), width=5)
    pen.line((40, 60, 54, 92), fill=(40, 40, 80), width=5)
    image.save(path, quality=90)


add_miniature("damon", make)
