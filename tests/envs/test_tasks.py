"""Every registered task: Gymnasium's own check, determinism, images, questions, answers."""

from __future__ import annotations

import warnings
from itertools import islice

import gymnasium as gym
import numpy as np
import pytest
from gymnasium.utils.env_checker import check_env

from ivlm_bench.codec import encode
from ivlm_bench.env import TASKS, InteractionEnv
from ivlm_bench.errors import ConfigError
from ivlm_bench.gym_codec import encode_interaction, interaction_of
from ivlm_bench.harness.simulate import simulate
from ivlm_bench.objects import content_hash
from ivlm_bench.suite import load_suite

TASK_IDS = TASKS.names()
SIZE_PX = 64

#: Why the naive answer to a question without answer fails: what makes it one.
NAIVE_CODES = {
    "ivlm/GraspAny-v0": "COLLISION_OBJECT",
    "ivlm/GraspMugHandle-v0": "WRONG_PART",
    "ivlm/GraspMugHandle-v1": "WRONG_PART",
    "ivlm/GraspBottleCap-v0": "WRONG_PART",
    "ivlm/GraspInClutter-v0": "WRONG_PART",
    "ivlm/GraspKnifeHandle-v0": "WRONG_PART",
    "ivlm/GraspToolHandle-v0": "WRONG_PART",
    "ivlm/OpenDrawer-v0": "NOT_MOVED",
    "ivlm/OpenDoor-v0": "NOT_MOVED",
    "ivlm/LiftLid-v0": "NOT_MOVED",
    "ivlm/PressButton-v0": "WRONG_PART",
    "ivlm/PushShut-v0": "NOT_MOVED",
    "ivlm/PlaceOn-v0": "TIPPED or SLID",
    "ivlm/TurnControl-v0": "PARTIAL",
    "ivlm/ReasonNovel-v0": "WRONG_PART or NOT_MOVED",
    "ivlm/ReasonTwo-v0": "WRONG_PART",
}
#: Tasks that draw from others fail as those do.
ANY_OF_THEM = " or ".join(dict.fromkeys(NAIVE_CODES.values()))
NAIVE_CODES |= {
    f"ivlm/Reason{kind}-v0": ANY_OF_THEM for kind in ("Seen", "Unseen", "Paraphrase", "Infeasible")
}


@pytest.fixture(params=TASK_IDS)
def env(request: pytest.FixtureRequest) -> InteractionEnv:
    return TASKS.get(request.param)(size_px=SIZE_PX)


def seeds_by_answerability(env: InteractionEnv, *, n: int = 60) -> dict[bool, int]:
    """Return the first seed of each kind: can be done, can't be done."""
    found: dict[bool, int] = {}
    for seed in range(n):
        found.setdefault(env.episode(seed).truth.feasible, seed)
        if len(found) == 2:
            break
    return found


def test_gymnasium_check_env(env: InteractionEnv) -> None:
    with warnings.catch_warnings():
        # An unbounded Box is what a depth image and a camera pose are.
        warnings.filterwarnings("ignore", message=".*Box observation space m(in|ax)imum value.*")
        # An earlier version of a task asks something else and stays: version 1 adds neighbours.
        warnings.filterwarnings("ignore", message=".*is out of date.*")
        # Answers are in metres and pixels, not in units of an action range.
        warnings.filterwarnings("ignore", message=".*symmetric and normalized space.*")
        check_env(gym.make(env.task, size_px=SIZE_PX).unwrapped, skip_render_check=True)


def test_same_seed_gives_the_same_question(env: InteractionEnv) -> None:
    first, again, other = env.episode(3), env.episode(3), env.episode(4)
    assert first.observation.query == again.observation.query
    for a, b in zip(first.observation.views, again.observation.views, strict=True):
        np.testing.assert_array_equal(a.rgb, b.rgb)
        assert a.depth_m is not None
        assert b.depth_m is not None
        np.testing.assert_array_equal(a.depth_m, b.depth_m)
    assert content_hash(first.scene.target.model) == content_hash(again.scene.target.model)
    assert not np.array_equal(first.observation.views[0].rgb, other.observation.views[0].rgb)


def test_the_asked_part_can_be_seen(env: InteractionEnv) -> None:
    for seed in range(12):
        truth = env.episode(seed).truth
        if truth.feasible:
            assert truth.part_masks.any(axis=(1, 2)).any(), f"seed {seed} hides the part"


def test_affordance_maps_lie_on_the_asked_part(env: InteractionEnv) -> None:
    truth = env.episode(seeds_by_answerability(env)[True]).truth
    assert truth.affordance_maps.max() > 0.5
    assert truth.affordance_maps.min() >= 0.0
    assert not truth.affordance_maps[~truth.part_masks].any()


