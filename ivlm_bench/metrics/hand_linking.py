"""What VISOR-HOS makes of raw hand and object detections before COCO's numbers are taken.

Raw detections are COCO results whose hands (``category_id`` 1) also have ``contact`` (two scores:
not in contact, in contact), ``handside`` (two scores: left, right) and ``offset`` (unit vector and
length in thousands of pixels to the object's centre). Rules: VISOR-HOS@85665073
hos/evaluation/{epick_evaluation,hos_postprocessing}.py.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np

from ivlm_bench.errors import InvalidAnswerError
from ivlm_bench.metrics.run_length import mask_edges, union, written

Detection = Mapping[str, Any]

HAND, OBJECT = 1, 2
#: Offsets are divided by this many pixels.
_OFFSET_UNIT_PX = 1000.0


def hands_and_touched_objects(detections: Sequence[Detection]) -> list[Detection]:
    """Return all hands and, once each, the objects that hands in contact point at."""
    hands, objects = _parted(detections)
    touched = dict.fromkeys(i for _, i in _links(hands, objects) if i is not None)
    return [*(objects[index] for index in touched), *hands]


def hand_sides(detections: Sequence[Detection]) -> list[Detection]:
    """Return the hands alone, their class 1 (left) or 2 (right), their score that of the side."""
    return _reclassed(detections, "handside")


def hand_contacts(detections: Sequence[Detection]) -> list[Detection]:
    """Return the hands alone, their class 1 (not in contact) or 2 (in contact), scored by it."""
    return _reclassed(detections, "contact")


def hands_with_objects(detections: Sequence[Detection]) -> list[Detection]:
    """Return the hands, each grown by the object that it points at; an object is used once."""
    hands, objects = _parted(detections)
    used: set[int] = set()
    grown: list[Detection] = []
    for hand, index in _links(hands, objects):
        if index is None or index in used:
            grown.append(hand)
            continue
        used.add(index)
        grown.append(_merged(hand, objects[index]))
    return grown


#: How raw detections are prepared, by task of the official evaluator.
TASKS: Mapping[str, Callable[[Sequence[Detection]], list[Detection]]] = {
    "hand_obj": hands_and_touched_objects,
    "handside": hand_sides,
    "contact": hand_contacts,
    "combineHO": hands_with_objects,
}


def _parted(detections: Sequence[Detection]) -> tuple[list[Detection], list[Detection]]:
    hands = [each for each in detections if each.get("category_id") == HAND]
    return hands, [each for each in detections if each.get("category_id") == OBJECT]


def _links(
    hands: Sequence[Detection], objects: Sequence[Detection]
) -> list[tuple[Detection, int | None]]:
    """Return each hand with the object it touches: the one nearest to where it points."""
    if not objects:
        return [(hand, None) for hand in hands]
    centres = np.array([_centre(each) for each in objects])
    linked: list[tuple[Detection, int | None]] = []
    for hand in hands:
        if not np.argmax(_numbers(hand, "contact", 2)):
            linked.append((hand, None))
            continue
        x, y, length = _numbers(hand, "offset", 3)
        aim = _centre(hand) + np.array([x, y]) * length * _OFFSET_UNIT_PX
        linked.append((hand, int(np.argmin(np.linalg.norm(centres - aim, axis=1)))))
    return linked


def _centre(detection: Detection) -> np.ndarray:
    """Return the middle of a box, cut to whole pixels."""
    x, y, width, height = _numbers(detection, "bbox", 4)
    return np.trunc(np.array([x + x + width, y + y + height]) / 2.0)


def _numbers(detection: Detection, name: str, n: int) -> np.ndarray:
    try:
        numbers = np.array([float(value) for value in detection[name]], dtype=np.float64)
    except (KeyError, TypeError, ValueError):
        numbers = np.empty(0)
    if len(numbers) != n or not np.isfinite(numbers).all():
        raise InvalidAnswerError(
            f"A raw detection needs {name!r} as {n} finite numbers; give it, or give linked "
            "detections (raw=False)."
        )
    return numbers


def _reclassed(detections: Sequence[Detection], name: str) -> list[Detection]:
    found: list[Detection] = []
    for hand in _parted(detections)[0]:
        scores = _numbers(hand, name, 2)
        category = int(np.argmax(scores)) + 1
        found.append({**hand, "category_id": category, "score": float(scores.max())})
    return found


def _merged(hand: Detection, thing: Detection) -> Detection:
    boxes = np.array([_numbers(each, "bbox", 4) for each in (hand, thing)])
    low, high = boxes[:, :2].min(axis=0), (boxes[:, :2] + boxes[:, 2:]).max(axis=0)
    merged = {**hand, "bbox": [*low.tolist(), *(high - low).tolist()]}
    if "segmentation" in hand and "segmentation" in thing:
        merged["segmentation"] = _merged_mask(hand["segmentation"], thing["segmentation"])
    return merged


def _merged_mask(first: Any, second: Any) -> dict[str, Any]:
    if not isinstance(first, Mapping) or not isinstance(second, Mapping):
        raise InvalidAnswerError("Raw masks must be run lengths with their size, not polygons.")
    height_px, width_px = (int(value) for value in first["size"])
    size = {"height_px": height_px, "width_px": width_px}
    return written(union([mask_edges(mask, **size) for mask in (first, second)]), **size)
