"""Reasoners that behave, and reasoners that don't."""

from __future__ import annotations

import contextlib
import os
import sys
import time
from multiprocessing.connection import Connection
from pathlib import Path

import numpy as np

from ivlm_bench.errors import InvalidAnswerError
from ivlm_bench.harness.ending import ended
from ivlm_bench.harness.messages import Done, Job, encode
from ivlm_bench.records import EpisodeResult, EpisodeSpec
from ivlm_bench.types import Interaction, Motion, Observation

UP = np.array([0.0, 0.0, 1.0])


def number(observation: Observation) -> int:
    """The question's seed, read from its sentence."""
    return int(observation.query.text.removesuffix(".").split()[-1])


class Fair:
    """Right two times out of three; draws from the generator that its reset was given."""

    def __init__(self, reach_m: float = 1.0) -> None:
        self.reach_m = reach_m

    def reset(self, seed: int) -> None:
        self.rng = np.random.default_rng(seed)

    def predict(self, observation: Observation) -> Interaction:
        print("a reasoner may print")  # must not reach the table
        point = np.array([self.reach_m * self.rng.uniform() * 1.5, 0.0, 0.0])
        return Interaction(motion=Motion(point, UP), feasible_prob=float(self.rng.uniform()))


class Unspeakable:
    """Raises what no file can hold, or what can't even be turned into text."""

    def predict(self, observation: Observation) -> Interaction:
        if number(observation) == 0:
            raise ValueError("a lone \ud800 surrogate")
        if number(observation) == 1:
            raise InvalidAnswerError("a lone \udfff surrogate")
        if number(observation) == 2:
            raise MuteError
        return Interaction(abstain=True, abstain_reason="\ud800")


class MuteError(InvalidAnswerError):
    """An exception whose text can't be read."""

    def __str__(self) -> str:
        raise RuntimeError("no words")


class GlobalRandom:
    """Draws from NumPy's global generator."""

    def predict(self, observation: Observation) -> Interaction:
        return Interaction(motion=Motion(np.random.rand(3), UP))


class Menagerie(Fair):
    """Misbehaves in its own way on questions 1, 2, 3, 5, 6, 7 and 8."""

    def predict(self, observation: Observation) -> Interaction:
        ways = {
            1: self.raises,
            2: self.exits,
            3: self.gives_nan,
            5: self.answers_with_a_string,
            6: self.gives_maps_of_another_size,
            7: self.blocks,
            8: self.leaves_the_process,
        }
        fair = super().predict(observation)
        return ways[number(observation)]() if number(observation) in ways else fair

    def raises(self) -> Interaction:
        raise ValueError("the moon is full")

    def exits(self) -> Interaction:
        sys.exit(0)

    def gives_nan(self) -> Interaction:
        return Interaction(motion=Motion(np.full(3, np.nan), UP))

    def answers_with_a_string(self) -> Interaction:
        return "up, please"  # type: ignore[return-value]

    def gives_maps_of_another_size(self) -> Interaction:
        return Interaction(affordance_maps=np.zeros((2, 5, 5), np.float32))

    def blocks(self) -> Interaction:
        time.sleep(3600)
        raise AssertionError

    def leaves_the_process(self) -> Interaction:
        os._exit(0)


class NanBehindTheBack(Fair):
    """Plants a NaN into a finished answer."""

    def predict(self, observation: Observation) -> Interaction:
        answer = super().predict(observation)
        object.__setattr__(answer, "feasible_prob", float("nan"))
        return answer


class DiesOnce(Fair):
    """Dies on its first call ever; ``mark`` is the file that remembers."""

    def __init__(self, mark: str) -> None:
        super().__init__()
        self.mark = Path(mark)

    def predict(self, observation: Observation) -> Interaction:
        if not self.mark.exists():
            self.mark.touch()
            os.kill(os.getpid(), 9)
        return super().predict(observation)


class Slow(Fair):
    """Takes a while for each answer, so that it can be interrupted."""

    def __init__(self, pause_s: float = 0.2) -> None:
        super().__init__()
        self.pause_s = pause_s

    def predict(self, observation: Observation) -> Interaction:
        time.sleep(self.pause_s)
        return super().predict(observation)


class Forks(Fair):
    """Leaves a second process behind that answers, too."""

    def predict(self, observation: Observation) -> Interaction:
        os.fork()
        return super().predict(observation)


class AnswersForAnother(Fair):
    """On question 1, sends the result of an episode that it was not given, as its worker would."""

    def predict(self, observation: Observation) -> Interaction:
        if number(observation) == 1:
            spec = EpisodeSpec(task="toy/Push-v0", seed=0)
            job = Job(spec=spec, scenario_key="scenario", episode_key="another")
            foreign = Done(result=EpisodeResult(episode=ended(job, None, "crashed", "")))
            Connection(os.dup(int(sys.argv[-1]))).send_bytes(encode(foreign))
        return super().predict(observation)


class Scribbler(Fair):
    """Tries to change what it is shown."""

    def predict(self, observation: Observation) -> Interaction:
        depth = observation.views[0].depth_m
        assert depth is not None
        with contextlib.suppress(ValueError):
            depth.setflags(write=True)
        assert not depth.flags.writeable
        return super().predict(observation)


class NotBuilt:
    def __init__(self) -> None:
        raise RuntimeError("no weights here")

    def predict(self, observation: Observation) -> Interaction:
        raise AssertionError


class LeavesWhenBuilt:
    def __init__(self) -> None:
        os._exit(0)

    def predict(self, observation: Observation) -> Interaction:
        raise AssertionError


class NeverBuilt:
    def __init__(self) -> None:
        time.sleep(3600)

    def predict(self, observation: Observation) -> Interaction:
        raise AssertionError


class Peeker(Fair):
    """Asks for the truth, which only registered, privileged reasoners are handed."""

    def predict_with_truth(self, observation: Observation, truth: object) -> Interaction:
        return truth.oracle  # type: ignore[attr-defined]
