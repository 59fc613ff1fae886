"""What the parsers of several dialects share: numbers, JSON in prose, thoughts set aside."""

from __future__ import annotations

import json
import math
import re
from collections.abc import Callable, Iterable
from typing import Any

from ivlm_policies.vlm.dialect import Found, Mark, UnreadableError

#: Characters of an answer that are read at all; a list of a hundred points takes 3,000.
MAX_CHARS = 1 << 16
#: Places in an answer at which JSON is looked for.
MAX_STARTS = 64
#: Characters of one number in a tag or tuple; more are none.
MAX_NUMBER_CHARS = 24

#: Longest answer that can say that there is nothing to mark.
MAX_NONE_CHARS = 120
#: Numbers in round brackets, and in square ones.
TUPLE = re.compile(r"\(([^()\[\]]{1,160})\)")
LIST = re.compile(r"\[([^()\[\]]{1,160})\]")

_NONE = re.compile(r"(?:none|nothing|there (?:is|are) (?:none|no\b[^.\n]*))\.?", re.IGNORECASE)
_FENCE = re.compile(r"```[a-zA-Z0-9_]*\s*\n?(.*?)(?:```|\Z)", re.DOTALL)
_BEGUN, _ENDED = re.compile(r"<think(?:ing)?>"), re.compile(r"</think(?:ing)?>")
_OPENED = re.compile(r"\[\s{0,20}\{")
_NUMBER = re.compile(r"[-+]?\d{1,20}(?:\.\d{0,20})?(?:[eE][-+]?\d{1,3})?")


def answered(text: str) -> str:
    """Return an answer without the thoughts before it and the tags about it.

    Raises
    ------
    UnreadableError
        If it is too long, or thinks to its end.
    """
    if len(text) > MAX_CHARS:
        raise UnreadableError(f"has {len(text)} characters, and at most {MAX_CHARS} are read")
    text = _ENDED.split(text)[-1]  # some servers swallow the opening tag
    if _BEGUN.search(text):
        raise UnreadableError("thinks to its end without a result; raise -P max_tokens")
    return text.rpartition("<answer>")[2].partition("</answer>")[0].strip()


def number(value: Any) -> float:
    """Return a finite number of an answer; ``UnreadableError`` for anything else."""
    if isinstance(value, str):
        if len(value) > MAX_NUMBER_CHARS or not _NUMBER.fullmatch(value.strip()):
            raise UnreadableError(f"has {value[:MAX_NUMBER_CHARS]!r} where a number belongs")
        value = float(value)
    if isinstance(value, bool) or not isinstance(value, (int, float)):
        raise UnreadableError(f"has {str(value)[:MAX_NUMBER_CHARS]!r} where a number belongs")
    if not -1e9 < value < 1e9:  # false for NaN, too
        raise UnreadableError("has a coordinate that is not finite or far outside of any picture")
    return float(value)


def numbers(values: Any, counts: Iterable[int]) -> list[float]:
    """Return a list of as many numbers as one of ``counts``."""
    if not isinstance(values, (list, tuple)) or len(values) not in set(counts):
        wanted = " or ".join(map(str, counts))
        raise UnreadableError(f"has {str(values)[:60]!r} where {wanted} numbers belong")
    return [number(value) for value in values]


def paired(values: list[float], *, y_first: bool = False) -> tuple[tuple[float, float], ...]:
    """Return numbers as corners (x, y)."""
    pairs = zip(values[0::2], values[1::2], strict=True)
    return tuple((b, a) if y_first else (a, b) for a, b in pairs)


