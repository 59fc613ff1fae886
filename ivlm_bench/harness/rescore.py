"""Scores again, from what is on disk: the stored answers and verdicts, and the questions."""

from __future__ import annotations

from collections.abc import Callable

from msgspec.structs import replace

from ivlm_bench.codec import decode
from ivlm_bench.completion import complete
from ivlm_bench.harness.render import render
from ivlm_bench.harness.score import outcome, score
from ivlm_bench.harness.simulate import verdict_of
from ivlm_bench.records import ERROR_STATUSES, EpisodeResult, EpisodeSpec, VerdictRecord, sensors_of
from ivlm_bench.store import Run
from ivlm_bench.store.columns import METRIC_PREFIX, tables
from ivlm_bench.store.faults import told
from ivlm_bench.store.seal import seal_folder


def rescore(run: Run, heard: Callable[[], object] | None = None, *, cached: bool = False) -> Run:
    """Return ``run`` with statuses, outcomes and scores computed afresh; the run stays as it is.

    Episodes that ended in an error keep their record: there is nothing to score. ``heard`` is
    called after each episode. ``cached``: questions may be read from the observation cache.

    Raises
    ------
    StoreError
        If a stored answer or verdict is damaged.
    UnknownNameError
        If a task of the run is not installed.
    """
    results = []
    for result in run.results:
        judged = result.episode.status not in ERROR_STATUSES
        results.append(_rescored(result, run, cached=cached) if judged else result)
        if heard is not None:
            heard()
    return Run(run.folder, run.manifest, tables(results))


def differences(stored: Run, fresh: Run) -> tuple[str, ...]:
    """Return one line for each episode whose outcome or scores differ between two runs.

    A metric without a column in ``stored`` was not computed then (it is newer than the run) and is
    no difference; one that only ``stored`` has is.
    """
    known = _metrics_of(stored)
    pairs = zip(stored.results, fresh.results, strict=True)
    return tuple(line for old, new in pairs for line in _differs(old, new, known))


def keep_new(stored: Run, fresh: Run) -> tuple[str, ...]:
    """Seal ``stored`` again with the scores of ``fresh``, and return the metrics that it lacked.

    ``differences`` between the two must be none. Nothing is written where no newer metric has a
    score.

    Raises
    ------
    StoreError
        If the folder can't be written.
    """
    filled = {name for result in fresh.results for name in result.episode.scores}
    new = tuple(sorted(filled - _metrics_of(stored)))
    if new:
        with told(stored.folder, "sealing"):
            seal_folder(stored.folder, fresh.results, stored.manifest)
    return new


def by_reference(
    verdicts: tuple[VerdictRecord, ...], engines: dict[str, str]
) -> tuple[VerdictRecord, ...]:
    """Return the verdicts in the order of a manifest's ``engines``, the reference first."""
    order = list(engines)
    return tuple(sorted(verdicts, key=lambda verdict: order.index(verdict.engine)))


def _rescored(result: EpisodeResult, run: Run, *, cached: bool) -> EpisodeResult:
    record = result.episode
    spec = EpisodeSpec(task=record.task, seed=record.seed, repeat=record.repeat)
    episode = render(spec, sensors_of(run.manifest), cached=cached)
    answer = decode(result.prediction)
    if not answer.abstain:
        answer, _ = complete(episode.sensed, answer)
    records = by_reference(result.verdicts, run.manifest.engines)
    verdicts = tuple(verdict_of(verdict) for verdict in records)
    status, success, code = outcome(answer, episode.truth, verdicts)
    scores = score(answer, episode.truth, verdicts)
    return replace(
        result, episode=replace(record, status=status, success=success, code=code, scores=scores)
    )


def _metrics_of(run: Run) -> frozenset[str]:
    """Return the metrics that a run was scored by: None is stored as an empty cell of a column."""
    columns = [str(column) for column in run.episodes.columns]
    return frozenset(
        column.removeprefix(METRIC_PREFIX) for column in columns if column.startswith(METRIC_PREFIX)
    )


def _differs(old: EpisodeResult, new: EpisodeResult, known: frozenset[str]) -> tuple[str, ...]:
    ours, theirs = new.episode, old.episode
    names = [n for n in ("status", "success", "code") if getattr(ours, n) != getattr(theirs, n)]
    metrics = known & {*ours.scores, *theirs.scores}
    names += sorted(m for m in metrics if ours.scores.get(m) != theirs.scores.get(m))
    if not names:
        return ()
    return (f"{theirs.task} seed {theirs.seed} repeat {theirs.repeat}: {', '.join(names)}",)
