from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from ivlm_bench.completion import complete
from ivlm_bench.geometry.footprint import best_set_down, footprint_of
from ivlm_bench.geometry.seen import see
from ivlm_bench.testing.analytic import Block, Column, table_observation
from ivlm_bench.types import Interaction, Mesh, Observation, Pose, Query

CORNERS = np.array([[x, y, z] for x in (-0.5, 0.5) for y in (-0.5, 0.5) for z in (0.0, 1.0)])
FACES = np.array(
    [
        *([0, 1, 3], [0, 3, 2], [4, 6, 7], [4, 7, 5], [0, 4, 5], [0, 5, 1]),
        *([2, 3, 7], [2, 7, 6], [0, 2, 6], [0, 6, 4], [1, 5, 7], [1, 7, 3]),
    ],
    np.int32,
)
AT_M = np.array([-0.08, -0.06, 0.0])
SIZE_M = np.array([0.03, 0.05, 0.04])
CUBE = Mesh(CORNERS * SIZE_M + AT_M, FACES)
OWN = Block((-0.08, -0.06, 0.02), (0.03, 0.05, 0.04), rgb=(60, 160, 60))
STAND = Column((0.06, 0.05, 0.03), radius_m=0.05, height_m=0.06)
BOX = Block((0.0, 0.0, 0.05), (0.10, 0.14, 0.10))


def placing(shapes: tuple[Block | Column, ...] = (OWN, STAND), *, n_views: int = 4) -> Observation:
    query = Query("place", "block", None, "Put the block on the stand.")
    return replace(table_observation(shapes, query, n_views=n_views), object_mesh=CUBE)


def moved(pose: Pose) -> np.ndarray:
    return pose.apply(CUBE.vertices_m)


@pytest.mark.parametrize("n_views", [1, 4])
def test_the_object_is_set_down_upright_on_the_pointed_place(n_views: int) -> None:
    target = np.array([0.06, 0.05, 0.06])
    answer = Interaction(contact_points_m=target[None])
    completed, stages = complete(placing(n_views=n_views), answer)
    assert stages == {"contact": "own", "action": "shared", "lifter": "depth"}
    assert completed.placement is not None
    vertices = moved(completed.placement)
    sole = vertices[:, 2].min()
    assert 0.06 < sole < 0.06 + 0.002, "it neither cuts into the stand nor floats"
    assert np.ptp(vertices[:, 2]) == pytest.approx(SIZE_M[2]), "it stays upright"
    assert vertices[:, :2].mean(axis=0) == pytest.approx(target[:2], abs=1e-9)


def test_the_bare_table_is_a_destination() -> None:
    target = np.array([0.0, 0.1, 0.0])
    completed, _ = complete(placing(), Interaction(contact_points_m=target[None]))
    assert completed.placement is not None
    vertices = moved(completed.placement)
    assert vertices[:, 2].min() == pytest.approx(0.001)
    assert vertices[:, :2].mean(axis=0) == pytest.approx(target[:2])


def test_the_object_itself_is_no_support_and_in_nobodys_way() -> None:
    aside = AT_M + np.array([0.01, 0.0, 0.0])
    completed, _ = complete(placing((OWN,)), Interaction(contact_points_m=aside[None]))
    assert completed.placement is not None
    assert moved(completed.placement)[:, 2].min() == pytest.approx(0.001)


def test_of_several_destinations_the_one_with_room_is_taken() -> None:
    wall = Block((0.04, 0.05, 0.09), (0.01, 0.10, 0.06))
    observation = placing((OWN, STAND, wall))
    targets = np.array([[0.045, 0.05, 0.06], [0.075, 0.05, 0.06]])
    completed, _ = complete(observation, Interaction(contact_points_m=targets))
    assert completed.placement is not None
    assert moved(completed.placement)[:, 0].mean() == pytest.approx(0.075)


