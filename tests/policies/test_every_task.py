"""Every baseline on every task on every track: an answer comes, it fits, it can be completed."""

from __future__ import annotations

from functools import lru_cache

import numpy as np
import pytest

import ivlm_envs  # noqa: F401 (registers the tasks)
from ivlm_bench.completion import complete
from ivlm_bench.env import TASKS, Episode
from ivlm_bench.fit import checked
from ivlm_bench.reasoners import REASONERS, PrivilegedReasoner, resolve_reasoner
from ivlm_bench.testing.privileged import WRONG_KINDS
from ivlm_bench.testing.reasoner import check_reasoner
from ivlm_bench.tracks import TRACKS
from ivlm_bench.types import Interaction

SIZE_PX = 96
BASELINES = [
    n for n, entry in REASONERS if n not in WRONG_KINDS and not (entry.needs or entry.install)
]
HONEST = [
    name for name, entry in REASONERS if not (entry.privileged or entry.needs or entry.install)
]


@lru_cache(maxsize=64)
def episode(task: str, track: str, seed: int) -> Episode:
    return TASKS.get(task)(track=track, size_px=SIZE_PX).episode(seed)


def answer(name: str, asked: Episode) -> Interaction:
    reasoner = resolve_reasoner(name)[0]
    if isinstance(reasoner, PrivilegedReasoner):
        return reasoner.predict_with_truth(asked.observation, asked.truth)
    return reasoner.predict(asked.observation)


def check(task: str, track: str, seed: int) -> None:
    asked = episode(task, track, seed)
    for name in BASELINES:
        given = answer(name, asked)
        checked(given, asked.observation)
        completed, stages = complete(asked.observation, given)
        checked(completed, asked.observation)
        assert {stages["contact"], stages["action"]} <= {"own", "shared", "none"}
        if "shared" in stages.values():
            depth = asked.observation.views[0].depth_m is not None
            assert (stages["lifter"] == "depth") is depth


@pytest.mark.parametrize("index", range(len(TASKS.names())))
def test_every_baseline_answers_validly(index: int) -> None:
    check(TASKS.names()[index], list(TRACKS)[index % len(TRACKS)], seed=0)


@pytest.mark.slow
@pytest.mark.parametrize("seed", [0, 1, 2])
@pytest.mark.parametrize("track", TRACKS)
@pytest.mark.parametrize("task", TASKS.names())
def test_every_baseline_answers_validly_on_every_track(task: str, track: str, seed: int) -> None:
    check(task, track, seed)


@pytest.mark.parametrize("track", TRACKS)
@pytest.mark.parametrize("name", HONEST)
def test_every_reasoner_keeps_the_rules_on_every_track(name: str, track: str) -> None:
    asked = [episode(task, track, 0).observation for task in TASKS.names()[::6]]
    reasoner = resolve_reasoner(name)[0]
    assert not isinstance(reasoner, PrivilegedReasoner)
    broken = [c.name for c in check_reasoner(reasoner, asked) if not c.passed]
    assert broken == []


@pytest.mark.parametrize("task", [name for name in TASKS.names() if "Place" in name])
def test_the_oracle_carries_the_object_at_hand(task: str) -> None:
    asked = next(e for e in (episode(task, "rgb", s) for s in range(20)) if e.truth.feasible)
    placement = answer("oracle", asked).placement
    assert placement is not None
    assert asked.observation.object_mesh is not None
    moved = placement.apply(asked.observation.object_mesh.vertices_m)
    assert not np.allclose(moved, asked.observation.object_mesh.vertices_m)
