"""Items scored one at a time: the user's prediction, and the controls beside it."""

from __future__ import annotations

import zlib
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from functools import partial
from typing import Any, TypeVar

import numpy as np

from ivlm_bench.datasets.spec import DataItem
from ivlm_bench.errors import IvlmBenchError
from ivlm_bench.guard import guarded, in_brief
from ivlm_bench.metrics.evaluate import SampleScores, told
from ivlm_bench.metrics.profile import Control, Measured, Profile
from ivlm_bench.metrics.spec import Absent
from ivlm_bench.scoring.predictions import Prediction, Predictions
from ivlm_bench.scoring.ranges import refuse_out_of_range
from ivlm_bench.scoring.scored import Fault
from ivlm_bench.scoring.sighting import Sighting

#: Base seed of the random controls; the item's id and the control's name are added to it.
CONTROL_SEED = 20_240_604

T = TypeVar("T")

#: Heard after each item, for a display of progress.
Heard = Callable[[], None]


def silent() -> None:
    """Hear nothing."""


@dataclass(slots=True)
class Gathered:
    """What all items gave: measured samples for the set's numbers, and what went wrong."""

    own: list[Measured] = field(default_factory=list)
    controls: dict[str, list[Measured]] = field(default_factory=dict)
    samples: list[SampleScores] = field(default_factory=list)
    groups: dict[str, tuple[str, str]] = field(default_factory=dict)
    faults: list[Fault] = field(default_factory=list)
    missing: list[str] = field(default_factory=list)
    filled: list[str] = field(default_factory=list)
    foreign: list[str] = field(default_factory=list)
    sighting: Sighting = field(default_factory=Sighting)
    n_items: int = 0
    n_matched: int = 0
    first_items: list[str] = field(default_factory=list)

    @property
    def n_scored(self) -> int:
        """Number of items that were scored, without predictions of no item."""
        strange = set(self.foreign)
        return sum(s.error is None and s.id not in strange for s in self.samples)


@dataclass(frozen=True, slots=True)
class Asked:
    """A profile, its parameters in force and the controls that are asked for."""

    profile: Profile
    params: Mapping[str, Any]
    controls: tuple[str, ...]


def gather(
    asked: Asked, predictions: Predictions, items: Iterable[DataItem], *, heard: Heard = silent
) -> Gathered:
    """Score every item of a data set; one that can't be scored is recorded, and the next taken.

    Only one prediction and one truth are held at a time.
    """
    found = Gathered(controls={name: [] for name in asked.controls})
    taken: set[str] = set()
    for item in items:
        found.n_items += 1
        if len(found.first_items) < 3:
            found.first_items.append(item.id)
        found.groups[item.id] = (item.category, item.cluster or item.id)
        key = predictions.id_for(item.id)
        if key is not None:
            taken.add(key)
            found.n_matched += 1
        _one(asked, found, item, _source(asked, predictions, key))
        heard()
    _foreign(asked, found, predictions, taken)
    return found


def of_set(profile: Profile, measured: list[Measured]) -> Mapping[str, float | Absent]:
    """Return the numbers of the set, one for each quantity."""
    nothing = Absent("no sample was scored")
    found = profile.combine(measured) if measured else {}
    return {q.name: found.get(q.name, nothing) for q in profile.quantities}


@dataclass(frozen=True, slots=True)
class _Source:
    """Where a prediction comes from; ``given`` is False where the protocol fills it in."""

    where: str
    read: Callable[[], Any]
    given: bool


def _source(asked: Asked, predictions: Predictions, key: str | None) -> _Source | None:
    if key is not None:
        prediction = predictions.by_id[key]
        return _Source(prediction.where, prediction.read, True)
    nothing = asked.profile.no_prediction
    return None if nothing is None else _Source("no prediction", nothing, False)


def _one(asked: Asked, found: Gathered, item: DataItem, source: _Source | None) -> None:
    if source is None:
        found.missing.append(item.id)
        found.samples.append(SampleScores(item.id, error="no prediction"))
        return

    def measure() -> tuple[Any, Any, Measured]:
        truth, prediction = item.truth(), source.read()
        refuse_out_of_range(prediction, asked.profile.form, source.where)
        return prediction, truth, asked.profile.score(prediction, truth, asked.params)

    done, cause = _attempt(measure)
    if done is None:
        found.faults.append(Fault(item.id, source.where, cause))
        found.samples.append(SampleScores(item.id, error=cause))
        return
    prediction, truth, measured = done
    if source.given:
        found.sighting.see(prediction, truth)
    else:
        found.filled.append(item.id)
    _record(asked, found, item.id, measured, truth)


def _attempt(call: Callable[[], T]) -> tuple[T | None, str]:
    """Return what a call gives, or None and why it failed.

    Profiles and loaders may be plugins, and predictions anything: the other items are still
    scored. Only what a person or the system means to end the process with does.
    """
    value, error = guarded(call)
    if error is None:
        return value, ""
    if isinstance(error, IvlmBenchError):
        return None, str(error)
    if isinstance(error, Exception):
        return None, f"The prediction and the truth do not fit the protocol ({in_brief(error)})."
    raise error


def _record(asked: Asked, found: Gathered, name: str, measured: Measured, truth: Any) -> None:
    found.own.append(measured)
    found.samples.append(SampleScores(name, *told(measured.scores)))
    for control, beside in _beside(asked, name, truth):
        found.controls[control].append(beside)


def _beside(asked: Asked, name: str, truth: Any) -> Iterator[tuple[str, Measured]]:
    """Yield what each control gets from one truth; one that can't answer it is left out."""
    for control in asked.controls:
        rng = np.random.default_rng(
            [CONTROL_SEED, *(zlib.crc32(t.encode()) for t in (name, control))]
        )
        make = asked.profile.controls[control]
        beside, _ = _attempt(partial(_control, asked, make, truth, rng=rng))
        if beside is not None:
            yield control, beside


def _control(asked: Asked, make: Control, truth: Any, *, rng: np.random.Generator) -> Measured:
    return asked.profile.score(make(truth, rng), truth, asked.params)


def _foreign(asked: Asked, found: Gathered, predictions: Predictions, taken: set[str]) -> None:
    """Score predictions of no item where the protocol counts them, and name them everywhere."""
    found.foreign = [name for name in predictions.by_id if name not in taken]
    if asked.profile.no_truth is None:
        return
    for name in found.foreign:
        prediction, truth = predictions.by_id[name], asked.profile.no_truth()
        measured, cause = _attempt(partial(_unowned, asked, prediction, truth))
        if measured is None:
            found.faults.append(Fault(name, prediction.where, cause))
            continue
        found.groups[name] = ("", name)
        _record(asked, found, name, measured, truth)


def _unowned(asked: Asked, prediction: Prediction, truth: Any) -> Measured:
    value = prediction.read()
    refuse_out_of_range(value, asked.profile.form, prediction.where)
    return asked.profile.score(value, truth, asked.params)
