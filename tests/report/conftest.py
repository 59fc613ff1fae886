"""A small run in all its variety, put together by hand: real scenes, made-up verdicts."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import msgspec
import numpy as np
import pytest
from msgspec.structs import replace

from ivlm_bench.codec import encode
from ivlm_bench.digest import episode_key, scenario_key
from ivlm_bench.env import TASKS, Episode
from ivlm_bench.geometry.kinematics import body_poses
from ivlm_bench.harness.fingerprint import content_hash
from ivlm_bench.keyframes import encode_keyframes
from ivlm_bench.records import EpisodeRecord, EpisodeResult, Manifest, ReasonerCard, VerdictRecord
from ivlm_bench.store import RunHeader, RunStore
from ivlm_bench.types import Check, Interaction, Keyframe, Pose

SIZE_PX = 64
ENGINES = {"mujoco": "4.0", "pybullet": "3.2"}
GRASP, PRESS = "ivlm/GraspAny-v0", "ivlm/PressButton-v0"

CHECKS = (
    Check(name="drift", value=0.001, limit=0.02, unit="m", passed=True, gating=False),
    Check(name="contact_left", value=0.25, limit=0.5, unit="N", passed=False, relation=">="),
)


def pose_again(task: str, seed: int) -> Episode:
    return TASKS.get(task)(track="rgb4", size_px=SIZE_PX).episode(seed)


def pads_apart(world_from_gripper: Pose, apart_m: float) -> dict[str, Pose]:
    """Poses of the gripper's bodies as engines report them: the palm's origin between the pads."""
    return {
        "gripper/palm": world_from_gripper,
        "gripper/left": world_from_gripper @ Pose.at(-apart_m / 2, 0, 0),
        "gripper/right": world_from_gripper @ Pose.at(apart_m / 2, 0, 0),
    }


def film_of(episode: Episode, answer: Interaction) -> tuple[Keyframe, ...]:
    """Two key frames: the tool at its start and 1 s later."""
    bodies = body_poses(episode.scene)
    if answer.grasps:
        pose = answer.grasps[0].world_from_gripper
        tools = [pads_apart(pose, 0.09), pads_apart(pose, 0.05)]
    else:
        point = np.zeros(3) if answer.motion is None else answer.motion.point_m
        tools = [{"probe/tip": Pose.at(*point)}] * 2
    labels = ("start", "closed")
    return tuple(
        Keyframe(label, float(i), {**bodies, **tool})
        for i, (label, tool) in enumerate(zip(labels, tools, strict=True))
    )


def record_of(task: str, seed: int) -> EpisodeRecord:
    episode = pose_again(task, seed)
    scenario = scenario_key("protocol", task, seed)
    target = episode.scene.target.model
    return EpisodeRecord(
        episode_key=episode_key(scenario, "fingerprint", 0),
        scenario_key=scenario,
        task=task,
        seed=seed,
        repeat=0,
        cluster=target.cluster,
        split=target.split,
        answerable=episode.truth.feasible,
        status="ok",
        abstained=False,
        success=True,
        code="SUCCESS",
        confidence=0.75,
        stages={"contact": "own", "action": "shared"},
        scores={},
        prediction_hash="",
        scene_hash=content_hash(episode.scene),
        query_text=episode.observation.query.text,
    )


def verdicts_of(record: EpisodeRecord, film: tuple[Keyframe, ...]) -> tuple[VerdictRecord, ...]:
    return tuple(
        VerdictRecord(
            episode_key=record.episode_key,
            engine=engine,
            engine_version=version,
            status="ok",
            code=record.code,
            success=record.success,
            robust_prob=0.5,
            robust_codes=("SUCCESS", "NO_CONTACT"),
            n_perturbed=2,
            n_steps=100,
            checks=msgspec.json.encode(CHECKS),
            keyframes=encode_keyframes(film),
        )
        for engine, version in ENGINES.items()
    )


def tried(task: str, seed: int, *, code: str = "SUCCESS") -> EpisodeResult:
    """An episode whose oracle answer was executed, ended with ``code``."""
    episode = pose_again(task, seed)
    record = replace(record_of(task, seed), code=code, success=code == "SUCCESS")
    answer = episode.truth.oracle
    return EpisodeResult(
        episode=record,
        verdicts=verdicts_of(record, film_of(episode, answer)),
        prediction=encode(answer),
    )


def declined(task: str, seed: int, reason: str = "I can't") -> EpisodeResult:
    record = record_of(task, seed)
    record = replace(
        record, status="abstained", abstained=True, success=not record.answerable, code="ABSTAINED"
    )
    return EpisodeResult(
        episode=record, prediction=encode(Interaction(abstain=True, abstain_reason=reason))
    )


def broken(task: str, seed: int, message: str = "Traceback: no") -> EpisodeResult:
    record = replace(
        record_of(task, seed),
        status="reasoner_error",
        success=False,
        code="REASONER_ERROR",
        message=message,
        confidence=None,
        stages={},
    )
    return EpisodeResult(episode=record)


def answerable_seeds(task: str, n: int) -> list[int]:
    return [s for s in range(4 * n + 8) if pose_again(task, s).truth.feasible][:n]


@pytest.fixture(scope="session")
def variety() -> tuple[EpisodeResult, ...]:
    """Two successes, two wrong answers, a wrong abstention, an error: in no order."""
    g, p = answerable_seeds(GRASP, 4), answerable_seeds(PRESS, 2)
    return (
        tried(GRASP, g[0]),
        tried(PRESS, p[0]),
        tried(GRASP, g[1], code="NO_CONTACT"),
        broken(GRASP, g[2]),
        declined(GRASP, g[3]),
        tried(PRESS, p[1], code="WRONG_PART"),
    )


@pytest.fixture(scope="session")
def manifest() -> Manifest:
    return Manifest(
        schema_version=1,
        run_id="run-1",
        created_at="2026-11-22T12:00:00+00:00",
        tool_version="0.1.0",
        suite="smoke-v0",
        suite_hash="abc",
        track="rgb4",
        protocol="ivlm-phys-v1",
        protocol_hash="def",
        engines=ENGINES,
        renderer="soft",
        single_engine=False,
        reasoner=ReasonerCard(
            name="geometric", display="Geometric", params={"n": "3"}, fingerprint="f"
        ),
        n_planned=0,
        n_by_status={},
        n_perturbed=2,
        base_seed=7,
        bit_digest="",
        outcome_digest="",
        machine={},
        packages={},
        files=(),
        size_px=SIZE_PX,
    )


Seal = Callable[..., Path]


@pytest.fixture(scope="session")
def seal(tmp_path_factory: pytest.TempPathFactory, manifest: Manifest) -> Seal:
    """Seal results into a run and return its folder."""

    def sealed(results: tuple[EpisodeResult, ...], described: Manifest = manifest) -> Path:
        folder = tmp_path_factory.mktemp("runs") / "run"
        keys = tuple(result.episode.episode_key for result in results)
        header = RunHeader(run_id="run-1", config_hash="c", planned=keys, created_at="t", config={})
        with RunStore(folder) as store:
            store.begin(header)
            for result in results:
                store.append(result)
            store.seal(described)
        return folder

    return sealed
