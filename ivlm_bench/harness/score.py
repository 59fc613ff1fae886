"""Phase 4: an answer, the truth and the verdicts become scores; recomputable at any time."""

from __future__ import annotations

import math
from functools import cache

from ivlm_bench.errors import ConfigError
from ivlm_bench.metrics import METRICS, MetricSpec
from ivlm_bench.records import Status
from ivlm_bench.types import Interaction, Truth, Verdict

#: Code of an answer that declines; it stands where a verdict's code would.
ABSTAINED = "ABSTAINED"


def score(
    interaction: Interaction, truth: Truth, verdicts: tuple[Verdict, ...]
) -> dict[str, float | None]:
    """Return one value a metric, None where it does not apply.

    Raises
    ------
    ConfigError
        If a metric gives NaN or infinity: a score is a number or absent.
    """
    scores: dict[str, float | None] = {}
    for name, metric in _metrics():
        value = metric(interaction, truth, verdicts)
        if value is not None and not math.isfinite(value):
            raise ConfigError(f"The metric {name!r} gave {value}; a finite number or None is due.")
        scores[name] = None if value is None else float(value)
    return scores


@cache
def _metrics() -> tuple[tuple[str, MetricSpec], ...]:
    return tuple(METRICS)


def outcome(
    interaction: Interaction, truth: Truth, verdicts: tuple[Verdict, ...]
) -> tuple[Status, bool, str]:
    """Return status, success and code of a valid answer.

    The first verdict is the reference engine's. An unanswerable query is solved by abstaining,
    and by nothing else.
    """
    if interaction.abstain:
        return "abstained", not truth.feasible, ABSTAINED
    reference = verdicts[0]
    if reference.status == "sim_diverged":
        return "sim_diverged", False, reference.code
    return "ok", bool(reference.success) and truth.feasible, reference.code