def test_a_long_object_is_turned_along_a_narrow_support() -> None:
    beam = Block((0.06, 0.05, 0.03), (0.10, 0.03, 0.06))
    observation = placing((OWN, beam))
    footprint = footprint_of(CUBE)
    others = footprint.leave_out_own(see(observation.views).cloud)
    pose, cost = best_set_down(footprint, others, np.array([[0.06, 0.05, 0.06]]))
    # 5 cm along y do not fit on a beam 3 cm wide along x; turned by 90 degrees they do.
    assert abs(pose.rotation[1, 0]) == pytest.approx(1.0)
    assert cost < 0.2


def test_without_an_object_at_hand_there_is_no_placement() -> None:
    observation = replace(placing(), object_mesh=None)
    completed, stages = complete(observation, Interaction(contact_points_m=np.zeros((1, 3))))
    assert completed.placement is None
    assert stages["action"] == "none"


def test_an_own_placement_is_kept() -> None:
    answer = Interaction(placement=Pose.identity(), contact_points_m=np.zeros((1, 3)))
    completed, stages = complete(placing(), answer)
    assert completed is answer
    assert stages == {"contact": "own", "action": "own"}


@pytest.mark.parametrize("label", ["press", "push", "turn"])
def test_press_push_and_turn_go_inward_where_is_pointed(label: str) -> None:
    observation = table_observation((BOX,), Query(label, "box", None, "Do it."))
    side = np.array([[0.05, 0.0, 0.05]])
    motion = complete(observation, Interaction(contact_points_m=side))[0].motion
    assert motion is not None
    assert motion.direction == pytest.approx([-1.0, 0.0, 0.0], abs=0.03)
    assert motion.amount > 0


def test_a_turn_changes_its_sense_with_the_side_that_is_pointed_at() -> None:
    bar = Block((0.0, 0.0, 0.04), (0.16, 0.02, 0.08))
    observation = table_observation((bar,), Query("turn", "lever", None, "Turn it."))
    directions = []
    for y in (-0.01, 0.01):
        point = np.array([[0.06, y, 0.04]])
        motion = complete(observation, Interaction(contact_points_m=point))[0].motion
        assert motion is not None
        directions.append(motion.direction)
    assert directions[0] @ directions[1] < -0.9


def test_a_lift_goes_up_at_the_top_near_the_pointed_rim() -> None:
    observation = table_observation((BOX,), Query("lift", "box", "lid", "Lift the lid."))
    rim = np.array([[0.05, 0.0, 0.095]])
    motion = complete(observation, Interaction(contact_points_m=rim))[0].motion
    assert motion is not None
    assert motion.direction.tolist() == [0.0, 0.0, 1.0]
    assert motion.point_m[2] == pytest.approx(0.10, abs=1e-4), "the side under it would slip"
    assert np.linalg.norm(motion.point_m - rim[0]) < 0.02


def test_one_point_lifted_onto_something_else_does_not_decide() -> None:
    observation = table_observation((BOX,), Query("push", "box", None, "Push it."))
    side = np.array([[0.05, y, 0.05] for y in (-0.01, 0.0, 0.01)])
    points = np.concatenate([[[-0.05, 0.06, 0.05]], side])
    motion = complete(observation, Interaction(contact_points_m=points))[0].motion
    assert motion is not None
    assert motion.direction @ [-1.0, 0.0, 0.0] > 0.99


def test_a_turn_pushes_the_side_and_not_the_face_of_what_stands_out_from_a_plate() -> None:
    plate = Block((-0.02, 0.0, 0.06), (0.02, 0.16, 0.12), rgb=(90, 90, 90))
    bar = Block((0.0, 0.0, 0.06), (0.02, 0.07, 0.012))
    query = Query("turn", "knob", None, "Turn it.")
    observation = table_observation((plate, bar), query, n_views=1)
    ends = np.array([[0.008, y, 0.066] for y in (0.012, 0.022, 0.030)])
    motion = complete(observation, Interaction(contact_points_m=ends))[0].motion
    assert motion is not None
    assert motion.direction == pytest.approx([0.0, 0.0, -1.0], abs=0.05), "down on its top side"
    assert motion.point_m[1] > 0.018, "far from the middle, where the lever arm is long"
