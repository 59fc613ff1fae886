"""Questions that follow from what stands in a scene: things, parts, what is not there."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np

from ivlm_bench.learning.sources import Called
from ivlm_bench.learning.wording import sentence
from ivlm_bench.learning.words import COLOURS, LID_GRIPS, PLACES, UNNAMED_PARTS, Words, split_part

Kind = Literal["task", "object", "part", "absent", "function"]

#: Fewest and most questions of a scene.
N_QUESTIONS = (4, 8)
#: A part, or a thing, of which all views together show less (px) is not asked for.
LEAST_PART_PX, LEAST_THING_PX = 16, 60
#: Share of questions about one of several alike that mean all of them.
ALL_ALIKE_SHARE = 0.15
#: Share of questions about a single part whose known colour is said.
COLOUR_SAID_SHARE = 0.3
#: Share of questions about things that only their colour tells apart, where there are such.
SECONDS_SHARE = 0.3
#: Share of draws of a body, the easiest part of all, that are kept.
BODY_KEPT_SHARE = 0.5
#: Share of questions that only want a part found, where something can be done with it.
FIND_SHARE = 0.15
#: Share of questions about what a thing acts with that don't name the part.
UNNAMED_SHARE = 0.3
#: What can be done with a part; ``handle`` of a drawer or door opens it.
ACTIONS = {
    "handle": ("grasp",),
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
#: What acts on the world, and how.
FUNCTIONS = {"blade": "cut", "head": "strike", "spout": "pour", "rim": "pour"}
#: Parts that can be asked for where they are missing, and parts that a person may take for them.
MISSABLE = {
    "handle": ("lever", "knob", "tab", "neck"),
    "cap": ("lid", "knob", "button"),
    "spout": ("lever", "neck"),
    "button": ("knob", "cap"),
    "knob": ("handle", "button", "cap", "lever", "tab"),
    "lever": ("handle", "spout"),
    "lid": ("cap", "top"),
    "blade": (),
    "door": ("drawer", "lid"),
    "drawer": ("door",),
}
#: Nouns that can be asked for where nothing is called so; those of a group may look alike.
NOUN_GROUPS = (
    ("mug", "cup", "pot", "bowl", "jug", "vase", "jar", "can", "drum", "bottle", "flask"),
    ("box", "case", "block", "crate", "cabinet"),
    ("bench", "stand", "block"),
    ("hammer", "knife", "tool"),
    ("pan", "bowl", "pot"),
    ("panel", "lever", "knob", "board"),
)
SENSES = {
    "knob": ("clockwise", "anticlockwise"),
    "cap": ("clockwise", "anticlockwise"),
    "lever": ("clockwise", "anticlockwise", "up", "down", "left", "right"),
}


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
    """A placed thing that can be asked about, its surfaces in the order of its parts."""

    called: Called
    parts: tuple[Named, ...]

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


def derived_questions(
    things: Sequence[Thing], taken: Sequence[Asked], rng: np.random.Generator
) -> list[Asked]:
    """Return questions about the things that are not among ``taken``, four to eight in all.

    Things that another is called like are not asked about; there are no questions if all are.
    """
    n = int(rng.integers(N_QUESTIONS[0], N_QUESTIONS[1] + 1))
    nouns = [thing.called.noun for thing in things]
    plain = [thing for thing in things if nouns.count(thing.called.noun) == 1]
    if not plain:
        return []
    seconds = _told_by_colour(things)
    out, words = list(taken), {asked.words for asked in taken}
    for drawn in _draws(plain, list(things), seconds, rng):
        if len(out) >= n:
            break
        if drawn is not None and drawn.words not in words:
            words.add(drawn.words)
            out.append(drawn)
    return out[len(taken) :]


def _told_by_colour(things: Sequence[Thing]) -> list[Thing]:
    """Return the things that others are called like, but not in their colour."""
    called = [thing.called for thing in things]
    nouns = [c.noun for c in called]
    return [
        thing
        for thing in things
        if nouns.count(thing.called.noun) > 1
        and thing.called.colour
        and called.count(thing.called) == 1
    ]


def _draws(
    plain: list[Thing], things: list[Thing], seconds: list[Thing], rng: np.random.Generator
) -> Iterator[Asked | None]:
    """Yield questions about ``plain`` things, which no other of ``things`` is called like.

    Most are about parts, some about ``seconds``, told by their colour; there is no end to them.
    """
    makers: list[Callable[[Thing, np.random.Generator], Asked | None]]
    makers = [_object, _part, lambda t, r: _absent(t, things, r), _function]
    share = np.array([0.2, 0.5, 0.2, 0.1])
    once = iter(makers)
    while True:
        make = next(once, makers[int(rng.choice(len(makers), p=share))])
        if seconds and rng.random() < SECONDS_SHARE:
            yield _coloured(seconds[int(rng.integers(len(seconds)))], rng)
        yield make(plain[int(rng.integers(len(plain)))], rng)


def _object(thing: Thing, rng: np.random.Generator) -> Asked | None:
    if sum(p.seen_px for p in thing.parts) < LEAST_THING_PX:
        return None
    said = thing.called.colour if rng.random() < 0.5 else ""
    words = Words("find", thing.called.noun, colour=said)
    text = sentence("object", words, rng)
    return Asked("object", words, text, thing.surfaces, thing.surfaces)


def _coloured(thing: Thing, rng: np.random.Generator) -> Asked | None:
    """Ask for a thing by its colour, or to put something on it."""
    noun, colour = thing.called.noun, thing.called.colour
    top = tuple(p.index for p in thing.all_of("top") if p.seen_px >= LEAST_PART_PX)
    if top and rng.random() < 0.5:
        words = Words("place", noun, "top", colour=colour)
        return Asked("part", words, sentence("part", words, rng), top, thing.surfaces)
    if sum(p.seen_px for p in thing.parts) < LEAST_THING_PX:
        return None
    words = Words("find", noun, colour=colour)
    return Asked("object", words, sentence("object", words, rng), thing.surfaces, thing.surfaces)


def _part(thing: Thing, rng: np.random.Generator) -> Asked | None:
    known = sorted(thing.words - set(UNNAMED_PARTS))
    if not known:
        return None
    part = str(rng.choice(known))
    if part == "body" and rng.random() > BODY_KEPT_SHARE:
        return None
    chosen = _chosen(thing.all_of(part), rng)
    if chosen is None:
        return None
    meant, colour, place = chosen
    action = _action(thing, part, rng)
    if action == "lift" and part == "lid":
        meant = [p for p in thing.parts if p.part in LID_GRIPS]
    if sum(p.seen_px for p in meant) < LEAST_PART_PX:
        return None
    sense = ""
    if action == "turn" and rng.random() < 0.6:
        sense = str(rng.choice(SENSES[part]))
    if action == "place":
        colour = thing.called.colour
    words = Words(action, thing.called.noun, part, colour=colour, place=place, sense=sense)
    opened = _opened(thing) if action == "open" else ""
    text = sentence("part", words, rng, opened=opened)
    return Asked("part", words, text, tuple(p.index for p in meant), thing.surfaces)


def _chosen(alike: list[Named], rng: np.random.Generator) -> tuple[list[Named], str, str] | None:
    """Return the parts meant, and the colour and place that tell them from others alike."""
    one = alike[int(rng.integers(len(alike)))]
    if len(alike) == 1:
        said = rng.random() < COLOUR_SAID_SHARE
        return alike, one.colour if said else "", one.place
    by_place = bool(one.place) and sum(p.place == one.place for p in alike) == 1
    by_colour = bool(one.colour) and sum(p.colour == one.colour for p in alike) == 1
    if not (by_place or by_colour) or rng.random() < ALL_ALIKE_SHARE:
        return alike, "", ""
    if by_colour and (not by_place or rng.random() < 0.5):
        return [one], one.colour, ""
    return [one], "", one.place


def _opened(thing: Thing) -> str:
    """Return the word for what the thing's handles open, if they do."""
    return next((word for word in ("drawer", "door") if word in thing.words), "")


