"""The OpenGL renderer: the same geometry as the default one, and clear sentences without GL."""

from __future__ import annotations

import sys

import numpy as np
import pytest

from ivlm_bench.env import TASKS
from ivlm_bench.errors import ConfigError, MissingDependencyError
from ivlm_bench.registry import load_plugins
from ivlm_bench.render import get_renderer, gl_backend
from ivlm_bench.types import Observation

SIZE_PX = 96
#: Tasks with round and flat, plain and textured, thin and thick surfaces.
TASK_SEEDS = [("ivlm/GraspMugHandle-v0", 3), ("ivlm/OpenDrawer-v0", 1), ("ivlm/PressButton-v0", 2)]
#: float32 at two metres resolves 1.2e-7 m; the depth buffer is reversed, so nearly as fine.
DEPTH_M = 5e-6


@pytest.fixture(scope="module", autouse=True)
def _gl() -> None:
    load_plugins()
    try:
        gl_backend.choose_backend()
    except MissingDependencyError as error:
        pytest.skip(str(error))


def seen(task: str, seed: int, renderer: str) -> Observation:
    env = TASKS.get(task)(track="rgbd", size_px=SIZE_PX, renderer=renderer)
    return env.episode(seed).observation


@pytest.mark.parametrize(("task", "seed"), TASK_SEEDS)
def test_depth_is_that_of_the_default_renderer(task: str, seed: int) -> None:
    ours = seen(task, seed, "soft").views[0].depth_m
    theirs = seen(task, seed, "mujoco-gl").views[0].depth_m
    assert ours is not None
    assert theirs is not None
    both = (ours > 0) & (theirs > 0)
    assert np.mean((ours > 0) != (theirs > 0)) < 0.002
    # Where an edge crosses a pixel's centre the two may see different things.
    assert np.quantile(np.abs(ours - theirs)[both], 0.995) < DEPTH_M


@pytest.mark.parametrize(("task", "seed"), TASK_SEEDS)
def test_colours_are_like_those_of_the_default_renderer_and_not_the_same(
    task: str, seed: int
) -> None:
    ours = seen(task, seed, "soft").views[0].rgb.astype(float)
    theirs = seen(task, seed, "mujoco-gl").views[0].rgb.astype(float)
    assert 0.0 < np.abs(ours - theirs).mean() < 6.0
    assert np.corrcoef(ours.ravel(), theirs.ravel())[0, 1] > 0.97


def test_truth_does_not_depend_on_the_renderer() -> None:
    task, seed = TASK_SEEDS[0]
    masks = [
        TASKS.get(task)(track="rgbd", size_px=SIZE_PX, renderer=r).episode(seed).truth.part_masks
        for r in ("soft", "mujoco-gl")
    ]
    np.testing.assert_array_equal(masks[0], masks[1])


def test_drawing_again_and_after_other_scenes_gives_the_same_bits() -> None:
    first = seen(*TASK_SEEDS[0], "mujoco-gl").views[0].rgb
    for task, seed in TASK_SEEDS[1:]:
        seen(task, seed, "mujoco-gl")
    np.testing.assert_array_equal(first, seen(*TASK_SEEDS[0], "mujoco-gl").views[0].rgb)


def test_a_picture_larger_than_the_buffer_is_refused() -> None:
    with pytest.raises(ConfigError, match="2048 px"):
        TASKS.get(TASK_SEEDS[0][0])(track="rgb", size_px=2049, renderer="mujoco-gl")
    assert get_renderer("mujoco-gl").name == "mujoco-gl"


def test_a_window_system_is_never_used(monkeypatch: pytest.MonkeyPatch) -> None:
    gl_backend.choose_backend.cache_clear()
    monkeypatch.setenv("MUJOCO_GL", "glfw")
    with pytest.raises(ConfigError, match="without a display"):
        gl_backend.choose_backend()
    gl_backend.choose_backend.cache_clear()


def test_without_gl_the_sentence_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    gl_backend.choose_backend.cache_clear()
    monkeypatch.delenv("MUJOCO_GL", raising=False)
    monkeypatch.setattr(sys, "executable", "/bin/false")
    with pytest.raises(MissingDependencyError, match="apt-get install libegl1 or libosmesa6"):
        gl_backend.choose_backend()
    gl_backend.choose_backend.cache_clear()
