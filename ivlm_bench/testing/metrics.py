"""The public check of a metric: in bounds, best for the best answer, the same again."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import replace

from ivlm_bench.codec import encode
from ivlm_bench.env import Episode
from ivlm_bench.metrics import MetricSpec
from ivlm_bench.trials.attempt import at_most
from ivlm_bench.types import Check, Interaction, Verdict

#: Rounding that a bound may be missed by.
SLACK = 1e-9
#: Verdicts that physics could give.
HELD = Verdict(engine="check", engine_version="", status="ok", code="SUCCESS", success=True)
LOST = Verdict(engine="check", engine_version="", status="ok", code="SLIP_LIFT", success=False)


def check_metric(metric: MetricSpec, episodes: Sequence[Episode]) -> tuple[Check, ...]:
    """Score right and wrong answers to ``episodes`` and return what the metric broke.

    ``finite``: scores that are NaN or infinite. ``bounds``: scores outside of ``low`` and
    ``high``. ``repeatable``: scores that differ the second time. ``untouched``: answers that the
    metric changed. ``order``: episodes in which the oracle scores worse than a wrong answer.
    """
    broken = dict.fromkeys(("finite", "bounds", "repeatable", "untouched", "order"), 0)
    for episode in episodes:
        truth = episode.truth
        best = _with_maps(episode)
        for answer, verdict in ((best, HELD), *((w, LOST) for w in truth.wrong.values())):
            before = encode(answer)
            score = metric(answer, truth, (verdict,))
            again = metric(answer, truth, (verdict,))
            broken["untouched"] += encode(answer) != before
            broken["repeatable"] += score != again
            broken["finite"] += score is not None and not math.isfinite(score)
            broken["bounds"] += score is not None and not _inside(metric, score)
            broken["order"] += _worse(metric, metric(best, truth, (HELD,)), score)
    return tuple(at_most(name, count, 0.0, unit="scores") for name, count in broken.items())


def _with_maps(episode: Episode) -> Interaction:
    """Return the oracle's answer with the true maps, as if it had drawn them."""
    oracle = episode.truth.oracle
    if oracle.abstain:
        return oracle
    return replace(oracle, affordance_maps=episode.truth.affordance_maps)


def _inside(metric: MetricSpec, score: float) -> bool:
    low = -math.inf if metric.low is None else metric.low
    high = math.inf if metric.high is None else metric.high
    return low - SLACK <= score <= high + SLACK


def _worse(metric: MetricSpec, best: float | None, score: float | None) -> bool:
    if best is None or score is None:
        return False
    gain = best - score if metric.higher_is_better else score - best
    return gain < -SLACK
