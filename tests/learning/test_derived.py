"""Questions that follow from a scene: about what is seen, and about what is not there."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from ivlm_bench.learning.derived import LEAST_PART_PX, derived_questions
from ivlm_bench.learning.sources import Called
from ivlm_bench.learning.things import Asked, Thing, can_be, named


def _thing(
    noun: str, parts: list[str], *, first: int = 0, colour: str = "", px: int = 500
) -> Thing:
    surfaces = [named(first + k, part, "", px) for k, part in enumerate(parts)]
    return Thing(Called(noun, colour), tuple(surfaces))


MUG = _thing("mug", ["body", "handle"])
CABINET = _thing("cabinet", ["cabinet", "front_top", "handle_top", "front_bottom", "handle_bottom"])
PANEL = _thing("panel", ["plate", "button_red", "button_blue"])
POT = _thing("pot", ["body", "rim", "lid", "knob"])


def _questions(things: list[Thing], n: int = 60) -> list[Asked]:
    return [
        asked
        for seed in range(n)
        for asked in derived_questions(things, [], np.random.default_rng(seed))
    ]


@pytest.mark.parametrize("thing", [MUG, CABINET, PANEL, POT])
def test_four_to_eight_different_questions(thing: Thing) -> None:
    for seed in range(30):
        asked = derived_questions([thing], [], np.random.default_rng(seed))
        assert 4 <= len(asked) <= 8
        assert len({q.words for q in asked}) == len(asked)


def test_questions_that_were_asked_already_count_and_are_not_asked_again() -> None:
    taken = derived_questions([POT], [], np.random.default_rng(0))[:3]
    more = derived_questions([POT], taken, np.random.default_rng(0))
    assert 1 <= len(more) <= 5
    assert not {q.words for q in more} & {q.words for q in taken}


def test_opening_asks_for_the_handle_at_the_place_said() -> None:
    asked = [q for q in _questions([CABINET]) if q.words.interaction == "open" and q.present]
    by_place = {q.words.place: set(q.surfaces) for q in asked}
    assert by_place["top"] == {2}
    assert by_place["bottom"] == {4}
    assert by_place.get("", {2, 4}) == {2, 4}
    assert all("drawer" in q.text for q in asked)
    pushed = {
        q.words.place: q.surfaces
        for q in _questions([CABINET])
        if q.words.part == "drawer" and q.present
    }
    assert (pushed["top"], pushed["bottom"]) == ((1,), (3,))


def test_a_lid_is_lifted_by_its_grip_and_found_whole() -> None:
    asked = [q for q in _questions([POT]) if q.words.part == "lid" and q.present]
    assert {(q.words.interaction, q.surfaces) for q in asked} == {("lift", (3,)), ("find", (2,))}


def test_a_button_is_told_by_its_colour() -> None:
    asked = [q for q in _questions([PANEL]) if q.words.part == "button" and q.present]
    by_colour = {q.words.colour: q.surfaces for q in asked}
    assert by_colour == {"red": (1,), "blue": (2,), "": (1, 2)}


def test_what_is_absent_is_not_there() -> None:
    for things in ([MUG], [CABINET], [PANEL], [POT], [MUG, PANEL]):
        absent = [q for q in _questions(things) if q.kind == "absent"]
        assert absent
        nouns = {t.called.noun: t for t in things}
        for q in absent:
            assert not q.surfaces
            assert not q.present
            if q.words.noun not in nouns:
                assert not q.target
                continue
            thing = nouns[q.words.noun]
            assert q.target == thing.surfaces
            alike = thing.all_of(q.words.part)
            if q.words.part:
                assert q.words.colour or q.words.place or not alike, q
            assert q.words.colour not in {p.colour for p in alike} - {""}
            assert q.words.place not in {p.place for p in alike} - {""}


def test_no_knob_is_missed_among_levers_nor_a_panel_among_buttons() -> None:
    case = _thing("case", ["body", "button_red", "lever"])
    nouns = {q.words.noun for q in _questions([case], n=200)}
    assert not nouns & {"panel", "lever", "crate", "box"}
    assert "mug" in nouns


def test_hidden_parts_are_not_asked_for() -> None:
    hidden = Thing(MUG.called, (MUG.parts[0], named(1, "handle", "", LEAST_PART_PX - 1)))
    asked = [q for q in _questions([hidden]) if q.kind in ("part", "function")]
    assert asked
    assert all(1 not in q.surfaces for q in asked)


def test_things_called_alike_are_told_by_their_colour_or_not_asked_for() -> None:
    red, blue = (
        _thing("block", ["top", "base"], first=2 + 2 * k, colour=colour)
        for k, colour in enumerate(("red", "blue"))
    )
    asked = [q for q in _questions([MUG, red, blue]) if q.words.noun == "block" and q.present]
    assert {q.words.colour for q in asked} == {"red", "blue"}
    assert all(set(q.surfaces) <= {2, 3} for q in asked if q.words.colour == "red")
    twins = [_thing("block", ["top"], first=2), _thing("block", ["top"], first=3)]
    assert not [q for q in _questions([MUG, *twins]) if q.words.noun == "block" and q.present]
    assert derived_questions(twins, [], np.random.default_rng(0)) == []


def test_what_a_thing_acts_with() -> None:
    knife = _thing("knife", ["blade", "handle"])
    asked = [q for q in _questions([knife]) if q.kind == "function"]
    assert {(q.words.interaction, q.words.part, q.surfaces) for q in asked} == {
        ("cut", "blade", (0,)),
        ("cut", "", (0,)),
    }


@pytest.mark.parametrize(
    ("action", "part", "parts", "feasible"),
    [
        ("open", "handle", ["front", "handle"], True),
        ("open", "handle", ["front", "handle", "bar"], False),
        ("turn", "knob", ["plate", "knob_left", "knob_right"], True),
        ("turn", "lever", ["plate", "lever", "pin"], False),
        ("lift", "lid", ["box", "lid", "tab", "strap"], False),
        ("lift", "lid", ["box", "lid", "tab", "pin"], True),
        ("push", "door", ["cabinet", "door", "handle"], False),
        ("grasp", "handle", ["body", "handle", "bar"], None),
    ],
)
def test_what_is_held_cannot_be_moved_nor_what_is_shut_be_shut(
    action: str, part: str, parts: list[str], feasible: bool | None
) -> None:
    assert can_be(_thing("thing", parts), action, part) is feasible


def test_whether_what_stands_open_can_be_shut_is_not_told() -> None:
    door = _thing("cabinet", ["cabinet", "door"])
    assert can_be(replace(door, is_shut=False), "push", "door") is None
