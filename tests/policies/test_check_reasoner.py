from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pytest

from ivlm_bench.errors import ConfigError
from ivlm_bench.protocols import Reasoner
from ivlm_bench.reasoners import REASONERS, resolve_reasoner
from ivlm_bench.testing.analytic import Block, Column, table_observation
from ivlm_bench.testing.reasoner import check_reasoner
from ivlm_bench.types import Grasp, Interaction, Observation, Pose, Query

MUG = (Column((0.0, 0.0, 0.05), 0.035, 0.10), Block((0.055, 0.0, 0.05), (0.05, 0.010, 0.06)))
OBSERVATIONS = (
    table_observation(MUG, Query("grasp", "mug", "handle", "Grasp the mug by its handle.")),
    table_observation(
        MUG, Query("open", "cabinet", "handle_top", "Open the top drawer."), n_views=1
    ),
    table_observation(
        MUG, Query("press", "panel", "button_red", "Press the red button."), has_depth=False
    ),
    table_observation((), Query("grasp", "mug", None, "Pick up the mug.")),
)
HONEST = [
    name for name, entry in REASONERS if not (entry.privileged or entry.needs or entry.install)
]


def failed(reasoner: object, observations: Sequence[Observation] = OBSERVATIONS[:1]) -> set[str]:
    assert isinstance(reasoner, Reasoner)
    return {check.name for check in check_reasoner(reasoner, observations) if not check.passed}


@pytest.mark.parametrize("name", HONEST)
def test_every_registered_reasoner_passes(name: str) -> None:
    assert failed(resolve_reasoner(name)[0], OBSERVATIONS) == set()


class Answers:
    def __init__(self, answer: object) -> None:
        self.answer = answer

    def predict(self, observation: Observation, /) -> Interaction:
        return self.answer  # type: ignore[return-value]


FAR = Grasp(Pose.at(0.0, 0.0, 9.0), 0.05)
WIDE = Grasp(Pose.at(0.0, 0.0, 0.1), 0.5)


@pytest.mark.parametrize(
    ("answer", "broken"),
    [
        (None, {"answers"}),
        ("a mug", {"answers"}),
        (Interaction(affordance_maps=np.zeros((1, 224, 224), np.float32)), {"answers"}),
        (Interaction(points_px=np.array([[7, 1, 1]], np.float32)), {"answers"}),
        (Interaction(grasps=(FAR,)), {"in_range"}),
        (Interaction(grasps=(WIDE,)), {"in_range"}),
        (Interaction(), set()),
    ],
)
def test_answers_that_do_not_fit(answer: object, broken: set[str]) -> None:
    assert failed(Answers(answer)) == broken


class Forgetful:
    """Goes on drawing from its stream: ``reset`` does nothing."""

    def __init__(self) -> None:
        self.rng = np.random.default_rng(0)

    def reset(self, seed: int) -> None:
        pass

    def predict(self, observation: Observation, /) -> Interaction:
        return Interaction(feasible_prob=float(self.rng.uniform()))


class Repeatable(Forgetful):
    def reset(self, seed: int) -> None:
        self.rng = np.random.default_rng(seed)

    def predict_batch(self, observations: tuple[Observation, ...]) -> list[Interaction]:
        return [self.predict(observation) for observation in observations]


class Shuffled(Repeatable):
    def predict_batch(self, observations: tuple[Observation, ...]) -> list[Interaction]:
        return [self.predict(observation) for observation in observations][::-1]


class Short(Repeatable):
    def predict_batch(self, observations: tuple[Observation, ...]) -> list[Interaction]:
        return []


class Scribbler:
    """Lifts the write protection of an image and paints on it."""

    def predict(self, observation: Observation, /) -> Interaction:
        image = observation.views[0].rgb
        image.setflags(write=True)
        image[0, 0] += 1
        return Interaction()


@pytest.mark.parametrize(
    ("reasoner", "broken"),
    [
        (Forgetful(), {"repeatable"}),
        (Repeatable(), set()),
        (Shuffled(), {"batch"}),
        (Short(), {"batch"}),
    ],
)
def test_repetition_and_batches(reasoner: object, broken: set[str]) -> None:
    assert failed(reasoner, OBSERVATIONS[:2]) == broken


def test_a_changed_observation_is_seen() -> None:
    mine = table_observation(MUG, Query("grasp", "mug", None, "Pick up the mug."), n_views=1)
    assert "untouched" in failed(Scribbler(), (mine,))


def test_no_observation_is_an_error() -> None:
    with pytest.raises(ConfigError, match="at least one observation"):
        check_reasoner(Answers(Interaction()), ())
