"""What a suite can tell: effective sizes and half widths worked out by hand."""

from __future__ import annotations

import json
import math
from collections.abc import Callable
from typing import Any

import pytest

from ivlm_bench.comparison import NotComparableError
from ivlm_bench.comparison.resolution import Clustering, of_run, of_suite
from ivlm_bench.comparison.resolution_tables import (
    price_table,
    resolution_json,
    resolution_table,
)
from ivlm_bench.errors import ConfigError
from ivlm_bench.stats.power import detectable_difference
from ivlm_bench.store import Run
from ivlm_bench.suite import Suite
from ivlm_bench.suite_file import SuiteFile, TaskSeeds

MakeRun = Callable[..., Run]


def suite_of(*counts: int) -> Suite:
    tasks = {f"t{i}": TaskSeeds(count=n) for i, n in enumerate(counts)}
    return Suite(SuiteFile(name="toy-v0", title="Toy", track="rgb", tasks=tasks))


@pytest.mark.parametrize(
    ("n_tasks", "n_each", "points"),
    [(10, 100, 2.8), (20, 100, 2.0), (20, 200, 1.4), (30, 500, 0.7)],
)
def test_half_width_of_independent_scenarios(n_tasks: int, n_each: int, points: float) -> None:
    found = of_suite(suite_of(*[n_each] * n_tasks), Clustering(size=1.0, rate=0.7))
    assert found.half_width is not None
    assert round(100 * found.half_width, 1) == points


def test_unclustered_suite_prices() -> None:
    found = of_suite(suite_of(100), Clustering(size=1.0))
    prices = {price.finding: price.n for price in found.prices}
    assert prices["difference of 2 points found"] == (979, 1960, 3923, 5885)
    assert prices["difference of 10 points found"] == (None, 77, 155, 234)
    assert prices["loss of 2 points refuted"][:3] == (773, 1546, 3092)


def test_clusters_cost() -> None:
    found = of_suite(suite_of(100, 100), Clustering(size=5.0, icc=0.25), discordances=(0.2,))
    assert [row.design_effect for row in found.tasks] == [2.0, 2.0]
    assert [row.n_effective for row in found.tasks] == [50.0, 50.0]
    assert (found.macro.n, found.macro.n_effective) == (200, 100.0)
    prices = {price.finding: price.n for price in found.prices}
    assert prices["difference of 5 points found"] == (2 * 626,)
    assert found.macro.detectable == (detectable_difference(100, 0.2),)
    bare = of_suite(suite_of(100, 100), Clustering(size=1.0))
    assert found.half_width == pytest.approx(math.sqrt(2.0) * (bare.half_width or 0.0))


def test_a_small_task_weighs_as_much_as_a_large_one() -> None:
    found = of_suite(suite_of(300, 100), Clustering(size=1.0))
    assert found.macro.n_effective == pytest.approx(4 / (1 / 300 + 1 / 100))  # 300, not 400


def test_clusters_of_a_run(make_run: MakeRun, tried: Any) -> None:
    # Pairs that always agree: correlation 1, every cluster tells as much as one scenario.
    episodes = [tried(seed=s, right=s // 2 % 2 == 0, cluster=f"c{s // 2}") for s in range(40)]
    found = of_run(make_run(episodes, "old"))
    assert found.icc == 1.0
    assert (found.tasks[0].n, found.tasks[0].n_effective) == (40, 20.0)
    assert found.half_width is not None
    assert "estimated" in found.basis
    assert of_run(make_run(episodes, "again"), icc=0.0).tasks[0].n_effective == 40.0


def test_only_what_counts(make_run: MakeRun, tried: Any) -> None:
    episodes = [tried(seed=s) for s in range(12)]
    episodes += [tried(seed=100, answerable=False, right=False)]
    episodes += [tried(seed=101, right=False, status="sim_diverged")]
    episodes += [tried(seed=0, repeat=1)]
    found = of_run(make_run(episodes, "old"))
    assert found.macro.n == 12
    assert "assumed" in found.basis


def test_a_run_with_nothing_that_counts(make_run: MakeRun, tried: Any) -> None:
    run = make_run([tried(seed=1, answerable=False, right=False)], "old")
    with pytest.raises(NotComparableError, match="no scenario that can succeed"):
        of_run(run)


@pytest.mark.parametrize(
    "fields", [{"size": 0.5}, {"icc": 1.5}, {"rate": -0.1}, {"size": math.nan}]
)
def test_impossible_assumptions(fields: dict[str, float]) -> None:
    with pytest.raises(ConfigError):
        Clustering(**fields)


@pytest.mark.parametrize("psi", [0.0, 1.5, math.nan])
def test_impossible_discordance(psi: float) -> None:
    with pytest.raises(ConfigError, match="--discordance"):
        of_suite(suite_of(10), Clustering(), discordances=(psi,))


def test_tables_and_json() -> None:
    found = of_suite(suite_of(50, 1000), Clustering(size=1.0), discordances=(0.1,))
    table = resolution_table(found)
    assert [row[0] for row in table.rows] == ["t0", "t1", "macro"]
    assert table.rows[0][-1] == "-"  # 50 scenarios do not find 10 points where 10 % differ
    assert "Assumed" in str(table)
    assert price_table(found).rows[2][1] == "312"
    told = json.loads(resolution_json(found))
    assert told["tasks"][0]["detectable"] == [None]
    assert told["discordances"] == [0.1]
