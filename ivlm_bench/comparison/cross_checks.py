"""What stands beside the rows of a comparison in its JSON: other intervals, sequential evidence."""

from __future__ import annotations

from collections.abc import Sequence

import msgspec

from ivlm_bench.comparison.compare import Comparison
from ivlm_bench.stats.clusters import Sample
from ivlm_bench.stats.cross_checks import difference_intervals
from ivlm_bench.stats.paired import bounded_sums
from ivlm_bench.stats.sequential import EProcess


def beside(found: Comparison) -> dict[str, dict[str, object]]:
    """Return the other intervals and the e-values by task, "macro" included.

    ``e_worse`` speaks against "the new method is not worse", ``e_better`` against "it is not
    better". Either reaches 1 / alpha with a chance of at most alpha where it speaks against the
    truth, however often one looks while questions are added: one may stop at any time.
    """
    by_task = {
        str(name): Sample(rows["difference"].to_numpy(float), tuple(rows["cluster"]))
        for name, rows in found.pairs.table.groupby("task", sort=True)
    }
    told = {task: _of([sample]) for task, sample in by_task.items()}
    return told | {found.macro.task: _of(list(by_task.values()))}


def _of(strata: Sequence[Sample]) -> dict[str, object]:
    bets = bounded_sums(strata)
    return {
        "intervals": msgspec.to_builtins(difference_intervals(strata)),
        "e_worse": EProcess.start().after(bets).e_value,
        "e_better": EProcess.start().after(-bets).e_value,
    }
