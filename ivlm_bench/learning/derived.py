"""Questions that follow from what stands in a scene: things, parts, what is not there."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence

import numpy as np

from ivlm_bench.learning.absent import absent_question
from ivlm_bench.learning.things import (
    FUNCTIONS,
    Asked,
    Named,
    Thing,
    can_be,
    draw_action,
    opened_word,
)
from ivlm_bench.learning.wording import sentence
from ivlm_bench.learning.words import LID_GRIPS, UNNAMED_PARTS, Words

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
#: Share of questions about what a thing acts with that don't name the part.
UNNAMED_SHARE = 0.3
#: Which ways a part is turned.
SENSES = {
    "knob": ("clockwise", "anticlockwise"),
    "cap": ("clockwise", "anticlockwise"),
    "handle": ("clockwise", "anticlockwise", "left", "right"),
    "lever": ("clockwise", "anticlockwise", "up", "down", "left", "right"),
}


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
    makers = [_object, _part, lambda t, r: absent_question(t, things, r), _function]
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
    action = draw_action(thing, part, rng)
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
    opened = opened_word(thing) if action == "open" else ""
    text = sentence("part", words, rng, opened=opened)
    surfaces = tuple(p.index for p in meant)
    feasible = can_be(thing, action, part)
    return Asked("part", words, text, surfaces, thing.surfaces, feasible=feasible)


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
