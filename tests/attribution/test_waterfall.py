"""Where answers of known faults are lost: each fault is made by hand, so its stage is known."""

from __future__ import annotations

import json
import re
import warnings
from collections.abc import Callable

import pytest
from msgspec.structs import replace

from ivlm_bench.api import RunConfig, evaluate
from ivlm_bench.attribution.asked import AskedAgain
from ivlm_bench.attribution.repairs import Failure, Repairer, Tried
from ivlm_bench.attribution.shares import overall, shares_by_task
from ivlm_bench.attribution.stages import PLACES, STAGES
from ivlm_bench.attribution.tables import tables
from ivlm_bench.attribution.waterfall import attribute
from ivlm_bench.cli.main import main
from ivlm_bench.codec import encode
from ivlm_bench.engines import get_engine
from ivlm_bench.env import TASKS
from ivlm_bench.errors import ConfigError
from ivlm_bench.harness.simulate import simulate
from ivlm_bench.store import Run
from ivlm_bench.types import Interaction, Truth

MUG, ANY, BUTTON = "GraspMugHandle-v0", "GraspAny-v0", "PressButton-v0"
Answered = Callable[..., Run]

#: Reasoners whose fault is of one stage by what they are. A shelf of faults in one file.
MINDS = '''
"""Reasoners with one fault each; all but that is what the geometric reasoner would say."""

from dataclasses import replace

import numpy as np

from ivlm_bench.reasoners import REASONERS
from ivlm_bench.registry import load_plugins
from ivlm_bench.types import Interaction


class Literal:
    """Understands one sentence alone, and declines all others."""

    def __init__(self):
        load_plugins()
        self.inner = REASONERS.get("geometric").factory()

    def predict(self, observation):
        if observation.query.text != "Pick up the " + observation.query.object_name + ".":
            return Interaction(abstain=True, abstain_reason="what?")
        return self.inner.predict(observation)


class Picky(Literal):
    """Understands one sentence alone, which is not the one that is asked."""

    def predict(self, observation):
        if observation.query.text != "Grasp the mug by the handle.":
            return Interaction(abstain=True, abstain_reason="what?")
        return self.inner.predict(observation)


class Broken(Literal):
    """Fails."""

    def predict(self, observation):
        raise RuntimeError("no")
'''


@pytest.fixture(scope="module")
def answered(tmp_path_factory: pytest.TempPathFactory) -> Answered:
    """Return the run of a reasoner on some tasks of the smoke suite, made once."""
    home = tmp_path_factory.mktemp("attribution")
    (home / "minds.py").write_text(MINDS, encoding="utf-8")
    made: dict[tuple[str, ...], Run] = {}

    def run(reasoner: str, *tasks: str, limit: int = 2) -> Run:
        key = (reasoner, *tasks)
        if key not in made:
            name = f"{home / 'minds.py'}:{reasoner}" if reasoner[0].isupper() else reasoner
            config = RunConfig(
                suite="smoke-v0",
                reasoner=name,
                tasks=tasks,
                limit=limit,
                engines=("mujoco",),
                n_perturbed=0,
                workers=1,
                page=False,
                out=str(home / "-".join(key)),
            )
            with warnings.catch_warnings():  # one of them fails, and the run says so
                warnings.simplefilter("ignore", RuntimeWarning)
                made[key] = evaluate(config)
        return made[key]

    return run


def lost(run: Run) -> list[tuple[str | None, str | None]]:
    return [(one.stage, one.look) for one in attribute(run).episodes]


def declined(answer: Interaction) -> Interaction:
    """Know where, and decline."""
    return Interaction(
        label_prob=answer.label_prob,
        contact_points_m=answer.contact_points_m,
        abstain=True,
    )


@pytest.mark.parametrize(
    ("task", "answer", "stage"),
    [
        (MUG, lambda truth: truth.wrong["penetrating"], "reach"),
        (MUG, lambda truth: truth.wrong["wrong-part"], "localise"),
        (MUG, lambda truth: Interaction(), "localise"),
        (MUG, lambda truth: Interaction(abstain=True), "label"),
        (MUG, lambda truth: declined(truth.oracle), "label"),
        (BUTTON, lambda truth: truth.wrong["rotated"], "reach"),
        (BUTTON, lambda truth: truth.wrong["near-miss"], "localise"),
    ],
)
def test_each_fault_is_found(
    answered: Answered, task: str, answer: Callable[[Truth], Interaction], stage: str
) -> None:
    episode = TASKS.get(f"ivlm/{task}")(track="rgbd4").episode(0)
    blob = encode(answer(episode.truth))
    judged = simulate(episode, blob, engines=("mujoco",), n_perturbed=0)
    stored = Tried("stored", False, "ABSTAINED")
    for verdict in judged.verdicts:
        assert not verdict.success
        stored = Tried("stored", False, verdict.code, verdict.checks)
    failure = Failure(episode, 0, blob, stored, lifts_itself=True)
    manifest = answered("penetrating", MUG, ANY).manifest
    manifest = replace(manifest, reasoner=replace(manifest.reasoner, name="nobody"))
    found, tried = Repairer(get_engine("mujoco"), AskedAgain(manifest)).mend(failure)
    assert found == stage
    assert tried[-1].success
    assert not any(one.success for one in tried[:-1])


