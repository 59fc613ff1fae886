"""A pool of spawned workers that lose at most the episode that killed them.

A worker has one episode in hand, or several where the reasoner waits for others or takes many at
once. Executors of the standard library give all pending work up when one worker dies; here what it
had in hand is tried once more, each alone in a fresh worker, and then recorded.
"""

from __future__ import annotations

import math
import shlex
import sys
import time
from collections import deque
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from multiprocessing.connection import wait
from pathlib import Path
from tempfile import TemporaryDirectory
from types import TracebackType

from msgspec.structs import replace

from ivlm_bench.errors import IvlmBenchError
from ivlm_bench.harness.ending import ended
from ivlm_bench.harness.isolate import MAX_TRIES as ISOLATED_TRIES
from ivlm_bench.harness.messages import Done, FromWorker, Job, Places, Ready, Refused, Setup
from ivlm_bench.harness.process import Hand, WorkerProcess
from ivlm_bench.harness.scratch import remove_tree
from ivlm_bench.records import EpisodeRecord, EpisodeResult

#: How often an episode is given to a worker before its death is the episode's result.
MAX_TRIES = 2

#: Workers that may die in a row before they are ready.
MAX_FAILED_STARTS = 3

#: Seconds that rendering or simulating one episode may take; compiling for the first time is in.
PHASE_LIMIT_S = 600.0

#: Seconds that a worker may take to build the reasoner: models may have to load from a slow disk.
START_LIMIT_S = 600.0

#: Seconds after which a person is told what the run is waiting for.
WAITING_S = 10.0

#: Seconds that a worker whose connection ended may take to end itself, and to tell how.
DYING_S = 0.5

#: Longest sleep between two looks at the workers, seconds.
TICK_S = 0.5

#: Answers that may wait to be judged in a worker, as a multiple of the questions that it asks at
#: the same time, and at most. What was answered is in memory until it is judged.
AHEAD, MOST_AHEAD = 2, 16


class WorkerError(IvlmBenchError):
    """Workers can't be started, or one is not like the others."""

    exit_code = 5


class RefusedError(IvlmBenchError):
    """A worker said why it can't go on; carries that sentence and its exit code."""

    def __init__(self, refused: Refused) -> None:
        super().__init__(refused.sentence)
        self.exit_code = refused.exit_code


