"""How a family of models is asked to point, and how what it writes is read.

Which dialect a model speaks is told by its id or by the person who runs it, never guessed from
numbers: 320 may be a pixel or a thousandth, and two families differ in nothing but the order of
their axes.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass

from ivlm_bench.errors import ConfigError, PluginError, UnknownNameError, did_you_mean
from ivlm_bench.registry import import_tree

#: Package of the shipped dialects; each of its modules registers one when it is imported.
SHIPPED = "ivlm_policies.vlm.dialects"


class UnreadableError(Exception):
    """An answer is not in its dialect; the text goes on after "the answer"."""


@dataclass(frozen=True, slots=True)
class Asked:
    """What a prompt is made of.

    ``sentence`` is the query's own; ``where`` says in words what to point at; ``noun`` is a short
    phrase for models that only find things; ``side_px`` is the side of the square picture.
    """

    sentence: str
    where: str
    noun: str
    side_px: int


@dataclass(frozen=True, slots=True)
class Mark:
    """What a model marked, in its dialect's own numbers.

    ``corners``: (x, y) of a point, of two opposite corners of a box, or of a polygon. ``image``
    counts pictures from 1.
    """

    corners: tuple[tuple[float, float], ...]
    image: int = 1


@dataclass(frozen=True, slots=True)
class Found:
    """What a parser made of an answer: marks in order; none of them is an abstention.

    ``flags``: ``prose`` stood around the answer, or its end was ``cut`` off.
    """

    marks: tuple[Mark, ...]
    flags: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True)
class Dialect:
    """One family: which models speak it, what they are asked, how numbers are meant.

    Parameters
    ----------
    name, version
        The version changes whenever prompt or parser do: answers are kept under it.
    models
        Regular expression that is searched in the last part of a model's id, small letters.
    ask
        Makes the prompt.
    read
        Finds the marks in an answer; ``UnreadableError`` if it is not in this dialect.
    full
        Number that stands for the right and the lower edge of the picture; None where numbers are
        pixels of the square picture.
    highest
        Largest number that the family writes.
    shift
        What is added to a number first: 0.5 where it names a bin and means its middle.
    step_px
        What the side of the picture must be a multiple of, as servers resize it else.
    sign
        Regular expression of what this dialect writes and few others do.
    source
        Where the format is documented.
    """

    name: str
    version: int
    models: str
    ask: Callable[[Asked], str]
    read: Callable[[str], Found]
    full: float | None
    sign: str
    source: str
    highest: float | None = None
    shift: float = 0.0
    step_px: int = 1

    def pixel(self, number: float, side_px: int) -> float:
        """Return the pixel of the square that a coordinate means (0 is a pixel's centre)."""
        if self.full is None:
            return number
        return (number + self.shift) / self.full * side_px - 0.5

    def largest(self, side_px: int) -> float:
        """Return the largest coordinate that means a place in the picture."""
        if self.highest is not None:
            return self.highest
        return side_px if self.full is None else self.full


#: All dialects by name; no registry, as looking for plugins takes a second.
DIALECTS: dict[str, Dialect] = {}


def register(dialect: Dialect) -> None:
    """Add a dialect; a second one of the same name is a ``PluginError``."""
    if DIALECTS.setdefault(dialect.name, dialect) is not dialect:
        raise PluginError(f"Two dialects are called {dialect.name!r}; rename one of them.")


def dialect_of(model: str, name: str | None = None) -> Dialect:
    """Return the dialect called ``name``, else the one that the model's id tells.

    Raises
    ------
    UnknownNameError
        If there is no such dialect.
    ConfigError
        If the id tells none; the message says what to do.
    """
    import_tree(SHIPPED)
    if name is not None:
        if name not in DIALECTS:
            hint = did_you_mean(name, list(DIALECTS))
            raise UnknownNameError(f"No dialect is called {name!r}.{hint}")
        return DIALECTS[name]
    for part in reversed([part for part in model.lower().split("/") if part]):
        found = [each for each in DIALECTS.values() if re.search(each.models, part)]
        if len(found) == 1:
            return found[0]
        if found:
            names = " and ".join(sorted(repr(each.name) for each in found))
            raise ConfigError(
                f"The model id {model!r} fits the dialects {names}; choose one by -P dialect=NAME."
            )
    raise UnknownNameError(
        f"The model id {model!r} does not tell how its answers are to be read; add "
        "-P dialect=generic to ask for pixels in JSON, or -P dialect=NAME of its family "
        f"({', '.join(sorted(DIALECTS))})."
    )


def betrayed(text: str, besides: str) -> tuple[str, ...]:
    """Return the names of other dialects whose sign an answer bears."""
    found = [name for name, each in DIALECTS.items() if re.search(each.sign, text)]
    return () if besides in found else tuple(found)
