"""One vector an answer, named images an observation: for learners that know no nested spaces."""

from __future__ import annotations

from typing import Any

import gymnasium as gym
import numpy as np
from gymnasium import spaces

from ivlm_bench.env import InteractionEnv
from ivlm_bench.geometry.se3 import quat_from_matrix

#: From here on a flag of a flat action counts as set.
SET_FROM = 0.5
#: Numbers that ``agent_pos`` holds of a view: four of the lens, three of place, four of turn.
STATE_PER_VIEW = 11
#: Bound of each of them: a lens of 10,000 px is longer than any camera's here.
STATE_MOST = 1e4


class FlatInteraction(gym.Wrapper[dict[str, Any], np.ndarray, dict[str, Any], dict[str, Any]]):
    """An environment with a Box action and an observation of ``pixels`` and ``agent_pos``.

    Names follow LeRobot's: ``pixels`` holds one (h, w, 3) uint8 image a view, ``agent_pos`` what is
    known of the gripper and the cameras; ``task`` and ``task_description`` are the sentence asked;
    ``info["is_success"]`` is there after reset and step.

    The action is the fields of the environment's own action in alphabetical order, one after the
    other (``layout`` names them): flags are set from 0.5 on, numbers are taken as they are.
    """

    def __init__(self, env: InteractionEnv) -> None:
        super().__init__(env)  # type: ignore[arg-type]
        self._inner = env
        self._fields = dict(sorted(_entries(env.action_space).items()))
        self.layout = {name: spaces.flatdim(_box(space)) for name, space in self._fields.items()}
        boxes = [_box(space) for space in self._fields.values()]
        self.action_space = spaces.Box(
            np.concatenate([box.low.ravel() for box in boxes]).astype(np.float32),
            np.concatenate([box.high.ravel() for box in boxes]).astype(np.float32),
        )
        self.observation_space = self._pictures_space()
        self._max_episode_steps = 1
        self._asked = ""

    @property
    def task(self) -> str:
        """The sentence of the current question."""
        return self._asked

    @property
    def task_description(self) -> str:
        """The sentence of the current question."""
        return self._asked

    def reset(
        self, *, seed: int | None = None, options: dict[str, Any] | None = None
    ) -> tuple[dict[str, Any], dict[str, Any]]:
        """Pose a question."""
        observation, info = self._inner.reset(seed=seed, options=options)
        self._asked = str(observation["text"])
        return self._pictures(observation), {"is_success": False, "seed": int(info["seed"])}

    def step(self, action: np.ndarray) -> tuple[dict[str, Any], float, bool, bool, dict[str, Any]]:
        """Execute the answer; the info holds plain values only."""
        observation, reward, ended, cut, info = self._inner.step(self.unflatten(action))
        told = {"is_success": bool(info["is_success"]), "status": str(info["status"])}
        return self._pictures(observation), float(reward), ended, cut, told

    def unflatten(self, action: np.ndarray) -> dict[str, Any]:
        """Return the nested action that a vector stands for.

        Raises
        ------
        ValueError
            If the vector has another length.
        """
        row = np.asarray(action, np.float64).reshape(-1)
        if len(row) != sum(self.layout.values()):
            raise ValueError(f"An action has {sum(self.layout.values())} numbers, not {len(row)}.")
        nested: dict[str, Any] = {}
        start = 0
        for name, size in self.layout.items():
            part, start = row[start : start + size], start + size
            flag = isinstance(self._fields[name], spaces.Discrete)
            nested[name] = int(part[0] >= SET_FROM) if flag else part
        return nested

    def flatten(self, action: dict[str, Any]) -> np.ndarray:
        """Return the vector (n,) float32 of a nested action."""
        parts = [np.asarray(action[name], np.float64).reshape(-1) for name in self.layout]
        return np.concatenate(parts).astype(np.float32)

    def _pictures_space(self) -> spaces.Dict:
        views, *shape = _entries(self._inner.observation_space)["rgb"].shape or ()
        image = spaces.Box(0, 255, tuple(shape), np.uint8)
        state = spaces.Box(-STATE_MOST, STATE_MOST, (1 + views * STATE_PER_VIEW,), np.float32)
        pixels = spaces.Dict({f"view_{number}": image for number in range(views)})
        return spaces.Dict({"pixels": pixels, "agent_pos": state})

    def _pictures(self, observation: dict[str, Any]) -> dict[str, Any]:
        """Return images and state: opening (m); fx, fy, cx, cy (px), position (m), wxyz a view."""
        pixels = {f"view_{number}": image for number, image in enumerate(observation["rgb"])}
        cameras = zip(observation["intrinsics_px"], observation["world_from_camera"], strict=True)
        state = [np.array([self._inner.gripper.max_opening_m])]
        for intrinsics, pose in cameras:
            lens = [intrinsics[0, 0], intrinsics[1, 1], intrinsics[0, 2], intrinsics[1, 2]]
            state += [np.array(lens), pose[:3, 3], quat_from_matrix(pose[:3, :3])]
        return {"pixels": pixels, "agent_pos": np.concatenate(state).astype(np.float32)}


def _entries(space: spaces.Space[Any]) -> dict[str, spaces.Space[Any]]:
    """Return the named parts of a Dict space."""
    if not isinstance(space, spaces.Dict):
        raise TypeError(f"A Dict space was expected, not {type(space).__name__}.")
    return dict(space.spaces)


def _box(space: spaces.Space[Any]) -> spaces.Box:
    """Return a space as a Box; a flag becomes one number in [0, 1]."""
    if isinstance(space, spaces.Discrete):
        return spaces.Box(0.0, 1.0, (1,), np.float64)
    if not isinstance(space, spaces.Box):
        raise TypeError(f"A Box was expected, not {type(space).__name__}.")
    return space
