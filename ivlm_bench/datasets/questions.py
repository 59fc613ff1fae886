"""What public data sets ask, in our words: an affordance and an object become one question."""

from __future__ import annotations

from ivlm_bench.types import Query

#: Affordances that "Where would you <affordance> the <object>?" does not fit, in AGD20K, PIAD,
#: PIADv2, LASO, 3D AffordanceNet and 3DIR.
_PHRASES = {
    "boxing": "Where would you box against the {}?",
    "brush_with": "Which part of the {} would you brush with?",
    "clean": "Which part of the {} would you clean with?",
    "contain": "Where does the {} hold what is put into it?",
    "cut_with": "Which part of the {} would you cut with?",
    "display": "Where does the {} show its picture?",
    "drink_with": "Where would you drink from the {}?",
    "hit": "Which part of the {} would you hit with?",
    "jump": "Where would you stand on the {} to jump with it?",
    "lay": "Where would you lie down on the {}?",
    "lie_on": "Where would you lie down on the {}?",
    "listen": "Which part of the {} would you listen with?",
    "look_out": "Where would you look through the {}?",
    "play": "Where would you play the {}?",
    "pour": "Where would you pour from the {}?",
    "sip": "Where would you sip from the {}?",
    "sit": "Where would you sit on the {}?",
    "speak": "Where would you speak into the {}?",
    "stab": "Which part of the {} would you stab with?",
    "stick": "Which part of the {} would you stick into something?",
    "stir": "Where would you stir with or in the {}?",
    "support": "Where does the {} support what lies on it?",
    "take_photo": "Where would you take a photo with the {}?",
    "talk_on": "Where would you talk on the {}?",
    "text_on": "Where would you text on the {}?",
    "wear": "Which part of the {} rests on the wearer?",
    "wrap_grasp": "Where would you wrap your hand around the {}?",
    "wrapgrasp": "Where would you wrap your hand around the {}?",
    "write": "Which part of the {} would you write with?",
}

#: Other words for the same affordances, in 3D AffordanceNet.
_SAME = {
    "layable": "lay",
    "openable": "open",
    "pourable": "pour",
    "pushable": "push",
    "sittable": "sit",
}

#: What is cut with, where all other objects are cut.
_CUTTERS = ("knife", "scissors", "axe")

#: Names that are two words in English though the data sets join them.
_OBJECTS = {
    "baseballbat": "baseball bat",
    "storagefurniture": "storage furniture",
    "tennisracket": "tennis racket",
    "trashcan": "trash can",
}


def question(affordance: str, object_name: str, *, text: str | None = None) -> Query:
    """Return the query for an affordance of an object.

    Parameters
    ----------
    affordance
        The owner's word (``cut_with``); it stays the query's ``interaction``.
    object_name
        The owner's word (``wine_glass``, ``TrashCan``).
    text
        The owner's own question, where the set has one.
    """
    name = spoken(object_name)
    word = _SAME.get(affordance.lower(), affordance.lower())
    phrase = _PHRASES.get("cut_with" if word == "cut" and name in _CUTTERS else word)
    if phrase is None:
        phrase = f"Where would you {word.replace('_', ' ')} the {{}}?"
    return Query(affordance, name, None, text or phrase.format(name))


def spoken(object_name: str) -> str:
    """Return an object's name as it is said: ``TrashCan`` is "trash can"."""
    name = object_name.lower().replace("_", " ")
    return _OBJECTS.get(name, name)
