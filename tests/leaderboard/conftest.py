"""Runs written out episode by episode, without any simulation."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from ivlm_bench.digest import episode_key, scenario_key
from ivlm_bench.records import EpisodeRecord, EpisodeResult, ReasonerCard, VerdictRecord
from ivlm_bench.store import Run
from ivlm_bench.testing.made_runs import sealed_run

GRASP, PRESS = "ivlm/Grasp-v0", "ivlm/Press-v0"


@dataclass(frozen=True, kw_only=True)
class Toy:
    """One episode in short; ``engines``: the success that each saw, ``more``: further scores."""

    task: str = GRASP
    seed: int = 0
    repeat: int = 0
    status: str = "ok"
    answerable: bool = True
    engines: tuple[bool | None, ...] = (True, True)
    robust: float | None = None
    split: str = "seen"
    cluster: str = ""
    latency_ms: float | None = 10.0
    posed: bool = True
    stages: dict[str, str] = field(default_factory=lambda: {"action": "own"})
    code: str = ""
    confidence: float | None = None
    more: dict[str, float | None] = field(default_factory=dict)

    def result(self, fingerprint: str) -> EpisodeResult:
        scenario = scenario_key("p", self.task, self.seed)
        key = episode_key(scenario, fingerprint, self.repeat)
        abstained = self.status == "abstained"
        tried = self.status == "ok"
        success = not self.answerable if abstained else tried and bool(self.engines[0])
        success = success and (abstained or self.answerable)
        scores: dict[str, float | None] = {}
        if tried or abstained:
            scores = {"success": float(success)}
            if self.answerable:
                scores["robust_success"] = 0.0 if abstained else self.robust
        verdicts = [
            self._verdict(key, name, seen)
            for name, seen in zip(("mujoco", "bullet"), self.engines, strict=False)
            if self.status in ("ok", "sim_diverged")
        ]
        episode = EpisodeRecord(
            episode_key=key,
            scenario_key=scenario,
            task=self.task,
            seed=self.seed,
            repeat=self.repeat,
            cluster=self.cluster or f"{self.task}-{self.seed}",
            split=self.split,
            answerable=self.answerable,
            status=self.status,  # type: ignore[arg-type]
            abstained=abstained,
            success=success,
            code=self.code or ("SUCCESS" if tried and self.engines[0] else "FAIL"),
            confidence=self.confidence,
            stages=self.stages,
            scores=scores | self.more,
            prediction_hash="",
            scene_hash="s" if self.posed else "",
            query_text="",
            latency_ms=self.latency_ms,
        )
        return EpisodeResult(episode=episode, verdicts=tuple(verdicts))

    def _verdict(self, key: str, engine: str, seen: bool | None) -> VerdictRecord:
        diverged = seen is None or (self.status == "sim_diverged" and engine == "mujoco")
        return VerdictRecord(
            episode_key=key,
            engine=engine,
            engine_version="1",
            status="sim_diverged" if diverged else "ok",
            code="SUCCESS" if seen else "FAIL",
            success=bool(seen),
            robust_prob=self.robust,
            robust_codes=(),
            n_perturbed=0 if self.robust is None else 4,
            n_steps=100,
            checks=b"[]",
            keyframes=b"[]",
        )


MakeRun = Callable[..., Run]


@pytest.fixture
def toy() -> type[Toy]:
    """The class of toy episodes."""
    return Toy


@pytest.fixture
def make_run(tmp_path: Path) -> MakeRun:
    """Seal toy episodes into ``tmp_path/<name>`` and load them; manifest fields by keyword."""

    def make(toys: Sequence[Toy], name: str = "toy", **fields: Any) -> Run:
        results = [toy.result(name) for toy in toys]
        card = ReasonerCard(
            name=name,
            display=name.title(),
            params=fields.pop("params", {}),
            fingerprint=fields.pop("fingerprint", name),
            privileged=fields.pop("privileged", False),
        )
        usual = {
            "run_id": f"{name}-1",
            "engines": {"mujoco": "4.0", "bullet": "3.2"},
            "single_engine": False,
            "n_perturbed": 4,
            "reasoner": card,
        }
        values = usual | fields
        return sealed_run(tmp_path / str(values["run_id"]), results, **values)

    return make
