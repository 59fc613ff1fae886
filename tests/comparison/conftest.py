"""Runs written out scenario by scenario, without any simulation."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from ivlm_bench.digest import episode_key, scenario_key
from ivlm_bench.records import EpisodeRecord, EpisodeResult, Manifest, ReasonerCard
from ivlm_bench.store import Run, RunHeader, RunStore, load_run

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
        card = ReasonerCard(name=name, display=name.title(), params={}, fingerprint=name)
        values: dict[str, Any] = {
            "schema_version": 1,
            "run_id": f"{name}-1",
            "created_at": "2026-01-01T00:00:00Z",
            "tool_version": "0",
            "suite": "toy-v0",
            "suite_hash": "a" * 16,
            "track": "rgb",
            "protocol": "ivlm-phys-v1",
            "protocol_hash": "p",
            "engines": {"mujoco": "4.0", "bullet": "3.2"},
            "renderer": "soft",
            "single_engine": False,
            "reasoner": card,
            "n_planned": 0,
            "n_by_status": {},
            "n_perturbed": 0,
            "base_seed": 0,
            "bit_digest": "",
            "outcome_digest": "",
            "machine": {},
            "packages": {},
            "files": (),
        }
        folder = tmp_path / name
        keys = tuple(result.episode.episode_key for result in results)
        with RunStore(folder) as store:
            store.begin(RunHeader(run_id="r", config_hash="c", planned=keys, created_at="t"))
            for result in results:
                store.append(result)
            store.seal(Manifest(**(values | fields)))
        return load_run(folder)

    return make
