"""A miniature of PIADv2: paths that name object and affordance, clouds of four columns."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from ivlm_bench.testing.miniatures.shapes import ANCHORS, heat, picture, shape
from ivlm_bench.testing.miniatures.spec import add_miniature

#: Objects of each setting and part.
_SETTINGS = {
    ("Seen", "test"): ("Mug", "Knife"),
    ("Seen", "val"): ("Chair",),
    ("Unseen_obj", "test"): ("Chair",),
    ("Unseen_aff", "test"): ("Knife",),
}
#: Where the owner's lists say the files are.
_OWNERS_FOLDER = "Data/PIADv2"


def make(folder: Path, rng: np.random.Generator) -> None:
    """Write all settings: an image and a cloud for each affordance, and the lists."""
    for (setting, part), things in _SETTINGS.items():
        lists: dict[str, list[str]] = {"Img": [], "Point": [], "hk": [], "ok": []}
        for thing in things:
            for affordance in ANCHORS[thing]:
                for index in (1, 2):
                    name = f"{setting}_{thing}_{affordance}_{index}"
                    place = f"{thing}/{part.title()}/{affordance}/{name}"
                    image, cloud = f"Img/{place}.jpg", f"Point/{place}.npy"
                    _write_image(folder / image, shape(thing, rng))
                    _write_cloud(folder / cloud, shape(thing, rng), thing, affordance)
                    lists["Img"].append(f"{_OWNERS_FOLDER}/{image}")
                    lists["Point"].append(f"{_OWNERS_FOLDER}/{cloud}")
                    lists["hk"].append(f"A person uses the {thing} to {affordance}.")
                    lists["ok"].append(f"The {thing} can {affordance}.")
        (folder / setting).mkdir(exist_ok=True)
        for kind, lines in lists.items():
            (folder / setting / f"{kind}_{part}.txt").write_text("\n".join(lines) + "\n")


def _write_image(path: Path, points: np.ndarray) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    picture(points).save(path, quality=90)


def _write_cloud(path: Path, points: np.ndarray, thing: str, affordance: str) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    np.save(path, np.concatenate([points, heat(points, thing, affordance)[:, None]], axis=1))


add_miniature("piadv2", make)
