"""Whether a run's episodes can be counted at all: complete, each once, no hole, no NaN."""

from __future__ import annotations

from ivlm_bench.errors import StoreError
from ivlm_bench.leaderboard.episodes import labels_of, table_of
from ivlm_bench.leaderboard.intake import damage
from ivlm_bench.store import Run
from ivlm_bench.store.columns import EPISODES

#: Cells that no record leaves empty and that only a comparison reads.
_NEVER_EMPTY = ("repeat", "scene_hash", "prediction_hash")


def check_sound(run: Run) -> None:
    """Refuse a run whose episodes are damaged in a way that its checksums can't show.

    Raises
    ------
    StoreError
        If a column is missing or has an empty cell, a number is NaN or infinite, an episode is
        there twice, its status is unknown, there are not as many episodes as were planned, a task
        (or the run) has none, or an engine judged one twice.
    """
    compared = run.columns(EPISODES, _NEVER_EMPTY)
    for name in _NEVER_EMPTY:
        if name not in compared.column_names:
            raise _damaged(run, f"has no column {name}")
        if compared[name].null_count:
            raise _damaged(run, f"has empty cells in {name}")
    wrong = list(damage(run, table_of(run)))
    if wrong:
        raise _damaged(run, f"can't be counted ({', '.join(wrong)})")


def check_crashes(run: Run, most: float) -> None:
    """Refuse a run of whose episodes more than the share ``most`` crashed.

    Raises
    ------
    StoreError
        If so; the episodes themselves are counted, not what the manifest says of them.
    """
    status = labels_of(run.columns(EPISODES, ("status",), ("status",))["status"])
    n_crashed = int((status.names == "crashed")[status.codes].sum())
    n = len(status.codes)
    if n_crashed > most * n:
        raise StoreError(
            f"{n_crashed} of {n} episodes of {run.folder} crashed; that measures the machine or "
            "a broken program, not the method. Look at their messages with 'ivlm-bench show' and "
            "run again."
        )


def _damaged(run: Run, what: str) -> StoreError:
    return StoreError(
        f"{run.folder / EPISODES} {what}; restore it from a copy, or run again into another folder."
    )
