"""A question in plain words: what any parser should understand."""

from __future__ import annotations

from dataclasses import replace

from ivlm_bench.env import Episode, Question
from ivlm_bench.learning.words import Words, asked_words, split_part
from ivlm_bench.types import Query

#: One sentence an interaction; where a part is asked for, and where the whole thing is.
_OF_PART: dict[str, str] = {
    "grasp": "Grasp the {thing} by the {part}.",
    "open": "Open the {moved}.",
    "press": "Press the {part}.",
    "turn": "Turn the {part}{way}.",
    "lift": "Lift the {part} of the {thing}.",
    "push": "Push the {moved} shut.",
    "place": "Put it on the {thing}.",
}
_OF_THING: dict[str, str] = {
    "grasp": "Pick up the {thing}.",
    "open": "Open the {thing}.",
    "press": "Press the {thing}.",
    "turn": "Turn the {thing}{way}.",
    "lift": "Lift the {thing}.",
    "push": "Push the {thing} shut.",
    "place": "Put it on the {thing}.",
}
#: Things that move on a joint of the same name, and are called so when they are opened or shut.
MOVED = ("drawer", "door", "lid")


def plain_query(episode: Episode) -> Query | None:
    """Return the question of an episode in plain words; None where its kind is not known.

    The part that is asked for is named beside the sentence, even where the question does not. The
    words are those that the question is labelled with, and the colour, place and sense that its
    sentence or the name of its part tells.
    """
    observation, truth = episode.observation, episode.truth
    at_hand = observation.object_mesh is not None
    query = replace(observation.query, part_name=_part_name(episode))
    words = asked_words(Question(query, truth.trial, truth.oracle, "", at_hand=at_hand))
    _, colour, place = split_part("" if at_hand else truth.target_part or "")
    words = replace(words, colour=words.colour or colour, place=words.place or place)
    sentence = (_OF_PART if words.part else _OF_THING).get(truth.interaction_label)
    if sentence is None:
        return None
    return replace(query, text=_filled(sentence, words, truth.trial.joint or ""))


def _part_name(episode: Episode) -> str | None:
    """Return the part that is asked for, or what something is to be put on."""
    query, truth = episode.observation.query, episode.truth
    support = truth.trial.support
    return query.part_name or (truth.target_part if support is None else support.replace("_", " "))


def _filled(sentence: str, words: Words, joint: str) -> str:
    kind = joint.partition("_")[0]
    moved = kind if kind in MOVED else words.part
    coloured = f"{words.colour} {words.noun}".strip()
    return sentence.format(
        thing=words.noun if words.part and words.interaction != "place" else coloured,
        part=_joined(words.place, words.colour, words.part),
        moved=_joined(words.place, words.colour, moved),
        way=_way(words.sense),
    )


def _joined(*words: str) -> str:
    return " ".join(word for word in words if word)


def _way(sense: str) -> str:
    if sense in ("left", "right"):
        return f" to the {sense}"
    return f" {sense}" if sense else ""
