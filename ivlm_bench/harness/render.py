"""Phase 1: a question becomes a scene, its views and its truth."""

from __future__ import annotations

from functools import cache
from pathlib import Path

from ivlm_bench.env import TASKS, Episode, InteractionEnv
from ivlm_bench.errors import ConfigError
from ivlm_bench.harness.cache import EpisodeCache, cache_folder, open_cache
from ivlm_bench.records import EpisodeSpec
from ivlm_bench.tracks import Sensors

#: How the task of a public data set begins: ``data/agd20k/seen``.
DATA_PREFIX = "data/"


def render(spec: EpisodeSpec, sensors: Sensors, *, cached: bool = False) -> Episode:
    """Pose the question of ``spec``: the same spec always gives the same episode.

    ``cached``: read it from the observation cache if it was posed before, and keep it there.

    Raises
    ------
    UnknownNameError
        If no task or track has that name.
    """
    env = environment(spec.task, sensors)
    episodes = _episodes(cache_folder()) if cached else None
    return env.episode(spec.seed) if episodes is None else episodes.episode(env, spec, sensors)


@cache
def _episodes(folder: Path | None) -> EpisodeCache | None:
    """Return the cache that lies in ``folder`` now, opened once in a process."""
    return open_cache()


@cache
def environment(task: str, sensors: Sensors) -> InteractionEnv:
    """Return the environment of a task; one for each kind of sensors in a process.

    Raises
    ------
    ConfigError
        If the task is a split of a public data set, of which nothing can be simulated.
    UnknownNameError
        If no task or track has that name.
    """
    if task.startswith(DATA_PREFIX):
        raise ConfigError(
            f"{task} is a public data set: nothing of it is simulated, so it can't be replayed, "
            "filmed, rescored or exported as observations; 'ivlm-bench view' shows its answers."
        )
    return TASKS.get(task)(track=sensors.track, size_px=sensors.size_px, renderer=sensors.renderer)
