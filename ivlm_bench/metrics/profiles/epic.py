"""Action detection of EPIC-KITCHENS-100, challenge C2: mean average precision over classes."""

from __future__ import annotations

from collections.abc import Hashable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from jaxtyping import Float64

from ivlm_bench.errors import InvalidAnswerError
from ivlm_bench.metrics.epic_submission import (
    N_NOUNS,
    N_VERBS,
    Detections,
    read_detections,
    true_segments,
)
from ivlm_bench.metrics.profile import Measured, Param, Profile, Quantity, add_profile
from ivlm_bench.metrics.spec import Absent
from ivlm_bench.metrics.temporal_detection import EPIC_TIOU_THRESHOLDS, class_ap

TASKS = ("verb", "noun", "action")


@dataclass(frozen=True, eq=False, slots=True)
class Video:
    """What the set's numbers need of one video; ``name`` is None if it has no annotation."""

    name: str | None
    detections: Detections
    truths_s: Float64[np.ndarray, "m 2"]
    labels: Mapping[str, np.ndarray]


def _score(prediction: Any, truth: Any, params: Mapping[str, Any]) -> Measured:
    n_nouns = int(params["num_nouns"])
    found = read_detections(prediction, n_verbs=int(params["num_verbs"]), n_nouns=n_nouns)
    name, segments, verbs, nouns = true_segments(truth)
    labels = {"verb": verbs, "noun": nouns, "action": verbs * n_nouns + nouns}
    return Measured({}, Video(name, found, segments, labels))


def _combine(measured: Sequence[Measured]) -> dict[str, float | Absent]:
    videos = _in_order([sample.tally for sample in measured])
    numbers: dict[str, float | Absent] = {}
    for task in TASKS:
        per_threshold = task_map(videos, task)
        for index, value in enumerate(per_threshold, start=1):
            numbers[f"{task}_map_at_{index:02d}"] = float(value)
        numbers[f"{task}_map_avg"] = float(per_threshold.mean())
    return numbers


def _in_order(videos: list[Video]) -> list[Video]:
    """Return the videos as the submission lists them if it says so, else by name.

    The order decides between equal scores. Videos without annotations come last.
    """
    if all(len(v.detections.scores) == 0 or v.detections.first >= 0 for v in videos):
        return sorted(videos, key=lambda video: video.detections.first)
    return sorted(videos, key=lambda video: (video.name is None, video.name or ""))


def task_map(videos: Sequence[Video], task: str) -> Float64[np.ndarray, "5"]:
    """Return the mean average precision of a task at each threshold, over its true classes."""
    where = np.repeat(np.arange(len(videos)), [len(v.detections.scores) for v in videos])
    segments = np.concatenate([video.detections.segments_s for video in videos])
    scores = np.concatenate([video.detections.scores for video in videos])
    labels = np.concatenate([video.detections.labels[task] for video in videos])
    truths: dict[int, dict[Hashable, Float64[np.ndarray, "m 2"]]] = {}
    for index, video in enumerate(videos):
        for label in np.unique(video.labels[task]).tolist():
            chosen = video.truths_s[video.labels[task] == label]
            truths.setdefault(label, {})[index] = chosen
    if not truths:
        return np.full(len(EPIC_TIOU_THRESHOLDS), np.nan)
    precisions = []
    for label in sorted(truths):
        mine = np.flatnonzero(labels == label)
        precisions.append(
            class_ap(
                where[mine].tolist(),
                segments[mine],
                scores[mine],
                truths_s=truths[label],
                thresholds=EPIC_TIOU_THRESHOLDS,
            )
        )
    return np.mean(precisions, axis=0)


def _nothing() -> list[dict[str, Any]]:
    return []


def _extent_s(truth: Any) -> tuple[float, float]:
    _, segments, _, _ = true_segments(truth)
    return (float(segments.min()), float(segments.max())) if len(segments) else (0.0, 1.0)


def detection(verb: int, noun: int, segment_s: Sequence[float], score: float) -> dict[str, Any]:
    """Return one detection as a submission holds it."""
    action = f"{int(verb)},{int(noun)}"
    segment = [float(value) for value in segment_s]
    return {
        "verb": int(verb),
        "noun": int(noun),
        "action": action,
        "score": float(score),
        "segment": segment,
    }


