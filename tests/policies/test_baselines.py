from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from ivlm_bench.codec import encode
from ivlm_bench.geometry.camera import project
from ivlm_bench.geometry.lifting import lift_points
from ivlm_bench.testing.analytic import Block, table_observation
from ivlm_bench.types import Mesh, Query
from ivlm_policies.baselines.abstain import AbstainReasoner
from ivlm_policies.baselines.centre import CentreReasoner, blob_centre
from ivlm_policies.baselines.random import RandomReasoner

QUERY = Query("grasp", "box", None, "Pick up the box.")
BLOCK = Block((0.03, -0.02, 0.03), (0.06, 0.06, 0.06), rgb=(200, 60, 40))


@pytest.mark.parametrize("has_depth", [True, False])
def test_centre_points_at_the_block_in_every_view(has_depth: bool) -> None:
    observation = table_observation((BLOCK,), QUERY, has_depth=has_depth)
    points = CentreReasoner().predict(observation).points_px
    assert points is not None
    assert points[:, 0].tolist() == [0, 1, 2, 3]
    for (_, x, y), view in zip(points, observation.views, strict=True):
        centre = project(view.camera, np.array([BLOCK.centre_m]))[0][0]
        assert np.hypot(x - centre[0], y - centre[1]) < 6.0


def test_centre_takes_the_larger_of_two_things() -> None:
    tiny = Block((-0.10, 0.08, 0.01), (0.02, 0.02, 0.02))
    observation = table_observation((tiny, BLOCK), QUERY)
    points = CentreReasoner().predict(observation).points_px
    assert points is not None
    lifted = lift_points(observation.views, points)
    assert np.linalg.norm(lifted - BLOCK.centre_m, axis=1).max() < 0.05


def test_centre_abstains_on_an_empty_table() -> None:
    assert CentreReasoner().predict(table_observation((), QUERY)).abstain


def test_the_centre_of_a_ring_is_moved_onto_the_ring() -> None:
    rows, columns = np.indices((60, 60))
    away = np.hypot(rows - 30, columns - 30)
    ring = (away < 20) & (away > 12)
    centre = blob_centre(ring)
    assert centre is not None
    x, y = centre
    assert ring[int(y), int(x)]


def test_specks_are_no_blob() -> None:
    speck = np.zeros((20, 20), bool)
    speck[3:6, 3:6] = True
    assert blob_centre(speck) is None


def test_random_fills_every_field_and_differs_between_seeds() -> None:
    observation = table_observation((BLOCK,), QUERY)
    reasoner = RandomReasoner()
    blobs = set()
    for seed in range(5):
        reasoner.reset(seed)
        answer = reasoner.predict(observation)
        assert answer.grasps
        assert answer.motion is not None
        assert answer.points_px is not None
        assert answer.affordance_maps is not None
        assert answer.functional_maps is not None
        assert answer.placement is not None
        assert answer.vertex_prob is None, "this track shows no mesh"
        assert sum(answer.label_prob.values()) == pytest.approx(1.0)
        assert len(answer.contact_points_m) == 1
        blobs.add(encode(answer))
    assert len(blobs) == 5


def test_random_draws_abstentions_and_kinds_of_motion_as_often_as_it_says() -> None:
    observation = table_observation((BLOCK,), QUERY, n_views=1, size_px=32)
    reasoner = RandomReasoner(seed=5)
    answers = [reasoner.predict(observation) for _ in range(600)]
    # Standard deviations of the shares: sqrt(p (1 - p) / n), 0.015 and 0.020; 4.5 of them.
    assert np.mean([a.abstain for a in answers]) == pytest.approx(1.0 / 6.0, abs=0.07)
    motions = [a.motion for a in answers if a.motion is not None]
    assert len(motions) == len(answers)
    assert np.mean([m.kind == "rotate" for m in motions]) == pytest.approx(0.5, abs=0.09)
    assert all((m.axis_point_m is not None) == (m.kind == "rotate") for m in motions)


def test_random_values_every_vertex_of_a_mesh_that_is_shown() -> None:
    mesh = Mesh(np.eye(3), np.array([[0, 1, 2]], np.int32))
    shown = replace(table_observation((BLOCK,), QUERY, n_views=1, size_px=32), object_mesh=mesh)
    values = RandomReasoner().predict(shown).vertex_prob
    assert values is not None
    assert values.shape == (3,)


def test_random_directions_are_spread_over_the_sphere() -> None:
    observation = table_observation((BLOCK,), QUERY, n_views=1, size_px=32)
    reasoner = RandomReasoner(seed=3)
    answers = [reasoner.predict(observation) for _ in range(400)]
    approach = np.array([a.grasps[0].world_from_gripper.rotation[:, 2] for a in answers])
    # The mean of n uniform unit vectors has a standard deviation of 1 / sqrt(3 n) a component.
    assert np.abs(approach.mean(axis=0)).max() < 4.5 / np.sqrt(3 * 400)
    assert np.mean(approach[:, 2] ** 2) == pytest.approx(1.0 / 3.0, abs=0.07)


def test_abstain_always_abstains() -> None:
    answer = AbstainReasoner().predict(table_observation((BLOCK,), QUERY, n_views=1))
    assert answer.abstain
    assert answer.feasible_prob == 0.0
