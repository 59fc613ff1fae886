"""Several questions in flight in one worker: the same records, each fault with its own question."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from pathlib import Path

import pytest

from ivlm_bench.harness.config import RunConfig
from ivlm_bench.harness.drive import Interrupted
from ivlm_bench.harness.plan import Plan
from ivlm_bench.harness.pool import RefusedError
from ivlm_bench.harness.run import execute
from ivlm_bench.records import EpisodeResult

Configure = Callable[..., RunConfig]

#: Answers hang on the seed that ``reset`` gave in the thread of ``predict``; ``open`` holds how
#: many questions were open when each began.
MIND = """
import os
import threading
import time
from pathlib import Path

from ivlm_bench.types import Interaction

HOME = Path(__file__).parent


class Waits:
    in_flight = 4

    def __init__(self):
        self._own, self._lock, self._n_open = threading.local(), threading.Lock(), 0

    def reset(self, seed):
        self._own.seed = seed

    def predict(self, observation):
        with self._lock:
            self._n_open += 1
            with (HOME / "open").open("a") as file:
                file.write(str(self._n_open))
        try:
            time.sleep(0.15)
            return self.answer(observation, self._own.seed)
        finally:
            with self._lock:
                self._n_open -= 1

    def answer(self, observation, seed):
        return Interaction(feasible_prob=seed / 2**32)


class Fails(Waits):
    def answer(self, observation, seed):
        kind = seed % 7
        if kind == 0:
            raise ValueError("the moon is full")
        if kind == 1:
            return "no answer"
        if kind == 2:
            time.sleep(30.0)
        if kind == 3:
            os._exit(0)
        return super().answer(observation, seed)


class Many(Waits):
    in_flight = None
    batch_size = 3

    def reset_batch(self, seeds):
        self._seeds = seeds

    def predict_batch(self, observations):
        with (HOME / "batches").open("a") as file:
            file.write(str(len(observations)))
        time.sleep(0.1)
        if any(seed % 5 == 0 for seed in self._seeds):
            raise ValueError("one of these spoils it")
        return [self.one(seed) for seed in self._seeds]

    def predict(self, observation):
        answer = self.one(self._own.seed)
        if isinstance(answer, Exception):
            raise answer
        return answer

    def one(self, seed):
        wrong = seed % 4 == 0
        return ValueError("not this one") if wrong else Interaction(feasible_prob=seed / 2**32)


class OneByOne(Many):
    batch_size = 1
"""


@pytest.fixture
def ask(config: Configure, tmp_path: Path) -> Callable[..., RunConfig]:
    """Return a configuration that asks a class of the file above."""
    (tmp_path / "waiting.py").write_text(MIND)

    def build(mind: str, out: str, **changes: object) -> RunConfig:
        where = f"{tmp_path / 'waiting.py'}:{mind}"
        return config(reasoner=where, out=str(tmp_path / out), **changes)

    return build


def most_open(tmp_path: Path) -> int:
    told = (tmp_path / "open").read_text()
    (tmp_path / "open").unlink()
    return max(map(int, told))


def test_what_is_in_flight_changes_no_record(ask: Configure, tmp_path: Path) -> None:
    alone = execute(ask("Waits", "alone", in_flight=1)).run
    assert most_open(tmp_path) == 1
    several = execute(ask("Waits", "several")).run
    assert most_open(tmp_path) == 4
    shared = execute(ask("Waits", "shared", workers=2, in_flight=5)).run
    assert most_open(tmp_path) == 2, "five over two workers, and never more than was asked for"
    assert len({result.episode.confidence for result in alone.results}) == 15
    for run in (several, shared):
        assert run.manifest.bit_digest == alone.manifest.bit_digest
        assert run.manifest.outcome_digest == alone.manifest.outcome_digest
    with pytest.raises(RefusedError, match=r"answers by itself.*leave --in-flight out"):
        execute(ask("OneByOne", "none", in_flight=8))


def test_each_question_pays_for_its_own_fault_alone(ask: Configure) -> None:
    alone = execute(ask("Fails", "alone", in_flight=1, deadline_s=2.0))
    several = execute(ask("Fails", "several", deadline_s=2.0))
    records = {r.episode.episode_key: r.episode for r in alone.run.results}
    ends = Counter(record.status for record in records.values())
    assert {"ok", "reasoner_error", "invalid_answer", "timeout", "crashed"} == set(ends)
    assert len(several.run.results) == len(records)
    for result in several.run.results:
        one, other = result.episode, records[result.episode.episode_key]
        assert (one.status, one.code, one.confidence) == (
            other.status,
            other.code,
            other.confidence,
        )
    assert several.run.manifest.bit_digest == alone.run.manifest.bit_digest


def test_a_batch_answers_as_one_by_one_even_where_a_part_of_it_fails(
    ask: Configure, tmp_path: Path
) -> None:
    alone = execute(ask("OneByOne", "alone")).run
    together = execute(ask("Many", "together")).run
    sizes = [int(size) for size in (tmp_path / "batches").read_text()]
    assert max(sizes) == 3
    key = [(r.episode.task, r.episode.seed, r.episode.status, r.prediction) for r in alone.results]
    assert key == [
        (r.episode.task, r.episode.seed, r.episode.status, r.prediction) for r in together.results
    ]
    assert {"ok", "reasoner_error"} == {r.episode.status for r in alone.results}


class Stops:
    """Ends a run as Ctrl-C does, after some episodes."""

    def __init__(self, n_left: int) -> None:
        self.n_left = n_left

    def started(self, plan: Plan, folder: Path, n_recorded: int) -> None:
        pass

    def finished(self, result: EpisodeResult) -> None:
        self.n_left -= 1
        if not self.n_left:
            raise KeyboardInterrupt


def test_a_run_that_was_stopped_with_questions_in_flight_goes_on(ask: Configure) -> None:
    whole = execute(ask("Waits", "whole")).run
    with pytest.raises(Interrupted, match="6 of 15 episodes recorded"):
        execute(ask("Waits", "broken"), Stops(6))
    resumed = execute(ask("Waits", "broken", resume=True, in_flight=2)).run
    assert resumed.manifest.bit_digest == whole.manifest.bit_digest