def test_some_questions_have_no_answer(env: InteractionEnv) -> None:
    seeds = seeds_by_answerability(env)
    assert set(seeds) == {True, False}
    truth = env.episode(seeds[False]).truth
    assert truth.oracle.abstain
    assert truth.infeasible_reason
    assert set(truth.wrong) == {"naive"}


def test_physics_refuses_to_do_what_has_no_answer(env: InteractionEnv) -> None:
    """The verdict itself fails, on an answer that was really tried: no collision-free miss."""
    hopeless = (seed for seed in range(100, 160) if not env.episode(seed).truth.feasible)
    seeds = list(islice(hopeless, 2))
    assert len(seeds) == 2
    for seed in seeds:
        episode = env.episode(seed)
        judged = simulate(
            episode, encode(episode.truth.wrong["naive"]), engines=("mujoco",), n_perturbed=0
        )
        (verdict,) = judged.verdicts
        assert verdict.status == "ok"
        assert not verdict.success
        assert verdict.code in NAIVE_CODES[env.task].split(" or "), f"seed {seed}: {verdict.code}"


def test_docstring_says_what_a_user_asks(env: InteractionEnv) -> None:
    text = type(env).__doc__ or ""
    for head in ("Asked:", "Randomised:", "Success:", "Source:"):
        assert head in text, f"{env.task} does not say {head!r}"


def test_oracle_is_rewarded_and_every_wrong_kind_is_not(env: InteractionEnv) -> None:
    seed = seeds_by_answerability(env)[True]
    truth = env.episode(seed).truth
    assert set(truth.wrong) >= {"null", "wrong-part", "near-miss", "penetrating", "rotated"}
    answers = {"oracle": truth.oracle} | dict(truth.wrong)
    for kind, answer in answers.items():
        if kind == "null":
            continue  # an empty answer is completed by nothing, and an action has no such form
        env.reset(seed=seed)
        _, reward, terminated, truncated, info = env.step(encode_interaction(answer))
        assert (reward, terminated, truncated) == (float(kind == "oracle"), True, False), kind
        assert info["is_success"] is (kind == "oracle")


def test_abstaining_is_right_exactly_where_nothing_can_be_done(env: InteractionEnv) -> None:
    for feasible, seed in seeds_by_answerability(env).items():
        _, info = env.reset(seed=seed)
        assert "truth" not in info
        action = env.action_space.sample()
        action["abstain"] = 1
        _, reward, _, _, info = env.step(action)
        assert reward == float(not feasible)


def test_a_second_step_is_refused(env: InteractionEnv) -> None:
    env.reset(seed=0)
    action = env.action_space.sample() | {"abstain": 1}
    env.step(action)
    with pytest.raises(ConfigError, match="reset"):
        env.step(action)


def test_an_action_without_direction_is_an_invalid_answer(env: InteractionEnv) -> None:
    env.reset(seed=0)
    action = env.action_space.sample()
    action |= {"abstain": 0, "has_motion": 1, "motion": np.zeros(7)}
    _, reward, _, _, info = env.step(action)
    assert reward == 0.0
    assert info["status"] == "invalid_answer"
    assert "direction" in info["message"]


def test_actions_survive_the_round_trip(env: InteractionEnv) -> None:
    oracle = env.episode(seeds_by_answerability(env)[True]).truth.oracle
    back = interaction_of(encode_interaction(oracle))
    for one, two in zip(oracle.grasps[:1], back.grasps, strict=True):
        np.testing.assert_allclose(one.world_from_gripper.matrix, two.world_from_gripper.matrix)
    assert (oracle.motion is None) == (back.motion is None)
    assert (oracle.placement is None) == (back.placement is None)
    if oracle.placement is not None and back.placement is not None:
        np.testing.assert_allclose(oracle.placement.matrix, back.placement.matrix)


@pytest.mark.parametrize("track", ["rgb", "rgb4", "rgbd", "rgbd4"])
def test_tracks_show_what_they_say(track: str) -> None:
    env = TASKS.get(TASK_IDS[0])(track=track, size_px=SIZE_PX)
    observation = env.episode(0).observation
    assert len(observation.views) == (4 if track.endswith("4") else 1)
    assert all((v.depth_m is not None) == ("d" in track) for v in observation.views)


def test_vector_environment_runs_under_spawn() -> None:
    from functools import partial

    make = partial(gym.make, f"ivlm_envs:{TASK_IDS[0]}", size_px=32)
    envs = gym.vector.AsyncVectorEnv([make, make], context="spawn")
    try:
        observations, _ = envs.reset(seed=[1, 2])
        assert observations["rgb"].shape == (2, 4, 32, 32, 3)
        _, rewards, terminated, _, _ = envs.step(envs.action_space.sample())
        assert terminated.all()
        assert rewards.shape == (2,)
    finally:
        envs.close()


def test_smoke_suite_asks_every_task() -> None:
    suite = load_suite("smoke-v0")
    assert set(suite.tasks) <= set(TASK_IDS)
    assert len(suite.episodes()) == 80
