"""Which thing an answer is about: places beside boxes whose distances are known by hand."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from ivlm_bench.completion import complete
from ivlm_bench.env import TASKS
from ivlm_bench.metrics import METRICS
from ivlm_bench.metrics.binding import surface_distance_m, thing_at
from ivlm_bench.types import Grasp, Interaction, Mesh, Motion, Pose, TrialSpec, Truth

RIGHT, OTHER = (dict(METRICS)[name] for name in ("right_thing", "other_thing"))


def cube(x_m: float) -> Mesh:
    """A cube of 4 cm about a place on the x axis."""
    corners = np.array([[i, j, k] for i in (-1, 1) for j in (-1, 1) for k in (-1, 1)]) * 0.02
    sides = [(0, 1, 3, 2), (4, 6, 7, 5), (0, 4, 5, 1), (2, 3, 7, 6), (0, 2, 6, 4), (1, 5, 7, 3)]
    faces = [f for a, b, c, d in sides for f in ((a, b, c), (a, c, d))]
    return Mesh(corners + np.array([x_m, 0.0, 0.0]), np.array(faces))


def at(*x_m: float) -> np.ndarray:
    return np.array([[x, 0.0, 0.0] for x in x_m])


@pytest.fixture
def truth() -> Truth:
    return Truth(
        interaction_label="grasp",
        feasible=True,
        trial=TrialSpec(kind="grasp"),
        oracle=Interaction(),
        target_part="handle",
        part_masks=np.zeros((1, 2, 2), bool),
        affordance_maps=np.zeros((1, 2, 2), np.float32),
        vertex_affordance=np.zeros(1, np.float32),
        asked_thing=cube(0.0),
        other_things=(cube(0.1), cube(0.3)),
    )


def test_distances_are_those_to_the_faces() -> None:
    # From 5 cm along x to the face at 2 cm; from the middle to any face.
    assert surface_distance_m(cube(0.0), at(0.05)) == pytest.approx(0.03)
    assert surface_distance_m(cube(0.0), at(0.0)) == pytest.approx(0.02)
    assert surface_distance_m(cube(0.0), at(0.05, 0.03)) == pytest.approx(0.02)


@pytest.mark.parametrize(
    # Cubes end at 0.02, begin at 0.08 and end at 0.12, begin at 0.28.
    ("x_m", "thing"),
    [(0.03, 0), (0.07, 1), (0.139, 1), (0.141, None), (0.27, 2), (0.05, None)],
)
def test_the_nearest_thing_within_two_centimetres(x_m: float, thing: int | None) -> None:
    assert thing_at(at(x_m), (cube(0.0), cube(0.1), cube(0.3))) == thing


@pytest.mark.parametrize(
    ("answer", "right", "other"),
    [
        (Interaction(contact_points_m=at(0.02)), 1.0, 0.0),
        (Interaction(contact_points_m=at(0.1)), 0.0, 1.0),
        (Interaction(contact_points_m=at(0.2)), 0.0, 0.0),
        # The surer one of two decides; of equally sure ones the mean distance.
        (
            Interaction(contact_points_m=at(0.1, 0.02), contact_prob=np.array([0.4, 0.6])),
            1.0,
            0.0,
        ),
        (Interaction(contact_points_m=at(0.07, 0.09)), 0.0, 1.0),
        # Without contact points: the middle of the pads, then the start of the motion.
        (Interaction(grasps=(Grasp(Pose(at(0.31)[0], np.array([1.0, 0, 0, 0])), 0.05),)), 0.0, 1.0),
        (Interaction(motion=Motion(at(-0.02)[0], np.array([0.0, 0, 1]))), 1.0, 0.0),
        (Interaction(), 0.0, 0.0),
    ],
)
def test_right_other_and_neither(
    answer: Interaction, right: float, other: float, truth: Truth
) -> None:
    assert (RIGHT(answer, truth, ()), OTHER(answer, truth, ())) == (right, other)


def test_alone_on_the_table_nothing_can_be_confused(truth: Truth) -> None:
    alone = replace(truth, asked_thing=None, other_things=())
    answer = Interaction(contact_points_m=at(0.0))
    assert RIGHT(answer, alone, ()) is OTHER(answer, alone, ()) is None


def test_an_abstention_is_on_no_thing_where_there_are_several_and_says_nothing_elsewhere(
    truth: Truth,
) -> None:
    declined = Interaction(abstain=True)
    assert (RIGHT(declined, truth, ()), OTHER(declined, truth, ())) == (0.0, None)
    alone = replace(truth, asked_thing=None, other_things=())
    assert RIGHT(declined, alone, ()) is None, "there was nothing to confuse"
    never = replace(truth, feasible=False)
    assert RIGHT(declined, never, ()) is None
    assert RIGHT(Interaction(contact_points_m=at(0.0)), never, ()) is None


@pytest.mark.parametrize("seed", [1, 6, 7])
def test_right_answers_are_on_the_right_thing_and_those_by_the_other_handle_are_not(
    seed: int,
) -> None:
    episode = TASKS.get("ivlm/ReasonTwo-v0")(size_px=64, track="rgbd").episode(seed)
    truth = episode.truth
    assert len(truth.other_things) == 1
    for answer, right in ((truth.oracle, 1.0), (truth.wrong["wrong-part"], 0.0)):
        completed, _ = complete(episode.sensed, answer)
        assert RIGHT(completed, truth, ()) == right
        assert OTHER(completed, truth, ()) == 1.0 - right
