"""Phase 1: a question becomes a scene, its views and its truth."""

from __future__ import annotations

from functools import cache

from ivlm_bench.env import TASKS, Episode, InteractionEnv
from ivlm_bench.records import EpisodeSpec
from ivlm_bench.tracks import Sensors


def render(spec: EpisodeSpec, sensors: Sensors) -> Episode:
    """Pose the question of ``spec``: the same spec always gives the same episode.

    Raises
    ------
    UnknownNameError
        If no task or track has that name.
    """
    return environment(spec.task, sensors).episode(spec.seed)


@cache
def environment(task: str, sensors: Sensors) -> InteractionEnv:
    """Return the environment of a task; one for each kind of sensors in a process."""
    return TASKS.get(task)(track=sensors.track, size_px=sensors.size_px, renderer=sensors.renderer)
