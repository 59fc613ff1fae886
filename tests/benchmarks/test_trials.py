"""A grasp trial against a bare loop over ``mj_step`` on the same model, controls and steps.

Both run on freshly loaded simulations, compile and load excluded. Time is the process's own. They
run in adjacent pairs of alternating order and the median of the pairs' ratios counts: what else a
busy machine does scatters single runs by 20 %.
"""

from __future__ import annotations

import time

import mujoco
import numpy as np
import pytest

from ivlm_bench.engines import get_engine
from ivlm_bench.engines.mujoco_simulation import MujocoSimulation
from ivlm_bench.objects import OBJECTS
from ivlm_bench.trials.attempt import Film
from ivlm_bench.trials.grasp import GraspExecution
from ivlm_bench.trials.programs import grasp_programs
from ivlm_bench.trials.protocol import PROTOCOL
from ivlm_bench.types import Conditions, GripperMount, Placement, Pose, Scene

#: Least share of the bare loop's speed that a trial must reach.
LEAST_RATIO = 0.90
N_PAIRS = 21


def loaded(family: str) -> tuple[MujocoSimulation, Scene]:
    model = OBJECTS.get(family).build(0, "seen")
    target = Placement("target", model, Pose.identity(), "target")
    table = Placement("table", OBJECTS.get("table").build(0, "seen"), Pose.identity(), "support")
    scene = Scene("speed", (target, table), (), np.array([0.0, 0.0, -9.81]))
    grasp = model.grasps[0]
    mount = GripperMount(PROTOCOL.gripper, grasp.object_from_gripper, grasp.width_m)
    simulation = get_engine("mujoco").load(scene, Conditions(), tool=mount)
    assert isinstance(simulation, MujocoSimulation)
    return simulation, scene


def trial_s(family: str) -> tuple[float, int]:
    simulation, scene = loaded(family)
    film = Film(simulation, record=False)
    execution = GraspExecution(simulation, scene.target, part=None, film=film)
    start = time.process_time()
    code, held = execution.run(PROTOCOL.gripper.closing_speed_m_s)
    duration_s = time.process_time() - start
    assert held, code
    return duration_s, simulation.n_steps


def bare_s(family: str) -> tuple[float, int]:
    simulation, _ = loaded(family)
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
def test_grasp_trial_against_bare_stepping(family: str) -> None:
    grasp_programs(get_engine("mujoco").timestep_s, PROTOCOL.gripper.closing_speed_m_s)
    ratios = []
    for pair in range(N_PAIRS):
        order = (trial_s, bare_s) if pair % 2 else (bare_s, trial_s)
        runs = {run: run(family) for run in order}
        assert runs[trial_s][1] == runs[bare_s][1]
        ratios.append(runs[bare_s][0] / runs[trial_s][0])
    ratio = float(np.median(ratios))
    print(f"{family}: {ratio:.3f} of bare stepping, quartiles {np.quantile(ratios, [0.25, 0.75])}")
    assert ratio >= LEAST_RATIO
