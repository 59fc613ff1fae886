"""Multiple choice after PhysBench, and our F1 of interaction labels."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import numpy as np

from ivlm_bench.errors import AssetError, InvalidAnswerError
from ivlm_bench.metrics import choice, trivial
from ivlm_bench.metrics.profile import Control, Measured, Profile, Quantity, add_profile
from ivlm_bench.metrics.spec import Absent


def _words(text: str) -> tuple[str, ...]:
    return tuple(text.split())


#: Types as the official script prints them.
TYPES: dict[str, tuple[str, ...]] = {
    "task_type": ("property", "relationships", "scene", "dynamics"),
    "sub_type": _words(
        "number mass color attribute size location depth distance movement temperature camera gas "
        "light collision throwing manipulation fluid chemistry others"
    ),
    "ability_type": _words(
        "identify comparison static dynamic perception prediction judgment reasoning"
    ),
}

#: Types that an official average is over: that of tasks leaves 'property' out.
AVERAGED = TYPES | {"task_type": ("dynamics", "relationships", "scene")}

_LETTERS = "ABCD"
_NOT_SUBMITTED = object()


def _score_choice(prediction: Any, truth: Any, params: Mapping[str, Any]) -> Measured:
    if prediction is _NOT_SUBMITTED:
        return Measured({"accuracy": Absent("no answer was submitted: it does not count")})
    answer = _answer(prediction)
    question = _question(truth)
    right = question is not None and choice.is_right_choice(answer, question["answer"])
    return Measured({"accuracy": 100.0 * right}, (answer, question))


def _answer(prediction: Any) -> str | None:
    answer = prediction.get("answer") if isinstance(prediction, Mapping) else prediction
    if answer is not None and not isinstance(answer, str):
        raise InvalidAnswerError(f"The answer is {answer!r}; text or None was expected.")
    return answer


def _question(truth: Any) -> Mapping[str, Any] | None:
    if truth is None:
        return None
    missing = [key for key in ("answer", *choice.PHYSBENCH_SPLITS) if key not in truth]
    if missing or not isinstance(truth["answer"], str):
        raise AssetError(
            f"A question lacks {', '.join(missing) or 'a letter as answer'}; PhysBench's answers "
            "have answer, task_type, sub_type and ability_type."
        )
    return dict(truth)


def _combine_choice(measured: Sequence[Measured]) -> dict[str, float | Absent]:
    given = [sample.tally for sample in measured if sample.tally is not None]
    submitted = [{"idx": i, "answer": answer} for i, (answer, _) in enumerate(given)]
    truths = [{**truth, "idx": i} for i, (_, truth) in enumerate(given) if truth is not None]
    found = choice.physbench_accuracy(submitted, truths)
    numbers: dict[str, float | Absent] = {
        "accuracy": found["overall_accuracy"],
        "correct": float(found["overall_correct"]),
        "total": float(found["overall_total"]),
        "not_submitted": float(len(measured) - len(given)),
    }
    for split, names in TYPES.items():
        by_type = found[f"{split}_accuracy"]
        numbers |= {f"{split}.{name}": _accuracy(by_type.get(name)) for name in names}
        numbers[f"{split}.avg"] = choice.physbench_average(by_type, AVERAGED[split])
    return numbers


def _accuracy(found: Mapping[str, float] | None) -> float | Absent:
    return Absent("no question of this type was answered") if found is None else found["accuracy"]


def _score_label(prediction: Any, truth: Any, params: Mapping[str, Any]) -> Measured:
    pair = (_labels_of(prediction), _labels_of(truth))
    return Measured({"exact": float(pair[0] == pair[1])}, pair)


def _labels_of(side: Any) -> frozenset[str]:
    """Return a set of labels: of a label, of several, or the most probable of a mapping."""
    if side is None:
        return frozenset()
    if isinstance(side, str):
        return frozenset((side,))
    if isinstance(side, Mapping):
        top = max(side.values(), default=0.0)
        best = next((str(label) for label, prob in side.items() if prob == top), None)
        return frozenset() if best is None or not top > 0.0 else frozenset((best,))
    if isinstance(side, Iterable):
        return frozenset(str(label) for label in side)
    raise InvalidAnswerError(f"{side!r} is no label, list of labels or mapping of probabilities.")


def _combine_label(measured: Sequence[Measured]) -> dict[str, float | Absent]:
    pairs = [sample.tally for sample in measured]
    found = choice.label_f1([p for p, _ in pairs], [t for _, t in pairs])
    exact = float(np.mean([predicted == true for predicted, true in pairs]))
    if isinstance(found, Absent):
        return {"macro_f1": found, "micro_f1": found, "exact": exact}
    return {"macro_f1": found.macro, "micro_f1": found.micro, "exact": exact}


def _letter(truth: Any, rng: np.random.Generator) -> Any:
    return None if truth is None else truth["answer"]


def _always_first(truth: Any, rng: np.random.Generator) -> str:
    return _LETTERS[0]


def _any_letter(truth: Any, rng: np.random.Generator) -> str:
    return str(rng.choice(list(_LETTERS)))


def _percent(name: str, *, each: bool = False) -> Quantity:
    return Quantity(
        name=name,
        unit="%",
        high=100.0,
        empty_truth="a question that is not in the truth counts as wrong",
        each=each,
    )


def _count(name: str, *, higher_is_better: bool = True) -> Quantity:
    return Quantity(
        name=name,
        high=None,
        higher_is_better=higher_is_better,
        empty_truth="counted",
        each=False,
    )


_CONTROLS: dict[str, Control] = {
    "oracle": _letter,
    "constant": _always_first,
    "random": _any_letter,
}

add_profile(
    Profile(
        name="physbench",
        title="Multiple choice on PhysBench: accuracy, and by type of question",
        source="USC-GVL/PhysBench a50c6676 eval/eval_utils/caculate_core.py",
        dataset="physbench",
        form="answer",
        prediction="the reply: text that starts with the letter, or None",
        truth="a mapping with 'answer' (the letter), 'task_type', 'sub_type', 'ability_type'; "
        "None for an index that the answers lack",
        quantities=(
            _percent("accuracy", each=True),
            _count("correct"),
            _count("total"),
            _count("not_submitted", higher_is_better=False),
            *(
                _percent(f"{split}.{name}")
                for split, names in TYPES.items()
                for name in (*names, "avg")
            ),
        ),
        score=_score_choice,
        combine=_combine_choice,
        no_prediction=lambda: _NOT_SUBMITTED,
        no_truth=lambda: None,
        controls=_CONTROLS,
        quirks=(
            "A reply is right if it starts with the letter, in that case: 'b' and '(B)' are wrong.",
            "The denominator is what was submitted: None counts there as wrong, but not within "
            "its type; a question without any reply counts nowhere (not_submitted).",
            "A type without a right reply stands with -1 right replies, which lowers its average.",
            "The official average over tasks leaves 'property' out.",
        ),
    )
)

add_profile(
    Profile(
        name="label:ivlm",
        title="F1 of interaction labels (ours): macro over labels, and micro",
        source="own: F1 = 2 TP / (2 TP + FP + FN) of each label; no data set has an official one",
        form="answer",
        prediction="a label, several labels, a mapping of labels to probabilities (the first most "
        "probable counts), or None",
        truth="a label or several",
        quantities=(
            Quantity(name="macro_f1", empty_truth="none", each=False),
            Quantity(name="micro_f1", empty_truth="none", each=False),
            Quantity(name="exact", empty_truth="1 if nothing is predicted, else 0"),
        ),
        score=_score_label,
        combine=_combine_label,
        controls={"oracle": trivial.same},
        quirks=("Ours: it is not EPIC's, which scores detections in time.",),
    )
)
