"""Multiple choice against official outputs, labels against a second count, and edges by hand."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from ivlm_bench.errors import AssetError, InvalidAnswerError
from ivlm_bench.metrics import PROFILES, evaluate, physbench_accuracy
from ivlm_bench.testing.vectors import Case, read_cases

CASES = read_cases(Path(__file__).parents[1] / "vectors" / "physbench.json")
SPLITS = ("task_type", "sub_type", "ability_type")


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.id)
def test_the_whole_official_report_is_reproduced(case: Case) -> None:
    assert physbench_accuracy(case.inputs["user"], case.inputs["gt"]) == case.outputs


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.id)
def test_the_profile_gives_the_official_numbers(case: Case) -> None:
    replies = {str(item["idx"]): item["answer"] for item in case.inputs["user"]}
    truths = {str(item["idx"]): item for item in case.inputs["gt"]}
    found = evaluate("physbench", replies, truths)
    wanted = case.outputs
    assert found["accuracy"] == pytest.approx(wanted["overall_accuracy"], rel=1e-12)
    assert found["correct"] == wanted["overall_correct"]
    assert found["total"] == wanted["overall_total"]
    for split in SPLITS:
        by_type = wanted[f"{split}_accuracy"]
        for quantity in PROFILES.get("physbench").quantities:
            group, _, name = quantity.name.partition(".")
            if group == split and name != "avg":
                told = by_type.get(name, {"accuracy": None})["accuracy"]
                assert found[quantity.name] == told, quantity.name


def question(letter: str = "A", task: str = "scene") -> dict[str, Any]:
    return {"answer": letter, "task_type": task, "sub_type": "light", "ability_type": "static"}


@pytest.mark.parametrize(
    ("reply", "right"),
    [
        ("A", True),
        ("A. the red one", True),
        ("Apple", True),
        ("a", False),
        ("(A)", False),
        (" A", False),
        ("The answer is A", False),
        ("", False),
        (None, False),
    ],
)
def test_what_counts_as_right(reply: str | None, right: bool) -> None:
    assert evaluate("physbench", [reply], [question()])["accuracy"] == 100.0 * right


def test_none_and_unknown_questions_count_in_the_total_only() -> None:
    """Right, wrong, None, unknown: 1 of 4; within the type 1 of 2."""
    truths = {"0": question(), "1": question(), "2": question()}
    found = evaluate("physbench", {"0": "A", "1": "B", "2": None, "9": "A"}, truths)
    assert (found["accuracy"], found["task_type.scene"]) == (25.0, 50.0)
    assert (found["correct"], found["total"], found["not_submitted"]) == (1.0, 4.0, 0.0)


def test_what_is_not_submitted_counts_nowhere() -> None:
    found = evaluate("physbench", {"0": "A"}, {"0": question(), "1": question()})
    assert (found["accuracy"], found["total"], found["not_submitted"]) == (100.0, 1.0, 1.0)


def test_a_type_without_a_right_reply_stands_with_minus_one() -> None:
    """scene: 0 of 2, told as -1; dynamics: 3 of 3. Average (3 - 1) / 5. property is left out."""
    truths = [question(task=task) for task in ["scene"] * 2 + ["dynamics"] * 3 + ["property"]]
    found = evaluate("physbench", ["B", "B", "A", "A", "A", "A"], truths)
    assert (found["task_type.scene"], found["task_type.dynamics"]) == (0.0, 100.0)
    assert found["task_type.avg"] == pytest.approx(40.0)
    assert found["task_type.relationships"] is None
    by_type = physbench_accuracy([{"idx": 0, "answer": "B"}], [{"idx": 0, **question()}])
    assert by_type["sub_type_accuracy"] == {"light": {"accuracy": 0.0, "correct": -1, "total": 1}}


def test_nothing_submitted_is_no_error() -> None:
    assert physbench_accuracy([], [])["overall_accuracy"] == 0.0


def test_bad_replies_and_questions_are_told() -> None:
    with pytest.raises(InvalidAnswerError, match="3"):
        evaluate("physbench", [3], [question()])
    with pytest.raises(AssetError, match="sub_type, ability_type"):
        evaluate("physbench", ["A"], [{"answer": "A", "task_type": "scene"}])


def test_label_f1_by_hand() -> None:
    """open: TP 1, FP 1, FN 0: 2/3; lift: TP 0, FN 1: 0; push: FP 0. Micro 2 / 4."""
    found = evaluate("label:ivlm", ["open", "open"], ["open", "lift"])
    assert found["macro_f1"] == pytest.approx(1 / 3)
    assert found["micro_f1"] == pytest.approx(1 / 2)
    assert found["exact"] == 0.5


@pytest.mark.parametrize(
    ("reply", "micro"),
    [
        ({"open": 0.6, "lift": 0.4}, 1.0),
        ({"open": 0.4, "lift": 0.6}, 0.0),
        ({"open": 0.0}, 0.0),
        ({}, 0.0),
        (None, 0.0),
        (["open", "lift"], 2 / 3),
        ("open", 1.0),
    ],
)
def test_labels_may_be_given_in_many_forms(reply: Any, micro: float) -> None:
    assert evaluate("label:ivlm", [reply], ["open"])["micro_f1"] == pytest.approx(micro)


def test_no_true_label_anywhere_is_no_number() -> None:
    found = evaluate("label:ivlm", ["open"], [None])
    assert (found["macro_f1"], found["exact"]) == (None, 0.0)


NAMES = st.sampled_from(["open", "lift", "push"])


@given(pairs=st.lists(st.tuples(NAMES, NAMES), min_size=1, max_size=20))
def test_micro_f1_of_single_labels_is_the_accuracy_and_macro_a_mean(
    pairs: list[tuple[str, str]],
) -> None:
    found = evaluate("label:ivlm", [p for p, _ in pairs], [t for _, t in pairs])
    assert found["micro_f1"] == pytest.approx(np.mean([p == t for p, t in pairs]))
    each = []
    for label in sorted({name for pair in pairs for name in pair}):
        hits = sum(p == t == label for p, t in pairs)
        chosen, true = sum(p == label for p, _ in pairs), sum(t == label for _, t in pairs)
        precision, recall = hits / chosen if chosen else 0, hits / true if true else 0
        each.append(2 * precision * recall / (precision + recall) if hits else 0.0)
    assert found["macro_f1"] == pytest.approx(np.mean(each))


def test_controls_of_physbench() -> None:
    profile, rng = PROFILES.get("physbench"), np.random.default_rng(0)
    truths = [question("B"), question("A"), None]
    made = {
        name: [control(truth, rng) for truth in truths]
        for name, control in profile.controls.items()
    }
    assert evaluate("physbench", made["oracle"], truths)["correct"] == 2.0
    assert evaluate("physbench", made["constant"], truths)["correct"] == 1.0
    assert set("".join(made["random"])) <= set("ABCD")
