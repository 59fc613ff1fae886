"""Molmo of 2024: points in tags, per cent of the picture; older forms beside them."""

from __future__ import annotations

import re

from ivlm_policies.vlm.dialect import Asked, Dialect, Found, Mark, UnreadableError, register
from ivlm_policies.vlm.texts import answered, number, read_groups, says_none, split_numbers

_TAG = re.compile(r"<points?\s([^<>]{1,4000})>(?:[^<]{0,400}</points?>)?")
_X = re.compile(r'\bx(\d{0,3})\s{0,2}=\s{0,2}"([^"]{0,40})"')
_Y = re.compile(r'\by(\d{0,3})\s{0,2}=\s{0,2}"([^"]{0,40})"')
_CLICK = re.compile(r"\bClick\(([^()]{1,80})\)")
_PER_MILLE = re.compile(r'\bp\s{0,2}=\s{0,2}"?(\d{1,4},\s{0,2}\d{1,4})')


def _ask(asked: Asked) -> str:
    return f"Point to {asked.where}"


def _read(text: str) -> Found:
    text = answered(text)
    tags = _TAG.findall(text)
    if tags:
        marks = [mark for attributes in tags for mark in _attributes(attributes)]
        words = _TAG.sub("", text).strip()
        return Found(tuple(marks), frozenset({"prose"} if words else ()))
    if _CLICK.search(text):
        return read_groups(text, _CLICK, lambda found: _point(split_numbers(found[1], (2,))))
    if _PER_MILLE.search(text):
        return read_groups(text, _PER_MILLE, lambda found: _tenths(split_numbers(found[1], (2,))))
    if says_none(text):
        return Found(())
    raise UnreadableError("holds no whole <point> tag")


def _attributes(text: str) -> list[Mark]:
    """Return the points of one tag, in the order of their numbers' first mention."""
    if _PER_MILLE.search(text):
        return [_tenths(split_numbers(found, (2,))) for found in _PER_MILLE.findall(text)]
    xs, ys = dict(_X.findall(text)), dict(_Y.findall(text))
    if not xs or set(xs) != set(ys):
        raise UnreadableError("has a tag whose x and y do not belong together")
    return [Mark(((number(x), number(ys[index])),)) for index, x in xs.items()]


def _point(values: list[float]) -> Mark:
    return Mark(((values[0], values[1]),))


def _tenths(values: list[float]) -> Mark:
    return Mark(((values[0] / 10.0, values[1] / 10.0),))


register(
    Dialect(
        "molmo1",
        1,
        r"molmoe?-(?:1b|7b|72b)",
        _ask,
        _read,
        full=100.0,
        sign=r'<points? x\d*="',
        source="github.com/allenai/molmo olmo/data/data_formatter.py and olmo/util.py",
    ),
)
