"""A grasp trial against a bare loop over ``mj_step`` on the same model, controls and steps.

Both run on freshly loaded simulations, compile and load excluded; the collision check of its
approach, each time of a grasp not seen before, is part of the trial. Time is the process's own.
They run in adjacent pairs of alternating order and the median of the pairs' ratios counts: what
else a busy machine does scatters single runs by 20 %.
"""

from __future__ import annotations

import time
from functools import cache

import mujoco
import numpy as np
import pytest
from pytest_benchmark.fixture import BenchmarkFixture

from ivlm_bench.engines import get_engine
from ivlm_bench.engines.mujoco_simulation import MujocoSimulation
from ivlm_bench.objects import OBJECTS
from ivlm_bench.trials.attempt import Attempt, Film
from ivlm_bench.trials.grasp import GraspExecution, precheck
from ivlm_bench.trials.precheck import scene_approach
from ivlm_bench.trials.programs import grasp_programs
from ivlm_bench.trials.protocol import PROTOCOL
from ivlm_bench.types import (
    Conditions,
    Grasp,
    GripperMount,
    Interaction,
    Placement,
    Pose,
    Scene,
    TrialSpec,
)

#: Least share of the bare loop's speed that a trial must reach.
LEAST_RATIO = 0.90
N_PAIRS = 21
#: How far apart (m) the grasps of two pairs are: the collision check remembers grasps.
APART_M = 1e-6


@cache
def posed(family: str) -> Scene:
    model = OBJECTS.get(family).build(0, "seen")
    target = Placement("target", model, Pose.identity(), "target")
    table = Placement("table", OBJECTS.get("table").build(0, "seen"), Pose.identity(), "support")
    return Scene("speed", (target, table), (), np.array([0.0, 0.0, -9.81]))


def grasped(scene: Scene, pair: int) -> Grasp:
    """Return a grasp of the target, for each pair another one by a micrometre."""
    grasp = scene.target.model.grasps[0]
    pose = grasp.object_from_gripper @ Pose.at(0.0, 0.0, -APART_M * (pair + 1))
    return Grasp(pose, grasp.width_m)


def loaded(scene: Scene, grasp: Grasp) -> MujocoSimulation:
    mount = GripperMount(PROTOCOL.gripper, grasp.world_from_gripper, grasp.width_m)
    simulation = get_engine("mujoco").load(scene, Conditions(), tool=mount)
    assert isinstance(simulation, MujocoSimulation)
    return simulation


def trial_s(scene: Scene, grasp: Grasp) -> tuple[float, int]:
    simulation = loaded(scene, grasp)
    attempt = Attempt(scene, Interaction(grasps=(grasp,)), TrialSpec(kind="grasp"))
    film = Film(simulation, record=False)
    execution = GraspExecution(simulation, scene.target, part=None, film=film)
    start = time.process_time()
    refused, _ = precheck(attempt, grasp)
    code, held = execution.run(PROTOCOL.gripper.closing_speed_m_s)
    duration_s = time.process_time() - start
    assert refused is None
    assert held, code
    return duration_s, simulation.n_steps


def bare_s(scene: Scene, grasp: Grasp) -> tuple[float, int]:
    simulation = loaded(scene, grasp)
    model, state = simulation._model, simulation._state
    speed_m_s = PROTOCOL.gripper.closing_speed_m_s
    phases = grasp_programs(simulation.timestep_s, speed_m_s)
    base_m = np.concatenate(
        [p.base_m for p in (phases.close, phases.hold, phases.lift, phases.shake, phases.rest)]
    )
    control = np.column_stack([base_m, np.full((len(base_m), 2), speed_m_s)])
    step = mujoco.mj_step
    start = time.process_time()
    for row in control:
        state.ctrl[:] = row
        step(model, state)
    return time.process_time() - start, len(control)


@pytest.mark.benchmark
@pytest.mark.parametrize("family", ["box", "mug"])
def test_grasp_trial_against_bare_stepping(family: str, benchmark: BenchmarkFixture) -> None:
    grasp_programs(get_engine("mujoco").timestep_s, PROTOCOL.gripper.closing_speed_m_s)
    scene = posed(family)
    scene_approach(scene)
    ratios: list[float] = []

    def compare() -> None:
        pair = len(ratios)
        order = (trial_s, bare_s) if pair % 2 else (bare_s, trial_s)
        runs = {run: run(scene, grasped(scene, pair)) for run in order}
        assert runs[trial_s][1] == runs[bare_s][1]
        ratios.append(runs[bare_s][0] / runs[trial_s][0])

    benchmark.pedantic(compare, rounds=N_PAIRS)  # type: ignore[no-untyped-call]
    ratio = float(np.median(ratios))
    benchmark.extra_info.update(ratio=ratio, ratios=ratios, higher_is_better=True)
    print(f"{family}: {ratio:.3f} of bare stepping, quartiles {np.quantile(ratios, [0.25, 0.75])}")
    assert ratio >= LEAST_RATIO
