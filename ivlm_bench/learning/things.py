"""Things that stand in a scene, what can be done with their parts, and questions about them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np

from ivlm_bench.learning.sources import Called
from ivlm_bench.learning.words import LID_GRIPS, Words, split_part

Kind = Literal["task", "object", "part", "absent", "function"]

#: Share of questions that only want a part found, where something can be done with it.
FIND_SHARE = 0.15
#: What can be done with a part; ``handle`` of a drawer or door opens it.
ACTIONS = {
    "handle": ("grasp", "grasp", "grasp", "grasp", "turn"),
    "cap": ("grasp", "grasp", "turn"),
    "neck": ("grasp",),
    "body": ("grasp",),
    "rim": ("grasp",),
    "head": ("grasp",),
    "button": ("press",),
    "knob": ("turn", "grasp"),
    "lever": ("turn",),
    "lid": ("lift",),
    "tab": ("lift",),
    "door": ("push",),
    "drawer": ("push",),
    "top": ("place",),
}
#: What keeps a part from moving as it is asked to.
HELD_BY = {
    ("open", "handle"): "bar",
    ("lift", "lid"): "strap",
    ("lift", "knob"): "strap",
    ("lift", "tab"): "strap",
    ("turn", "knob"): "pin",
    ("turn", "lever"): "pin",
}
#: What acts on the world, and how.
FUNCTIONS = {"blade": "cut", "head": "strike", "spout": "pour", "rim": "pour"}


@dataclass(frozen=True, slots=True)
class Asked:
    """One question of a scene; surfaces are indices into the scene's list.

    ``surfaces``: where the answer is; ``target``: all of the thing that is asked about.
    ``feasible`` is None where it is not known.
    """

    kind: Kind
    words: Words
    text: str
    surfaces: tuple[int, ...]
    target: tuple[int, ...]
    present: bool = True
    feasible: bool | None = None


@dataclass(frozen=True, slots=True)
class Named:
    """One surface that can be asked for: its canonical words, and how much of it is seen."""

    index: int
    part: str
    colour: str
    place: str
    seen_px: int


@dataclass(frozen=True, slots=True)
class Thing:
    """A placed thing that can be asked about, its surfaces in the order of its parts.

    ``is_shut``: all its drawers and doors, if it has any, are shut.
    """

    called: Called
    parts: tuple[Named, ...]
    is_shut: bool = True

    @property
    def surfaces(self) -> tuple[int, ...]:
        """Indices of all its surfaces."""
        return tuple(p.index for p in self.parts)

    @property
    def words(self) -> set[str]:
        """The canonical words of its parts."""
        return {p.part for p in self.parts}

    def all_of(self, part: str) -> list[Named]:
        """Return the surfaces that go by a part's word."""
        return [p for p in self.parts if p.part == part]


def named(index: int, part: str, colour: str, seen_px: int) -> Named:
    """Return a surface with its words; its own ``colour`` gives way to one in the part's name."""
    word, said, place = split_part(part)
    return Named(index, word, said or colour, place, seen_px)


def opened_word(thing: Thing) -> str:
    """Return the word for what the thing's handles open, if they do."""
    return next((word for word in ("drawer", "door") if word in thing.words), "")


def can_be(thing: Thing, action: str, part: str) -> bool | None:
    """Return whether something can be done with a part of a thing; None where nobody can tell."""
    if action == "push" and part in ("door", "drawer") and thing.is_shut:
        return False
    held_by = HELD_BY.get((action, part))
    return None if held_by is None else held_by not in thing.words


def draw_action(thing: Thing, part: str, rng: np.random.Generator) -> str:
    """Draw what is asked to be done with a part of a thing."""
    actions = ACTIONS.get(part, ())
    if part == "handle" and opened_word(thing):
        actions = ("open", "open", "grasp")
    if part == "knob" and "lid" in thing.words:
        actions = ("grasp", "lift")
    grips = thing.words & set(LID_GRIPS)
    if not actions or rng.random() < FIND_SHARE or (part == "lid" and not grips):
        return "find"
    return str(rng.choice(actions))
