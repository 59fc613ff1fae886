"""The certificate of a task: right answers succeed and wrong ones fail, on every engine."""

from __future__ import annotations

import multiprocessing
from collections.abc import Callable
from concurrent.futures import ProcessPoolExecutor, as_completed
from concurrent.futures.process import BrokenProcessPool
from dataclasses import dataclass

from ivlm_bench.codec import encode
from ivlm_bench.errors import EngineError
from ivlm_bench.harness.render import render
from ivlm_bench.harness.simulate import simulate
from ivlm_bench.records import EpisodeSpec
from ivlm_bench.suite import Suite
from ivlm_bench.tracks import Sensors

#: Seeds of each task that are tried, from the first.
N_SEEDS = 20

#: Least rate of right answers, and largest rate of every wrong kind, on each engine.
RIGHT_LEAST, WRONG_MOST = 0.95, 0.05

#: Kinds of right answers: the oracle's where something can be done, else its abstention.
ORACLE, ABSTAINS = "oracle", "abstains"
RIGHT_KINDS = (ORACLE, ABSTAINS)


@dataclass(frozen=True, slots=True)
class Trying:
    """What one answer to one question gave in one engine."""

    task: str
    seed: int
    engine: str
    kind: str
    success: bool
    code: str


@dataclass(frozen=True, slots=True)
class CertificateRow:
    """One task, engine and kind of answer; ``failing`` are the seeds that went the wrong way."""

    task: str
    engine: str
    kind: str
    n: int
    n_success: int
    failing: tuple[int, ...]

    @property
    def rate(self) -> float:
        """Share of successes."""
        return self.n_success / self.n

    @property
    def wanted(self) -> bool:
        """Whether answers of this kind must succeed, not fail."""
        return self.kind in RIGHT_KINDS

    @property
    def bound(self) -> float:
        """Least rate of a wanted kind, largest one of a wrong kind."""
        return RIGHT_LEAST if self.wanted else WRONG_MOST

    @property
    def limit(self) -> str:
        """The limit of the rate, to be read."""
        return f"{'>=' if self.wanted else '<='} {100 * self.bound:.0f} %"

    @property
    def passed(self) -> bool:
        """Whether the rate is on the right side of its limit."""
        return self.rate >= self.bound if self.wanted else self.rate <= self.bound


def certify(
    suite: Suite,
    tasks: tuple[str, ...],
    engines: tuple[str, ...],
    *,
    n_seeds: int = N_SEEDS,
    n_workers: int = 1,
    heard: Callable[[], object] = lambda: None,
) -> tuple[CertificateRow, ...]:
    """Try the oracle and every wrong answer of the first ``n_seeds`` questions of each task.

    Answers go the way of every answer: stored, read back, completed, tried once unperturbed.
    ``heard`` is called after each question.

    Raises
    ------
    EngineError
        If a process dies, which only an engine can bring about.
    """
    specs = certified_specs(suite, tasks, n_seeds)
    tried: list[Trying] = []
    spawn = multiprocessing.get_context("spawn")
    with ProcessPoolExecutor(min(n_workers, len(specs)), mp_context=spawn) as pool:
        futures = [pool.submit(try_all, s, suite.sensors, engines) for s in specs]
        try:
            for future in as_completed(futures):
                tried += future.result()
                heard()
        except BrokenProcessPool as error:
            raise EngineError(f"A process died while it certified: {error}") from None
        finally:
            pool.shutdown(wait=False, cancel_futures=True)
    return rows_of(tried)


def certified_specs(suite: Suite, tasks: tuple[str, ...], n_seeds: int) -> tuple[EpisodeSpec, ...]:
    """Return the first ``n_seeds`` different questions of each task."""
    asked = [s for s in suite.episodes() if s.repeat == 0]
    return tuple(s for task in tasks for s in [e for e in asked if e.task == task][:n_seeds])


def try_all(spec: EpisodeSpec, sensors: Sensors, engines: tuple[str, ...]) -> list[Trying]:
    """Try the oracle and each wrong answer of one question.

    For a question that can't be answered the oracle must abstain, which counts as a kind of its
    own so that it props up no rate of physics; a wrong answer fails if physics refuses it.
    """
    episode = render(spec, sensors)
    tried = []
    for kind, answer in {ORACLE: episode.truth.oracle, **episode.truth.wrong}.items():
        if kind == ORACLE and (answer.abstain or not episode.truth.feasible):
            right = answer.abstain and not episode.truth.feasible
            code = "ABSTAINED" if answer.abstain else "DID NOT ABSTAIN"
            named = ORACLE if episode.truth.feasible else ABSTAINS
            tried += [Trying(spec.task, spec.seed, e, named, right, code) for e in engines]
            continue
        judged = simulate(episode, encode(answer), engines=engines, n_perturbed=0)
        tried += [
            Trying(spec.task, spec.seed, v.engine, kind, bool(v.success), v.code)
            for v in judged.verdicts
        ]
    return tried


def rows_of(tried: list[Trying]) -> tuple[CertificateRow, ...]:
    """Return one row a task, engine and kind, right kinds first."""
    groups: dict[tuple[str, str, str], list[Trying]] = {}
    for one in sorted(tried, key=_order):
        groups.setdefault((one.task, one.engine, one.kind), []).append(one)
    return tuple(_row(*key, group) for key, group in groups.items())


def _order(one: Trying) -> tuple[str, str, int, str, int]:
    place = RIGHT_KINDS.index(one.kind) if one.kind in RIGHT_KINDS else len(RIGHT_KINDS)
    return one.task, one.engine, place, one.kind, one.seed


def _row(task: str, engine: str, kind: str, group: list[Trying]) -> CertificateRow:
    wanted = kind in RIGHT_KINDS
    return CertificateRow(
        task=task,
        engine=engine,
        kind=kind,
        n=len(group),
        n_success=sum(one.success for one in group),
        failing=tuple(one.seed for one in group if one.success != wanted),
    )
