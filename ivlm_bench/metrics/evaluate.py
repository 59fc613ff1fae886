"""The public door to all metric profiles: predictions and truths in, numbers out, never NaN."""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from itertools import zip_longest
from typing import Any

from ivlm_bench.errors import ConfigError, IvlmBenchError, did_you_mean
from ivlm_bench.metrics.profile import OFFICIAL_NAN, PROFILES, Measured, Profile
from ivlm_bench.metrics.spec import Absent

_NOTHING = object()


@dataclass(frozen=True, slots=True)
class SampleScores:
    """Numbers of one sample: None where there is none, with the reason; ``error`` if unscored."""

    id: str
    scores: Mapping[str, float | None] = field(default_factory=dict)
    reasons: Mapping[str, str] = field(default_factory=dict)
    error: str | None = None


class Evaluation(dict[str, float | None]):
    """Numbers of a set by name, None where there is none; and what they are made of.

    Attributes
    ----------
    profile : Profile
        The protocol.
    reasons : dict
        Why a number is None, by name.
    samples : tuple of SampleScores
        Every sample in the order of the truths, those with errors too.
    n : dict
        How many samples have each number.
    """

    def __init__(
        self,
        profile: Profile,
        numbers: Mapping[str, float | Absent],
        samples: tuple[SampleScores, ...],
    ) -> None:
        values, self.reasons = told(numbers)
        super().__init__(values)
        self.profile, self.samples = profile, samples
        names = [quantity.name for quantity in profile.quantities]
        self.n = {n: sum(s.scores.get(n) is not None for s in samples) for n in names}

    @property
    def errors(self) -> tuple[SampleScores, ...]:
        """Samples that could not be scored; each says why."""
        return tuple(sample for sample in self.samples if sample.error is not None)


def evaluate(
    profile: str | Profile,
    predictions: Mapping[str, Any] | Iterable[Any],
    truths: Mapping[str, Any] | Iterable[Any],
    *,
    strict: bool = True,
    **params: Any,
) -> Evaluation:
    """Score predictions against truths as an official code does.

    Parameters
    ----------
    profile
        Name of a profile (``ivlm-bench list profiles``), or one of your own.
    predictions, truths
        One of each a sample, in the same order, or mappings by sample id. Either may be an
        iterator: only one sample is held at a time. The profile says what each must be.
    strict
        Raise on the first sample that can't be scored; else it is recorded in ``errors`` and the
        others are scored.
    **params
        Parameters of the profile.

    Returns
    -------
    Evaluation
        A dict of the set's numbers; ``samples`` has those of each sample.

    Raises
    ------
    UnknownNameError
        If there is no such profile.
    ConfigError
        If a parameter is unknown, or the ids or the numbers of samples do not match.
    InvalidAnswerError
        If ``strict`` and a prediction has the wrong type, shape or range.

    Examples
    --------
    >>> import numpy as np
    >>> result = evaluate("piad:iagnet", [np.array([0.1, 0.9])], [np.array([0.0, 1.0])])
    >>> result["auc"], round(result["mae"], 9)
    (100.0, 0.1)
    """
    chosen = PROFILES.get(profile) if isinstance(profile, str) else profile
    known = checked(chosen, params)
    measured: list[Measured] = []
    samples: list[SampleScores] = []
    for name, prediction, truth in pairs(chosen, predictions, truths):
        try:
            found = chosen.score(prediction, truth, known)
        except IvlmBenchError as error:
            if strict:
                raise type(error)(f"Sample {name}: {error}") from None
            samples.append(SampleScores(name, error=str(error)))
            continue
        measured.append(found)
        samples.append(SampleScores(name, *told(found.scores)))
    return Evaluation(chosen, _of_set(chosen, measured), tuple(samples))


def checked(profile: Profile, params: Mapping[str, Any]) -> dict[str, Any]:
    """Return all parameters of a profile, the given ones over the defaults."""
    known = {param.name: param.default for param in profile.params}
    for name in params:
        if name not in known:
            hint = did_you_mean(name, list(known))
            raise ConfigError(f"The profile {profile.name} has no parameter {name!r}.{hint}")
    return known | dict(params)


def told(
    scores: Mapping[str, float | Absent],
) -> tuple[dict[str, float | None], dict[str, str]]:
    """Return numbers with None for what is no number, and the reason for each None."""
    values: dict[str, float | None] = {}
    reasons: dict[str, str] = {}
    for name, score in scores.items():
        if isinstance(score, Absent):
            values[name], reasons[name] = None, score.reason
        elif math.isfinite(score):
            values[name] = float(score)
        else:
            values[name], reasons[name] = None, OFFICIAL_NAN
    return values, reasons


def pairs(
    profile: Profile,
    predictions: Mapping[str, Any] | Iterable[Any],
    truths: Mapping[str, Any] | Iterable[Any],
) -> Iterator[tuple[str, Any, Any]]:
    """Yield (id, prediction, truth) of every sample; ids are indices if no mapping gives them."""
    if isinstance(predictions, Mapping) != isinstance(truths, Mapping):
        raise ConfigError("Give predictions and truths both as mappings by id, or both in order.")
    if isinstance(predictions, Mapping) and isinstance(truths, Mapping):
        yield from _by_id(profile, predictions, truths)
        return
    for side, samples in (("predictions", predictions), ("truths", truths)):
        _must_be_samples(samples, side)
    for index, (prediction, truth) in enumerate(
        zip_longest(predictions, truths, fillvalue=_NOTHING)
    ):
        if prediction is _NOTHING or truth is _NOTHING:
            less = "predictions" if prediction is _NOTHING else "truths"
            raise ConfigError(f"The {less} end after {index}; give one of each a sample.")
        yield str(index), prediction, truth


def _must_be_samples(samples: object, side: str) -> None:
    """Raise ``ConfigError`` unless one sample after the other can be taken from ``samples``."""
    if not isinstance(samples, str):
        try:
            iter(samples)  # type: ignore[call-overload]
        except TypeError:
            pass
        else:
            return
    raise ConfigError(
        f"The {side} are {samples!r:.40}; a list with one for each sample, or a mapping by sample "
        "id, was expected."
    )


def _by_id(
    profile: Profile, predictions: Mapping[str, Any], truths: Mapping[str, Any]
) -> Iterator[tuple[str, Any, Any]]:
    for name, truth in truths.items():
        if name in predictions:
            yield name, predictions[name], truth
        elif profile.no_prediction is not None:
            yield name, profile.no_prediction(), truth
        else:
            raise ConfigError(f"There is no prediction of {name!r}; give one for every truth.")
    for name in predictions:
        if name in truths:
            continue
        if profile.no_truth is None:
            hint = did_you_mean(name, list(truths))
            raise ConfigError(f"There is no truth of the prediction {name!r}.{hint}")
        yield name, predictions[name], profile.no_truth()


def _of_set(profile: Profile, measured: list[Measured]) -> Mapping[str, float | Absent]:
    nothing = Absent("no sample was scored")
    found = profile.combine(measured) if measured else {}
    return {q.name: found.get(q.name, nothing) for q in profile.quantities}
