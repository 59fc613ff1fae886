"""Workers that are killed at random: no episode is lost, none is recorded twice."""

from __future__ import annotations

import os
import signal
from collections import Counter
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from msgspec.structs import replace

from ivlm_bench.harness.config import RunConfig
from ivlm_bench.harness.plan import Plan
from ivlm_bench.harness.run import execute
from ivlm_bench.records import EpisodeResult

Configure = Callable[..., RunConfig]

#: Workers that are killed in a run.
N_KILLS = 3

SUITE = """
name = "toy-many-v0"
title = "Toy"
track = "rgbd"
size_px = 16
n_perturbed = 1

[tasks."toy/Push-v0"]
count = {push}

[tasks."toy/Pull-v0"]
count = {pull}
"""


class Killer:
    """Kills a random worker after each of some random numbers of episodes."""

    def __init__(self, n_episodes: int, rng: np.random.Generator) -> None:
        self.rng = rng
        self.moments = set(rng.choice(np.arange(2, n_episodes - 4), N_KILLS, replace=False))
        self.n_finished = 0
        self.killed: list[int] = []

    def started(self, plan: Plan, folder: Path, n_recorded: int) -> None:
        pass

    def finished(self, result: EpisodeResult) -> None:
        self.n_finished += 1
        if self.n_finished in self.moments:
            victim = int(self.rng.choice(workers()))
            os.kill(victim, signal.SIGKILL)
            self.killed.append(victim)


def workers() -> list[int]:
    """Return the living workers of this process."""
    children = [
        child
        for thread in Path("/proc/self/task").iterdir()
        for child in (thread / "children").read_text().split()
    ]
    return [
        int(child)
        for child in children
        if b"ivlm_bench.harness.worker" in Path(f"/proc/{child}/cmdline").read_bytes()
    ]


@pytest.mark.parametrize(
    ("n_episodes", "isolate"),
    [(60, False), (60, True), pytest.param(600, False, marks=pytest.mark.slow)],
)
def test_killed_workers_change_nothing(
    config: Configure, tmp_path: Path, n_episodes: int, isolate: bool
) -> None:
    suite = tmp_path / "many.toml"
    suite.write_text(SUITE.format(push=n_episodes * 2 // 3, pull=n_episodes // 3))
    calm = execute(config(suite=str(suite), out=str(tmp_path / "calm"), workers=2)).run
    killer = Killer(n_episodes, np.random.default_rng(20))
    asked = config(suite=str(suite), out=str(tmp_path / "killed"), workers=2, isolate=isolate)
    outcome = execute(asked, killer)
    results = outcome.run.results
    assert len(killer.killed) == len(set(killer.killed)) == N_KILLS
    assert outcome.exit_code == 0
    assert Counter(r.episode.status for r in results) == {"ok": n_episodes}
    keys = [result.episode.episode_key for result in results]
    assert len(keys) == len(set(keys)) == n_episodes
    assert sum(result.episode.tries > 1 for result in results) <= N_KILLS
    assert outcome.run.manifest.bit_digest == calm.manifest.bit_digest
    assert outcome.run.manifest.outcome_digest == calm.manifest.outcome_digest
    assert execute(replace(asked, resume=True)).run.manifest == outcome.run.manifest
