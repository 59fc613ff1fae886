"""Questions of what to push shut: what stands open, and where the oracle pushes."""

from __future__ import annotations

import numpy as np
import pytest

from ivlm_bench.engines.clearance import nearest_surface
from ivlm_bench.env import TASKS, Episode
from ivlm_bench.geometry.kinematics import link_poses
from ivlm_bench.objects import OBJECTS
from ivlm_envs.articulated.push_shut import FAMILIES, front_part, pushable

SEEDS = range(24)


@pytest.fixture(scope="module")
def episodes() -> list[Episode]:
    env = TASKS.get("ivlm/PushShut-v0")(size_px=32)
    return [env.episode(seed) for seed in SEEDS]


def test_the_asked_one_is_open_exactly_where_it_can_be_shut(episodes: list[Episode]) -> None:
    for episode in episodes:
        joint = episode.truth.trial.joint
        assert joint is not None
        joints = episode.scene.target.joints
        assert (joint in joints) == episode.truth.feasible
        ranges = {
            link.joint.name: link.joint.upper
            for link in episode.scene.target.model.links
            if link.joint is not None
        }
        assert all(0.1 <= at / ranges[name] < 0.85 for name, at in joints.items())
        # In one image, too, the asked front can be seen: what is shut is hidden by nothing open.
        assert episode.truth.part_masks[0].any(), episode.seed
    assert {episode.scene.target.model.category for episode in episodes} == set(FAMILIES)


def test_the_oracle_pushes_on_the_asked_front_towards_shut(episodes: list[Episode]) -> None:
    for episode in episodes:
        if not episode.truth.feasible:
            continue
        motion, joint = episode.truth.oracle.motion, episode.truth.trial.joint
        assert motion is not None
        assert joint is not None
        near = nearest_surface(episode.scene, motion.point_m)
        assert near.part == front_part(joint)
        assert near.distance_m < 5e-4
        # Where a point of the front goes when the joint closes by a hundredth.
        target = episode.scene.target
        link = target.model.link_of_part(front_part(joint))
        before = link_poses(target)[link.name]
        closer = {**target.joints, joint: target.joints[joint] * 0.99}
        after = link_poses(target, closer)[link.name]
        shift = after.apply(before.inverse().apply(motion.point_m)) - motion.point_m
        assert shift @ motion.direction > 0.9 * np.linalg.norm(shift)


@pytest.mark.parametrize("family", FAMILIES)
def test_fronts_can_be_pushed_and_nothing_else(family: str) -> None:
    original = OBJECTS.get(family).build(3, "unseen")
    model = pushable(original)
    values, start = model.affordances["push"], 0
    assert {name: model.affordances[name] for name in original.affordances} == dict(
        original.affordances
    )
    fronts = {front_part(link.joint.name) for link in model.links if link.joint is not None}
    for _, part in model.parts:
        stop = start + len(part.mesh.vertices_m)
        assert bool(values[start:stop].any()) == (part.name in fronts), part.name
        start = stop
    assert values.max() == pytest.approx(1.0, abs=0.05)
