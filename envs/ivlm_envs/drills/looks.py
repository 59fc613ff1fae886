"""Looks of put-together things: colours that have a word, and surfaces in them."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from jaxtyping import UInt8

from ivlm_envs.objects import textures as tx
from ivlm_envs.objects.panel import CAP_COLOURS

#: Colours by the word that a person uses (sRGB).
COLOURS: dict[str, tx.Colour] = {
    **CAP_COLOURS,
    "orange": (232, 122, 28),
    "brown": (124, 78, 44),
    "grey": (138, 140, 144),
    "purple": (112, 58, 150),
}
#: Share of the parts that have a colour of their own, whatever they are; the others have the
#: body's, so that no colour tells a part.
OWN_COLOUR_SHARE = 0.4
#: Deviation of a colour from its word's (8-bit steps).
SPREAD = 14.0


@dataclass(frozen=True, eq=False, slots=True)
class Look:
    """A texture, and the word for its colour; empty where it has several."""

    texture: UInt8[np.ndarray, "h w 3"]
    colour: str


def draw_look(rng: np.random.Generator) -> Look:
    """Draw a look: mostly of one colour."""
    word, second = (str(w) for w in rng.choice(list(COLOURS), 2, replace=False))
    colour = tx.jittered(rng, COLOURS[word], SPREAD)
    kind = rng.random()
    if kind < 0.40:
        return Look(tx.plain(rng, colour), word)
    if kind < 0.55:
        return Look(tx.brushed_metal(rng, colour), word)
    if kind < 0.65:
        return Look(tx.speckles(rng, (colour, tx.jittered(rng, colour, SPREAD))), word)
    if kind < 0.72:
        return Look(tx.wood(rng, tx.jittered(rng, tx.pick(rng, tx.WOODS))), "")
    pair = (colour, tx.jittered(rng, COLOURS[second], SPREAD))
    paint = (tx.stripes, tx.dots, tx.two_tone)[int(rng.integers(3))]
    return Look(paint(rng, pair), "")


def part_look(body: Look, rng: np.random.Generator) -> Look:
    """Draw the look of a part: the body's, or one of its own."""
    return draw_look(rng) if rng.random() < OWN_COLOUR_SHARE else body


def button_look(word: str, rng: np.random.Generator) -> Look:
    """Return the plain look of a button of a colour."""
    return Look(tx.plain(rng, tx.jittered(rng, COLOURS[word], SPREAD)), word)
