"""Many simulated nights: false alarms, and how soon a loss is found."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import pandas as pd
import pytest

from ivlm_bench.comparison.compare import compare_table
from ivlm_bench.gate.history import ALARM
from ivlm_bench.gate.ladder import Confirm, decide
from ivlm_bench.gate.policy import GatePolicy, Verdict
from ivlm_bench.stats.sequential import EDetector

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


def asked_again(rng: np.random.Generator, loss: Loss) -> Confirm:
    """Return what answers fresh questions, other ones every time."""
    n = GatePolicy().confirm_factor * N_SCENARIOS
    return lambda tasks: compare_table(table(rng, tasks, n, loss))


def night(rng: np.random.Generator, loss: Loss) -> Verdict:
    """Return the verdict on a method that answers otherwise every night."""
    screen = compare_table(table(rng, TASKS, N_SCENARIOS, loss))
    return decide(screen, GatePolicy(), asked_again(rng, loss)).verdict


def red_after(rng: np.random.Generator, loss: Loss, n_nights: int) -> int | None:
    """Return the first red night of a method that always answers alike; None if there is none.

    Every night asks it the same questions, so its losses there are drawn once; only the fresh ones,
    asked where they make it suspect, are others each night.
    """
    screen, limits = compare_table(table(rng, TASKS, N_SCENARIOS, loss)), GatePolicy()
    if decide(screen, limits).verdict != "suspect":
        return None
    again = asked_again(rng, loss)
    nights = range(1, n_nights + 1)
    return next((k for k in nights if decide(screen, limits, again).verdict == "regressed"), None)


def n_found(n_tries: int, loss: Loss, n_nights: int, seed: int) -> int:
    """Return in how many tries one of so many nights is red."""
    rng = np.random.default_rng(seed)
    return sum(red_after(rng, loss, n_nights) is not None for _ in range(n_tries))


ONE_TASK: Loss = {"t3": 0.10}
EVERYWHERE: Loss = dict.fromkeys(TASKS, 0.02)


def test_a_few_nights() -> None:
    """Four quiet nights stay quiet; a loss of all that differs is red on the first night."""
    rng = np.random.default_rng(1)
    assert "regressed" not in {night(rng, {}) for _ in range(4)}
    assert red_after(rng, dict.fromkeys(TASKS, DISCORDANCE), 1) == 1


@pytest.mark.slow
def test_false_alarms_of_a_method_that_answers_otherwise_every_night() -> None:
    """At most 1 in 200 nights, and every suspicion is answered."""
    rng = np.random.default_rng(20261122)
    verdicts = [night(rng, {}) for _ in range(200)]
    assert verdicts.count("regressed") <= 1
    assert verdicts.count("suspect") == 0, "fresh questions answer every suspicion"


@pytest.mark.slow
def test_false_alarms_of_changes_that_lose_nothing() -> None:
    """Forty changes, each judged on five nights of the same questions: 200 nights."""
    assert n_found(40, {}, 5, seed=4) <= 1


@pytest.mark.slow
def test_ten_points_in_one_task_are_found_within_two_nights() -> None:
    assert n_found(100, ONE_TASK, 2, seed=2) >= 85


@pytest.mark.slow
def test_two_points_everywhere_are_found_within_five_nights() -> None:
    assert n_found(60, EVERYWHERE, 5, seed=3) >= 30


def first_alarm(rng: np.random.Generator, loss: float, n_nights: int) -> int | None:
    """Return the night on which drift is called, of a method that answers otherwise every night.

    One baseline; each night one suspicion in four, as of ten quiet tasks, asks 4,000 questions.
    """
    limits, detector = GatePolicy(), EDetector.start()
    n = limits.confirm_factor * N_TASKS * N_SCENARIOS
    for number in range(1, n_nights + 1):
        if rng.random() < 0.25:
            lost = (DISCORDANCE + loss) / 2
            u = rng.random((n // CLUSTER, CLUSTER))
            each = np.where(u < lost, -1.0, np.where(u < DISCORDANCE, 1.0, 0.0))
            detector = detector.after_night(each.mean(axis=1))
            if detector.value >= ALARM:
                return number
    return None


@pytest.mark.slow
def test_slow_drift_is_rarely_called_where_there_is_none() -> None:
    """Forty baselines, 400 nights each: one alarm in 1,000 nights or fewer are 16 at most."""
    rng = np.random.default_rng(5)
    assert sum(first_alarm(rng, 0.0, 400) is not None for _ in range(40)) <= 16


@pytest.mark.slow
def test_one_point_everywhere_is_called_slow_drift() -> None:
    rng = np.random.default_rng(6)
    assert sum(first_alarm(rng, 0.01, 100) is not None for _ in range(20)) >= 15
