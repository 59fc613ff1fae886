"""A miniature of Point-Bench: one question of each of the five kinds, and an entry without one."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
from PIL import Image

from ivlm_bench.testing.miniatures.spec import add_miniature
from ivlm_bench.testing.miniatures.tabletops import bitmap, tabletop

#: What is asked in each kind, and the block that is meant (all three if none is named).
_QUESTIONS = {
    "affordable": ("Point to the block that you would pick up to free the red corner.", "red"),
    "counting": ("Point to every block on the table.", None),
    "reasoning": ("Point to the block whose colour is that of grass.", "green"),
    "spatial": ("Point to the blue block.", "blue"),
    "steerable": ("Point to the block next to the existing point.", "red"),
}


def make(folder: Path, rng: np.random.Generator) -> None:
    """Write five questions and one entry that has no mask yet."""
    (folder / "masks").mkdir()
    entries: list[dict[str, object]] = []
    for category, (text, colour) in _QUESTIONS.items():
        scene = tabletop(rng)
        home = folder / "images" / category
        home.mkdir(parents=True)
        Image.fromarray(scene.picture).save(home / f"{category}_1.jpg", quality=90)
        chosen = list(scene.blocks.values()) if colour is None else [scene.blocks[colour]]
        bitmap(np.any(chosen, axis=0)).save(folder / "masks" / f"{category}_1_mask.png")
        entry = {"image_filename": f"{category}_1.jpg", "user_input": text, "category": category}
        entries.append({**entry, "mask_filename": f"{category}_1_mask.png", "count": len(chosen)})
    entries.append({"image_filename": "later.jpg", "user_input": "", "category": "spatial"})
    (folder / "data.json").write_text(json.dumps(entries, indent=2))


add_miniature("pointbench", make)
