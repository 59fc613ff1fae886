"""Questions in our words: whole sentences that name the object, for every affordance of a set."""

from __future__ import annotations

import pytest

from ivlm_bench.datasets import affordancenet, piad, piadv2, threedir
from ivlm_bench.datasets.questions import question, spoken

#: Affordances of AGD20K (LOCATE@8db3d015 data/datatest.py).
AGD20K = (
    *("beat", "boxing", "brush_with", "carry", "catch", "cut", "cut_with"),
    *("drag", "drink_with", "eat", "hit", "hold", "jump", "kick"),
    *("lie_on", "lift", "look_out", "open", "pack", "peel", "pick_up"),
    *("pour", "push", "ride", "sip", "sit_on", "stick", "stir"),
    *("swing", "take_photo", "talk_on", "text_on", "throw", "type_on", "wash"),
    *("write",),
)
ALL = {
    *AGD20K,
    *piad.AFFORDANCES,
    *piadv2.AFFORDANCES,
    *threedir.AFFORDANCES,
    *affordancenet.AFFORDANCES,
}


def test_agd20k_has_36_affordances() -> None:
    assert len(AGD20K) == 36


@pytest.mark.parametrize("affordance", sorted(ALL))
def test_every_affordance_makes_a_sentence(affordance: str) -> None:
    asked = question(affordance, "wine_glass")
    assert asked.interaction == affordance
    assert "the wine glass" in asked.text
    assert asked.text.endswith("?")
    assert not set("_{}") & set(asked.text)


@pytest.mark.parametrize(
    ("affordance", "thing", "text"),
    [
        ("hold", "cup", "Where would you hold the cup?"),
        ("pick_up", "skis", "Where would you pick up the skis?"),
        ("cut", "Knife", "Which part of the knife would you cut with?"),
        ("pushable", "Door", "Where would you push the door?"),
        ("cut", "apple", "Where would you cut the apple?"),
        ("wrapgrasp", "Mug", "Where would you wrap your hand around the mug?"),
        ("open", "StorageFurniture", "Where would you open the storage furniture?"),
    ],
)
def test_some_sentences(affordance: str, thing: str, text: str) -> None:
    assert question(affordance, thing).text == text


def test_the_owners_question_is_kept() -> None:
    assert question("grasp", "mug", text="Where is it held?").text == "Where is it held?"


@pytest.mark.parametrize(
    ("name", "said"),
    [("TrashCan", "trash can"), ("wine_glass", "wine glass"), ("Baseballbat", "baseball bat")],
)
def test_names_are_spoken(name: str, said: str) -> None:
    assert spoken(name) == said
