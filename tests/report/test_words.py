"""Every code has its sentence, every value its unit."""

from __future__ import annotations

from typing import get_args

import pytest
from msgspec.structs import replace

from ivlm_bench.errors import UnknownNameError
from ivlm_bench.records import ERROR_STATUSES, EpisodeRecord, EpisodeResult, Status
from ivlm_bench.report.choose import one, ordered, sample
from ivlm_bench.report.words import (
    GROUPS,
    code_sentence,
    group_of,
    outcome_sentence,
    quantity,
    task_name,
)
from ivlm_bench.trials.protocol import (
    ARTICULATE_CODES,
    GRASP_CODES,
    NO_ANSWER,
    PLACE_CODES,
    PRESS_CODES,
    PUSH_CODES,
)

KINDS = {
    "grasp": GRASP_CODES,
    "articulate": ARTICULATE_CODES,
    "press": PRESS_CODES,
    "push": PUSH_CODES,
    "place": PLACE_CODES,
}


def record(**changes: object) -> EpisodeRecord:
    plain = EpisodeRecord(
        episode_key="k",
        scenario_key="s",
        task="ivlm/GraspAny-v0",
        seed=0,
        repeat=0,
        cluster="mug-1",
        split="seen",
        answerable=True,
        status="ok",
        abstained=False,
        success=True,
        code="SUCCESS",
        confidence=None,
        stages={},
        scores={},
        prediction_hash="",
        scene_hash="",
        query_text="",
    )
    return replace(plain, **changes)


@pytest.mark.parametrize(
    ("kind", "code"),
    [(kind, code) for kind, codes in KINDS.items() for code in (*codes, NO_ANSWER)]
    + [(None, status.upper()) for status in ERROR_STATUSES],
)
def test_every_code_has_a_sentence(kind: str | None, code: str) -> None:
    sentence = code_sentence(code, kind)
    assert sentence.endswith(".")
    assert code not in sentence


def test_an_unknown_code_is_named() -> None:
    assert "MELTED" in code_sentence("MELTED", "grasp")


@pytest.mark.parametrize("status", get_args(Status))
def test_every_status_has_a_group(status: Status) -> None:
    assert group_of(record(status=status, success=False)) in GROUPS


def test_acting_on_the_impossible_is_told() -> None:
    sentence = outcome_sentence(record(answerable=False, success=False, code="SUCCESS"), "grasp")
    assert sentence.startswith("This can't be done, yet the reasoner acted.")


@pytest.mark.parametrize(
    ("value", "unit", "shown"),
    [
        (0.0123, "m", "12.30 mm"),
        (1e-6, "m", "0.001 mm"),
        (-0.001, "m", "\N{MINUS SIGN}1.00 mm"),
        (0.0, "m", "0.00 mm"),
        (0.7853981633974483, "rad", "45.0°"),
        (0.5, "N", "0.50 N"),
        (1e-8, "m", "0.00 mm"),
        (-1e-8, "m", "0.00 mm"),
        (0.00000999, "rad", "0.0°"),
        (0.75, "", "0.75"),
        (0.5, "s", "0.500 s"),
    ],
)
def test_quantities(value: float, unit: str, shown: str) -> None:
    assert quantity(value, unit) == shown.replace(" ", "\N{NO-BREAK SPACE}")


def test_task_names_are_words() -> None:
    assert task_name("ivlm/GraspMugHandle-v0") == "Grasp mug handle"


def run_of(*episodes: EpisodeRecord) -> list[EpisodeResult]:
    return [
        EpisodeResult(episode=replace(e, episode_key=f"key{i:04d}", seed=i))
        for i, e in enumerate(episodes)
    ]


FAILED = {"success": False, "code": "NO_CONTACT"}
ERROR = {"success": False, "code": "TIMEOUT", "status": "timeout"}


def test_a_sample_keeps_what_is_rare_and_thins_what_is_frequent() -> None:
    results = run_of(*[record()] * 50, record(**ERROR), *[record(**FAILED)] * 9)
    groups = [group_of(result.episode) for result in sample(results, 9)]
    assert groups == ["error"] + ["wrong"] * 4 + ["success"] * 4


def test_a_sample_is_spread_over_the_seeds() -> None:
    seeds = [r.episode.seed for r in sample(run_of(*[record()] * 100), 4)]
    assert seeds == [12, 37, 62, 87]


@pytest.mark.parametrize("n", [0, 1, 7, 60, 61])
def test_a_sample_has_no_twins_and_the_size_asked_for(n: int) -> None:
    results = run_of(*[record()] * 50, *[record(**FAILED)] * 9, record(**ERROR))
    chosen = sample(results, n)
    assert len({r.episode.episode_key for r in chosen}) == len(chosen) == min(n, 60)
    assert chosen == ordered(chosen)


def test_one_by_key_or_short_name() -> None:
    results = run_of(record(), record(), record())
    assert one(results, "key0001") is results[1]
    assert one(results, "GraspAny-v0/2") is results[2]
    with pytest.raises(UnknownNameError, match="3 episodes"):
        one(results, "key")
    with pytest.raises(UnknownNameError, match="GraspAny-v0/1"):
        one(results, "GraspAny-v0/12")
