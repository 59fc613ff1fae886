"""How long one answer takes, beside CLIP's image tower looking at the same number of pictures.

Answers and the tower take turns in one process: what slows the machine for a while slows both.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any

import msgspec
import numpy as np

from ivlm_bench.errors import IvlmBenchError, MissingDependencyError
from ivlm_bench.harness.offering import with_imagination
from ivlm_bench.harness.predict import predict, reasoner_seed
from ivlm_bench.reasoners import resolve_reasoner
from ivlm_bench.suite import load_suite
from ivlm_bench.timing.clip_tower import clip_tower
from ivlm_bench.timing.shown import Shown, questions, shown_track

#: Answers before the first that counts: libraries are loaded, code is compiled.
N_WARM = 3
#: Answers that are timed, unless another number is asked for.
N_TIMED = 50
#: Shares (per cent) of the answers that took no longer than the times that a table shows.
MIDDLE, HIGH = 50.0, 95.0


class LatencyJob(msgspec.Struct, frozen=True, kw_only=True):
    """What is timed: a reasoner on one way of showing the questions of a suite.

    ``n_threads``: cores that the process may use, and threads of torch. ``tower``: whether CLIP's
    image tower is timed in between.
    """

    reasoner: str
    params: dict[str, str] = {}
    suite: str
    track: str
    size_px: int
    n: int = N_TIMED
    n_warm: int = N_WARM
    n_threads: int = 1
    tower: bool = True


class Times(msgspec.Struct, frozen=True, kw_only=True):
    """Times of one kind of work, ms: wall clock and CPU time of all threads, one of each a turn."""

    wall_ms: tuple[float, ...] = ()
    cpu_ms: tuple[float, ...] = ()

    def wall(self, share: float) -> float:
        """Return the wall-clock time (ms) that ``share`` per cent did not exceed."""
        return float(np.percentile(self.wall_ms, share))

    def cpu(self, share: float) -> float:
        """Return the CPU time (ms) that ``share`` per cent did not exceed."""
        return float(np.percentile(self.cpu_ms, share))


class Latency(msgspec.Struct, frozen=True, kw_only=True):
    """What was found: times of the answers and of the tower, and why there are none."""

    job: LatencyJob
    n_views: int
    answers: Times = Times()
    tower: Times = Times()
    reason: str = ""
    tower_reason: str = ""

    @property
    def ratio(self) -> float | None:
        """Median over the turns of an answer's time over that of the tower beside it."""
        if not (self.answers.wall_ms and self.tower.wall_ms):
            return None
        return float(np.median(np.divide(self.answers.wall_ms, self.tower.wall_ms)))


def latency(job: LatencyJob) -> Latency:
    """Time a reasoner in this process; what hinders it, or the tower, is told as the reason."""
    n_views = shown_track(job.track).n_views
    look, tower_reason = _tower(job, n_views)
    try:
        answers, tower = _timed(job, look)
    except IvlmBenchError as error:
        return Latency(job=job, n_views=n_views, reason=str(error), tower_reason=tower_reason)
    return Latency(
        job=job, n_views=n_views, answers=answers, tower=tower, tower_reason=tower_reason
    )


class FailedAnswerError(IvlmBenchError):
    """A reasoner that fails can't be timed."""


def _tower(job: LatencyJob, n_views: int) -> tuple[Callable[[], Any] | None, str]:
    if not job.tower:
        return None, ""
    try:
        return clip_tower(n_views, job.n_threads), ""
    except MissingDependencyError as error:
        return None, str(error)


def _timed(job: LatencyJob, look: Callable[[], Any] | None) -> tuple[Times, Times]:
    track, suite = shown_track(job.track), load_suite(job.suite)
    reasoner, card = resolve_reasoner(job.reasoner, job.params)
    with_imagination(reasoner)
    asked = questions(suite, track, size_px=job.size_px, n=job.n)
    answers: list[tuple[float, float]] = []
    looks: list[tuple[float, float]] = []
    for turn in range(job.n_warm + job.n):
        answers.append(_answer_ms(reasoner, asked[turn % len(asked)], card.privileged))
        if look is not None:
            looks.append(_look_ms(look))
    return _times(answers[job.n_warm :]), _times(looks[job.n_warm :])


def _times(pairs: list[tuple[float, float]]) -> Times:
    return Times(wall_ms=tuple(wall for wall, _ in pairs), cpu_ms=tuple(cpu for _, cpu in pairs))


def _answer_ms(reasoner: Any, shown: Shown, privileged: bool) -> tuple[float, float]:
    """Return wall-clock and CPU time (ms) of one answer, as a run takes it."""
    truth = shown.episode.truth if privileged else None
    seed = reasoner_seed(0, shown.spec)
    started_s = time.process_time()
    answer = predict(reasoner, shown.observation, seed=seed, truth=truth)
    cpu_ms = 1e3 * (time.process_time() - started_s)
    if answer.status != "ok" or answer.latency_ms is None:
        last = answer.message.strip().rpartition("\n")[2]
        raise FailedAnswerError(f"{answer.status} at {shown.spec.task}, {shown.spec.seed}: {last}")
    return answer.latency_ms, cpu_ms


def _look_ms(look: Callable[[], Any]) -> tuple[float, float]:
    started_s, cpu_s = time.perf_counter(), time.process_time()
    look()
    return 1e3 * (time.perf_counter() - started_s), 1e3 * (time.process_time() - cpu_s)
