"""The strict rates of a run by every interval that there is, for those who read the JSON."""

from __future__ import annotations

from collections.abc import Sequence

import msgspec
import numpy as np

from ivlm_bench.leaderboard.evidence import STRICT, Evidence
from ivlm_bench.leaderboard.summary import MACRO, RunSummary
from ivlm_bench.stats.clusters import Sample
from ivlm_bench.stats.cross_checks import rate_intervals


def strict_intervals(run: RunSummary) -> dict[str, object]:
    """Return the intervals of strict success by task ("macro" included), then by name.

    Empty for a run on a public data set. A question of which any repeat diverged is left out.
    """
    if run.evidence is None:
        return {}
    samples = _samples(run.evidence)
    plain: dict[str, object] = {MACRO: _plain(list(samples.values()))}
    return plain | {task: _plain([sample]) for task, sample in samples.items()}


def _samples(evidence: Evidence) -> dict[str, Sample]:
    """Return one sample a task, tasks without a question that counts left out."""
    strict = evidence.measures[STRICT]
    parts = {
        str(name): np.flatnonzero(strict.counted & (evidence.task.codes == code))
        for code, name in enumerate(evidence.task.names)
    }
    return {
        name: Sample(strict.values[rows], evidence.cluster.take(rows))
        for name, rows in parts.items()
        if len(rows)
    }


def _plain(strata: Sequence[Sample]) -> object:
    return msgspec.to_builtins(rate_intervals(strata))
