"""Cost of an answer from the cloud, as a multiple of reading the cloud alone."""

from __future__ import annotations

import statistics
import time
from collections.abc import Callable

import pytest
from pytest_benchmark.fixture import BenchmarkFixture

from ivlm_bench.geometry.cloud import object_cloud
from ivlm_bench.testing.analytic import Block, Column, table_observation
from ivlm_bench.types import Query
from ivlm_policies.ivlm_points.reasoner import PointsReasoner
from ivlm_policies.ivlm_points.weights import shipped

MUG = (Column((0.0, 0.0, 0.05), 0.035, 0.10), Block((0.055, 0.0, 0.05), (0.05, 0.010, 0.06)))
QUERY = Query("grasp", "mug", "handle", "Grasp the mug by its handle.")
#: CPU time of an answer over that of fusing the cloud, which it contains; two windows are looked
#: at. Limits leave room for a busy machine.
LIMITS = {1: 40.0, 4: 15.0}


def cpu_s(call: Callable[[], object]) -> float:
    start = time.process_time()
    call()
    return time.process_time() - start


@pytest.mark.benchmark
@pytest.mark.skipif(not shipped(), reason="no weights come with the package")
@pytest.mark.parametrize("n_views", LIMITS)
def test_an_answer_costs_a_few_readings_of_the_cloud(
    n_views: int, benchmark: BenchmarkFixture
) -> None:
    observation = table_observation(MUG, QUERY, n_views=n_views)
    reasoner = PointsReasoner(abstention="off")

    def answer() -> None:
        reasoner.reset(0)  # else the cloud of the last answer is taken
        reasoner.predict(observation)

    answer()
    benchmark(answer)
    pairs = [(cpu_s(answer), cpu_s(lambda: object_cloud(observation.views))) for _ in range(9)]
    ratio = statistics.median(own / cloud for own, cloud in pairs)
    benchmark.extra_info.update(ratio=ratio)
    assert ratio <= LIMITS[n_views]
