"""The canonical words that questions are labelled with.

A planner that reads sentences and a network that learns from pictures must use the same words:

- ``interaction``: the labels of queries (``grasp``, ``open``, ``press``, ``turn``, ``lift``,
  ``push``, ``place``), and ``find`` (where a thing or a part is), ``pour``, ``cut``, ``strike``
  (what acts on the world).
- ``noun``: what a person calls the whole thing: the query's own object (``mug``, ``bottle``,
  ``cabinet``, ``panel``, ``knob``, ``lever``); where something is put on, the support
  (``block``, ``stand``, ``bench``).
- ``part``: ``handle`` (of drawers and doors, too: what ``open`` takes hold of), ``cap``, ``neck``,
  ``body``, ``rim``, ``blade``, ``head``, ``spout``, ``button``, ``knob``, ``lever``, ``lid`` (with
  ``lift``: the tab or knob that it is lifted by), ``drawer`` (its front: what ``push`` shuts),
  ``door``, ``tab``, ``top`` (what things are put on); where infeasible: ``bar``, ``pin``,
  ``strap``. Empty where the whole thing is meant.
- ``colour``: of what is asked for: of the part where a part is, else of the thing.
- ``place``: ``left``, ``right``, ``top``, ``middle``, ``bottom``: which of several alike.
- ``sense``: ``clockwise``, ``anticlockwise``, ``up``, ``down``, ``left``, ``right``: which way a
  control is turned.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from ivlm_bench.env import Question

COLOURS = (
    "red",
    "green",
    "blue",
    "yellow",
    "white",
    "black",
    "orange",
    "brown",
    "grey",
    "purple",
)
PLACES = ("left", "right", "top", "middle", "bottom")
#: Other words for places.
ALSO_PLACES = {"upper": "top", "lower": "bottom", "centre": "middle", "central": "middle"}
#: Words of parts as objects have them, where the canonical word is another.
ALSO_PARTS = {"front": "drawer", "buckle": "strap"}
#: Parts that nobody asks for: what is behind, below or around what is asked for.
UNNAMED_PARTS = ("tray", "cabinet", "plate", "foot", "base", "board", "box", "controls")
#: Parts that a lid is lifted by.
LID_GRIPS = ("tab", "knob")

_SENSES = re.compile(
    r"\b(anticlockwise|counterclockwise|clockwise|up|down|to the (?:left|right))\b"
)
_PLACE = re.compile(r"(?<!to the )\b(" + "|".join((*PLACES, *ALSO_PLACES)) + r")\b")


@dataclass(frozen=True, slots=True)
class Words:
    """Canonical words of one question; empty where nothing is said."""

    interaction: str
    noun: str
    part: str = ""
    colour: str = ""
    place: str = ""
    sense: str = ""


def split_part(name: str) -> tuple[str, str, str]:
    """Return canonical word, colour and place of an object's part, such as ``handle_left``.

    ``button_red`` is a red ``button``, ``front_top`` the ``drawer`` at the top.
    """
    base, _, rest = name.partition("_")
    colour = rest if rest in COLOURS else ""
    place = rest if rest in PLACES else ""
    return ALSO_PARTS.get(base, base), colour, place


def asked_words(asked: Question) -> Words:
    """Return the canonical words of what a task asks."""
    query = asked.query
    text = query.text.lower()
    if asked.at_hand:
        *_, noun = (query.part_name or "").split()
        return Words(query.interaction, noun, "top", colour=_colour(text))
    part = split_part(query.part_name or "")[0]
    if query.interaction == "lift" and part in LID_GRIPS:
        part = "lid"
    sense = ""
    if query.interaction == "turn" and (found := _SENSES.search(text)):
        sense = found[1].removeprefix("to the ").replace("counterc", "antic")
    place = _PLACE.search(text)
    return Words(
        query.interaction,
        query.object_name,
        part,
        colour=_colour(text),
        place="" if place is None else ALSO_PLACES.get(place[1], place[1]),
        sense=sense,
    )


def _colour(text: str) -> str:
    return next((word for word in re.findall(r"[a-z]+", text) if word in COLOURS), "")
