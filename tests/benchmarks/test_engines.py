"""Driving a gripper against a bare loop over MuJoCo's step, interleaved in one run."""

import time
from collections.abc import Callable
from functools import partial

import mujoco
import numpy as np
import pytest
from pytest_benchmark.fixture import BenchmarkFixture

from ivlm_bench.engines.mujoco_engine import MujocoEngine
from ivlm_bench.engines.mujoco_simulation import MujocoSimulation
from ivlm_bench.testing import engine_scenes as scenes
from ivlm_bench.types import Conditions, GripperProgram

#: A grasp trial of the protocol: 4.7 s at 1 ms.
N_STEPS = 4700
ROUNDS = 15
#: Speed of ``load`` and ``drive`` as a share of the bare loop on the same model and controls.
LEAST_RATIO = 0.90


def program() -> GripperProgram:
    """Close for 0.8 s, lift by 0.1 m, shake along x."""
    base_m = np.zeros((N_STEPS, 3))
    base_m[1100:2100, 2] = np.linspace(0.0, 0.1, 1000)
    base_m[2100:, 2] = 0.1
    base_m[2400:4400, 0] = 0.0276 * np.sin(2.0 * np.pi * 3.0 * np.arange(2000) / 1000.0)
    return GripperProgram(base_m, np.full(N_STEPS, 0.1))


def cpu_s(work: Callable[[], object]) -> float:
    start = time.process_time()
    work()
    return time.process_time() - start


@pytest.mark.benchmark
def test_grasp_trial_runs_at_native_speed(benchmark: BenchmarkFixture) -> None:
    engine, wanted = MujocoEngine(), program()
    scene, mount = scenes.on_table(scenes.box()), scenes.from_above(0.07, 0.08)

    def load() -> MujocoSimulation:
        return engine.load(scene, Conditions(), tool=mount)

    def trial() -> None:
        with load() as simulation:
            simulation.drive(wanted)
            simulation.poses()
            simulation.contacts("target/body")

    def bare(model: mujoco.MjModel, state: mujoco.MjData, rows: np.ndarray) -> None:
        for row in rows:
            state.ctrl[:] = row
            mujoco.mj_step(model, state)

    controls = np.hstack([wanted.base_m, np.repeat(wanted.closing_m_s[:, None], 2, axis=1)])
    trial()
    pairs = []
    for _ in range(ROUNDS):
        simulation = load()
        native = partial(bare, simulation._model, simulation._state, controls)
        pairs.append((cpu_s(native), cpu_s(trial)))
    benchmark(trial)
    native_s, ours_s = np.median(np.array(pairs), axis=0)
    ratio = float(native_s / ours_s)
    ratios = [native / ours for native, ours in pairs]
    benchmark.extra_info.update(ratio=ratio, ratios=ratios, higher_is_better=True)
    benchmark.extra_info["native_steps_per_s"] = N_STEPS / native_s
    print(f"\ndrive with load, poses and contacts: {ratio:.3f} of {N_STEPS / native_s:.0f} steps/s")
    assert ratio >= LEAST_RATIO