def read_json(text: str, mark: Callable[[Any], Mark], *, keys: tuple[str, ...]) -> Found:
    """Return the marks of an answer that is a JSON list of objects.

    A list under one of ``keys`` of an object, and one object alone, will do as well; prose and code
    fences around it are passed over, and of a list that breaks off the whole objects are read.

    Raises
    ------
    UnreadableError
        If there is no such JSON, there are two that differ, or an object is not as it must be.
    """
    text = answered(text)
    fenced = _FENCE.search(text)
    inner = fenced[1] if fenced else text
    opened = _OPENED.search(inner)
    if opened is not None and _decoded(inner, opened.start())[0] is None:
        return _cut(inner[opened.start() :], mark)
    payloads = _payloads(inner, keys)
    if not payloads:
        raise UnreadableError("holds no result in JSON")
    if any(other != payloads[0] for other in payloads[1:]):
        raise UnreadableError(f"holds {len(payloads)} different results")
    flags = {"prose"} if _has_prose(text) else set()
    return Found(tuple(mark(each) for each in payloads[0]), frozenset(flags))


def _payloads(text: str, keys: tuple[str, ...]) -> list[list[Any]]:
    """Return every list of objects in a text, from left to right, none inside another."""
    found: list[list[Any]] = []
    at = 0
    for _ in range(MAX_STARTS):
        start = re.compile(r"[\[{]").search(text, at)
        if start is None:
            break
        value, end = _decoded(text, start.start())
        listed = _listed(value, keys)
        at = end if listed is not None else start.start() + 1
        if listed is not None:
            found.append(listed)
    return found


def _decoded(text: str, at: int) -> tuple[Any, int]:
    try:
        return _STRICT.raw_decode(text, at)
    except (ValueError, RecursionError):
        return None, at


def _not_finite(constant: str) -> float:
    del constant
    return math.nan  # refused by ``number`` with a sentence of its own


_STRICT = json.JSONDecoder(parse_constant=_not_finite)


def _listed(value: Any, keys: tuple[str, ...]) -> list[Any] | None:
    """Return the list of objects that a value is or holds; None for anything else."""
    if isinstance(value, dict):
        held = [value[key] for key in keys if isinstance(value.get(key), list)]
        inside = [_listed(each, ()) for each in held]
        return next((each for each in inside if each is not None), [value] if not held else None)
    if isinstance(value, list) and all(isinstance(each, dict) for each in value):
        return value
    return None


def _cut(text: str, mark: Callable[[Any], Mark]) -> Found:
    """Return the marks of the whole objects of a list that breaks off."""
    objects: list[Any] = []
    at = 0
    while (at := text.find("{", at)) >= 0 and len(objects) < MAX_STARTS:
        value, end = _decoded(text, at)
        if not isinstance(value, dict):
            break
        objects.append(value)
        at = end
    if not objects:
        raise UnreadableError("breaks off before its first result; raise -P max_tokens")
    return Found(tuple(mark(each) for each in objects), frozenset({"cut"}))


def _has_prose(text: str) -> bool:
    """Tell whether there are words beside what is in brackets or in a code fence."""
    bare = _FENCE.sub("", text).strip() if "```" in text else text
    return bool(bare) and bare[0] not in "[{"


def read_groups(
    text: str, pattern: re.Pattern[str], mark: Callable[[re.Match[str]], Mark]
) -> Found:
    """Return the marks of an answer in which each is written in a way that ``pattern`` finds.

    Raises
    ------
    UnreadableError
        If none is found and the answer does not say that there is none, or one is not as it must
        be.
    """
    text = answered(text)
    marks = tuple(mark(found) for found in pattern.finditer(text))
    if marks:
        words = pattern.sub("", text).strip(" \t\n[](),;.`")
        return Found(marks, frozenset({"prose"} if words else ()))
    if says_none(text):
        return Found(())
    raise UnreadableError("holds no result")


def says_none(text: str) -> bool:
    """Tell whether an answer says, in so many words, that there is nothing to mark."""
    return len(text) <= MAX_NONE_CHARS and _NONE.fullmatch(text.strip()) is not None


def split_numbers(text: str, counts: Iterable[int]) -> list[float]:
    """Return the numbers between commas; as many as one of ``counts``."""
    return numbers([part.strip() for part in text.split(",")], counts)
