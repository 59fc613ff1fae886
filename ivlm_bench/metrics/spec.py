"""What a metric is: a function, its unit and bounds, and what it says of nothing."""

from __future__ import annotations

import inspect
from collections.abc import Callable
from dataclasses import dataclass

from ivlm_bench.registry import Registry
from ivlm_bench.types import Interaction, Truth, Verdict


@dataclass(frozen=True, slots=True)
class Absent:
    """No score, and why; never NaN."""

    reason: str


Function = Callable[[Interaction, Truth, tuple[Verdict, ...]], float | Absent]


@dataclass(frozen=True, kw_only=True, slots=True)
class MetricSpec:
    """One metric of one episode; calling it gives the score, or None where it does not apply.

    Attributes
    ----------
    title
        One line that says what it is; "" takes the first line of the function's docstring.
    function
        Maps (interaction, truth, verdicts) to a float or an ``Absent``; verdicts start with the
        reference engine's.
    unit
        Unit of the score, "1" for a plain number.
    low, high
        Bounds of the score; None where there is none.
    higher_is_better
        Direction.
    answerable_only
        Whether unanswerable queries have no score.
    abstained
        Score of an abstention on an answerable query: the worst value, so that declining a hard
        question never helps; None for a metric without a worst value.
    empty
        What an answer without the needed field gets, in words.
    source
        Where the formula comes from.
    """

    name: str
    title: str = ""
    function: Function
    unit: str
    low: float | None
    high: float | None
    higher_is_better: bool
    answerable_only: bool = True
    abstained: float | None = None
    empty: str
    source: str

    @property
    def headline(self) -> str:
        """The title; of a metric without one what its function is said to do."""
        first = (inspect.getdoc(self.function) or self.name).partition("\n")[0]
        return self.title or first.removeprefix("Return ").replace("``", "").rstrip(".")

    @property
    def summary(self) -> str:
        """The headline with direction, bounds and unit, as lists show it."""
        low = "-inf" if self.low is None else f"{self.low:.1g}"
        high = "inf" if self.high is None else f"{self.high:.1g}"
        unit = "" if self.unit == "1" else f" {self.unit}"
        arrow = "↑" if self.higher_is_better else "↓"
        return f"{self.headline} {arrow}, {low} to {high}{unit}"

    def __call__(
        self, interaction: Interaction, truth: Truth, verdicts: tuple[Verdict, ...]
    ) -> float | None:
        """Return the score, or None where the metric does not apply."""
        score = self.explain(interaction, truth, verdicts)
        return None if isinstance(score, Absent) else score

    def explain(
        self, interaction: Interaction, truth: Truth, verdicts: tuple[Verdict, ...]
    ) -> float | Absent:
        """Return the score, or the reason why there is none."""
        if self.answerable_only:
            if not truth.feasible:
                return Absent("the query can't be answered")
            if interaction.abstain:
                return Absent("abstained") if self.abstained is None else self.abstained
        return self.function(interaction, truth, verdicts)


#: Every metric by name; a plugin adds its own with ``METRICS.register(name, MetricSpec(...))``.
METRICS: Registry[MetricSpec] = Registry("metric")


def add_metric(spec: MetricSpec) -> MetricSpec:
    """Register ``spec`` under its own name."""
    return METRICS.register(spec.name, spec)
