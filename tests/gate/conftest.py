"""Nights of toy episodes, sealed by the store, without any simulation."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from ivlm_bench.digest import episode_key, scenario_key
from ivlm_bench.records import EpisodeRecord, EpisodeResult, VerdictRecord
from ivlm_bench.store import Run
from ivlm_bench.testing.made_runs import sealed_run

TASKS = ("toy/Pull-v0", "toy/Push-v0")


@dataclass(frozen=True, kw_only=True)
class Toy:
    """One episode in short; ``answer`` stands for the prediction, ``n_steps`` for a measurement."""

    task: str = TASKS[0]
    seed: int = 0
    repeat: int = 0
    right: bool = True
    answer: str = "a"
    n_steps: int = 100
    status: str = "ok"
    cluster: str = ""
    scene: str = "s"

    def result(self) -> EpisodeResult:
        scenario = scenario_key("p", self.task, self.seed)
        key = episode_key(scenario, "toy", self.repeat)
        episode = EpisodeRecord(
            episode_key=key,
            scenario_key=scenario,
            task=self.task,
            seed=self.seed,
            repeat=self.repeat,
            cluster=self.cluster or f"{self.task}-{self.seed}",
            split="seen",
            answerable=True,
            status=self.status,  # type: ignore[arg-type]
            abstained=False,
            success=self.right and self.status == "ok",
            code="SUCCESS" if self.right else "FAIL",
            confidence=None,
            stages={},
            scores={"success": float(self.right)},
            prediction_hash=self.answer,
            scene_hash=self.scene,
            query_text="",
            latency_ms=1.0,
        )
        return EpisodeResult(episode=episode, verdicts=(self._verdict(key),))

    def _verdict(self, key: str) -> VerdictRecord:
        return VerdictRecord(
            episode_key=key,
            engine="mujoco",
            engine_version="1",
            status="ok",
            code="SUCCESS" if self.right else "FAIL",
            success=self.right,
            robust_prob=None,
            robust_codes=(),
            n_perturbed=0,
            n_steps=self.n_steps,
            checks=b"[]",
            keyframes=b"[]",
        )


MakeNight = Callable[..., Run]


def _toys(
    n: int, *, wrong: Sequence[int] = (), tasks: Sequence[str] = TASKS, **same: Any
) -> list[Toy]:
    """Return ``n`` episodes of each task; those with a seed in ``wrong`` fail."""
    return [
        Toy(task=task, seed=seed, right=seed not in wrong, **same)
        for task in tasks
        for seed in range(n)
    ]


@pytest.fixture
def toys() -> Callable[..., list[Toy]]:
    """Return the function that lists the same episodes of every task."""
    return _toys


@pytest.fixture
def make_night(tmp_path: Path) -> MakeNight:
    """Seal toy episodes into ``tmp_path/<name>`` and load them; manifest fields by keyword."""

    def make(episodes: Sequence[Toy], name: str = "night", **fields: Any) -> Run:
        results = [toy.result() for toy in episodes]
        return sealed_run(tmp_path / name, results, **({"run_id": name} | fields))

    return make
