"""Many simulated nights: false alarms, and how soon a loss is found."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import pandas as pd
import pytest

from ivlm_bench.comparison.compare import compare_table
from ivlm_bench.gate.ladder import Rows, decide
from ivlm_bench.gate.policy import GatePolicy, Verdict

#: Tasks and scenarios a night, as in ``nightly``, and the share in which two methods differ.
N_TASKS, N_SCENARIOS, DISCORDANCE = 10, 100, 0.1

#: Scenarios that share an object.
CLUSTER = 2

TASKS = tuple(f"t{k}" for k in range(N_TASKS))
Loss = Mapping[str, float]


def table(rng: np.random.Generator, tasks: tuple[str, ...], n: int, loss: Loss) -> pd.DataFrame:
    """Return paired differences of -1, 0 and 1; ``loss`` is the mean lost in a task."""
    parts = []
    for task in tasks:
        lost = (DISCORDANCE + loss.get(task, 0.0)) / 2
        drawn = rng.random(n)
        difference = np.where(drawn < lost, -1.0, np.where(drawn < DISCORDANCE, 1.0, 0.0))
        old = np.where(difference == 0.0, 0.0, (1.0 - difference) / 2)
        names = [f"{task}-{k // CLUSTER}" for k in range(n)]
        parts.append(
            pd.DataFrame(
                {"task": task, "cluster": names, "old": old, "new": old + difference}
            ).assign(difference=difference)
        )
    return pd.concat(parts, ignore_index=True)


def night(rng: np.random.Generator, loss: Loss) -> Verdict:
    """Return the gate's verdict of one night, its fresh questions drawn likewise."""
    limits = GatePolicy()

    def confirm(tasks: tuple[str, ...]) -> Rows:
        return compare_table(table(rng, tasks, limits.confirm_factor * N_SCENARIOS, loss))

    return decide(compare_table(table(rng, TASKS, N_SCENARIOS, loss)), limits, confirm)[0]


def found_within(n_nights: int, n_tries: int, loss: Loss, seed: int) -> int:
    """Return in how many tries one of so many nights is red."""
    rng = np.random.default_rng(seed)
    return sum(
        any(night(rng, loss) == "regressed" for _ in range(n_nights)) for _ in range(n_tries)
    )


ONE_TASK: Loss = {"t3": 0.10}
EVERYWHERE: Loss = dict.fromkeys(TASKS, 0.02)


def test_a_few_nights() -> None:
    """Four quiet nights stay quiet; a loss of all that differs is red on the first night."""
    rng = np.random.default_rng(1)
    assert "regressed" not in {night(rng, {}) for _ in range(4)}
    assert night(rng, dict.fromkeys(TASKS, DISCORDANCE)) == "regressed"


@pytest.mark.slow
def test_false_alarms() -> None:
    """At most 1 in 200 nights without any change."""
    rng = np.random.default_rng(20261122)
    verdicts = [night(rng, {}) for _ in range(200)]
    assert verdicts.count("regressed") <= 1
    assert verdicts.count("suspect") == 0, "fresh questions answer every suspicion"


@pytest.mark.slow
def test_ten_points_in_one_task_are_found_within_two_nights() -> None:
    assert found_within(2, 100, ONE_TASK, seed=2) >= 85


@pytest.mark.slow
def test_two_points_everywhere_are_found_within_five_nights() -> None:
    assert found_within(5, 40, EVERYWHERE, seed=3) >= 20
