"""What scoring files gives: the numbers with intervals and controls, and all that went wrong."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from ivlm_bench.errors import StoreError
from ivlm_bench.metrics.evaluate import SampleScores
from ivlm_bench.metrics.profile import Profile, Quantity
from ivlm_bench.reference import ReferenceRow
from ivlm_bench.stats.intervals import Interval


@dataclass(frozen=True, kw_only=True, slots=True)
class Line:
    """One number of the set.

    Attributes
    ----------
    quantity
        What it is, with unit and direction.
    value
        None where there is none; ``reason`` says why.
    interval
        95 % interval in the quantity's unit; None where there is none; ``no_interval`` says why.
    n
        Samples that have this number; for a number of the whole set, samples scored.
    controls
        The same number of the truth as prediction and of the trivial answers, by name.
    """

    quantity: Quantity
    value: float | None
    reason: str = ""
    interval: Interval | None = None
    no_interval: str = ""
    n: int
    controls: Mapping[str, float | None] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Fault:
    """An item that could not be scored: its id, the file at fault and the cause in a sentence."""

    id: str
    where: str
    cause: str


@dataclass(frozen=True, kw_only=True, slots=True)
class Shown:
    """Published rows beside the user's own, and how many were left out and why."""

    rows: tuple[ReferenceRow, ...] = ()
    left_out: str = ""


@dataclass(frozen=True, kw_only=True, eq=False, slots=True)
class Scored:
    """The result of ``score_files``.

    Attributes
    ----------
    profile, split, params, setting
        What was asked: protocol, split ("" if there is none), parameters in force, supervision.
    lines
        Every number of the protocol, in the order of the official printout.
    samples
        Numbers of each item in the order of the data, those with errors too.
    groups
        Category and cluster of each item by id.
    n_items
        Items of the split.
    faults
        Items with a prediction that could not be scored.
    missing
        Ids of items without a prediction that the protocol has no rule for.
    filled
        Ids of items without a prediction that count as the protocol's answer of nothing.
    foreign
        Ids of predictions that belong to no item.
    problems
        Files and lines that are no prediction.
    warnings
        Sentences on values that are impossible or suspicious.
    references
        Published rows of the same protocol and setting.
    remarks
        Sentences on files of the split that are no item.
    """

    profile: Profile
    split: str
    params: Mapping[str, object]
    setting: str | None
    lines: tuple[Line, ...]
    samples: tuple[SampleScores, ...]
    groups: Mapping[str, tuple[str, str]]
    n_items: int
    faults: tuple[Fault, ...] = ()
    missing: tuple[str, ...] = ()
    filled: tuple[str, ...] = ()
    foreign: tuple[str, ...] = ()
    problems: tuple[str, ...] = ()
    warnings: tuple[str, ...] = ()
    references: Shown = field(default_factory=Shown)
    remarks: tuple[str, ...] = ()

    @property
    def n_scored(self) -> int:
        """Number of items of the split that were scored; foreign predictions do not count."""
        strange = set(self.foreign)
        return sum(sample.error is None and sample.id not in strange for sample in self.samples)

    @property
    def exit_code(self) -> int:
        """0 if every item was scored, else the code of an incomplete result."""
        return StoreError.exit_code if self.faults or self.missing else 0

    def value(self, name: str) -> float | None:
        """Return the number called ``name``; KeyError if the protocol has none."""
        return {line.quantity.name: line.value for line in self.lines}[name]
