"""Gemini asked to segment: a box [ymin, xmin, ymax, xmax], and a mask in one of two forms.

A PNG of probabilities fills the box; a polygon's corners are [x, y], although the box is y first.
"""

from __future__ import annotations

import base64
import binascii
from typing import Any

from ivlm_policies.vlm.dialect import Asked, Dialect, Found, Mark, UnreadableError, register
from ivlm_policies.vlm.masks import mask_corner, polygon_corner
from ivlm_policies.vlm.texts import numbers, paired, read_json

_PNG = "data:image/png;base64,"


def _ask(asked: Asked) -> str:
    return (
        f'Give the segmentation mask of the {asked.noun}, which a robot has to touch to do this: "'
        f'{asked.sentence}" Output a JSON list of segmentation masks where each entry contains the '
        '2D bounding box in the key "box_2d", the segmentation mask in the key "mask" and the text '
        'label in the key "label"; give one entry, or [] if it can not be done.'
    )


def _mark(item: Any) -> Mark:
    mask = item.get("mask")
    if isinstance(mask, list):
        corners = tuple(paired([v for corner in mask for v in numbers(corner, (2,))]))
        return Mark((polygon_corner(corners),))
    box = paired(numbers(item.get("box_2d"), (4,)), y_first=True)
    if mask is None:
        return Mark(box)
    if not isinstance(mask, str) or not mask.startswith(_PNG):
        raise UnreadableError("has a mask that is neither a PNG nor a polygon")
    try:
        packed = base64.b64decode(mask[len(_PNG) :], validate=True)
    except (binascii.Error, ValueError):
        raise UnreadableError("has a mask that is not in base64") from None
    return Mark((mask_corner(packed, box),))


def _read(text: str) -> Found:
    return read_json(text, _mark, keys=("boxes", "masks"))


register(
    Dialect(
        "gemini_masks",
        1,
        r"(?!)",  # asked for by name
        _ask,
        _read,
        full=1000.0,
        sign=r'"mask"',
        source="ai.google.dev/gemini-api/docs/image-understanding",
    ),
)
