"""What imagined grasps cost: beside the protocol's own trial of the same grasps of a brick."""

from __future__ import annotations

import time
from collections.abc import Callable

import numpy as np
import pytest
from pytest_benchmark.fixture import BenchmarkFixture

from ivlm_bench.engines import get_engine
from ivlm_bench.harness.imagination import LocalImagination
from ivlm_bench.protocols import Reconstruction
from ivlm_bench.testing import engine_scenes as scenes
from ivlm_bench.trials.attempt import Attempt
from ivlm_bench.trials.grasp import GraspTrial
from ivlm_bench.types import Grasp, Interaction, TrialSpec

#: Grasps of one call, and measurements of each side.
N_GRASPS, N_ROUNDS = 8, 5
#: Half the steps, and a scene that is built anew for each call.
MAX_RATIO = 1.0


def seconds(work: Callable[[], object]) -> float:
    started_s = time.process_time()
    work()
    return time.process_time() - started_s


@pytest.mark.benchmark
def test_imagined_grasps_cost_less_than_trials(benchmark: BenchmarkFixture) -> None:
    mount = scenes.from_above(0.08, 0.06)
    grasps = (Grasp(mount.world_from_gripper, 0.06),) * N_GRASPS
    corners_m = scenes.box_mesh(scenes.BOX_HALF_M, (0.0, 0.0, scenes.BOX_HALF_M[2])).vertices_m
    engine, scene = get_engine("mujoco"), scenes.on_table(scenes.box())
    attempt = Attempt(scene, Interaction(grasps=grasps[:1]), TrialSpec(kind="grasp"))
    service, solid = LocalImagination(), Reconstruction((corners_m,))
    imagined_s: list[float] = []
    tried_s: list[float] = []

    def trials() -> None:
        assert all(GraspTrial().run(engine, attempt).success for _ in grasps)

    def imagine() -> None:
        found = service.try_grasps(solid, grasps, mass_kg=scenes.BOX_MASS_KG, friction=0.6)
        assert all(one.code == "SUCCESS" for one in found)

    def measure() -> None:
        tried_s.append(seconds(trials))
        imagined_s.append(seconds(imagine))

    trials()  # compiles the scene
    benchmark.pedantic(measure, rounds=N_ROUNDS)  # type: ignore[no-untyped-call]
    ratios = [mine / theirs for mine, theirs in zip(imagined_s, tried_s, strict=True)]
    benchmark.extra_info.update(imagined_s=float(np.median(imagined_s)), ratios=ratios)
    print(f"{N_GRASPS} imagined grasps: {np.median(imagined_s):.3f} CPU s, ratios {ratios}")
    assert float(np.median(ratios)) <= MAX_RATIO
