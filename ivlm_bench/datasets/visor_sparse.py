"""VISOR's own sparse annotations, turned into the hands and touched objects of VISOR-HOS.

Rules and numbering: VISOR-HOS@85665073 data_preparation/gen_coco_format.py, mode ``hos``. Outlines
are drawn by Pillow instead of OpenCV, which changes areas by the pixels on the outline.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
from jaxtyping import Bool
from PIL import Image, ImageDraw

from ivlm_bench.datasets.entries import faulty_item, read_json
from ivlm_bench.datasets.images import image_size_px
from ivlm_bench.datasets.spec import DataItem
from ivlm_bench.errors import AssetError

Entity = Mapping[str, Any]
Polygon = np.ndarray

HANDS = ("left hand", "right hand")
GLOVES = ("oven glove", "gloves", "rubber glove", "left glove", "right glove", "glove")
UNCLEAR = ("none-of-the-above", "inconclusive")
FREE = ("hand-not-in-contact", "glove-not-in-contact")
#: Outlines this near to each other (in steps along rows and columns) touch: both are grown by 5.
_REACH_PX = 10
#: Splits in which frames with an unclear hand are left out.
_CHECKED = ("val", "test")
_NO_OFFSET = (-1, -1, -1)


@dataclass(frozen=True, eq=False, slots=True)
class Outline:
    """Polygons of an entity: cut to whole pixels, and as COCO has them."""

    whole: list[Polygon]
    coco: list[list[float]]


def sparse_items(folder: Path, split: str) -> Iterator[DataItem]:
    """Yield the frames of a split, numbered as in the owner's COCO file.

    ``folder`` holds ``annotations/SPLIT/VIDEO.json`` and ``rgb_frames/SPLIT/PERSON/VIDEO/*.jpg``.
    """
    changes = read_json(folder / "correct.json") if (folder / "correct.json").is_file() else {}
    number, is_first = 0, True
    for path in sorted((folder / "annotations" / split).glob("*.json")):
        video = path.stem
        frames = folder / "rgb_frames" / split / video.split("_", maxsplit=1)[0] / video
        try:
            listed = _frames(path)
        except AssetError as error:
            yield faulty_item(video, str(error))
            continue
        size = frames / str(listed[0]["image"]["name"])
        for frame in listed:
            entities = _corrected(frame, changes)
            if split in _CHECKED and is_unclear(entities):
                continue
            has_hand = any(
                each["name"] in HANDS or each.get("on_which_hand") is not None for each in entities
            )
            name = str(frame["image"]["name"])
            truth = partial(
                _truth,
                f"{path} frame {name}",
                entities,
                size_from=size,
                number=number,
                first_id=0 if is_first and has_hand else 1,
            )
            yield DataItem(id=str(number), truth=truth, image=frames / name, cluster=video)
            number, is_first = number + 1, is_first and not has_hand


def _frames(path: Path) -> list[Mapping[str, Any]]:
    found = read_json(path)
    try:
        frames = sorted(found["video_annotations"], key=lambda frame: frame["image"]["image_path"])
        complete = all(
            "name" in frame["image"] and all("name" in e for e in frame["annotations"])
            for frame in frames
        )
    except (KeyError, TypeError) as error:
        raise AssetError(f"{path} is no VISOR annotation ({error!r}); copy it again.") from None
    if not frames or not complete:
        raise AssetError(f"{path} has frames or entities without a name; copy it again.")
    return frames


def _corrected(frame: Mapping[str, Any], changes: Mapping[str, Any]) -> list[Entity]:
    """Return a frame's entities with the owner's corrections of what hands touch."""
    mine = changes.get(frame["image"]["name"], {})
    entities: list[Entity] = []
    for entity in frame["annotations"]:
        fixed = dict(entity)
        if entity["name"] in GLOVES:
            fixed.setdefault("on_which_hand", None)
            fixed.setdefault("in_contact_object", None)
            if fixed["on_which_hand"] is not None and len(fixed["on_which_hand"]) == 2:
                fixed["on_which_hand"] = list(HANDS)  # the second is misspelt in places
        if entity["name"] in mine:
            fixed["in_contact_object"] = mine[entity["name"]]
        entities.append(fixed)
    return entities


def is_unclear(entities: Sequence[Entity]) -> bool:
    """Tell whether some hand's or worn glove's contact is unclear, or a glove is on two hands."""
    for entity in entities:
        is_unknown = entity.get("in_contact_object") in UNCLEAR
        if entity["name"] in HANDS and is_unknown:
            return True
        worn = entity.get("on_which_hand") if entity["name"] in GLOVES else None
        if worn is not None and (is_unknown or len(worn) == 2):
            return True
    return False


def _truth(
    place: str, entities: list[Entity], *, size_from: Path, number: int, first_id: int
) -> dict[str, Any]:
    height_px, width_px = image_size_px(size_from)
    try:
        found = hand_annotations(entities)
    except (KeyError, TypeError, ValueError, IndexError) as error:
        raise AssetError(f"{place} is malformed ({error!r}); copy the file again.") from None
    for index, each in enumerate(found):
        each |= {"id": first_id + index, "image_id": number, "iscrowd": 0}
    return {"image_id": number, "height": height_px, "width": width_px, "annotations": found}


def hand_annotations(entities: Sequence[Entity]) -> list[dict[str, Any]]:
    """Return COCO annotations of a frame: each hand, followed by the object it touches, if any.

    A glove that a hand wears belongs to the hand; one whose hand is not seen is a hand itself. Of
    an object, only the parts that lie at the hand are kept.
    """
    by_id = {each["id"]: each for each in entities if "id" in each}
    seen = {each["name"] for each in entities}
    found: list[dict[str, Any]] = []
    for entity in entities:
        if entity["name"] in HANDS:
            side = HANDS.index(entity["name"])
            hand, touched = _hand(entity, by_id)
        elif entity["name"] in GLOVES and entity["on_which_hand"] is not None:
            if seen & set(entity["on_which_hand"]):
                continue
            side = 0 if HANDS[0] in entity["on_which_hand"] else 1
            hand, touched = outline(entity["segments"]), entity["in_contact_object"]
        else:
            continue
        found += _pair(hand, _contact(touched), side, by_id.get(touched))
    return found


def _hand(entity: Entity, by_id: Mapping[str, Entity]) -> tuple[Outline, Any]:
    """Return a hand's outline with the glove it wears, and what hand or glove touches."""
    touched = entity["in_contact_object"]
    glove = by_id.get(touched)
    worn = (glove or {}).get("on_which_hand") if glove and glove["name"] in GLOVES else None
    if glove is None or worn is None or entity["name"] not in worn:
        return outline(entity["segments"]), touched
    return outline([*entity["segments"], *glove["segments"]]), glove["in_contact_object"]


def _contact(touched: Any) -> int:
    """Return 1 for contact, 0 for none, -1 for unclear."""
    if touched in UNCLEAR or touched is None:
        return -1
    return 0 if touched in FREE else 1


def _pair(hand: Outline, contact: int, side: int, thing: Entity | None) -> list[dict[str, Any]]:
    if contact == 1 and thing is None:
        raise ValueError("a hand touches an entity that is not there")
    found = [{**_shape(hand), "category_id": 1, "handside": side, "isincontact": contact}]
    near = None if contact != 1 or thing is None else _near(outline(thing["segments"]), hand)
    found[0]["offset"] = list(_NO_OFFSET)
    if near is not None and near.whole:
        found[0]["offset"] = _offset(_box(hand.whole), _box(near.whole))
        none = {"handside": -1, "isincontact": -1, "offset": list(_NO_OFFSET)}
        found.append({**_shape(near), "category_id": 2, **none})
    return found


def outline(segments: Sequence[Any]) -> Outline:
    """Return the polygons of some segments; those with fewer than three corners are left out."""
    corners = [np.asarray(s, dtype=np.float64).reshape(-1, 2) for s in segments if len(s)]
    kept = [each for each in corners if len(each) >= 3]
    return Outline(
        [np.trunc(each).astype(np.int64) for each in kept],
        [np.round(each.ravel(), 2).tolist() for each in kept],
    )


def _shape(part: Outline) -> dict[str, Any]:
    box = _box(part.whole)
    area = int(drawn(part.whole, box).sum())
    return {"bbox": [int(v) for v in box], "area": area, "segmentation": part.coco}


def _box(polygons: Sequence[Polygon]) -> np.ndarray:
    """Return the box (x, y, w, h) of polygons."""
    corners = np.concatenate(polygons)
    low = corners.min(axis=0)
    return np.concatenate([low, corners.max(axis=0) - low])


def drawn(polygons: Sequence[Polygon], box: np.ndarray) -> Bool[np.ndarray, "h w"]:
    """Return polygons as a mask of a box (x, y, w, h) and its far edges.

    Where two overlap is outside, outlines are inside, as ``cv2.fillPoly`` draws several at once.
    """
    size = int(box[2]) + 1, int(box[3]) + 1
    outlines = Image.new("1", size)
    is_inside = np.zeros(size[::-1], dtype=bool)
    for polygon in polygons:
        corners = [(int(x), int(y)) for x, y in polygon - box[:2]]
        canvas = Image.new("1", size)
        ImageDraw.Draw(canvas).polygon(corners, fill=1, outline=1)
        ImageDraw.Draw(outlines).polygon(corners, outline=1)
        is_inside ^= np.array(canvas, dtype=bool)
    return is_inside | np.array(outlines, dtype=bool)


def _near(thing: Outline, hand: Outline) -> Outline:
    """Return the parts of an object that come within reach of a hand."""
    from scipy.ndimage import distance_transform_cdt

    box = _box(hand.whole) + np.array([-1, -1, 2, 2]) * (_REACH_PX + 1)
    steps = distance_transform_cdt(~drawn(hand.whole, box), metric="taxicab")
    is_near = [bool((drawn([part], box) & (steps <= _REACH_PX)).any()) for part in thing.whole]
    return Outline(
        [part for part, near in zip(thing.whole, is_near, strict=True) if near],
        [part for part, near in zip(thing.coco, is_near, strict=True) if near],
    )


def _offset(hand: np.ndarray, thing: np.ndarray) -> list[float]:
    """Return unit vector and length, in thousands of pixels, between centres cut to pixels."""
    way = (np.trunc(thing[:2] + thing[2:] / 2) - np.trunc(hand[:2] + hand[2:] / 2)) / 1000.0
    length = float(np.linalg.norm(way))
    return [*(way / length).tolist(), length] if length else list(_NO_OFFSET)