def _oracle(truth: Any, rng: np.random.Generator) -> list[dict[str, Any]]:
    _, segments, verbs, nouns = true_segments(truth)
    return [
        detection(*known, 1.0)
        for known in zip(verbs.tolist(), nouns.tolist(), segments.tolist(), strict=True)
    ]


def _random(truth: Any, rng: np.random.Generator) -> list[dict[str, Any]]:
    """Return as many detections as there are truths, with classes and times drawn anew."""
    _, segments, verbs, nouns = true_segments(truth)
    low, high = _extent_s(truth)
    return [
        detection(
            rng.choice(verbs), rng.choice(nouns), sorted(rng.uniform(low, high, 2)), rng.random()
        )
        for _ in segments
    ]


def _constant(truth: Any, rng: np.random.Generator) -> list[dict[str, Any]]:
    """Return the whole video as one action: its most frequent verb and noun."""
    _, segments, verbs, nouns = true_segments(truth)
    if not len(segments):
        return []
    most = [int(np.bincount(classes).argmax()) for classes in (verbs, nouns)]
    return [detection(most[0], most[1], _extent_s(truth), 1.0)]


def _quantity(name: str) -> Quantity:
    nothing = "a class without annotations does not count; without any the official code has NaN"
    return Quantity(name=name, empty_truth=nothing, each=False)


def check_submission(submission: Any) -> None:
    """Raise ``InvalidAnswerError`` if a submission lacks its results or is of another challenge."""
    if not isinstance(submission, Mapping) or not isinstance(submission.get("results"), Mapping):
        raise InvalidAnswerError(
            "The submission has no 'results'; write {'results': {video: [detections]}}."
        )
    for name, known in (("version", "0.2"), ("challenge", "action_detection")):
        if submission.get(name, known) != known:
            raise InvalidAnswerError(
                f"The submission has the {name} {submission[name]!r}; EPIC-KITCHENS-100 C2 takes "
                f"{known!r}."
            )


def detections_by_video(submission: Mapping[str, Any]) -> dict[str, list[dict[str, Any]]]:
    """Return a submission's detections by video, each with its place in the file.

    The place decides between equal scores as in the official code, which sorts all videos at once.

    Raises
    ------
    InvalidAnswerError
        If the submission has no results, or another version or challenge than C2 takes.
    """
    check_submission(submission)
    found: dict[str, list[dict[str, Any]]] = {}
    for index, (video, detections) in enumerate(submission["results"].items()):
        if not isinstance(detections, list) or not all(isinstance(d, Mapping) for d in detections):
            raise InvalidAnswerError(
                f"The submission's video {video!r} has no list of detections; write "
                "[{verb, noun, action, score, segment}, ...]."
            )
        found[video] = [{**each, "place": index} for each in detections]
    return found


add_profile(
    Profile(
        name="epic:c2",
        title="Mean average precision of verbs, nouns and actions at tIoU 0.1 to 0.5",
        source="epic-kitchens/C2-Action-Detection@48357214:"
        "EvaluationCode/evaluate_detection_json_ek100.py",
        dataset="epic",
        form="detections",
        prediction="a list a video of {verb, noun, action: 'v,n', score, segment: [start, end] in "
        "s}",
        truth="a list a video of {start_timestamp, stop_timestamp: 'HH:MM:SS.ff' or s, verb_class, "
        "noun_class}",
        quantities=tuple(
            _quantity(f"{task}_map_{end}")
            for task in TASKS
            for end in (*(f"at_{i:02d}" for i in range(1, 6)), "avg")
        ),
        params=(
            Param(name="num_verbs", default=N_VERBS, meaning="number of verb classes"),
            Param(name="num_nouns", default=N_NOUNS, meaning="number of noun classes"),
        ),
        score=_score,
        combine=_combine,
        no_prediction=_nothing,
        no_truth=_nothing,
        controls={"oracle": _oracle, "constant": _constant, "random": _random},
        quirks=(
            "at_01 ... at_05 are tIoU thresholds 0.1 ... 0.5; the official code prints percent.",
            "Only classes that are annotated count; detections of others are left out, detections "
            "in videos without annotations are false.",
            "The action comes from the detection's 'action', not from its verb and noun.",
            "Equal scores are ordered by an unstable sort: their order is that of the submission "
            "at best.",
            "The official code stops under NumPy 1.24 and later (np.float).",
            "The official flag 'correct@0.5' is set at tIoU 0.2; it is not part of the result.",
        ),
    )
)
