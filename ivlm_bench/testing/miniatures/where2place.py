"""A miniature of Where2Place: three drawn tables, JPEG masks and two files of questions."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
from PIL import Image

from ivlm_bench.testing.miniatures.spec import add_miniature
from ivlm_bench.testing.miniatures.tabletops import bitmap, tabletop

_N = 3
#: The size of all its pictures, by which the official parser multiplies fractions.
_WIDTH_PX, _HEIGHT_PX = 640, 480
_ENDS = {
    "point": "Your answer should be formatted as a list of tuples, i.e. [(x1, y1), ...], with "
    "coordinates between 0 and 1.",
    "bbox": "Your answer should be formatted as a box (x1, y1, x2, y2), with coordinates between "
    "0 and 1.",
}


def make(folder: Path, rng: np.random.Generator) -> None:
    """Write three questions, once for points and once for boxes."""
    for name in ("images", "masks"):
        (folder / name).mkdir()
    lines: dict[str, list[str]] = {kind: [] for kind in _ENDS}
    for index in range(_N):
        scene = tabletop(rng, width_px=_WIDTH_PX, height_px=_HEIGHT_PX)
        Image.fromarray(scene.picture).save(folder / "images" / f"{index:02d}.jpg", quality=90)
        bitmap(scene.free).save(folder / "masks" / f"{index:02d}.jpg", quality=90)
        asked = "Find vacant spots on the table beside the blocks."
        for kind, end in _ENDS.items():
            entry = {
                "question_id": index,
                "image": f"{index:02d}.jpg",
                "text": f"{asked} {end}",
                "category": "free",
            }
            lines[kind].append(json.dumps(entry))
    for kind, entries in lines.items():
        (folder / f"{kind}_questions.jsonl").write_text("\n".join(entries) + "\n")


add_miniature("where2place", make)
