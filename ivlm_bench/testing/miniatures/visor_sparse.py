"""A miniature of VISOR's own sparse annotations, of which VISOR-HOS makes its COCO files."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image, ImageDraw

_SIZE_PX = (160, 120)
_VIDEOS = ("P01_107", "P02_09")
_COLOURS = {"left hand": (206, 158, 130), "right hand": (206, 158, 130), "glove": (220, 190, 60)}
_OTHER = (60, 90, 150)


def make_sparse(folder: Path, rng: np.random.Generator, *, split: str = "val") -> None:
    """Write two videos of four frames: bare hands, a worn glove, an empty glove, an unclear hand.

    The folder holds ``annotations/SPLIT/VIDEO.json`` and ``rgb_frames/SPLIT/PERSON/VIDEO``.
    """
    (folder / "annotations" / split).mkdir(parents=True)
    for video in _VIDEOS:
        home = folder / "rgb_frames" / split / video.split("_", maxsplit=1)[0] / video
        home.mkdir(parents=True)
        frames = []
        for index, entities in enumerate(_scenes(rng)):
            name = f"{video}_frame_{index + 1:010d}.jpg"
            _picture(entities).save(home / name, quality=90)
            image = {"name": name, "image_path": f"{video}/{name}", "video": video}
            frames.append({"image": image, "annotations": entities})
        content = {"video_annotations": frames[::-1]}  # in no order, as the owner's files
        (folder / "annotations" / split / f"{video}.json").write_text(json.dumps(content))


def _scenes(rng: np.random.Generator) -> list[list[dict[str, Any]]]:
    dx, dy = (int(value) for value in rng.integers(0, 12, 2))

    def entity(key: str, name: str, *boxes: tuple[int, int, int, int], **more: Any) -> Any:
        segments = [_corners(x + dx, y + dy, w, h) for x, y, w, h in boxes]
        return {"id": key, "name": name, "segments": segments, "exhaustive": "y", **more}

    block = entity("b", "block", (62, 40, 30, 20), (120, 80, 20, 20))
    hand = entity("l", "left hand", (20, 30, 40, 34), in_contact_object="b")
    free = entity("r", "right hand", (90, 70, 24, 30), in_contact_object="hand-not-in-contact")
    glove = entity("g", "glove", (20, 20, 42, 10), on_which_hand=["left hand"])
    worn = {**hand, "in_contact_object": "g"}
    unclear = {**free, "in_contact_object": "inconclusive"}
    return [
        [block, hand, free],
        [worn, {**glove, "in_contact_object": "b"}, block],
        [{**glove, "in_contact_object": "glove-not-in-contact"}, block],
        [block, hand, unclear],
    ]


def _corners(x: int, y: int, width: int, height: int) -> list[list[float]]:
    low, high = (float(x), float(y)), (float(x + width), float(y + height))
    return [[low[0], low[1]], [high[0], low[1]], [high[0], high[1]], [low[0], high[1]]]


def _picture(entities: list[dict[str, Any]]) -> Image.Image:
    picture = Image.new("RGB", _SIZE_PX, (186, 180, 168))
    pen = ImageDraw.Draw(picture)
    for entity in entities:
        for segment in entity["segments"]:
            colour = _COLOURS.get(entity["name"], _OTHER)
            pen.polygon([(x, y) for x, y in segment], fill=colour)
    return picture
