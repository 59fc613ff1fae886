"""Which stage an outcome code speaks of, and the plain words of each question."""

from __future__ import annotations

from dataclasses import replace
from itertools import chain

import pytest

from ivlm_bench.attribution.plain import plain_query
from ivlm_bench.attribution.stages import LOOKS, PLACES, STAGE_OF_CODE, STAGES, failed_in
from ivlm_bench.env import TASKS, Question
from ivlm_bench.learning.words import asked_words
from ivlm_bench.registry import load_plugins
from ivlm_bench.trials.attempt import at_least
from ivlm_bench.trials.protocol import PROTOCOL
from ivlm_bench.types import Check

load_plugins()

#: Codes that are no failure, or none of the answer's.
OTHER = {"SUCCESS", "DISPLACED", "SIM_ERROR"}


def test_every_code_of_the_protocol_belongs_to_one_stage() -> None:
    assert set(STAGE_OF_CODE) | OTHER == set(chain(*PROTOCOL.codes))
    assert set(STAGE_OF_CODE.values()) <= set(STAGES)
    assert set(STAGES) < set(PLACES)


def flag(name: str, *, passed: bool) -> Check:
    return at_least(name, float(passed), 1.0, unit="")


@pytest.mark.parametrize(
    ("code", "checks", "stage"),
    [
        ("COLLISION_OBJECT", (), "reach"),
        ("NO_CONTACT", (), "contact"),
        ("WRONG_PART", (), "contact"),
        ("WRONG_PART", (flag("held", passed=True), flag("stable", passed=False)), "contact"),
        ("WRONG_PART", (flag("held", passed=True), flag("stable", passed=True)), "wrong part"),
        ("SLIP_LIFT", (flag("stable", passed=True),), "hold"),
        ("NOT_PRESSED", (), "function"),
        ("NO_ANSWER", (), "reach"),
    ],
)
def test_codes_and_checks(code: str, checks: tuple[Check, ...], stage: str) -> None:
    assert failed_in(code, checks) == stage
    assert stage in LOOKS


@pytest.mark.parametrize("task", [t for t in TASKS.names() if t.startswith("ivlm/")])
def test_plain_words_ask_the_same(task: str) -> None:
    """The plain sentence names the same colour, place and sense, and is a sentence."""
    env = TASKS.get(task)(track="rgb", size_px=16)
    for seed in range(3):
        episode = env.episode(seed)
        query = plain_query(episode)
        assert query is not None
        assert query.text[0].isupper()
        assert query.text.endswith(".")
        assert "  " not in query.text
        at_hand = episode.observation.object_mesh is not None
        truth = episode.truth
        asked = replace(episode.observation.query, part_name=query.part_name)
        before, after = (
            asked_words(Question(q, truth.trial, truth.oracle, "", at_hand=at_hand))
            for q in (asked, query)
        )
        for name in ("interaction", "noun", "part", "sense"):
            assert getattr(before, name) == getattr(after, name)
        for name in ("colour", "place"):  # may be told by the part's name alone
            assert getattr(before, name) in ("", getattr(after, name))
