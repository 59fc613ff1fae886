"""``env.step`` against a bare loop over ``mj_step`` on the same model and number of steps.

The scene's models are compiled by a first judgement of the same episode; both sides then pay for
loading. Each round tries a grasp a micrometre beside the last one, as the collision check remembers
grasps. Rounds are interleaved, so that a busy machine slows both alike. Time is the process's own.
"""

from __future__ import annotations

import time
from dataclasses import replace

import mujoco
import numpy as np
import pytest
from pytest_benchmark.fixture import BenchmarkFixture

from ivlm_bench.engines import get_engine
from ivlm_bench.engines.mujoco_simulation import MujocoSimulation
from ivlm_bench.env import TASKS, Episode, InteractionEnv
from ivlm_bench.gym_codec import encode_interaction
from ivlm_bench.trials.programs import grasp_programs
from ivlm_bench.trials.protocol import PROTOCOL
from ivlm_bench.types import Conditions, Grasp, GripperMount, Pose

#: Least share of the bare loop's speed.
LEAST_RATIO = 0.90
N_ROUNDS = 11
SEED = 3
#: How far apart (m) the grasps of two rounds are.
APART_M = 1e-6


def beside(grasp: Grasp, n_rounds: int) -> Grasp:
    """Return a grasp moved along its approach, which the collision check has not seen yet."""
    moved = grasp.world_from_gripper @ Pose.at(0.0, 0.0, -APART_M * n_rounds)
    return replace(grasp, world_from_gripper=moved)


def step_s(env: InteractionEnv, episode: Episode, grasp: Grasp, n_steps: int) -> float:
    env._episode = episode
    action = encode_interaction(replace(episode.truth.oracle, grasps=(grasp,)))
    start = time.process_time()
    _, reward, _, _, info = env.step(action)
    duration_s = time.process_time() - start
    assert reward == 1.0
    assert info["verdicts"][0]["n_steps"] == n_steps
    return duration_s


def bare_s(episode: Episode, grasp: Grasp, control: np.ndarray) -> float:
    start = time.process_time()
    mount = GripperMount(PROTOCOL.gripper, grasp.world_from_gripper, grasp.width_m)
    simulation = get_engine("mujoco").load(episode.scene, Conditions(), tool=mount)
    assert isinstance(simulation, MujocoSimulation)
    model, state = simulation._model, simulation._state
    step = mujoco.mj_step
    for row in control:
        state.ctrl[:] = row
        step(model, state)
    return time.process_time() - start


@pytest.mark.benchmark
@pytest.mark.parametrize("task", ["ivlm/GraspAny-v0", "ivlm/GraspMugHandle-v0"])
def test_env_step_against_bare_stepping(task: str, benchmark: BenchmarkFixture) -> None:
    env = TASKS.get(task)(size_px=64)
    episode = env.episode(SEED)
    env.judge(episode, episode.truth.oracle)
    speed_m_s = PROTOCOL.gripper.closing_speed_m_s
    phases = grasp_programs(get_engine("mujoco").timestep_s, speed_m_s)
    programs = (phases.close, phases.hold, phases.lift, phases.shake, phases.rest)
    base_m = np.concatenate([program.base_m for program in programs])
    control = np.column_stack([base_m, np.full((len(base_m), 2), speed_m_s)])
    ratios: list[float] = []

    def compare() -> None:
        grasp = beside(episode.truth.oracle.grasps[0], len(ratios) + 1)
        bare = bare_s(episode, grasp, control)
        ratios.append(bare / step_s(env, episode, grasp, len(control)))

    benchmark.pedantic(compare, rounds=N_ROUNDS)  # type: ignore[no-untyped-call]
    ratio = float(np.median(ratios))
    benchmark.extra_info.update(ratio=ratio, ratios=ratios, higher_is_better=True)
    print(f"{task}: env.step runs at {ratio:.3f} of bare stepping")
    assert ratio >= LEAST_RATIO
