"""What every stream of items is held to: none twice, one at least; and lists of files."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from pathlib import Path, PurePosixPath
from typing import TypeVar

from ivlm_bench.datasets.entries import faulty_item
from ivlm_bench.datasets.spec import DataItem
from ivlm_bench.errors import AssetError

T = TypeVar("T")


def distinct(items: Iterable[DataItem], source: Path) -> Iterator[DataItem]:
    """Yield the items as they come; one whose id came before is an item that says so.

    Raises
    ------
    AssetError
        If there is no item at all; ``source`` is named.
    """
    seen: dict[str, int] = {}
    for item in items:
        times = seen[item.id] = seen.get(item.id, 0) + 1
        if times == 1:
            yield item
            continue
        yield faulty_item(
            f"{item.id} ({times})",
            f"{source} has {item.id!r} {times} times, so predictions can't be told apart; delete "
            "the others or take the owner's file.",
        )
    if not seen:
        raise AssetError(f"{source} has no item that can be scored; copy the set's files there.")


def each_row(rows: Iterable[T], make: Callable[[int, T], DataItem]) -> Iterator[DataItem]:
    """Yield the item of each row of a list, counted from 1.

    A row of which ``make`` raises ``AssetError`` is an item whose truth raises it, so that the
    others are still scored.
    """
    for number, row in enumerate(rows, start=1):
        try:
            item = make(number, row)
        except AssetError as error:
            item = faulty_item(f"row {number}", str(error))
        yield item


def stem_of(entry: str) -> str:
    """Return the name of a list's file without its folders and its ending."""
    return PurePosixPath(entry.replace("\\", "/")).stem


def told_apart(name: str, second: str, *, known: set[str]) -> str:
    """Return ``name``, with ``second`` behind it if ``name`` is taken; ``known`` grows by it.

    An image may stand in a list twice, each time with another cloud.
    """
    if name in known:
        return f"{name}/{second}"
    known.add(name)
    return name


def read_lines(path: Path) -> list[str]:
    """Return the lines of a text file without blanks around them; blank lines are left out.

    Raises
    ------
    AssetError
        If the file is missing, empty or no text.
    """
    try:
        text = path.read_text(encoding="utf-8")
    except FileNotFoundError:
        raise AssetError(f"{path} is missing; copy it from its owner's archive.") from None
    except (OSError, UnicodeDecodeError) as error:
        raise AssetError(f"{path} can't be read as text ({error}); copy it again.") from None
    lines = [line.strip() for line in text.splitlines() if line.strip()]
    if not lines:
        raise AssetError(f"{path} holds no line; copy it again from its owner's archive.")
    return lines


def same_length(lists: dict[Path, list[str]]) -> None:
    """Raise ``AssetError`` if lists that belong together line by line differ in length."""
    if len({len(lines) for lines in lists.values()}) > 1:
        counts = ", ".join(f"{path} has {len(lines)} lines" for path, lines in lists.items())
        raise AssetError(
            f"Lists that are paired line by line differ in length: {counts}; take them from one "
            "archive of their owner."
        )


def locate(folder: Path, entry: str) -> Path:
    """Return where a path of an owner's list lies in the user's folder.

    Lists hold paths as they were on the owner's machine (``Data/Seen/Img/Test/Bag/lift/x.jpg``,
    also absolute ones), so their first folders are dropped one after the other until a file is
    found. If none is, the longest candidate inside ``folder`` is returned, for the message of
    whoever reads it.
    """
    parts = [
        part for part in PurePosixPath(entry.replace("\\", "/")).parts if part not in ("/", "..")
    ]
    candidates = [folder.joinpath(*parts[first:]) for first in range(len(parts))]
    return next((path for path in candidates if path.is_file()), candidates[0])


def found(folder: Path, entry: str) -> Path:
    """Return the file of a list's entry.

    Raises
    ------
    AssetError
        If it lies nowhere below ``folder``; the message says where it was looked for.
    """
    path = locate(folder, entry)
    if not path.is_file():
        n_parts = len(PurePosixPath(entry).parts)
        raise AssetError(
            f"The file {entry} of the list lies neither at {path} nor at any of the {n_parts - 1} "
            f"shorter paths down to {folder / PurePosixPath(entry).name}; copy it from its owner's "
            "archive."
        )
    return path
