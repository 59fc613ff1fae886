"""Our tasks for LeRobot's evaluation: ``make_env`` as an ``env.py`` offers it.

A file ``env.py`` that holds ``from ivlm_bench.lerobot_env import make_env`` is all that LeRobot
needs; ``{suite: {task number: vector environment}}`` is what it expects back.
"""

from __future__ import annotations

from functools import partial
from typing import Any

import gymnasium as gym
from gymnasium.vector import AsyncVectorEnv, AutoresetMode, SyncVectorEnv, VectorEnv

from ivlm_bench.env import TASKS
from ivlm_bench.errors import ConfigError
from ivlm_bench.gym_flat import FlatInteraction
from ivlm_bench.registry import load_plugins
from ivlm_bench.suite import load_suite, select_tasks

#: Suite whose tasks are offered unless another is asked for.
DEFAULT_SUITE = "core-v0"


def make_env(
    n_envs: int = 1,
    use_async_envs: bool = False,  # LeRobot's own signature
    cfg: Any = None,
    *,
    suite: str = DEFAULT_SUITE,
    tasks: tuple[str, ...] = (),
    track: str | None = None,
) -> dict[str, dict[int, VectorEnv[Any, Any, Any]]]:
    """Return one vector environment a task, by the task's number in the suite.

    Parameters
    ----------
    n_envs
        Environments in each vector.
    use_async_envs
        A process for each instead of one for all.
    cfg
        LeRobot's own configuration; its ``task``, if any, names the only task wanted.
    suite, tasks, track
        Which tasks (all of the suite if empty), and how they are shown (as the suite says if None).

    Raises
    ------
    ConfigError
        If ``n_envs`` is below 1.
    UnknownNameError
        If suite, task or track is unknown.
    """
    if n_envs < 1:
        raise ConfigError(f"n_envs is {n_envs}; at least 1 environment is needed.")
    load_plugins()
    loaded = load_suite(suite)
    named = getattr(cfg, "task", None)
    chosen = select_tasks(loaded, (named,) if named else tasks)
    kind = AsyncVectorEnv if use_async_envs else SyncVectorEnv
    vectors: dict[int, VectorEnv[Any, Any, Any]] = {}
    for task in chosen:
        make = partial(
            make_flat, task, track=track or loaded.sensors.track, size_px=loaded.sensors.size_px
        )
        vectors[loaded.tasks.index(task)] = kind(
            [make] * n_envs, autoreset_mode=AutoresetMode.SAME_STEP
        )
    return {loaded.name: vectors}


def make_flat(task: str, **sensors: Any) -> gym.Env[Any, Any]:
    """Return one environment with flat actions; ``sensors`` go to its constructor."""
    load_plugins()
    return FlatInteraction(TASKS.get(task)(**sensors))
