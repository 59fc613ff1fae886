"""The stages of an episode, each done for all questions, one after the other."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace
from functools import partial
from typing import TypeVar

from ivlm_bench.codec import decode
from ivlm_bench.completion import complete
from ivlm_bench.engines import get_engine
from ivlm_bench.env import Episode
from ivlm_bench.errors import ConfigError
from ivlm_bench.harness.predict import predict, reasoner_seed
from ivlm_bench.harness.render import render
from ivlm_bench.harness.score import score
from ivlm_bench.reasoners import AnyReasoner
from ivlm_bench.records import EpisodeSpec
from ivlm_bench.timing.reference import reference_s
from ivlm_bench.tracks import Sensors
from ivlm_bench.trials.judge import judge
from ivlm_bench.types import Interaction, Pose, Verdict

Item = TypeVar("Item")
Value = TypeVar("Value")

#: How far apart (m) the grasps of two rounds are: the collision check remembers grasps.
APART_M = 1e-6
#: Least CPU time (s) that is timed at once; what is shorter is done again until it took so long.
LEAST_S = 0.003

#: What stages are measured against; simulation is against steps.
NUMPY, STEPS = "numpy", "mj_step"

#: The reference of a stage, and its time over that of the reference.
Timing = tuple[str, float]


@dataclass(frozen=True, eq=False, slots=True)
class Workload:
    """What a round does: questions that can be answered, who answers, which engines judge."""

    questions: tuple[EpisodeSpec, ...]
    sensors: Sensors
    reasoner: AnyReasoner
    privileged: bool
    engines: tuple[str, ...]


def one_round(work: Workload, index: int) -> dict[str, Timing]:
    """Return the reference and the ratio to it of each stage, by its name.

    Questions are posed anew, so that nothing is remembered that a run would not remember.
    Simulation and scores are of the oracle's answer: the same work whoever answers.

    Raises
    ------
    ConfigError
        If the reasoner gives an error instead of an answer.
    """
    found: dict[str, Timing] = {}
    episodes, found["observe"] = timed(
        NUMPY, work.questions, lambda question: render(question, work.sensors)
    )
    asked = list(zip(work.questions, episodes, strict=True))
    blobs, found["predict"] = timed(NUMPY, asked, lambda pair: _answer(work, *pair))
    pairs = [(e, decode(blob)) for e, blob in zip(episodes, blobs, strict=True)]
    acting = [(episode, answer) for episode, answer in pairs if not answer.abstain]
    if acting:
        _, found["complete"] = timed(
            NUMPY, acting, lambda pair: complete(pair[0].sensed, pair[1]), least_s=LEAST_S
        )
    tried = [(episode, _beside(episode.truth.oracle, index)) for episode in episodes]
    verdicts: list[list[Verdict]] = []
    for name in work.engines:
        told, found[f"simulate {name}"] = timed(STEPS, tried, partial(_verdict, name))
        verdicts.append(told)
    judged = list(zip(tried, zip(*verdicts, strict=True), strict=True))
    _, found["score"] = timed(
        NUMPY, judged, lambda item: score(item[0][1], item[0][0].truth, item[1]), least_s=LEAST_S
    )
    return found


def timed(
    reference: str,
    items: Iterable[Item],
    call: Callable[[Item], Value],
    *,
    least_s: float = 0.0,
) -> tuple[list[Value], Timing]:
    """Return the value of each item, and the summed time over that of the reference.

    The reference is done before and after each item, whose time is held against those two: what
    slows the machine for a moment slows all three. An item that took less than ``least_s`` is done
    again until all took so long, and counts with the mean.
    """
    values, ratio = [], 0.0
    before_s = reference_s(reference)
    for item in items:
        started, n_done = time.process_time(), 0
        while True:
            value = call(item)
            n_done += 1
            took_s = time.process_time() - started
            if took_s >= least_s:
                break
        after_s = reference_s(reference)
        ratio += 2.0 * took_s / n_done / (before_s + after_s)
        values.append(value)
        before_s = after_s
    return values, (reference, ratio)


def _answer(work: Workload, question: EpisodeSpec, episode: Episode) -> bytes:
    answer = predict(
        work.reasoner,
        episode.observation,
        seed=reasoner_seed(0, question),
        truth=episode.truth if work.privileged else None,
    )
    if answer.status != "ok":
        raise ConfigError(
            f"The reasoner can't be timed, it gave {answer.status} at question {question.seed} of "
            f"{question.task}: {answer.message.strip()}"
        )
    return answer.blob


def _verdict(engine: str, tried: tuple[Episode, Interaction]) -> Verdict:
    episode, answer = tried
    verdict, _ = judge(
        get_engine(engine),
        episode.scene,
        answer,
        episode.truth,
        scenario_seed=episode.seed,
        n_perturbed=0,
    )
    return verdict


def _beside(answer: Interaction, index: int) -> Interaction:
    """Return an answer whose grasps are moved back by a hair, in each round by another one."""
    back = Pose.at(0.0, 0.0, -APART_M * index)
    grasps = tuple(
        replace(grasp, world_from_gripper=grasp.world_from_gripper @ back)
        for grasp in answer.grasps
    )
    return replace(answer, grasps=grasps)
