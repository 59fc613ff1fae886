"""A small run, written out by hand."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from ivlm_bench.digest import episode_key, scenario_key
from ivlm_bench.records import EpisodeRecord, EpisodeResult, Manifest, ReasonerCard, VerdictRecord
from ivlm_bench.store import RunHeader


def build_result(index: int) -> EpisodeResult:
    """Episode ``index`` of a run of two tasks on two engines."""
    task = ("ivlm/Grasp-v0", "ivlm/Press-v0")[index % 2]
    scenario = scenario_key("protocol", task, index)
    key = episode_key(scenario, "fingerprint", 0)
    verdicts = tuple(
        VerdictRecord(
            episode_key=key,
            engine=engine,
            engine_version="1",
            status="ok",
            code="held",
            success=True,
            robust_prob=None if engine == "bullet" else 0.1 + 0.2,
            robust_codes=("held", "slipped"),
            n_perturbed=2,
            n_steps=100,
            checks=b"[]",
            keyframes=b"\x00\xff",
        )
        for engine in ("mujoco", "bullet")
    )
    episode = EpisodeRecord(
        episode_key=key,
        scenario_key=scenario,
        task=task,
        seed=index,
        repeat=0,
        cluster=f"mug-{index}",
        split="seen",
        answerable=True,
        status="ok",
        abstained=False,
        success=True,
        code="held",
        confidence=0.5,
        stages={"grasp": "own"},
        scores={"success": 1.0, "pointing_hit": None if index % 2 else 1.0},
        prediction_hash="p",
        scene_hash="s",
        query_text="Grasp the mug.",
        latency_ms=1.0 + index,
        worker=index,
    )
    return EpisodeResult(episode=episode, verdicts=verdicts, prediction=str(index).encode())


@pytest.fixture
def make_result() -> Callable[[int], EpisodeResult]:
    return build_result


@pytest.fixture
def results() -> list[EpisodeResult]:
    return [build_result(index) for index in range(6)]


@pytest.fixture
def header(results: list[EpisodeResult]) -> RunHeader:
    keys = tuple(r.episode.episode_key for r in results)
    return RunHeader(
        run_id="r", config_hash="a", planned=keys, created_at="t", config={"suite": "smoke-v0"}
    )


@pytest.fixture
def manifest() -> Manifest:
    return Manifest(
        schema_version=1,
        run_id="r",
        created_at="t",
        tool_version="0",
        suite="smoke-v0",
        suite_hash="h",
        track="rgb",
        protocol="IVLM-Phys-v1",
        protocol_hash="p",
        engines={"mujoco": "1"},
        renderer="soft",
        single_engine=True,
        reasoner=ReasonerCard(name="n", display="N", params={}, fingerprint="f"),
        n_planned=0,
        n_by_status={},
        n_perturbed=2,
        base_seed=0,
        bit_digest="",
        outcome_digest="",
        machine={},
        packages={},
        files=(),
    )
