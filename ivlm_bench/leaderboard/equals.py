"""Runs that claim one digest: copies of one result, or damaged ones that bear its name."""

from __future__ import annotations

from collections.abc import Sequence

import pyarrow as pa

from ivlm_bench.digest import bit_digest
from ivlm_bench.errors import StoreError
from ivlm_bench.leaderboard.episodes import table_of
from ivlm_bench.leaderboard.intake import damage
from ivlm_bench.records import VOLATILE
from ivlm_bench.store import Run
from ivlm_bench.store.columns import EPISODES, PREDICTIONS, VERDICTS

#: Files whose rows a digest covers.
_FILES = (EPISODES, VERDICTS, PREDICTIONS)


def newest(runs: Sequence[Run], damaged: list[StoreError] | None) -> list[Run]:
    """Return the newest of the runs that claim one digest and bear it out; none may be left.

    Parameters
    ----------
    runs
        Runs of one reasoner and digest, the oldest first.
    damaged
        Takes an error for each run that does not hold what its digest claims; if None, it is
        raised.

    Raises
    ------
    StoreError
        As told of ``damaged``.
    """
    if len(runs) == 1:
        return list(runs)
    whole: list[Run] = []
    for run in runs:
        wrong = _wrong(run, whole[0] if whole else None)
        if wrong is None:
            whole.append(run)
        elif damaged is None:
            raise wrong
        else:
            damaged.append(wrong)
    return whole[-1:]


def _wrong(run: Run, known: Run | None) -> StoreError | None:
    """Return what keeps a run from being what its digest says; ``known`` is one that is."""
    try:
        faults = list(damage(run, table_of(run)))
        if not faults and not (known is not None and _same(run, known)) and not _claimed(run):
            faults = ["its records give another digest than its manifest says"]
    except StoreError as error:
        return error
    if not faults:
        return None
    return StoreError(
        f"{run.folder} claims the digest of other runs, but {'; '.join(faults)}. Restore it from "
        "a copy, or run again."
    )


def _claimed(run: Run) -> bool:
    return bit_digest(run.results) == run.manifest.bit_digest


def _same(run: Run, known: Run) -> bool:
    """Tell whether two runs hold equal rows; what differs from run to run is left out."""
    return all(_lasting(run, name).equals(_lasting(known, name)) for name in _FILES)


def _lasting(run: Run, name: str) -> pa.Table:
    return run.columns(name, [n for n in run.column_names(name) if n not in VOLATILE])
