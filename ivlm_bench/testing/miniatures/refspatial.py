"""A miniature of RefSpatial-Bench: blocks to be found, spots to be found, in three folders."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image

from ivlm_bench.testing.miniatures.spec import add_miniature
from ivlm_bench.testing.miniatures.tabletops import bitmap, tabletop

_SUFFIX = (
    "Your answer should be formatted as a list of tuples, i.e. [(x1, y1)], with coordinates "
    "between 0 and 1."
)
_FOLDERS = ("Location", "Placement", "Unseen")
_N = 2


def make(folder: Path, rng: np.random.Generator) -> None:
    """Write two questions a folder."""
    for name in _FOLDERS:
        home = folder / name
        (home / "image").mkdir(parents=True)
        (home / "mask").mkdir()
        entries = [_question(home, name, index, rng) for index in range(_N)]
        (home / "question.json").write_text(json.dumps(entries, indent=2))


def _question(home: Path, name: str, index: int, rng: np.random.Generator) -> dict[str, Any]:
    scene = tabletop(rng, width_px=80, height_px=64)
    is_place = name == "Placement"
    thing = "free table" if is_place else "red block"
    rgb, mask = f"image/{index}.png", f"mask/{index}.png"
    Image.fromarray(scene.picture).save(home / rgb)
    bitmap(scene.free if is_place else scene.blocks["red"]).convert("RGB").save(home / mask)
    return {
        "id": index,
        "object": f"the {thing}",
        "prompt": f"Please point out the {thing}.",
        "suffix": _SUFFIX,
        "rgb_path": rgb,
        "mask_path": mask,
        "category": "placement" if is_place else "location",
        "step": 1 + index,
    }


add_miniature("refspatial", make)
