"""A task and a trial without physics: milliseconds an episode, for tests of the machinery."""

from __future__ import annotations

import numpy as np

from ivlm_bench.env import TASKS, Episode, InteractionEnv, Question
from ivlm_bench.errors import ConfigError
from ivlm_bench.protocols import Engine
from ivlm_bench.trials.attempt import Attempt
from ivlm_bench.trials.judge import TRIALS
from ivlm_bench.types import (
    Camera,
    GripperSpec,
    Interaction,
    Link,
    Motion,
    ObjectModel,
    Observation,
    Placement,
    Pose,
    Query,
    Scene,
    TrialOutcome,
    TrialSpec,
    Truth,
    View,
)

SIDE_PX = 16
UP = np.array([0.0, 0.0, 1.0])


class ToyTrial:
    """Held if the motion starts at x > 0.5 m."""

    codes: tuple[str, ...] = ("MISSED", "SUCCESS")

    def answered(self, interaction: Interaction) -> bool:
        return interaction.motion is not None

    def run(self, engine: Engine, attempt: Attempt, *, record: bool = False) -> TrialOutcome:
        motion = attempt.interaction.motion
        assert motion is not None
        hit = float(motion.point_m[0]) > 0.5
        return TrialOutcome("SUCCESS" if hit else "MISSED", hit, (), n_steps=1)


class ToyTask(InteractionEnv):
    """Asks for a motion; every fifth question can't be answered."""

    task = "toy/Push-v0"

    def sample_scene(self, rng: np.random.Generator) -> Scene:
        raise AssertionError("a toy episode is made as a whole")

    def question(self, scene: Scene, rng: np.random.Generator) -> Question:
        raise AssertionError("a toy episode is made as a whole")

    def episode(self, seed: int) -> Episode:
        rng = np.random.default_rng(seed)
        camera = Camera(
            np.array([[20.0, 0, 7.5], [0, 20.0, 7.5], [0, 0, 1.0]]),
            Pose.at(0, 0, 1),
            SIDE_PX,
            SIDE_PX,
        )
        body = Link("body", (), 1.0, np.zeros(3), np.eye(3))
        model = ObjectModel(f"toy-{seed}", "toy", f"toy-{seed % 4}", "seen", (body,), {})
        scene = Scene(
            f"toy-{seed}",
            (Placement("target", model, Pose.identity(), "target"),),
            (camera,),
            np.array([0.0, 0.0, -9.81]),
        )
        rgb = rng.integers(0, 255, (SIDE_PX, SIDE_PX, 3), np.uint8)
        depth = np.ones((SIDE_PX, SIDE_PX), np.float32)
        query = Query("open", "toy", None, f"Push toy {seed}.")
        observation = Observation(
            (View(camera, rgb, depth),), query, GripperSpec(), scene.gravity_m_s2
        )
        maps = np.zeros((1, SIDE_PX, SIDE_PX), np.float32)
        maps[:, 4:8, 4:8] = 1.0
        feasible = seed % 5 != 4
        right = Interaction(motion=Motion(np.array([1.0, 0, 0]), UP), affordance_maps=maps)
        missed = Interaction(motion=Motion(np.array([0.0, 0, 0]), UP))
        truth = Truth(
            interaction_label="open",
            feasible=feasible,
            trial=TrialSpec(kind="toy"),
            oracle=right if feasible else Interaction(abstain=True, feasible_prob=0.0),
            target_part=None,
            part_masks=maps > 0,
            affordance_maps=maps,
            vertex_affordance=np.zeros(0, np.float32),
            wrong={"near-miss": missed, "null": Interaction()},
        )
        return Episode(self.task, seed, scene, observation, truth)


class OtherToyTask(ToyTask):
    """The same under another name."""

    task = "toy/Pull-v0"


class Unposable(ToyTask):
    """Questions 1 and 2 can't be posed: for a foreseen reason, and for another."""

    task = "toy/Broken-v0"

    def episode(self, seed: int) -> Episode:
        if seed == 1:
            raise ConfigError("The file of pictures is not there; fetch it.")
        if seed == 2:
            raise ZeroDivisionError("no pixels")
        return super().episode(seed)


TRIALS.register("toy", ToyTrial())
TASKS.register(ToyTask.task, ToyTask)
TASKS.register(OtherToyTask.task, OtherToyTask)
TASKS.register(Unposable.task, Unposable)
