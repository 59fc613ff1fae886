"""Sentences to train on, from canonical words: a few natural wordings of each."""

from __future__ import annotations

import numpy as np

from ivlm_bench.learning.words import Words

#: Wordings by kind of question and interaction. ``{thing}``: noun with its colour; ``{part}``:
#: part with its place or colour; ``{way}``: the sense that a control is turned in.
OBJECT: tuple[str, ...] = (
    "Find the {thing}.",
    "Where is the {thing}?",
    "Show me the {thing}.",
    "Point at the {thing}.",
    "Which of these is the {thing}?",
    "Look for the {thing}.",
)
PART: dict[str, tuple[str, ...]] = {
    "find": (
        "Find the {part} of the {thing}.",
        "Where is the {part} of the {thing}?",
        "Point at the {thing}'s {part}.",
        "Show me the {part}.",
        "Which part of the {thing} is the {part}?",
    ),
    "grasp": (
        "Grasp the {thing} by its {part}.",
        "Hold the {part} of the {thing}.",
        "Take the {thing} by the {part}.",
        "Grip the {part}.",
        "Pick up the {thing} with its {part}.",
        "Put your fingers around the {thing}'s {part}.",
    ),
    "open": (
        "Open the {part}.",
        "Pull the {part} open.",
        "Get the {part} of the {thing} open.",
        "Slide or swing the {part} open.",
        "Pull at the {part}.",
    ),
    "press": (
        "Press the {part}.",
        "Push the {part} in.",
        "Hit the {part} on the {thing}.",
        "Click the {part} of the {thing}.",
        "Use the {part}.",
    ),
    "turn": (
        "Turn the {part}{way}.",
        "Rotate the {part} of the {thing}{way}.",
        "Twist the {part}{way}.",
        "Give the {thing}'s {part} a turn{way}.",
    ),
    "lift": (
        "Lift the {part} of the {thing}.",
        "Raise the {part}.",
        "Open the {thing} at its {part}.",
        "Take up the {thing}'s {part}.",
    ),
    "push": (
        "Push the {part} shut.",
        "Close the {part}.",
        "Shut the {part} of the {thing}.",
        "Press against the {part}.",
    ),
    "place": (
        "Put it on the {thing}.",
        "Set it down on the {thing}.",
        "Place it on top of the {thing}.",
        "Leave it on the {thing}.",
    ),
}
FUNCTION: dict[str, tuple[str, ...]] = {
    "cut": (
        "Cut with the {thing}.",
        "Which part of the {thing} cuts?",
        "What does the {thing} slice with?",
    ),
    "strike": (
        "Strike with the {thing}.",
        "Which part of the {thing} hits the nail?",
        "What does one knock with, holding the {thing}?",
    ),
    "pour": (
        "Pour from the {thing}.",
        "Where does the {thing} pour?",
        "Which part of the {thing} does water run out of?",
    ),
}


def sentence(kind: str, words: Words, rng: np.random.Generator, *, opened: str = "") -> str:
    """Return one wording of a question; ``opened`` is the word for what a handle opens."""
    if kind == "function":
        wordings = FUNCTION[words.interaction]
    else:
        wordings = PART[words.interaction] if words.part else OBJECT
    part = " ".join(w for w in (words.place, words.colour, opened or words.part) if w)
    thing = words.noun if words.part else f"{words.colour} {words.noun}".strip()
    if words.interaction == "place":
        thing = f"{words.colour} {words.noun}".strip()
    return wordings[int(rng.integers(len(wordings)))].format(
        part=part, thing=thing, way=_way(words.sense)
    )


def _way(sense: str) -> str:
    if sense in ("left", "right"):
        return f" to the {sense}"
    return f" {sense}" if sense else ""
