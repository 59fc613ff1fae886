"""Answers of words: letters of PhysBench, and labels of interactions."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from ivlm_bench.metrics.spec import Absent, MetricSpec, add_metric
from ivlm_bench.types import Interaction, Truth, Verdict

#: What PhysBench splits its questions by.
PHYSBENCH_SPLITS = ("task_type", "sub_type", "ability_type")

#: What PhysBench prints for a split without a right or without any answered question.
NONE_OF_THEM = -1


def is_right_choice(answer: str | None, letter: str) -> bool:
    """Tell whether an answer is the letter or starts with it; case counts, None is wrong.

    Examples
    --------
    >>> is_right_choice("B. the red one", "B"), is_right_choice("b", "B")
    (True, False)
    """
    return answer is not None and answer.startswith(letter)


def physbench_accuracy(
    submitted: Iterable[Mapping[str, Any]], truths: Iterable[Mapping[str, Any]]
) -> dict[str, Any]:
    """Return all accuracies (%) and counts that PhysBench's own script gives.

    Parameters
    ----------
    submitted
        Items with ``idx`` and ``answer`` (text or None).
    truths
        Items with ``idx``, ``answer`` (a letter), ``task_type``, ``sub_type``, ``ability_type``.

    Returns
    -------
    dict
        ``overall_accuracy``, ``overall_correct``, ``overall_total`` (every submitted item), and
        ``task_type_accuracy``, ``sub_type_accuracy``, ``ability_type_accuracy``: by type the
        accuracy, the number right (-1 for none) and the total of its answered items.

    References
    ----------
    PhysBench ``eval/eval_utils/caculate_core.py:calculate_accuracy`` (commit a50c6676).

    Examples
    --------
    >>> truth = {"idx": 0, "answer": "A", "task_type": "scene", "sub_type": "light",
    ...          "ability_type": "static"}
    >>> found = physbench_accuracy([{"idx": 0, "answer": "B"}], [truth])
    >>> found["overall_accuracy"], found["task_type_accuracy"]
    (0.0, {'scene': {'accuracy': 0.0, 'correct': -1, 'total': 1}})
    """
    known: dict[Any, Mapping[str, Any]] = {}
    for truth in truths:
        known.setdefault(truth["idx"], truth)
    given = [(item["answer"], known.get(item["idx"])) for item in submitted]
    answered = [(a, t) for a, t in given if a is not None and t is not None]
    right = [is_right_choice(a, t["answer"]) for a, t in answered]
    found: dict[str, Any] = {
        "overall_accuracy": 100.0 * sum(right) / len(given) if given else 0.0,
        "overall_correct": sum(right),
        "overall_total": len(given),
    }
    for split in PHYSBENCH_SPLITS:
        types = [t[split] for _, t in answered]
        found[f"{split}_accuracy"] = {
            name: _of_type([r for t, r in zip(types, right, strict=True) if t == name])
            for name in dict.fromkeys(types)
        }
    return found


def _of_type(right: Sequence[bool]) -> dict[str, float]:
    n_right = sum(right)
    accuracy = 100.0 * n_right / len(right)
    return {"accuracy": accuracy, "correct": n_right or NONE_OF_THEM, "total": len(right)}


@dataclass(frozen=True, slots=True)
class LabelScores:
    """F1 of labels over a set: ``macro`` the mean over labels, ``micro`` of the sums."""

    macro: float
    micro: float


def label_f1(
    predicted: Sequence[frozenset[str]], true: Sequence[frozenset[str]]
) -> LabelScores | Absent:
    """Return macro and micro F1 of the labels given to each sample, in [0, 1].

    Our interaction-label F1. Labels that are neither predicted nor true anywhere do not count; one
    that is only predicted has F1 0. None if no sample has a true label.

    References
    ----------
    F1 of a label is 2 TP / (2 TP + FP + FN): C. J. van Rijsbergen, "Information retrieval", 1979.

    Examples
    --------
    >>> open_, lift = frozenset({"open"}), frozenset({"lift"})
    >>> label_f1([open_, open_], [open_, lift])
    LabelScores(macro=0.3333333333333333, micro=0.5)
    """
    if not any(true):
        return Absent("no sample has a true label")
    pairs = list(zip(predicted, true, strict=True))
    labels = sorted(frozenset().union(*predicted, *true))
    hits = [sum(label in p and label in t for p, t in pairs) for label in labels]
    sizes = [sum((label in p) + (label in t) for p, t in pairs) for label in labels]
    each = [2.0 * hit / size for hit, size in zip(hits, sizes, strict=True)]
    return LabelScores(sum(each) / len(each), 2.0 * sum(hits) / sum(sizes))


def label_hit(label_prob: Mapping[str, float], true: str) -> float | Absent:
    """Return 1.0 if the most probable label is the true one, else 0.0; ties by chance.

    Examples
    --------
    >>> label_hit({"open": 0.4, "lift": 0.4, "push": 0.2}, "open")
    0.5
    """
    top = max(label_prob.values(), default=0.0)
    if top <= 0.0:
        return Absent("no label is given")
    best = [label for label, prob in label_prob.items() if prob == top]
    return float(true in best) / len(best)


def physbench_average(
    by_type: Mapping[str, Mapping[str, float]], order: Iterable[str]
) -> float | Absent:
    """Return the printed average (%) over types: of sums, with -1 right for a type without any.

    References
    ----------
    PhysBench ``caculate_core.py:calculate_weighted_avg`` (a50c6676).
    """
    found = [by_type[name] for name in order if name in by_type]
    total = sum(each["total"] for each in found)
    if not total:
        return Absent("no question of these types was answered")
    return 100.0 * sum(each["correct"] for each in found) / total


def label_correct(
    interaction: Interaction, truth: Truth, verdicts: tuple[Verdict, ...]
) -> float | Absent:
    """Return 1.0 if the most probable of ``label_prob`` is the asked interaction, else 0.0.

    Among equally probable labels it is the chance of a random pick. Its mean over questions is the
    micro F1 of the labels.
    """
    return label_hit(interaction.label_prob, truth.interaction_label)


add_metric(
    MetricSpec(
        name="label_correct",
        title="Whether the most probable interaction is the asked one",
        function=label_correct,
        unit="1",
        low=0.0,
        high=1.0,
        higher_is_better=True,
        abstained=0.0,
        empty="none: no label is given",
        source="own: accuracy of the most probable interaction label",
    )
)
