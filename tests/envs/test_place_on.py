"""Questions of where to put things: what stands where, and what is handed to the reasoner."""

from __future__ import annotations

import numpy as np
import pytest

from ivlm_bench.engines.overlap import links_that_never_touch
from ivlm_bench.engines.seating import seating
from ivlm_bench.env import TASKS, Episode
from ivlm_bench.geometry.proximity import nearest_hull
from ivlm_bench.gym_codec import N_OBJECT_POINTS, encode_observation
from ivlm_bench.observe import world_mesh
from ivlm_envs.layout import points_of

SEEDS = range(24)


@pytest.fixture(scope="module")
def episodes() -> list[Episode]:
    env = TASKS.get("ivlm/PlaceOn-v0")(size_px=32)
    return [env.episode(seed) for seed in SEEDS]


def test_things_stand_on_the_table_and_apart(episodes: list[Episode]) -> None:
    for episode in episodes:
        *things, table = episode.scene.placements
        assert table.name == "table"
        boxes = [points_of(thing) for thing in things]
        assert all(points[:, 2].min() == pytest.approx(0.0, abs=1e-9) for points in boxes)
        assert max(float(np.abs(points[:, :2]).max()) for points in boxes) < 0.6
        for i, first in enumerate(boxes):
            for second in boxes[i + 1 :]:
                apart = np.linalg.norm(first[:, None, :2] - second[None, ::7, :2], axis=2).min()
                assert apart > 0.005, episode.seed
        # The object at hand touches the table and nothing else.
        geometry = seating(episode.scene)
        assert geometry.penetration_m(episode.scene.target.world_from_object) < 1e-6
        assert not links_that_never_touch(episode.scene)


def test_colours_tell_the_supports_apart(episodes: list[Episode]) -> None:
    for episode in episodes:
        _, asked, *others, _ = episode.scene.placements
        colours = [p.name.split("_")[0] for p in (asked, *others)]
        assert len(set(colours)) == len(colours)
        assert asked.name.replace("_", " ") in episode.observation.query.text
        assert episode.truth.trial.support == asked.name
        painted = asked.model.links[0].parts[0].texture.reshape(-1, 3).mean(axis=0)
        for other in others:
            paint = other.model.links[0].parts[0].texture.reshape(-1, 3).mean(axis=0)
            assert np.abs(painted - paint).max() > 40


def test_only_what_slopes_is_unanswerable(episodes: list[Episode]) -> None:
    answerable = [episode.truth.feasible for episode in episodes]
    assert 0.05 < 1 - np.mean(answerable) < 0.4
    for episode in episodes:
        asked = episode.scene.placements[1].model
        top = next(part.mesh for _, part in asked.parts if part.name == "top")
        corners = top.vertices_m[top.faces]
        vectors = np.cross(corners[:, 1] - corners[:, 0], corners[:, 2] - corners[:, 0])
        normals = vectors / np.linalg.norm(vectors, axis=1, keepdims=True)
        up = normals[normals[:, 2] > 0.1]
        steepest = np.degrees(np.arccos(up[:, 2].min()))
        # Friction of 0.9, the largest of a perturbed trial, holds up to 42 degrees.
        assert steepest < 1 if episode.truth.feasible else steepest > 42


def test_the_oracle_puts_the_base_on_the_middle_of_the_top(episodes: list[Episode]) -> None:
    for episode in episodes:
        if not episode.truth.feasible:
            continue
        target, asked = episode.scene.placements[:2]
        motion = episode.truth.oracle.placement
        assert motion is not None
        moved = motion.apply(points_of(target))
        assert moved[:, 2].min() == pytest.approx(points_of(asked)[:, 2].max(), abs=1e-9)
        centre = motion.apply(
            target.world_from_object.apply(target.model.links[0].centre_of_mass_m)
        )
        np.testing.assert_allclose(centre[:2], asked.world_from_object.position_m[:2], atol=1e-9)


def test_the_object_at_hand_is_handed_over(episodes: list[Episode]) -> None:
    episode = episodes[0]
    mesh = episode.observation.object_mesh
    assert mesh is not None
    np.testing.assert_array_equal(mesh.vertices_m, world_mesh(episode.scene.target).vertices_m)
    encoded = encode_observation(episode.observation)
    assert encoded["has_object"] == 1
    points = encoded["object_points_m"]
    assert points.shape == (N_OBJECT_POINTS, 3)
    hulls = [
        type(hull)(episode.scene.target.world_from_object.apply(hull.vertices_m), hull.faces)
        for _, part in episode.scene.target.model.parts
        for hull in part.hulls
    ]
    away = [abs(nearest_hull(hulls, point)[1]) for point in points[::16]]
    assert max(away) < 0.004
    other = TASKS.get("ivlm/PressButton-v0")(size_px=32).episode(0)
    encoded = encode_observation(other.observation)
    assert encoded["has_object"] == 0
    assert not encoded["object_points_m"].any()


def test_fifty_questions_show_many_instances() -> None:
    env = TASKS.get("ivlm/PlaceOn-v0")(size_px=16)
    clusters = set()
    for seed in range(50):
        entropy = np.random.SeedSequence([seed])
        clusters.add(env.sample_scene(np.random.default_rng(entropy)).target.model.cluster)
    assert len(clusters) >= 20
