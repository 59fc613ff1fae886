"""Detections and annotations of EPIC-KITCHENS-100 as arrays."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from jaxtyping import Float64

from ivlm_bench.errors import InvalidAnswerError

#: Classes of EPIC-KITCHENS-100 (``--verb-count``, ``--noun-count``).
N_VERBS, N_NOUNS = 97, 300

_HOUR_S, _MINUTE_S = 3600, 60


@dataclass(frozen=True, eq=False, slots=True)
class Detections:
    """Detections of one video in order: segments (n, 2), scores and labels by task.

    ``first`` is the video's place in the submission, -1 if that is not known.
    """

    segments_s: Float64[np.ndarray, "n 2"]
    scores: Float64[np.ndarray, " n"]
    labels: Mapping[str, np.ndarray]
    first: int


def seconds(timestamp: str | float) -> float:
    """Return a time in seconds; text is "HH:MM:SS.ff". ``ValueError`` if it is neither.

    Examples
    --------
    >>> seconds("00:01:44.69")
    104.69
    """
    if not isinstance(timestamp, str):
        return float(timestamp)
    hours, minutes, rest = (float(part) for part in timestamp.split(":"))
    return hours * _HOUR_S + minutes * _MINUTE_S + rest


def read_detections(prediction: Any, *, n_verbs: int, n_nouns: int) -> Detections:
    """Return the detections of one video.

    Raises
    ------
    InvalidAnswerError
        If it is no list, or a detection lacks a field, has a class out of range or is not a number.
    """
    if isinstance(prediction, str | Mapping) or not isinstance(prediction, Sequence):
        raise InvalidAnswerError("The prediction of a video is no list of detections.")
    segments, scores, verbs, nouns, actions = [], [], [], [], []
    for index, each in enumerate(prediction):
        segment, score, verb, noun, action = _fields(index, each)
        _known_class(index, "verb", verb, n_verbs)
        _known_class(index, "noun", noun, n_nouns)
        _known_class(index, "action's verb", action[0], n_verbs)
        _known_class(index, "action's noun", action[1], n_nouns)
        segments.append(segment)
        scores.append(score)
        verbs.append(verb)
        nouns.append(noun)
        actions.append(action[0] * n_nouns + action[1])
    labels = {"verb": verbs, "noun": nouns, "action": actions}
    return Detections(
        np.array(segments, dtype=np.float64).reshape(-1, 2),
        np.array(scores, dtype=np.float64),
        {task: np.array(classes, dtype=np.int64) for task, classes in labels.items()},
        int(prediction[0].get("place", -1)) if prediction else -1,
    )


def _fields(index: int, each: Any) -> tuple[tuple[float, float], float, int, int, tuple[int, int]]:
    try:
        start, end = (float(value) for value in each["segment"])
        verb, noun = (int(word) for word in each["action"].split(","))
        found = (start, end), float(each["score"]), int(each["verb"]), int(each["noun"])
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        why = f"lacks {error}" if isinstance(error, KeyError) else f"is malformed ({error})"
        raise InvalidAnswerError(
            f"Detection {index} {why}; write {{verb, noun, action: 'v,n', score, segment: [start, "
            "end]}}."
        ) from None
    if any(math.isnan(number) for number in (start, end, found[1])):
        raise InvalidAnswerError(f"Detection {index} has a NaN; leave it out.")
    return *found, (verb, noun)


def _known_class(index: int, what: str, number: int, n_classes: int) -> None:
    if not 0 <= number < n_classes:
        raise InvalidAnswerError(
            f"Detection {index} has the {what} {number}; classes run from 0 to {n_classes - 1}."
        )


def true_segments(
    rows: Sequence[Mapping[str, Any]],
) -> tuple[str | None, Float64[np.ndarray, "m 2"], np.ndarray, np.ndarray]:
    """Return (video or None, segments (m, 2) in s, verbs (m,), nouns (m,)) of annotation rows.

    Raises
    ------
    InvalidAnswerError
        If a row lacks a field or its times can't be read.
    """

    def column(read: Callable[[Mapping[str, Any]], Any], dtype: type) -> np.ndarray:
        return np.array([read(row) for row in rows], dtype=dtype)

    try:
        times = column(
            lambda r: (seconds(r["start_timestamp"]), seconds(r["stop_timestamp"])), float
        )
        verbs = column(lambda row: int(row["verb_class"]), np.int64)
        nouns = column(lambda row: int(row["noun_class"]), np.int64)
    except (KeyError, TypeError, ValueError) as error:
        raise InvalidAnswerError(
            f"An annotation row is malformed ({error}); it needs start_timestamp, stop_timestamp, "
            "verb_class and noun_class."
        ) from None
    name = next((str(row["video_id"]) for row in rows if "video_id" in row), None)
    return name, times.reshape(-1, 2), verbs, nouns
