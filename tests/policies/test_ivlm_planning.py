"""The planner on the tasks' own sentences, and the templates as data."""

from __future__ import annotations

import zlib
from collections.abc import Iterator
from functools import cache

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import ivlm_envs  # noqa: F401 (registers the tasks)
from ivlm_bench.env import SCENE_SEED, TASKS, Question
from ivlm_bench.learning.words import asked_words
from ivlm_bench.types import Query
from ivlm_envs.held_out import held_out_categories
from ivlm_envs.reasoning.paraphrase import retold
from ivlm_policies.ivlm.grounding.tokens import phrase_tokens, text_tokens
from ivlm_policies.ivlm.planning.index import Usage, index
from ivlm_policies.ivlm.planning.planner import RawPlanner, TemplatePlanner
from ivlm_policies.ivlm.planning.sentence import Sentence
from ivlm_policies.ivlm.planning.verbs import choose
from ivlm_policies.ivlm.planning.vocabulary import Template, lexicon, templates
from ivlm_policies.ivlm.stages import Phrase

PLANNER = TemplatePlanner()
#: The task in other words has a test of its own.
PARAPHRASED = "ivlm/ReasonParaphrase-v0"
PLAIN = [name for name in TASKS.names() if name != PARAPHRASED]
#: Least share of the paraphrases of ``reasoner-v0`` that are read as what they stand for.
READ_LEAST = 0.75
#: Tasks whose scenes hold many objects take long to draw.
N_SEEDS = 21


@cache
def questions(task: str) -> tuple[Question, ...]:
    """Return what a task asks at the first seeds, without drawing a picture."""
    env, asked = TASKS.get(task)(), []
    for seed in range(N_SEEDS):
        entropy = [SCENE_SEED, zlib.crc32(task.encode()), seed]
        rng = np.random.default_rng(np.random.SeedSequence(entropy))
        asked.append(env.question(env.sample_scene(rng), rng))
    return tuple(asked)


def learnt(asked: Question) -> Phrase:
    """Return the phrase that the training data has for a task's question."""
    words = asked_words(asked)
    noun = "object" if words.noun in held_out_categories() else words.noun
    return Phrase(words.interaction, noun, words.part, words.colour, words.place, words.sense)


@pytest.mark.parametrize("task", PLAIN)
def test_contact_phrase_is_that_of_the_training_data(task: str) -> None:
    for asked in questions(task):
        plan = PLANNER.plan(asked.query)
        assert plan.abstain_reason is None, asked.query.text
        assert plan.interaction == asked.query.interaction
        (contact,) = (q for q in plan.queries if q.role == "contact")
        assert contact.phrase == plan.phrase == learnt(asked), asked.query.text


@pytest.mark.parametrize("task", PLAIN)
def test_the_sentence_alone_tells_all_but_the_thing(task: str) -> None:
    """Without the other fields: "the left door" may be of anything, all else is said."""
    for asked in questions(task):
        got = PLANNER.plan(Query("", "", None, asked.query.text)).phrase
        want = learnt(asked)
        assert got.action == want.action, asked.query.text
        assert (got.part, got.colour, got.place, got.sense) == (
            want.part,
            want.colour,
            want.place,
            want.sense,
        ), asked.query.text
        assert got.noun in (want.noun, "object")


def test_most_unseen_paraphrases_are_read_as_what_they_stand_for() -> None:
    """Sentences that were written apart from templates and lexicon, and were not read into them."""
    read = []
    rng = np.random.default_rng(11)
    for task in PLAIN:
        for asked in questions(task):
            told = PLANNER.plan(retold(asked.query, rng)).phrase
            read.append(told == PLANNER.plan(asked.query).phrase)
    assert np.mean(read) >= READ_LEAST, f"{np.mean(read):.3f} of {len(read)}"


def verb_usages() -> Iterator[tuple[str, tuple[Usage, ...]]]:
    for lemma, rows in index().tails.items():
        for tail, usages in rows:
            yield " ".join((lemma, *tail)), usages


def test_each_verb_means_one_template_for_each_label_and_part() -> None:
    n_verbs = 0
    for verb, usages in verb_usages():
        n_verbs += 1
        seen: dict[tuple[str, str, str], str] = {}
        for template, said in usages:
            conditions = [("part", p) for p in said.parts] + [("noun", n) for n in said.nouns]
            for condition in conditions or [("plain", "")]:
                key = (template.interaction, *condition)
                assert key not in seen, f"{verb!r} as {key}: {seen[key]} and {template.id}"
                seen[key] = template.id
    assert n_verbs >= 500


@pytest.mark.parametrize("template", templates(), ids=lambda t: t.id)
def test_templates_name_known_words_only(template: Template) -> None:
    parts, nouns = set(lexicon().parts), set(lexicon().nouns)
    named = {p for said in template.said for p in said.parts} | set(template.contact.values())
    named |= set(template.contact_of.values()) | {template.default_part} - {""}
    assert named <= parts
    assert {n for said in template.said for n in said.nouns} <= nouns
    assert set(template.contact) <= parts
    by_noun = (template.contact_of, template.function_of, template.avoid_of)
    assert {n for table in by_noun for n in table} - {""} <= nouns
    assert {said.sense for said in template.said} <= {"", *lexicon().senses}


def test_held_out_categories_are_not_known() -> None:
    assert not set(held_out_categories()) & set(lexicon().nouns)
    said = {word for words in lexicon().nouns.values() for word in words}
    assert not set(held_out_categories()) & said


