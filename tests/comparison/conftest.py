"""Runs written out scenario by scenario, without any simulation."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from ivlm_bench.digest import episode_key, scenario_key
from ivlm_bench.records import EpisodeRecord, EpisodeResult, ReasonerCard
from ivlm_bench.store import Run
from ivlm_bench.testing.made_runs import sealed_run

GRASP, PRESS = "ivlm/Grasp-v0", "ivlm/Press-v0"


@dataclass(frozen=True, kw_only=True)
class Tried:
    """One episode in short."""

    seed: int
    right: bool = True
    task: str = GRASP
    repeat: int = 0
    answerable: bool = True
    status: str = "ok"
    cluster: str = ""

    def result(self, fingerprint: str) -> EpisodeResult:
        scenario = scenario_key("p", self.task, self.seed)
        return EpisodeResult(
            episode=EpisodeRecord(
                episode_key=episode_key(scenario, fingerprint, self.repeat),
                scenario_key=scenario,
                task=self.task,
                seed=self.seed,
                repeat=self.repeat,
                cluster=self.cluster or f"{self.task}-{self.seed}",
                split="seen",
                answerable=self.answerable,
                status=self.status,  # type: ignore[arg-type]
                abstained=self.status == "abstained",
                success=self.right,
                code="SUCCESS" if self.right else "FAIL",
                confidence=None,
                stages={},
                scores={},
                prediction_hash="",
                scene_hash="s",
                query_text="",
            )
        )


MakeRun = Callable[..., Run]


@pytest.fixture
def tried() -> type[Tried]:
    """The class of episodes in short."""
    return Tried


@pytest.fixture
def make_run(tmp_path: Path) -> MakeRun:
    """Seal episodes into ``tmp_path/<name>`` and load them; manifest fields by keyword."""

    def make(episodes: Sequence[Tried], name: str, **fields: Any) -> Run:
        results = [episode.result(name) for episode in episodes]
        usual = {
            "run_id": f"{name}-1",
            "engines": {"mujoco": "4.0", "bullet": "3.2"},
            "single_engine": False,
            "reasoner": ReasonerCard(name=name, display=name.title(), params={}, fingerprint=name),
        }
        return sealed_run(tmp_path / name, results, **(usual | fields))

    return make