def _action(thing: Thing, part: str, rng: np.random.Generator) -> str:
    actions = ACTIONS.get(part, ())
    if part == "handle" and _opened(thing):
        actions = ("open", "open", "grasp")
    if part == "knob" and "lid" in thing.words:
        actions = ("grasp", "lift")
    grips = thing.words & set(LID_GRIPS)
    if not actions or rng.random() < FIND_SHARE or (part == "lid" and not grips):
        return "find"
    return str(rng.choice(actions))


def _function(thing: Thing, rng: np.random.Generator) -> Asked | None:
    acting = [p for p in thing.parts if p.part in FUNCTIONS]
    if thing.words & {"spout", "lid"}:
        acting = [p for p in acting if p.part != "rim"]
    if not acting:
        return None
    one = acting[int(rng.integers(len(acting)))]
    if one.seen_px < LEAST_PART_PX:
        return None
    part = "" if rng.random() < UNNAMED_SHARE else one.part
    words = Words(FUNCTIONS[one.part], thing.called.noun, part)
    return Asked("function", words, sentence("function", words, rng), (one.index,), thing.surfaces)


def _absent(thing: Thing, things: list[Thing], rng: np.random.Generator) -> Asked | None:
    way = rng.random()
    if way < 0.4:
        return _absent_noun(things, rng)
    return _absent_part(thing, rng) if way < 0.75 else _absent_kind(thing, rng)


