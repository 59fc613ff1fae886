"""Speed of the geometric reasoner and of the shared executor, against reading the depth at all."""

from __future__ import annotations

import time
from collections.abc import Callable

import numpy as np
import pytest
from pytest_benchmark.fixture import BenchmarkFixture

from ivlm_bench.completion import complete
from ivlm_bench.geometry.camera import depth_points, project
from ivlm_bench.testing.analytic import Block, Column, table_observation
from ivlm_bench.types import Interaction, Query
from ivlm_policies.geometric.reasoner import GeometricReasoner

MUG = (Column((0.0, 0.0, 0.05), 0.035, 0.10), Block((0.055, 0.0, 0.05), (0.05, 0.010, 0.06)))
OBSERVATION = table_observation(MUG, Query("grasp", "mug", None, "Pick up the mug."))
N_ROUNDS = 5
#: An answer may take so many times as long as back-projecting the depth of its views once.
MAX_RATIO = 40.0


def seconds(call: Callable[[], object], *, n: int = 5) -> float:
    """Return the median CPU time of a call."""
    times = []
    for _ in range(n):
        start = time.process_time()
        call()
        times.append(time.process_time() - start)
    return float(np.median(times))


def read_depth() -> None:
    for view in OBSERVATION.views:
        assert view.depth_m is not None
        depth_points(view.camera, view.depth_m)


def point_answer() -> Interaction:
    pixel = project(OBSERVATION.views[1].camera, np.array([[0.07, 0.005, 0.05]]))[0][0]
    return Interaction(points_px=np.array([[1, *pixel]], np.float32))


@pytest.mark.benchmark
@pytest.mark.parametrize("name", ["geometric", "executor"])
def test_an_answer_costs_a_few_readings_of_the_depth(
    name: str, benchmark: BenchmarkFixture
) -> None:
    reasoner, pointed = GeometricReasoner(), point_answer()
    calls: dict[str, Callable[[], object]] = {
        "geometric": lambda: reasoner.predict(OBSERVATION),
        "executor": lambda: complete(OBSERVATION, pointed),
    }
    calls[name]()
    benchmark(calls[name])
    ratios = [seconds(calls[name], n=3) / seconds(read_depth, n=15) for _ in range(N_ROUNDS)]
    ratio = float(np.median(ratios))
    benchmark.extra_info.update(ratio=ratio, ratios=ratios)
    assert ratio <= MAX_RATIO
