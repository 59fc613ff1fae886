"""Molmo 2: points in tags, thousandths; pictures and points are counted from 1."""

from __future__ import annotations

import re

from ivlm_policies.vlm.dialect import Asked, Dialect, Found, Mark, UnreadableError, register
from ivlm_policies.vlm.texts import answered, number, says_none

_TAG = re.compile(
    r'<points?\s[^<>]{0,200}?coords="([^"<>]{1,8000})"[^<>]{0,200}>(?:[^<]{0,400}</points?>)?'
)


def _ask(asked: Asked) -> str:
    return f"Point to {asked.where}"


def _read(text: str) -> Found:
    text = answered(text)
    tags = _TAG.findall(text)
    if not tags and says_none(text):
        return Found(())
    if not tags:
        raise UnreadableError("holds no whole <points> tag with coords")
    groups = [group for coords in tags for group in coords.split(";")]
    marks = [mark for group in groups for mark in _of_image(group.split())]
    words = _TAG.sub("", text).strip()
    return Found(tuple(marks), frozenset({"prose"} if words else ()))


def _of_image(words: list[str]) -> list[Mark]:
    """Return the points in one picture: its number, then a number, x and y for each."""
    if len(words) < 4 or len(words) % 3 != 1:
        raise UnreadableError("has coords that are no picture followed by threes of id, x and y")
    image = number(words[0])
    if image != int(image):
        raise UnreadableError("has coords that begin with no number of a picture")
    return [
        Mark(((number(x), number(y)),), image=int(image))
        for x, y in zip(words[2::3], words[3::3], strict=True)
    ]


register(
    Dialect(
        "molmo2",
        1,
        r"molmo-?2",
        _ask,
        _read,
        full=1000.0,
        sign=r'<points? [^<>]{0,200}coords="',
        source="huggingface.co/allenai/Molmo2-8B, model card",
    ),
)
