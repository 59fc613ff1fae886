"""Questions as a reasoner is shown them when it is timed: also with more views than a track has."""

from __future__ import annotations

import math
import re
from collections.abc import Iterator
from dataclasses import dataclass, replace
from itertools import islice, zip_longest

import numpy as np

from ivlm_bench import observe
from ivlm_bench.env import Episode
from ivlm_bench.errors import ConfigError, UnknownNameError
from ivlm_bench.harness.render import environment, render
from ivlm_bench.records import EpisodeSpec
from ivlm_bench.suite import Suite
from ivlm_bench.tracks import MAX_VIEWS, Sensors, Track
from ivlm_bench.types import Camera, Observation, Pose, Scene

#: Most views that are shown: those of a scene, and as many between them.
MOST_VIEWS = 2 * MAX_VIEWS
#: Angle (rad) about the vertical through the target from a view of the scene to one between.
BETWEEN_RAD = math.pi / 4

_PATTERN = re.compile(rf"rgb(d?)([2-{MOST_VIEWS}]?)")


@dataclass(frozen=True, eq=False, slots=True)
class Shown:
    """One question, and what is seen of it."""

    spec: EpisodeSpec
    episode: Episode
    observation: Observation


def shown_track(name: str) -> Track:
    """Return a track by name, up to ``rgb8`` and ``rgbd8``; ``UnknownNameError`` else."""
    match = _PATTERN.fullmatch(name)
    if match is None:
        raise UnknownNameError(
            f"No way of showing is called {name!r}; write rgb or rgbd, with the number of views "
            f"behind it where there are 2 to {MOST_VIEWS}."
        )
    return Track(int(match[2] or 1), has_depth=bool(match[1]))


def questions(suite: Suite, track: Track, *, size_px: int, n: int) -> tuple[Shown, ...]:
    """Return the first ``n`` answerable questions of a suite, its tasks in turn.

    Fewer where the suite has fewer.

    Raises
    ------
    ConfigError
        If it has none.
    """
    part = replace(track, n_views=min(track.n_views, MAX_VIEWS))
    sensors = Sensors(track=part.name, size_px=size_px, renderer=suite.sensors.renderer)
    found = tuple(islice(_answerable(suite, sensors, track), n))
    if not found:
        raise ConfigError(f"{suite.name} asks no answerable question, so nothing can be timed.")
    return found


def _answerable(suite: Suite, sensors: Sensors, track: Track) -> Iterator[Shown]:
    tasks = [
        [EpisodeSpec(task=task, seed=seed) for seed in seeds.seeds()]
        for task, seeds in suite.file.tasks.items()
    ]
    for spec in (spec for row in zip_longest(*tasks) for spec in row if spec is not None):
        episode = render(spec, sensors, cached=True)
        if episode.truth.feasible:
            yield Shown(spec, episode, _seen(episode, spec, sensors, track))


def _seen(episode: Episode, spec: EpisodeSpec, sensors: Sensors, track: Track) -> Observation:
    if track.n_views <= MAX_VIEWS:
        return episode.observation
    env = environment(spec.task, sensors)
    scene = replace(episode.scene, cameras=all_round(episode.scene)[: track.n_views])
    snapshot = observe.draw(scene, env.renderer, track)
    query = episode.observation.query
    drawn = observe.observation_of(
        scene, query, snapshot=snapshot, track=track, gripper=episode.observation.gripper
    )
    return replace(drawn, object_mesh=episode.observation.object_mesh)


def all_round(scene: Scene) -> tuple[Camera, ...]:
    """Return the cameras of a scene, then each of them turned about the target's vertical."""
    centre = Pose(scene.target.world_from_object.position_m, np.array([1.0, 0.0, 0.0, 0.0]))
    half = BETWEEN_RAD / 2
    about = Pose(np.zeros(3), np.array([math.cos(half), 0.0, 0.0, math.sin(half)]))
    turn = centre @ about @ centre.inverse()
    turned = (
        replace(camera, world_from_camera=turn @ camera.world_from_camera)
        for camera in scene.cameras
    )
    return (*scene.cameras, *turned)
