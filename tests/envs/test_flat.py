"""Flat actions and named images: the contract of LeRobot's evaluation, step by step."""

from __future__ import annotations

import numpy as np
import pytest
from gymnasium.utils.env_checker import check_env
from gymnasium.vector import AutoresetMode, SyncVectorEnv

from ivlm_bench.env import TASKS, InteractionEnv
from ivlm_bench.errors import ConfigError
from ivlm_bench.gym_codec import encode_interaction
from ivlm_bench.gym_flat import STATE_PER_VIEW, FlatInteraction
from ivlm_bench.lerobot_env import make_env, make_flat
from ivlm_bench.registry import load_plugins

SIZE_PX = 32


@pytest.fixture(scope="module", autouse=True)
def _plugins() -> None:
    load_plugins()


def flat(task: str, track: str = "rgb4") -> tuple[FlatInteraction, InteractionEnv]:
    inner = TASKS.get(task)(track=track, size_px=SIZE_PX)
    return FlatInteraction(inner), inner


@pytest.mark.filterwarnings("ignore:.*different from the unwrapped version")  # it is a wrapper
@pytest.mark.filterwarnings("ignore:.*symmetric and normalized space")  # metres stay metres
def test_gymnasium_finds_nothing_to_complain_of() -> None:
    check_env(make_flat("ivlm/GraspAny-v0", track="rgb4", size_px=SIZE_PX), skip_render_check=True)


@pytest.mark.parametrize("track", ["rgb", "rgbd4"])
def test_images_and_state_have_their_names_and_shapes(track: str) -> None:
    env, inner = flat("ivlm/GraspAny-v0", track)
    seen, info = env.reset(seed=3)
    n_views = inner.track.n_views
    assert sorted(seen["pixels"]) == [f"view_{number}" for number in range(n_views)]
    shown = inner.episode(3).observation
    for number, view in enumerate(shown.views):
        np.testing.assert_array_equal(seen["pixels"][f"view_{number}"], view.rgb)
        state = seen["agent_pos"][1 + STATE_PER_VIEW * number :][:STATE_PER_VIEW]
        np.testing.assert_allclose(
            state[4:7], view.camera.world_from_camera.position_m, rtol=0, atol=1e-6
        )
    assert info == {"is_success": False, "seed": 3}
    assert env.task_description == env.task == shown.query.text


@pytest.mark.parametrize("task", ["ivlm/GraspAny-v0", "ivlm/OpenDrawer-v0", "ivlm/PressButton-v0"])
def test_the_oracle_as_a_vector_succeeds_and_the_zero_vector_does_not(task: str) -> None:
    env, inner = flat(task)
    seed = next(s for s in range(20) if inner.episode(s).truth.feasible)
    oracle = env.flatten(encode_interaction(inner.episode(seed).truth.oracle))
    assert env.action_space.shape == oracle.shape
    for action, success in ((oracle, True), (np.zeros_like(oracle), False)):
        env.reset(seed=seed)
        _, reward, terminated, truncated, info = env.step(action)
        assert (reward, terminated, truncated) == (float(success), True, False)
        assert info["is_success"] is success


def test_flattening_keeps_every_field_in_its_place() -> None:
    env, inner = flat("ivlm/GraspAny-v0")
    nested = {name: np.asarray(space.sample()) for name, space in inner.action_space.items()}  # type: ignore[attr-defined]
    again = env.unflatten(env.flatten(nested))
    assert set(again) == set(nested)
    for name, value in nested.items():
        np.testing.assert_allclose(np.ravel(again[name]), np.ravel(value), rtol=1e-6, atol=1e-6)


def test_a_vector_of_another_length_is_refused() -> None:
    env, _ = flat("ivlm/GraspAny-v0")
    with pytest.raises(ValueError, match="not 3"):
        env.unflatten(np.zeros(3))


def test_five_episodes_in_a_vector_as_lerobot_steps_them() -> None:
    made = make_env(n_envs=2, suite="smoke-v0", tasks=("GraspAny",), track="rgb")
    vector = made["smoke-v0"][0]
    assert isinstance(vector, SyncVectorEnv)
    assert vector.metadata["autoreset_mode"] == AutoresetMode.SAME_STEP
    assert vector.call("_max_episode_steps") == (1, 1)
    n_done = 0
    while n_done < 5:
        vector.reset(seed=[n_done, n_done + 1])
        assert all(isinstance(text, str) and text for text in vector.call("task_description"))
        _, reward, terminated, _, info = vector.step(np.zeros(vector.action_space.shape))
        assert terminated.all()
        np.testing.assert_array_equal(info["final_info"]["is_success"], reward > 0)
        n_done += vector.num_envs
    vector.close()


def test_no_environment_is_refused_in_a_sentence() -> None:
    with pytest.raises(ConfigError, match="at least 1"):
        make_env(n_envs=0, suite="smoke-v0")