def test_an_answer_that_never_came_is_an_error(answered: Answered) -> None:
    assert set(lost(answered("Broken", MUG))) == {("error", "error")}


def test_a_sentence_that_is_not_understood(answered: Answered) -> None:
    """Asked in plain words, a reasoner that only knows those succeeds."""
    run = answered("Picky", MUG)
    texts = [result.episode.query_text for result in run.results]
    expected = [
        (None, None) if text == "Grasp the mug by the handle." else ("parse", "declined")
        for text in texts
    ]
    assert lost(run) == expected
    assert ("parse", "declined") in expected


def test_to_act_on_what_cannot_be_done_is_lost_in_the_label(answered: Answered) -> None:
    run = answered("penetrating", MUG, ANY)
    impossible = [one for one in attribute(run).episodes if not one.record.answerable]
    assert [(one.stage, one.look) for one in impossible] == [("label", "acted")]


def test_shares_add_up(answered: Answered) -> None:
    """Success and losses share all episodes; each repaired stage adds what was lost in it."""
    found = attribute(answered("penetrating", MUG, ANY))
    for shares in (overall(found), *shares_by_task(found).values()):
        assert shares.solved.value is not None
        total = shares.solved.value + sum(rate.value or 0.0 for rate in shares.lost.values())
        assert total == pytest.approx(1.0)
        so_far = shares.solved.value
        for stage in STAGES:
            so_far += shares.lost[stage].value or 0.0
            assert shares.mended[stage].value == pytest.approx(so_far)
    # by hand: on the mug both collide; of the two of GraspAny one cannot be done
    assert overall(found).n_lost == {p: {"reach": 3, "label": 1}.get(p, 0) for p in PLACES}
    assert overall(found).lost["reach"].value == pytest.approx((1.0 + 0.5) / 2)


def test_a_limit_takes_the_first_of_each_task(answered: Answered) -> None:
    run = answered("penetrating", MUG, ANY)
    seeds = [(one.record.task, one.record.seed) for one in attribute(run, limit=1).episodes]
    first = {
        task: min(r.episode.seed for r in run.results if r.episode.task == task)
        for task in {r.episode.task for r in run.results}
    }
    assert sorted(seeds) == sorted(first.items())


def test_a_reasoner_that_is_not_there_any_more_is_told(answered: Answered) -> None:
    run = answered("penetrating", MUG, ANY)
    gone = replace(run.manifest.reasoner, name="gone")
    changed = Run(run.folder, replace(run.manifest, reasoner=gone), run.tables)
    found = attribute(changed)
    assert set(found.skipped) == {"parse"}
    assert {one.stage for one in found.episodes} == {"reach", "label"}
    assert any("parse was not put right" in note for note in tables(found)[0].notes)


def test_the_command_prints_tables_and_json(
    answered: Answered, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("COLUMNS", "160")  # nothing is wrapped
    folder = str(answered("wrong-part", MUG).folder)
    assert main(["attribute", folder]) == 0
    said = capsys.readouterr().out
    assert "localise" in said
    assert "by another part than the asked one" in said
    # All were lost in one stage, so the table of tasks has the column of that one alone.
    assert re.search(r"^task +n +solved % +localise$", said, re.MULTILINE)
    assert main(["attribute", folder, "--format", "json"]) == 0
    plain = json.loads(capsys.readouterr().out)
    assert plain["overall"]["lost"]["localise"]["value"] == 1.0
    assert all(one["stable_on_wrong_part"] for one in plain["episodes"])
    assert main(["attribute", folder, "--format", "markdown"]) == 0
    assert "| localise |" in capsys.readouterr().out
    assert main(["attribute", folder, "--limit", "0"]) == 2


def test_a_run_of_another_protocol_is_refused(answered: Answered) -> None:
    run = answered("penetrating", MUG, ANY)
    manifest = replace(run.manifest, protocol_hash="other")
    with pytest.raises(ConfigError, match="another version of the protocol"):
        attribute(Run(run.folder, manifest, run.tables))
