"""Tasks that ask for a handle: who is asked for, beside what, and how it may be taken."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable

import numpy as np
import pytest

from ivlm_bench.env import TASKS, InteractionEnv, Question
from ivlm_bench.trials.precheck import scene_approach
from ivlm_bench.types import Scene

TASK_IDS = ("ivlm/GraspKnifeHandle-v0", "ivlm/GraspToolHandle-v0")
N_SEEDS = 24
#: Deepest penetration that the protocol forgives (m): IVLM-Phys v1, section 6.1, step 2.
FORGIVEN_M = 0.001
#: Words for the families that lack a handle.
CALLED = {"bare_blade": "knife", "bare_hammer_head": "hammer", "bare_pan": "pan"}

Asked = list[tuple[InteractionEnv, Scene, Question]]


@pytest.fixture(scope="module")
def asked() -> Callable[[str], Asked]:
    """Draw the first questions of a task, without images."""
    known: dict[str, Asked] = {}

    def draw(task: str) -> Asked:
        if task not in known:
            env = TASKS.get(task)(size_px=16)
            known[task] = []
            for seed in range(N_SEEDS):
                rng = np.random.default_rng(seed)
                scene = env.sample_scene(rng)
                known[task].append((env, scene, env.question(scene, rng)))
        return known[task]

    return draw


@pytest.mark.parametrize("task", TASK_IDS)
def test_half_of_the_targets_lie_among_one_to_five_others(
    asked: Callable[[str], Asked], task: str
) -> None:
    n = [sum(p.role == "clutter" for p in scene.placements) for _, scene, _ in asked(task)]
    assert 0.25 <= np.mean(np.array(n) > 0) <= 0.75
    assert max(n) <= 5


@pytest.mark.parametrize("task", TASK_IDS)
def test_the_name_in_the_question_fits_one_object_only(
    asked: Callable[[str], Asked], task: str
) -> None:
    for _, scene, question in asked(task):
        names = [CALLED.get(p.model.category, p.model.category) for p in scene.placements]
        assert names.count(question.query.object_name) == 1
        assert question.query.object_name in question.query.text
        assert question.query.part_name == "handle"


@pytest.mark.parametrize("task", TASK_IDS)
def test_the_oracle_holds_the_handle_and_comes_in_freely(
    asked: Callable[[str], Asked], task: str
) -> None:
    for env, scene, question in asked(task):
        has_handle = "handle" in {part.name for _, part in scene.target.model.parts}
        assert question.feasible == has_handle
        assert question.oracle.abstain != has_handle
        if has_handle:
            grasp = question.oracle.grasps[0]
            found = scene_approach(scene).penetrations(
                grasp.world_from_gripper, grasp.width_m, env.gripper
            )
            assert max(found.object_m, found.support_m, found.clutter_m) <= FORGIVEN_M


def test_no_kind_of_tool_is_rare(asked: Callable[[str], Asked]) -> None:
    families = Counter(
        scene.target.model.category for _, scene, _ in asked("ivlm/GraspToolHandle-v0")
    )
    whole = {f: n for f, n in families.items() if f not in CALLED}
    assert set(whole) == {"hammer", "pan", "screwdriver", "kettle"}
    # 20 draws of four equal kinds: 5 each with a standard deviation of 1.9
    assert min(whole.values()) >= 2
    assert max(whole.values()) <= 10
