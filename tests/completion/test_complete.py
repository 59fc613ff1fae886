from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from ivlm_bench.codec import decode, encode
from ivlm_bench.completion import complete, region_weights
from ivlm_bench.geometry.camera import project
from ivlm_bench.geometry.cloud import object_cloud
from ivlm_bench.geometry.lifting import spread_maps
from ivlm_bench.testing.analytic import Block, Column, table_observation
from ivlm_bench.types import Grasp, Interaction, Motion, Observation, Pose, Query

MUG = (Column((0.0, 0.0, 0.05), 0.035, 0.10), Block((0.055, 0.0, 0.05), (0.05, 0.010, 0.06)))
HANDLE_M = np.array([0.07, 0.005, 0.05])
CABINET = (
    Block((0.0, 0.0, 0.075), (0.10, 0.14, 0.15)),
    Block((0.065, 0.0, 0.10), (0.03, 0.05, 0.012)),
)
BAR_FRONT_M = np.array([0.08, 0.0, 0.10])
OWN_GRASP = Grasp(Pose.at(0.0, 0.0, 0.2), 0.05)
OWN_MOTION = Motion(np.zeros(3), np.array([1.0, 0.0, 0.0]))


def asked(interaction: str, shapes: tuple[Block | Column, ...] = MUG) -> Observation:
    return table_observation(shapes, Query(interaction, "thing", None, "Do it."))


def point_at(observation: Observation, point_m: np.ndarray, *, view: int = 0) -> Interaction:
    pixel = project(observation.views[view].camera, point_m[None])[0][0]
    return Interaction(points_px=np.array([[view, *pixel]], np.float32))


def test_an_abstention_comes_back_untouched() -> None:
    answer = Interaction(abstain=True, points_px=np.array([[0, 100, 100]], np.float32))
    completed, stages = complete(asked("grasp"), answer)
    assert completed is answer
    assert stages == {"contact": "none", "action": "none"}


@pytest.mark.parametrize("interaction", ["grasp", "open", "press"])
def test_an_empty_answer_stays_empty(interaction: str) -> None:
    completed, stages = complete(asked(interaction), Interaction())
    assert completed.grasps == ()
    assert completed.motion is None
    assert stages == {"contact": "none", "action": "none"}


def test_what_is_there_is_kept() -> None:
    point = np.array([[0.01, 0.02, 0.03]])
    answer = Interaction(
        contact_points_m=point,
        grasps=(OWN_GRASP,),
        motion=OWN_MOTION,
        points_px=np.array([[0, 100, 100]], np.float32),
    )
    for interaction in ("grasp", "open"):
        completed, stages = complete(asked(interaction), answer)
        assert completed is answer
        assert stages == {"contact": "own", "action": "own"}


def test_an_own_grasp_is_kept_while_its_points_are_lifted() -> None:
    observation = asked("grasp")
    answer = replace(point_at(observation, HANDLE_M, view=1), grasps=(OWN_GRASP,))
    completed, stages = complete(observation, answer)
    assert completed.grasps == (OWN_GRASP,)
    assert stages == {"contact": "shared", "action": "own", "lifter": "depth"}
    assert np.linalg.norm(completed.contact_points_m[0] - HANDLE_M) < 0.004


def test_a_point_on_the_handle_becomes_grasps_of_the_handle() -> None:
    observation = asked("grasp")
    completed, stages = complete(observation, point_at(observation, HANDLE_M, view=1))
    assert stages == {"contact": "shared", "action": "shared", "lifter": "depth"}
    best = completed.grasps[0]
    assert best.world_from_gripper.position_m[0] > 0.045
    assert abs(best.world_from_gripper.rotation[1, 0]) > 0.98  # closes across the handle, along y


def test_a_map_on_the_handle_becomes_grasps_of_the_handle_even_when_stored_small() -> None:
    observation = asked("grasp")
    grid = np.array([[x, y, 0.05] for x in (0.05, 0.06, 0.07, 0.08) for y in (-0.005, 0.005)])
    maps = spread_maps(observation.views, grid, radius_m=0.006)
    answer = decode(encode(Interaction(affordance_maps=maps)))
    completed, stages = complete(observation, answer)
    assert stages == {"contact": "shared", "action": "shared", "lifter": "depth"}
    assert completed.grasps[0].world_from_gripper.position_m[0] > 0.045
    assert completed.contact_prob is not None
    assert completed.contact_points_m[0, 0] > 0.045


