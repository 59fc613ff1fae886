from __future__ import annotations

import math

import numpy as np
import pytest

from ivlm_bench.stats.clusters import Sample, count_clusters, scenario_means, shared_labels


def test_repeats_are_averaged_first() -> None:
    got = scenario_means([1, 0, 1, 1], ["s", "s", "t", "u"], ["a", "a", "a", "b"])
    assert got.values.tolist() == [0.5, 1.0, 1.0]
    assert got.clusters == ("a", "a", "b")
    assert got.mean == pytest.approx(5 / 6)


def test_one_scenario_in_two_clusters_is_refused() -> None:
    with pytest.raises(ValueError, match="two clusters"):
        scenario_means([1, 0], ["s", "s"], ["a", "b"])


@pytest.mark.parametrize("values", [[0.0, math.nan], [1.0]])
def test_a_sample_needs_finite_values_one_a_cluster(values: list[float]) -> None:
    with pytest.raises(ValueError, match="finite"):
        Sample(np.array(values), ("a", "b"))


def test_a_cluster_of_two_tasks_has_one_code() -> None:
    samples = [Sample(np.zeros(3), ("b", "a", "b")), Sample(np.zeros(2), ("c", "b"))]
    first, second = shared_labels(samples)
    assert first.names.tolist() == second.names.tolist() == ["a", "b", "c"]
    assert (first.codes.tolist(), second.codes.tolist()) == ([1, 0, 1], [2, 1])
    assert count_clusters(samples) == 3
    assert count_clusters([]) == 0
