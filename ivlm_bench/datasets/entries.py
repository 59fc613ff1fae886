"""Entries of JSON lists and JSON lines, read so that a damaged one spoils no other."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from ivlm_bench.datasets.spec import DataItem
from ivlm_bench.errors import AssetError

#: Models are asked to format their answers from here on; that is not part of the question.
_FORMAT_REQUEST = "Your answer should be formatted"


@dataclass(frozen=True, kw_only=True, eq=False, slots=True)
class Entry:
    """One entry: where it stands, how many came before, its fields; ``fault`` if it is damaged."""

    place: str
    index: int
    fields: Mapping[str, Any] = field(default_factory=dict)
    fault: str | None = None

    def text(self, name: str) -> str:
        """Return a field as text (numbers too); ``AssetError`` if it is not there."""
        value = self.fields.get(name)
        if isinstance(value, str | int | float):
            return str(value)
        raise AssetError(self.fault or f"{self.place} has no text {name!r}; take the owner's file.")


def json_lines(path: Path) -> Iterator[Entry]:
    """Yield the entry of every line that is not blank.

    Raises
    ------
    AssetError
        If the file can't be read or has no entry.
    """
    index = 0
    try:
        with path.open(encoding="utf-8", errors="replace") as lines:
            for number, line in enumerate(lines, start=1):
                if line.strip():
                    yield _entry(f"{path} line {number}", index, line)
                    index += 1
    except OSError as error:
        raise AssetError(f"{path} can't be read ({error}); copy it again.") from None
    if not index:
        raise AssetError(f"{path} holds no entry; copy it again from its owner's archive.")


def _entry(place: str, index: int, line: str) -> Entry:
    try:
        found = json.loads(line)
    except (ValueError, RecursionError) as error:
        fault = f"{place} is no JSON ({error}); take the owner's file."
        return Entry(place=place, index=index, fault=fault)
    return _checked(place, index, found)


def _checked(place: str, index: int, found: object) -> Entry:
    if isinstance(found, dict):
        return Entry(place=place, index=index, fields=found)
    kind = type(found).__name__
    fault = f"{place} is a {kind} where an object was expected; take the owner's file."
    return Entry(place=place, index=index, fault=fault)


def json_entries(path: Path) -> Iterator[Entry]:
    """Yield the entries of a JSON list; a file of JSON lines is read too.

    Raises
    ------
    AssetError
        If the file can't be read, is damaged or has no entry.
    """
    with _text(path) as stream:
        is_list = stream.read(1024).lstrip("\ufeff \t\r\n").startswith("[")
    if not is_list:
        yield from json_lines(path)
        return
    found = read_json(path)
    if not found:
        raise AssetError(f"{path} holds no entry; copy it again from its owner's archive.")
    for index, each in enumerate(found):
        yield _checked(f"{path} entry {index + 1}", index, each)


def read_json(path: Path) -> Any:
    """Return what a JSON file holds; ``AssetError`` that names the file if it is damaged."""
    try:
        return json.loads(path.read_text(encoding="utf-8-sig"))
    except OSError as error:
        raise AssetError(f"{path} can't be read ({error}); copy it again.") from None
    except (ValueError, RecursionError) as error:
        raise AssetError(
            f"{path} is no JSON ({error}); copy it again from its owner's archive."
        ) from None


def _text(path: Path) -> Any:
    try:
        return path.open(encoding="utf-8", errors="replace")
    except OSError as error:
        raise AssetError(f"{path} can't be read ({error}); copy it again.") from None


def items_of(
    entries: Iterable[Entry], *, key: Callable[[Entry], str], make: Callable[[Entry, str], DataItem]
) -> Iterator[DataItem]:
    """Yield an item an entry; a damaged entry or one whose id came before is an item that says so.

    Parameters
    ----------
    entries
        What the file lists.
    key
        Returns an entry's id; may raise ``AssetError``.
    make
        Makes the item of an entry and its id; may raise ``AssetError``.
    """
    seen: dict[str, str] = {}
    for entry in entries:
        name = f"entry {entry.index + 1}"
        try:
            name = key(entry)
            if name in seen:
                first, name = seen[name], f"{name} (entry {entry.index + 1})"
                raise AssetError(
                    f"{entry.place} has the id of {first}; delete one of them or take the owner's "
                    "file."
                )
            seen[name] = entry.place
            yield make(entry, name)
        except AssetError as error:
            yield faulty_item(name, str(error))


def faulty_item(name: str, fault: str) -> DataItem:
    """Return the item of an entry that can't be read: asking for its truth says why."""

    def truth() -> Any:
        raise AssetError(fault)

    return DataItem(id=name, truth=truth, cluster=name)


def asked_text(text: str) -> str:
    """Return a question without the request how to format the answer."""
    return text.split(_FORMAT_REQUEST, maxsplit=1)[0].strip()