def test_points_come_before_maps() -> None:
    observation = asked("grasp")
    maps = spread_maps(observation.views, np.array([[-0.035, 0.0, 0.05]]), radius_m=0.006)
    answer = replace(point_at(observation, HANDLE_M, view=1), affordance_maps=maps)
    completed, _ = complete(observation, answer)
    assert np.linalg.norm(completed.contact_points_m - HANDLE_M, axis=1).max() < 0.004


def test_open_pulls_along_the_front_and_not_along_the_bars_own_side() -> None:
    observation = asked("open", CABINET)
    top_of_bar = np.array([0.07, 0.01, 0.106])
    answer = Interaction(contact_points_m=np.stack([top_of_bar, BAR_FRONT_M]))
    completed, stages = complete(observation, answer)
    assert stages == {"contact": "own", "action": "shared", "lifter": "depth"}
    assert completed.motion is not None
    assert completed.motion.direction == pytest.approx([1.0, 0.0, 0.0], abs=0.02)
    assert completed.motion.point_m == pytest.approx(BAR_FRONT_M)


def test_press_pushes_in_where_open_pulls_out() -> None:
    point = Interaction(contact_points_m=BAR_FRONT_M[None])
    push = complete(asked("press", CABINET), point)[0].motion
    pull = complete(asked("open", CABINET), point)[0].motion
    assert push is not None
    assert pull is not None
    assert push.direction @ [-1.0, 0.0, 0.0] > np.cos(np.deg2rad(3.0))
    assert pull.direction == pytest.approx([1.0, 0.0, 0.0], abs=0.02)


@pytest.mark.parametrize("n_views", [1, 4])
@pytest.mark.parametrize("interaction", ["grasp", "open", "press", "push", "turn", "lift"])
def test_without_depth_there_is_still_an_action(interaction: str, n_views: int) -> None:
    query = Query(interaction, "thing", None, "Do it.")
    observation = table_observation(MUG, query, has_depth=False, n_views=n_views)
    completed, stages = complete(observation, point_at(observation, np.array([0.1, -0.08, 0.0])))
    lifter = "plane" if n_views == 1 else "triangulated"
    assert stages == {"contact": "shared", "action": "shared", "lifter": lifter}
    # A point of the bare table is found up to a pixel: the support plane is known.
    assert completed.contact_points_m[0] == pytest.approx([0.1, -0.08, 0.0], abs=0.003)
    assert (completed.motion is None) == (interaction == "grasp")


def test_the_same_answer_is_completed_in_the_same_way() -> None:
    observation = asked("grasp")
    answer = point_at(observation, np.array([0.0, 0.0, 0.10]))
    blobs = {encode(complete(observation, answer)[0]) for _ in range(2)}
    assert len(blobs) == 1


def test_a_lone_point_makes_a_wider_region_than_one_of_many() -> None:
    cloud = object_cloud(asked("grasp").views)
    near = cloud.points_m[np.argsort(np.linalg.norm(cloud.points_m - HANDLE_M, axis=1))[:30]]
    lone = region_weights(cloud, Interaction(contact_points_m=near[:1]))
    many = region_weights(cloud, Interaction(contact_points_m=near))
    assert (lone > 0).sum() > (many > 0).sum() > 30
    assert lone.max() == pytest.approx(1.0)


@pytest.mark.parametrize("height_m", [0.012, 0.020])
def test_what_lies_flat_is_attempted_from_a_single_view(height_m: float) -> None:
    bar = Block((0.0, 0.0, 0.5 * height_m), (0.16, 0.02, height_m), yaw_rad=0.4)
    query = Query("grasp", "bar", None, "Grasp the bar.")
    observation = table_observation((bar,), query, n_views=1)
    point = np.array([[0.0, 0.0, height_m]])
    grasps = complete(observation, Interaction(contact_points_m=point))[0].grasps
    assert grasps, "what is pointed at and fits is never left without an attempt"
    local = grasps[0].world_from_gripper.inverse().apply(point)
    assert abs(local[0, 0]) < 0.005, "the pads close about it"
