"""A miniature of VISOR-HOS: drawn hands that touch blocks, as COCO polygons and run lengths."""

from __future__ import annotations

import json
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
from jaxtyping import Bool
from PIL import Image

from ivlm_bench.metrics.run_length import decode, encode
from ivlm_bench.testing.miniatures.spec import add_miniature

_HEIGHT_PX, _WIDTH_PX = 120, 160
_SPLITS = {"val": 4, "train": 2}
#: The owner's folder and classes, by miniature.
_TASKS = {
    "visor": ("hos", ("hand", "object")),
    "visor_handside": ("handside", ("left", "right")),
    "visor_contact": ("contact", ("not_incontact", "incontact")),
    "visor_combineho": ("combineHO", ("combineHandObj",)),
}
_SKIN, _BLOCK, _BOARD = (206, 158, 130), (60, 90, 150), (186, 180, 168)


def make(folder: Path, rng: np.random.Generator, *, name: str = "visor") -> None:
    """Write frames with a hand, all but the last of a split with a touched block beside it."""
    task, classes = _TASKS[name]
    home = folder / f"epick_visor_coco_{task}"
    (home / "annotations").mkdir(parents=True)
    for split, n in _SPLITS.items():
        (home / split).mkdir()
        images: list[dict[str, Any]] = []
        annotations: list[dict[str, Any]] = []
        for index in range(n):
            frame = f"P01_107_frame_{index + 1:010d}.jpg"
            found, picture = _frame(index, rng, has_object=index < n - 1)
            Image.fromarray(picture).save(home / split / frame, quality=90)
            size = {"height": _HEIGHT_PX, "width": _WIDTH_PX}
            images.append({"id": index, "file_name": frame, **size})
            annotations += _of_task(found, task)
        for number, each in enumerate(annotations, start=1):
            each["id"] = number
        categories = [{"id": index, "name": each} for index, each in enumerate(classes, start=1)]
        coco = {"images": images, "annotations": annotations, "categories": categories}
        (home / "annotations" / f"{split}.json").write_text(json.dumps(coco))


def _of_task(found: list[dict[str, Any]], task: str) -> list[dict[str, Any]]:
    """Return a frame's annotations (hand, perhaps object) as the owner writes them for a task."""
    hand, *things = found
    if task == "hos":
        return found
    if task == "combineHO":
        if not things:
            return [hand]
        size = {"height_px": _HEIGHT_PX, "width_px": _WIDTH_PX}
        both = np.any([decode(each["segmentation"], **size) for each in found], axis=0)
        return [hand | _annotation(hand["image_id"], 1, both, encode(both))]
    side = hand["handside"] if task == "handside" else hand["isincontact"]
    return [hand | {"category_id": side + 1}]


def _frame(
    image_id: int, rng: np.random.Generator, *, has_object: bool
) -> tuple[list[dict[str, Any]], np.ndarray]:
    picture = np.full((_HEIGHT_PX, _WIDTH_PX, 3), _BOARD, dtype=np.uint8)
    left, top = int(rng.integers(10, 50)), int(rng.integers(30, 60))
    hand = _box(left, top, 40, 34)
    picture[hand] = _SKIN
    corners = [left, top, left + 40, top, left + 40, top + 34, left, top + 34]
    side = {"handside": int(rng.integers(2)), "isincontact": int(has_object)}
    found = [_annotation(image_id, 1, hand, [[float(v) for v in corners]]) | side]
    if has_object:
        block = _box(left + 38, top + 4, 36, 20) & ~hand
        picture[block] = _BLOCK
        none = {"handside": -1, "isincontact": -1, "offset": [-1, -1, -1]}
        found[0]["offset"] = [1.0, 0.0, 0.037]
        found.append(_annotation(image_id, 2, block, encode(block)) | none)
    else:
        found[0]["offset"] = [-1, -1, -1]
    return found, picture


def _box(left: int, top: int, width: int, height: int) -> Bool[np.ndarray, "h w"]:
    mask = np.zeros((_HEIGHT_PX, _WIDTH_PX), dtype=bool)
    mask[top : top + height, left : left + width] = True
    return mask


def _annotation(
    image_id: int, category: int, mask: Bool[np.ndarray, "h w"], segmentation: Any
) -> dict[str, Any]:
    rows, columns = np.nonzero(mask)
    low = int(columns.min()), int(rows.min())
    size = int(columns.max()) + 1 - low[0], int(rows.max()) + 1 - low[1]
    return {
        "image_id": image_id,
        "category_id": category,
        "bbox": [*low, *size],
        "area": int(mask.sum()),
        "segmentation": segmentation,
        "iscrowd": 0,
        "exhaustive": "y",
    }


for _name in _TASKS:
    add_miniature(_name, partial(make, name=_name))
