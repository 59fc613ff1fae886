"""Questions about what is not there."""

from __future__ import annotations

import numpy as np

from ivlm_bench.learning.things import ACTIONS, Asked, Thing, draw_action, opened_word
from ivlm_bench.learning.wording import sentence
from ivlm_bench.learning.words import COLOURS, PLACES, UNNAMED_PARTS, Words

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
    "bar": (),
    "pin": (),
    "strap": (),
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


#: Nouns that a thing with such a part may go by.
NOUN_BY_PART = {
    "blade": "knife",
    "button": "panel",
    "door": "cabinet",
    "drawer": "cabinet",
    "head": "hammer",
    "knob": "knob",
    "lever": "lever",
    "neck": "bottle",
}
#: What is opened by a handle.
OPENED = ("door", "drawer")
#: Acts that a thing without the part for it is asked for.
ACTS = {"cut": "blade", "strike": "head"}
#: Shares of the draws: of things, of parts, of colours and places, and of acts.
SHARES = (0.32, 0.30, 0.30, 0.08)


def absent_question(thing: Thing, things: list[Thing], rng: np.random.Generator) -> Asked | None:
    """Draw a question about a thing of a scene that nothing there is the answer to."""
    way = int(rng.choice(len(SHARES), p=SHARES))
    if way == 0:
        return _absent_noun(things, rng)
    return (_absent_part, _absent_kind, _absent_act)[way - 1](thing, rng)


def _absent_noun(things: list[Thing], rng: np.random.Generator) -> Asked:
    """Ask for a thing, or its handle, that is not there, nor anything that looks like it."""
    parts = {word for thing in things for word in thing.words}
    there = {thing.called.noun for thing in things}
    there |= {noun for part, noun in NOUN_BY_PART.items() if part in parts}
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
    if part in OPENED and "handle" not in thing.words and rng.random() < 0.5:
        words = Words("open", thing.called.noun, "handle")
        return _missing(words, thing.surfaces, rng, opened=part)
    action = str(rng.choice((*ACTIONS.get(part, ()), "find")))
    return _missing(Words(action, thing.called.noun, part), thing.surfaces, rng)


def _absent_kind(thing: Thing, rng: np.random.Generator) -> Asked | None:
    """Ask for a part of a colour, or at a place, that the thing has none of."""
    part = str(rng.choice(sorted(thing.words)))
    alike = thing.all_of(part)
    if part in (*UNNAMED_PARTS, "body") or part not in ACTIONS:
        return None
    action = draw_action(thing, part, rng)
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
    opened = opened_word(thing) if action == "open" else ""
    return _missing(words, thing.surfaces, rng, opened=opened)


def _absent_act(thing: Thing, rng: np.random.Generator) -> Asked | None:
    """Ask for what a thing cuts or strikes with that has no blade or head."""
    act = str(rng.choice(list(ACTS)))
    if ACTS[act] in thing.words:
        return None
    words = Words(act, thing.called.noun)
    text = sentence("function", words, rng)
    return Asked("absent", words, text, (), thing.surfaces, present=False, feasible=False)


def _missing(
    words: Words, target: tuple[int, ...], rng: np.random.Generator, *, opened: str = ""
) -> Asked:
    text = sentence("absent", words, rng, opened=opened)
    return Asked("absent", words, text, (), target, present=False, feasible=False)