@pytest.mark.parametrize(
    ("text", "word"),
    [
        ("Frobnicate the mug.", "frobnicate"),
        ("Please defenestrate the red button", "defenestrate"),
        ("Zorble it", "zorble"),
    ],
)
def test_an_unknown_verb_abstains_and_is_named(text: str, word: str) -> None:
    plan = PLANNER.plan(Query("grasp", "mug", None, text))
    assert plan.abstain_reason == f"the verb {word!r} is not known"
    assert plan.queries == ()


@pytest.mark.parametrize("text", ["Do not touch the mug.", "Don't press the red button!"])
def test_what_must_not_be_done_is_not_done(text: str) -> None:
    plan = PLANNER.plan(Query("", "", None, text))
    assert plan.queries == ()
    assert plan.abstain_reason is not None


@pytest.mark.parametrize(
    ("query", "phrase"),
    [
        (Query("grasp", "mug", "handle", ""), Phrase("grasp", "mug", "handle")),
        (Query("grasp", "kettle", "handle", " "), Phrase("grasp", "object", "handle")),
        (Query("press", "panel", "button_red", ""), Phrase("press", "panel", "button", "red")),
        (
            Query("open", "cabinet", "handle_top", ""),
            Phrase("open", "cabinet", "handle", place="top"),
        ),
        (Query("push", "cabinet", "front_top", ""), Phrase("push", "cabinet", "drawer", "", "top")),
        (Query("lift", "box", "tab", ""), Phrase("lift", "box", "lid")),
        (Query("place", "mug", "red block", ""), Phrase("place", "block", "top", "red")),
        (Query("turn", "knob", "knob_left", ""), Phrase("turn", "knob", "knob", place="left")),
    ],
)
def test_without_a_sentence_the_fields_tell(query: Query, phrase: Phrase) -> None:
    assert PLANNER.plan(query).phrase == phrase


def test_nothing_at_all_abstains() -> None:
    assert PLANNER.plan(Query("", "", None, "")).abstain_reason is not None


def test_the_asked_label_stays_where_the_verb_means_another() -> None:
    plan = PLANNER.plan(Query("grasp", "box", None, "Lift the lid."))
    assert plan.interaction == "grasp"
    assert plan.template == "lift_lid.v1"


def test_raw_plan_holds_the_sentence_itself() -> None:
    plan = RawPlanner().plan(Query("turn", "lever", "lever", "Turn the lever down."))
    assert (plan.interaction, plan.motion) == ("turn", "turn")
    (query,) = plan.queries
    np.testing.assert_array_equal(text_tokens(query.text), text_tokens("turn the lever down"))
    assert not np.array_equal(text_tokens(query.text), phrase_tokens(query.phrase))


WORDS = [*sorted(index().known), ",", ".", "frobnicate"]


@given(st.text() | st.lists(st.sampled_from(WORDS), max_size=14).map(" ".join))
@settings(max_examples=300, deadline=None)
def test_any_text_gives_a_valid_plan(text: str) -> None:
    plan = PLANNER.plan(Query("", "", None, text))
    assert bool(plan.queries) is (plan.abstain_reason is None)
    assert plan == PLANNER.plan(Query("", "", None, text))
    phrase = plan.phrase
    assert phrase.noun in {"object", *lexicon().nouns}
    assert phrase.part in {"", *lexicon().parts}
    assert phrase.colour in {"", *lexicon().colours}
    assert phrase.place in {"", *lexicon().places}
    assert phrase.sense in {"", *lexicon().senses}


def test_no_verb_is_chosen_from_a_sentence_without_one() -> None:
    assert choose(Sentence(("the", "mug")), parts=(), nouns=("mug",), label="grasp") is None


@pytest.mark.parametrize(
    ("sentence", "obstacle"),
    [
        ("Open the left door.", ["bar"]),
        ("Pull the top drawer open.", ["bar"]),
        ("Turn the lever down.", []),
        ("Lift the lid of the box.", ["strap"]),
        ("Press the red button.", []),
        ("Grasp the mug by its handle.", []),
    ],
)
def test_what_may_hold_a_thing_is_looked_for(sentence: str, obstacle: list[str]) -> None:
    plan = TemplatePlanner().plan(Query("", "", None, sentence))
    held = [one.phrase for one in plan.queries if one.role == "obstacle"]
    assert [phrase.part for phrase in held] == obstacle
    assert all(phrase.action == "find" for phrase in held)


@pytest.mark.parametrize(
    ("sentence", "topmost"),
    [
        ("Turn the tap on: its handle anticlockwise, seen from above.", True),
        ("Rotate the handle of the tap clockwise, looking down on it.", True),
        ("Turn the knob clockwise.", False),
        ("Grasp the mug from above by its handle.", False),
    ],
)
def test_what_is_turned_as_seen_from_above_is_on_top(sentence: str, topmost: bool) -> None:
    plan = TemplatePlanner().plan(Query("", "", None, sentence))
    assert [q.topmost for q in plan.queries if q.role == "contact"] == [topmost]
    assert plan.phrase.place == "", "no word tells one of several"


@pytest.mark.parametrize(
    ("sentence", "anchor"),
    [
        ("Push the top drawer shut.", ["handle"]),
        ("Close the left door.", ["handle"]),
        ("Push the microwave door shut.", []),
        ("Open the top drawer.", []),
    ],
)
def test_fronts_of_which_one_is_meant_are_told_by_their_handles(
    sentence: str, anchor: list[str]
) -> None:
    plan = TemplatePlanner().plan(Query("", "", None, sentence))
    assert [q.phrase.part for q in plan.queries if q.role == "anchor"] == anchor
