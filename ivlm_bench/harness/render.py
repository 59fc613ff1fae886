"""Phase 1: a question becomes a scene, its views and its truth."""

from __future__ import annotations

from functools import cache

from ivlm_bench.env import TASKS, Episode, InteractionEnv
from ivlm_bench.records import EpisodeSpec


def render(spec: EpisodeSpec, *, track: str, size_px: int) -> Episode:
    """Pose the question of ``spec``: the same spec always gives the same episode.

    Raises
    ------
    UnknownNameError
        If no task or track has that name.
    """
    return _environment(spec.task, track, size_px).episode(spec.seed)


@cache
def _environment(task: str, track: str, size_px: int) -> InteractionEnv:
    return TASKS.get(task)(track=track, size_px=size_px)
