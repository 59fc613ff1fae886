"""Canonical words of what tasks ask, of parts' names, and sentences made of them."""

from __future__ import annotations

import numpy as np
import pytest

from ivlm_bench.env import Question
from ivlm_bench.learning.wording import FUNCTION, OBJECT, PART, sentence
from ivlm_bench.learning.words import Words, asked_words, split_part
from ivlm_bench.types import Interaction, Query, TrialSpec


def _asked(
    interaction: str, noun: str, part: str | None, text: str, *, at_hand: bool = False
) -> Question:
    query = Query(interaction, noun, part, text)
    trial = TrialSpec(kind="grasp")
    return Question(query, trial, Interaction(), interaction, at_hand=at_hand)


@pytest.mark.parametrize(
    ("asked", "words"),
    [
        (("grasp", "mug", None, "Pick up the mug."), Words("grasp", "mug")),
        (
            ("grasp", "knife", "handle", "Take the knife by its handle, not by the blade."),
            Words("grasp", "knife", "handle"),
        ),
        (
            ("open", "cabinet", "handle_bottom", "Open the bottom drawer."),
            Words("open", "cabinet", "handle", place="bottom"),
        ),
        (
            ("push", "cabinet", "front_top", "Push the top drawer shut."),
            Words("push", "cabinet", "drawer", place="top"),
        ),
        (
            ("push", "cabinet", "door", "Push the cabinet door shut."),
            Words("push", "cabinet", "door"),
        ),
        (
            ("press", "panel", "button_red", "Press the red button."),
            Words("press", "panel", "button", colour="red"),
        ),
        (
            ("turn", "knob", "knob_left", "Turn the left knob anticlockwise."),
            Words("turn", "knob", "knob", place="left", sense="anticlockwise"),
        ),
        (
            ("turn", "lever", "lever_left", "Turn the left lever to the right."),
            Words("turn", "lever", "lever", place="left", sense="right"),
        ),
        (
            ("turn", "lever", "lever", "Turn the lever to the left."),
            Words("turn", "lever", "lever", sense="left"),
        ),
        (("lift", "box", "tab", "Lift the lid of the box."), Words("lift", "box", "lid")),
    ],
)
def test_words_of_what_a_task_asks(asked: tuple[str, str, str | None, str], words: Words) -> None:
    assert asked_words(_asked(*asked)) == words


def test_where_something_is_put_the_noun_is_the_support() -> None:
    asked = _asked("place", "mug", "red block", "Put the mug on the red block.", at_hand=True)
    assert asked_words(asked) == Words("place", "block", "top", colour="red")


@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("handle", ("handle", "", "")),
        ("handle_left", ("handle", "", "left")),
        ("handle_2", ("handle", "", "")),
        ("button_black", ("button", "black", "")),
        ("front_top", ("drawer", "", "top")),
        ("top", ("top", "", "")),
    ],
)
def test_words_of_a_parts_name(name: str, words: tuple[str, str, str]) -> None:
    assert split_part(name) == words


def test_every_wording_says_what_is_asked_for() -> None:
    words = {a: Words(a, "pot", "knob", place="left") for a in PART}
    for action, wordings in PART.items():
        rng = np.random.default_rng(0)
        said = {sentence("part", words[action], rng) for _ in range(200)}
        assert len(said) == len(wordings)
        wanted = "pot" if action == "place" else "left knob"
        assert all(wanted in text for text in said), said
    for wordings in (OBJECT, *FUNCTION.values()):
        assert all("{thing}" in wording for wording in wordings)


def test_colour_goes_with_the_part_or_else_with_the_thing() -> None:
    rng = np.random.default_rng(0)
    assert "red pot" in sentence("object", Words("find", "pot", colour="red"), rng)
    assert "red knob" in sentence("part", Words("find", "pot", "knob", colour="red"), rng)
    assert "red block" in sentence("part", Words("place", "block", "top", colour="red"), rng)