@dataclass
class Pool:
    """Up to ``n_workers`` processes; a context manager that leaves none behind.

    ``deadline_s`` covers one call of the reasoner and nothing else, ``start_limit_s`` the start of
    a worker with import and constructor of the reasoner.
    """

    setup: Setup
    n_workers: int
    deadline_s: float
    start_limit_s: float = START_LIMIT_S
    ready: Ready | None = None
    _workers: list[WorkerProcess] = field(default_factory=list)
    _queue: deque[Job] = field(default_factory=deque)
    _n_started: int = 0
    _failed_starts: int = 0
    _scratch: TemporaryDirectory[str] | None = None

    @property
    def predict_limit_s(self) -> float:
        """Seconds that the phase ``predict`` of one episode may take.

        The worker of an isolated reasoner keeps the deadline itself, and may have to start the
        reasoner's process again in between.
        """
        if not self.setup.isolate:
            return self.deadline_s
        return ISOLATED_TRIES * (self.deadline_s + self.start_limit_s)

    def __post_init__(self) -> None:
        self.setup = replace(self.setup, n_workers=self.n_workers)

    def __enter__(self) -> Pool:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()

    def close(self) -> None:
        """End all workers at once, and remove what isolated reasoners left."""
        while self._workers:
            self._workers.pop().end()
        if self._scratch is not None:
            remove_tree(Path(self._scratch.name))  # cleanup alone recurses, and fails on deep nests
            self._scratch.cleanup()
            self._scratch = None

    def start(self, n_jobs: int) -> Ready:
        """Start the workers that ``n_jobs`` need and return what the first one reports.

        Raises
        ------
        RefusedError
            If the reasoner or an engine can't be had.
        WorkerError
            If workers die while they start, or do not come to an end of it.
        """
        tell_at_s = time.monotonic() + WAITING_S
        while self.ready is None:
            if time.monotonic() >= tell_at_s:
                tell_at_s = math.inf
                print(f"waiting for {self.setup.reasoner} to be built", file=sys.stderr, flush=True)
            self._hire(min(self.n_workers, max(n_jobs, 1)))
            for _ in self._turn():
                pass
        return self.ready

    def play(self, jobs: Iterable[Job]) -> Iterator[EpisodeResult]:
        """Yield one result a job, in the order in which they end.

        Raises
        ------
        WorkerError
            If workers die while they start, or report another reasoner than the first.
        """
        self._queue.extend(jobs)
        while self._queue or any(worker.hands for worker in self._workers):
            busy = sum(bool(worker.hands) for worker in self._workers)
            self._hire(min(self.n_workers, busy + len(self._queue)))
            yield from self._turn()

    def _hire(self, n_wanted: int) -> None:
        while len(self._workers) < n_wanted:
            self._n_started += 1
            if self.setup.isolate and self._scratch is None:
                self._scratch = TemporaryDirectory(prefix="ivlm-", ignore_cleanup_errors=True)
            scratch = "" if self._scratch is None else self._scratch.name
            setup = replace(self.setup, worker=self._n_started, scratch=scratch)
            self._workers.append(WorkerProcess(setup))

    def _turn(self) -> Iterator[EpisodeResult]:
        """Hand out jobs, wait for news or the next deadline, and act on it."""
        self._hand_out()
        talking = wait([w.connection for w in self._workers], self._patience())
        for worker in tuple(self._workers):
            if worker.connection in talking or worker.dead:
                yield from self._news(worker, worker.receive())
            elif not worker.is_ready and worker.age_s >= self.start_limit_s:
                raise WorkerError(
                    f"{self.setup.reasoner!r} was not built within {self.start_limit_s:g} s; its "
                    "module or constructor blocks."
                )
            else:
                yield from self._look_at(worker)

    def _hand_out(self) -> None:
        """Give jobs to those who have room, to the one with the fewest first."""
        while self._queue:
            free = [w for w in self._workers if self._has_room(w, self._queue[0])]
            if not free:
                return
            min(free, key=lambda worker: len(worker.hands)).start(self._queue.popleft())

    def _has_room(self, worker: WorkerProcess, job: Job) -> bool:
        """Tell whether a worker may be given a job: one that was tried before is played alone."""
        if not worker.is_ready or self.ready is None or worker.is_suspicious:
            return False
        places = self.ready.places
        if job.tries > 1 or places.at_once == 1:
            return not worker.hands and not self._is_full(places)
        ahead = min(AHEAD * places.at_once, MOST_AHEAD)
        return worker.n_open <= places.at_once and len(worker.hands) <= places.at_once + ahead

    def _is_full(self, places: Places) -> bool:
        """Tell whether all requests that the run may have are open."""
        n_open = sum(worker.n_open for worker in self._workers)
        return 0 < places.in_flight <= n_open

    def _look_at(self, worker: WorkerProcess) -> Iterator[EpisodeResult]:
        """Take leave of a worker that has a job for too long."""
        asked = {k: h for k, h in worker.hands.items() if h.phase == "predict"}
        late = frozenset(k for k, h in asked.items() if h.phase_s >= self.predict_limit_s)
        stuck = [h for k, h in worker.hands.items() if k not in asked]
        if late or any(hand.phase_s >= PHASE_LIMIT_S for hand in stuck):
            yield from self._dismiss(worker, late)

    def _patience(self) -> float:
        hands = [hand for worker in self._workers for hand in worker.hands.values()]
        left = [self.predict_limit_s - hand.phase_s for hand in hands if hand.phase == "predict"]
        return max(0.0, min([TICK_S, *left]))

    def _news(self, worker: WorkerProcess, message: FromWorker | None) -> Iterator[EpisodeResult]:
        if message is None:
            yield from self._dismiss(worker)
        elif isinstance(message, Refused):
            self._do_without(worker, message)
        elif isinstance(message, Ready):
            self._accept(message)
        elif isinstance(message, Done):
            yield message.result

    def _do_without(self, worker: WorkerProcess, refused: Refused) -> None:
        """Go on with fewer workers where one can't be built and others work; else raise.

        What the first one could have, a later one may miss: a server can go away between the two.
        """
        others = [w for w in self._workers if w is not worker and w.is_ready]
        if worker.is_ready or not others:
            raise RefusedError(refused)
        self._workers.remove(worker)
        worker.end()
        self.n_workers = len(self._workers)
        print(
            f"going on with {self.n_workers} workers: {refused.sentence}",
            file=sys.stderr,
            flush=True,
        )

    def _accept(self, ready: Ready) -> None:
        self._failed_starts = 0
        if self.ready is not None and self.ready != ready:
            raise WorkerError(
                "The reasoner or an engine changed while the run went on; run again from the start."
            )
        self.ready = ready

    def _dismiss(
        self, worker: WorkerProcess, late: frozenset[str] = frozenset()
    ) -> Iterator[EpisodeResult]:
        """Take leave of a worker that died, or in which the jobs ``late`` overstayed.

        Its jobs are tried again or recorded. Which of several is to blame is seen when each that
        may be is played alone.
        """
        self._workers.remove(worker)
        how = worker.end(patience_s=0.0 if late else DYING_S)
        if not worker.hands:
            self._note_failed_start(how)
        again = []
        for key, hand in worker.hands.items():
            job = hand.job
            if late and key not in late:
                again.append(job)
            elif job.tries < MAX_TRIES and (not late or len(worker.hands) > 1):
                again.append(replace(job, tries=job.tries + 1))
            else:
                yield EpisodeResult(episode=self._lost(hand, how, is_late=bool(late)))
        self._queue.extendleft(reversed(again))

    def _lost(self, hand: Hand, how: str, *, is_late: bool) -> EpisodeRecord:
        """Return the record of a job that took its worker with it."""
        job = hand.job
        if is_late:
            message = f"predict took longer than {self.deadline_s:g} s and was stopped."
            return ended(job, hand.record, "timeout", message)
        blame = "the reasoner's predict" if hand.phase == "predict" else f"phase {hand.phase}"
        message = f"The worker process died {job.tries} times, last in {blame} ({how})."
        return ended(job, hand.record, "crashed", message)

    def _note_failed_start(self, how: str) -> None:
        self._failed_starts += 1
        if self._failed_starts >= MAX_FAILED_STARTS:
            raise WorkerError(
                f"{self._failed_starts} workers in a row died while they started ({how}); see "
                f"above, and try: python3 -c 'import sys; from ivlm_bench.reasoners import "
                "resolve_reasoner as build; build(sys.argv[1])' "
                f"{shlex.quote(self.setup.reasoner)}"
            )