def _absent_noun(things: list[Thing], rng: np.random.Generator) -> Asked:
    """Ask for a thing, or its handle, that is not there, nor anything that looks like it."""
    there = {thing.called.noun for thing in things}
    alike = {word for group in NOUN_GROUPS if there & set(group) for word in group}
    nouns = sorted({word for group in NOUN_GROUPS for word in group} - alike - there)
    noun = str(rng.choice(nouns))
    part, action = ("handle", "grasp") if rng.random() < 0.4 else ("", "find")
    words = Words(action, noun, part)
    return _missing(words, (), rng)


def _absent_part(thing: Thing, rng: np.random.Generator) -> Asked | None:
    """Ask for a part that the thing does not have, nor anything like it."""
    free = [p for p, like in MISSABLE.items() if not thing.words & {p, *like}]
    part = str(rng.choice(free))
    action = str(rng.choice((*ACTIONS.get(part, ()), "find")))
    return _missing(Words(action, thing.called.noun, part), thing.surfaces, rng)


def _absent_kind(thing: Thing, rng: np.random.Generator) -> Asked | None:
    """Ask for a part of a colour, or at a place, that the thing has none of."""
    part = str(rng.choice(sorted(thing.words)))
    alike = thing.all_of(part)
    if part in (*UNNAMED_PARTS, "body") or part not in ACTIONS:
        return None
    action = str(rng.choice(ACTIONS[part]))
    if all(p.colour for p in alike):
        others = [c for c in COLOURS if c not in {p.colour for p in alike}]
        words = Words(action, thing.called.noun, part, colour=str(rng.choice(others)))
    elif all(p.place for p in alike) and len(alike) > 1:
        pair = ("left", "right") if alike[0].place in ("top", "bottom", "middle") else ("top",)
        others = [*pair, *(p for p in PLACES[2:] if alike[0].place in PLACES[2:])]
        free = [p for p in others if p not in {q.place for q in alike}]
        words = Words(action, thing.called.noun, part, place=str(rng.choice(free)))
    else:
        return None
    return _missing(words, thing.surfaces, rng)


def _missing(words: Words, target: tuple[int, ...], rng: np.random.Generator) -> Asked:
    text = sentence("absent", words, rng)
    return Asked("absent", words, text, (), target, present=False, feasible=False)
