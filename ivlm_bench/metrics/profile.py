"""What a metric profile is: one official protocol, from one sample to the printed number."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal

import numpy as np

from ivlm_bench.metrics.spec import Absent
from ivlm_bench.registry import Registry

#: Reason of a None where the official code gives NaN.
OFFICIAL_NAN = "official NaN"

#: What a prediction is, and so which files hold it and which trivial answers there are.
#: ``heatmap`` (h, w); ``values`` one number a point or vertex; ``masks`` (v, h, w) logits;
#: ``voxels`` (x, y, z); ``points`` a model's reply or pixel points; ``detections`` a list of
#: scored boxes, masks or segments; ``answer`` a word or a letter; ``views`` maps to be lifted.
Form = Literal["heatmap", "values", "masks", "voxels", "points", "detections", "answer", "views"]


@dataclass(frozen=True, kw_only=True, slots=True)
class Quantity:
    """One number that a profile prints.

    Attributes
    ----------
    name
        Key in the result, such as ``kld``.
    unit
        Unit as the official code prints it: "1", "%", "m".
    low, high
        Bounds that a right implementation keeps; None where there is none.
    higher_is_better
        Direction.
    empty_truth
        What a sample without anything to find gets, in words.
    each
        Whether single samples have it too, or only the whole set.
    source
        Where the formula comes from, if not from the profile's source.
    """

    name: str
    unit: str = "1"
    low: float | None = 0.0
    high: float | None = 1.0
    higher_is_better: bool = True
    empty_truth: str
    each: bool = True
    source: str = ""


@dataclass(frozen=True, kw_only=True, slots=True)
class Param:
    """A number, array or word that a profile may be given: its value if left out, its meaning."""

    name: str
    default: object
    meaning: str


@dataclass(frozen=True, eq=False, slots=True)
class Measured:
    """What the official code gets from one sample.

    ``scores``: numbers by name; NaN where the official code has NaN, ``Absent`` where it has none.
    ``tally``: whatever the numbers of the whole set need of this sample (counts, a category,
    matched detections); None if the scores are enough.
    """

    scores: Mapping[str, float | Absent]
    tally: Any = None


#: From (prediction, truth, params) of one sample to what is measured.
Score = Callable[[Any, Any, Mapping[str, Any]], Measured]
#: From all samples to the numbers of the set; NaN and ``Absent`` as above.
Combine = Callable[[Sequence[Measured]], Mapping[str, float | Absent]]
#: A prediction made of the truth alone: the bound and the trivial answers that are always shown.
Control = Callable[[Any, np.random.Generator], Any]


def mean_of_numbers(measured: Sequence[Measured]) -> dict[str, float | Absent]:
    """Return the mean of each score over the samples that have a number (NaN left out)."""
    return _means(measured, skip_nan=True)


def mean_of_all(measured: Sequence[Measured]) -> dict[str, float | Absent]:
    """Return the plain mean of each score: one NaN makes it NaN."""
    return _means(measured, skip_nan=False)


def _means(measured: Sequence[Measured], *, skip_nan: bool) -> dict[str, float | Absent]:
    names = dict.fromkeys(name for sample in measured for name in sample.scores)
    found: dict[str, float | Absent] = {}
    for name in names:
        scores = [sample.scores[name] for sample in measured if name in sample.scores]
        numbers = [score for score in scores if not isinstance(score, Absent)]
        if skip_nan:
            numbers = [number for number in numbers if not math.isnan(number)]
        found[name] = float(np.mean(numbers)) if numbers else _why_none(scores)
    return found


def _why_none(scores: Sequence[float | Absent]) -> Absent:
    reasons = [score.reason for score in scores if isinstance(score, Absent)]
    return Absent(reasons[0] if reasons else OFFICIAL_NAN)


@dataclass(frozen=True, kw_only=True, eq=False, slots=True)
class Profile:
    """One official protocol under a name such as ``piad:iagnet``.

    Attributes
    ----------
    name
        ``<data set>:<code>``.
    title
        One line: what is measured, after whom.
    source
        Repository, commit and file that define it, or "own: ..." with the formula's source.
    dataset
        Name of the data set whose loader gives its truths; None if there is none.
    form
        What a prediction is (``Form``).
    prediction, truth
        Both in words: type, shape, unit, range.
    quantities
        Every number of the result, in the order of the official printout.
    params
        What ``evaluate`` may be given by name.
    official
        Values of params that score files as the official pipeline does, if not the defaults.
    score, combine
        One sample; the set.
    no_prediction
        Makes the prediction that counts where a truth has none (as an empty list of detections);
        None: a missing prediction is an error of its sample.
    no_truth
        Makes the truth that counts where a prediction has none; None: such a prediction is refused.
    controls
        ``oracle`` (truth as prediction) and trivial answers by name: ``constant``, ``centre``,
        ``random``.
    quirks
        Sentences on what a user must know to read the numbers.
    """

    name: str
    title: str
    source: str
    dataset: str | None = None
    form: Form
    prediction: str
    truth: str
    quantities: tuple[Quantity, ...]
    params: tuple[Param, ...] = ()
    official: Mapping[str, object] = field(default_factory=dict)
    score: Score
    combine: Combine = mean_of_numbers
    no_prediction: Callable[[], Any] | None = None
    no_truth: Callable[[], Any] | None = None
    controls: Mapping[str, Control] = field(default_factory=dict)
    quirks: tuple[str, ...] = ()

    def quantity(self, name: str) -> Quantity:
        """Return the quantity called ``name``; KeyError if the profile has none."""
        return {quantity.name: quantity for quantity in self.quantities}[name]


#: Every profile by name; a plugin adds its own with ``add_profile(Profile(...))``.
PROFILES: Registry[Profile] = Registry("metric profile")


def add_profile(profile: Profile) -> Profile:
    """Register ``profile`` under its own name."""
    return PROFILES.register(profile.name, profile)
