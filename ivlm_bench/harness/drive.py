"""From a pool into a store: what every phase that keeps a journal has in common."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Sequence

from ivlm_bench.errors import StoreError
from ivlm_bench.guard import last_line
from ivlm_bench.harness.messages import Job
from ivlm_bench.harness.pool import Pool
from ivlm_bench.records import ERROR_STATUSES, EpisodeRecord, EpisodeResult
from ivlm_bench.store import RunStore


class Interrupted(StoreError):  # noqa: N818  # not a fault: a person stopped the run
    """The run was stopped by Ctrl-C; its journal is whole."""

    exit_code = 130


def record_open(
    pool: Pool,
    store: RunStore,
    jobs: Sequence[Job],
    *,
    recorded: frozenset[str],
    heard: Callable[[EpisodeResult], object],
) -> None:
    """Play the jobs that are not in ``recorded`` and append each result as it comes.

    Raises
    ------
    Interrupted
        After Ctrl-C; the message says how to go on.
    """
    n_done = len(recorded)
    try:
        for result in pool.play([job for job in jobs if job.episode_key not in recorded]):
            store.append(result)
            n_done += 1
            heard(result)
    except KeyboardInterrupt:
        raise Interrupted(
            f"Stopped with {n_done} of {len(jobs)} episodes recorded in {store.folder}; go on with "
            f"the same command and --resume --out {store.folder}."
        ) from None


def faults_of(records: Iterable[EpisodeRecord]) -> list[str]:
    """Return how often each error status occurs, in words: ``2 timeout``."""
    statuses = Counter(record.status for record in records)
    return [f"{statuses[s]} {s}" for s in ERROR_STATUSES if statuses[s]]


def first_reason(records: Iterable[EpisodeRecord]) -> str:
    """Return ``, the first by ...`` with the last line of the first error's message, or nothing."""
    messages = (r.message for r in records if r.status in ERROR_STATUSES and r.message)
    first = next(messages, "")
    return f", the first by {last_line(first)}" if first else ""
