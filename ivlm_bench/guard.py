"""Foreign code run safely, and what it raised told in one line."""

from __future__ import annotations

import re
import traceback
from collections.abc import Callable
from pathlib import Path
from typing import TypeVar

#: Folder of this package: a frame in it is never where foreign code went wrong.
_OURS = Path(__file__).parent

#: A frame's place in a printed traceback.
_PLACE = re.compile(r'^ +File "(?P<file>[^"\n]+)", line (?P<line>\d+).*$', re.MULTILINE)

#: Control characters but for tab and line feed, and marks that turn the direction of writing.
_OBEYED = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\u200e\u200f\u202a-\u202e\u2066-\u2069]")

T = TypeVar("T")


def guarded(call: Callable[[], T]) -> tuple[T | None, BaseException | None]:
    """Run foreign code and return its value, or what it raised.

    This is the one broad ``except`` of the code base. Code of other people may raise anything,
    ``SystemExit`` and ``KeyboardInterrupt`` included, and must not take the run with it.
    """
    try:
        return call(), None
    except BaseException as error:  # noqa: BLE001
        return None, error


def storable(text: str) -> str:
    """Return ``text`` with what UTF-8 can't hold, such as lone surrogates, written as escapes."""
    return text.encode("utf-8", "backslashreplace").decode("utf-8")


def visible(text: str) -> str:
    """Return ``text`` with what a terminal would obey instead of show written as escapes.

    Line breaks and tabs stay.
    """
    return storable(_OBEYED.sub(_escaped, text))


def text_of(error: BaseException) -> str:
    """Return ``str(error)``, which may be foreign code, as text that can be stored."""
    text, broken = guarded(lambda: str.__str__(str(error)))
    return storable(text) if text is not None and broken is None else "its text can't be read"


def in_brief(error: BaseException) -> str:
    """Return one line: type, first line of text, and the line of foreign code that raised it.

    The line is the deepest one in the folder of the first foreign file: a user is helped by a
    line of their own, not by one of a library that it called.
    """
    text = visible((text_of(error).strip().splitlines() or [""])[0])
    what = f"{type(error).__name__}: {text}" if text else type(error).__name__
    frames = traceback.extract_tb(error.__traceback__)
    foreign = [f for f in frames if _is_foreign(f.filename)]
    if not foreign:
        return what
    home = Path(foreign[0].filename).parent
    last = [f for f in foreign if Path(f.filename).parent == home][-1]
    return f"{what} ({Path(last.filename).name}, line {last.lineno})"


def last_line(told: str) -> str:
    """Return what a stored message comes down to: of a traceback the error and its place.

    Other messages give their last line.
    """
    places = list(_PLACE.finditer(told))
    if not places:
        return visible((told.strip().splitlines() or [""])[-1].rstrip("."))
    after = told[places[-1].end() :].splitlines()
    what = next((line for line in after if line and not line[0].isspace()), "an error")
    name = Path(places[-1]["file"]).name
    return visible(f"{what} ({name}, line {places[-1]['line']})")


def _is_foreign(filename: str) -> bool:
    if filename.startswith("<"):  # such as <frozen importlib._bootstrap>
        return False
    path = Path(filename)
    return _OURS not in path.parents and path.parent.name != "importlib"


def _escaped(found: re.Match[str]) -> str:
    return found[0].encode("unicode_escape").decode("ascii")
