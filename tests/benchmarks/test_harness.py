"""What the harness takes beside rendering, predicting and simulating, and what isolation adds.

The share is one of time on the clock with one worker, where whatever slows the machine slows both
sides alike: what lies between the phases of two episodes (messages, journal, digests) and the
sealing of the run, against the run as a whole after its first episode.
"""

from __future__ import annotations

import time
from pathlib import Path

import numpy as np
import pytest
from pytest_benchmark.fixture import BenchmarkFixture

from ivlm_bench.harness.config import RunConfig
from ivlm_bench.harness.plan import Plan
from ivlm_bench.harness.run import execute
from ivlm_bench.records import EpisodeRecord, EpisodeResult

#: Largest share of a run that is none of its phases.
MAX_SHARE = 0.05
#: Measurements of each: as many as tell two times apart.
N_ROUNDS = 5
#: Questions of each task of smoke-v0.
N_QUESTIONS = 8
#: Questions of each task that are answered with and without isolation.
N_ASKED = 2


class Clock:
    """Notes when each episode ends."""

    def __init__(self) -> None:
        self.ends_s: list[float] = []
        self.records: list[EpisodeRecord] = []

    def started(self, plan: Plan, folder: Path, n_recorded: int) -> None:
        pass

    def finished(self, result: EpisodeResult) -> None:
        self.ends_s.append(time.perf_counter())
        self.records.append(result.episode)


def config(out: Path, **changes: object) -> RunConfig:
    values: dict[str, object] = {
        "suite": "smoke-v0",
        "reasoner": "geometric",
        "engines": ("mujoco",),
        "limit": N_QUESTIONS,
        "workers": 1,
        "page": False,
        "cache": False,
        "out": str(out),
    }
    return RunConfig(**(values | changes))  # type: ignore[arg-type]


def phases_s(record: EpisodeRecord) -> float:
    return 1e-3 * sum((record.render_ms or 0, record.latency_ms or 0, record.simulate_ms or 0))


@pytest.mark.benchmark
def test_the_harness_takes_less_than_a_twentieth(
    tmp_path: Path, benchmark: BenchmarkFixture
) -> None:
    shares: list[float] = []

    def measure() -> None:
        clock = Clock()
        execute(config(tmp_path / f"run-{len(shares)}"), clock)
        whole_s = time.perf_counter() - clock.ends_s[0]
        inside_s = sum(phases_s(record) for record in clock.records[1:])
        shares.append(1.0 - inside_s / whole_s)

    benchmark.pedantic(measure, rounds=N_ROUNDS)  # type: ignore[no-untyped-call]
    share = float(np.median(shares))
    benchmark.extra_info.update(share=share, ratios=shares)
    print(f"harness: {100 * share:.2f} % of a run (of {len(shares)} runs: {shares})")
    assert share <= MAX_SHARE


@pytest.mark.benchmark
def test_isolation_adds_little_to_an_answer(tmp_path: Path, benchmark: BenchmarkFixture) -> None:
    """``abstain`` answers at once, so all of its time is what asking costs."""
    answers_ms: dict[bool, list[float]] = {False: [], True: []}

    def measure() -> None:
        for isolate, medians in answers_ms.items():
            out = tmp_path / f"{isolate}-{len(medians)}"
            run = execute(config(out, reasoner="abstain", isolate=isolate, limit=N_ASKED)).run
            medians.append(float(run.episodes.latency_ms.median()))

    benchmark.pedantic(measure, rounds=N_ROUNDS)  # type: ignore[no-untyped-call]
    plain_ms, isolated_ms = (float(np.median(answers_ms[key])) for key in (False, True))
    ratios = [isolated / plain for plain, isolated in zip(*answers_ms.values(), strict=True)]
    benchmark.extra_info.update(added_ms=isolated_ms - plain_ms, ratios=ratios)
    print(f"isolation: {plain_ms:.2f} ms an answer become {isolated_ms:.2f} ms")
    assert isolated_ms > plain_ms > 0.0
