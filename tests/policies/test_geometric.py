from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from ivlm_bench.geometry.camera import project
from ivlm_bench.testing.analytic import Block, Column, table_observation
from ivlm_bench.types import Interaction, Mesh, Query
from ivlm_policies.geometric.colours import asked_colour, colour_distance
from ivlm_policies.geometric.reasoner import GeometricReasoner

CUP = Column((0.01, 0.0, 0.05), radius_m=0.035, height_m=0.10)
HANDLE = Block((0.066, 0.0, 0.05), (0.045, 0.010, 0.06))
BODY = Block((0.0, 0.0, 0.10), (0.12, 0.16, 0.20))
KNOB_HEIGHTS_M = {"top": 0.165, "middle": 0.10, "bottom": 0.04}
KNOBS = tuple(Block((0.075, 0.0, z), (0.03, 0.03, 0.014)) for z in KNOB_HEIGHTS_M.values())
BARS = tuple(Block((0.07, y, 0.10), (0.010, 0.012, 0.20)) for y in (-0.05, 0.05))
PLATE = Block((0.0, 0.0, 0.08), (0.02, 0.16, 0.16), rgb=(150, 154, 158))
CAP_PLACES_M = {"red": (-0.045, 0.12), "green": (0.045, 0.12), "blue": (0.0, 0.05)}
CAP_COLOURS = {"red": (206, 36, 34), "green": (30, 150, 66), "blue": (34, 76, 196)}
CAPS = tuple(
    Block((0.012, y, z), (0.016, 0.03, 0.03), rgb=CAP_COLOURS[colour])
    for colour, (y, z) in CAP_PLACES_M.items()
)


def answer(shapes: tuple[Block | Column, ...], query: Query, *, words: bool = True) -> Interaction:
    return GeometricReasoner(words=words).predict(table_observation(shapes, query))


def by_handle() -> Query:
    return Query("grasp", "mug", "handle", "Grasp the mug by its handle.")


def test_the_handle_is_grasped_and_not_the_body() -> None:
    got = answer((CUP, HANDLE), by_handle())
    pose = got.grasps[0].world_from_gripper
    assert not got.abstain
    assert pose.position_m[0] > 0.05
    assert abs(pose.rotation[1, 0]) > 0.98
    assert got.contact_points_m[:, 0].min() > 0.046


def test_a_cup_without_a_handle_is_abstained_from() -> None:
    got = answer((CUP,), by_handle())
    assert got.abstain
    assert got.abstain_reason is not None
    assert "handle" in got.abstain_reason


@pytest.mark.parametrize(("side_m", "fits"), [(0.06, True), (0.095, False)])
def test_a_block_that_does_not_fit_is_abstained_from(side_m: float, fits: bool) -> None:
    block = Block((0.0, 0.01, 0.05), (side_m, side_m, 0.10), yaw_rad=0.3)
    got = answer((block,), Query("grasp", "box", None, "Pick up the box."))
    assert got.abstain is not fits
    assert bool(got.grasps) is fits


@pytest.mark.parametrize("place", KNOB_HEIGHTS_M)
def test_the_asked_drawer_is_pulled_straight_out(place: str) -> None:
    query = Query("open", "cabinet", f"handle_{place}", f"Open the {place} drawer.")
    motion = answer((BODY, *KNOBS), query).motion
    assert motion is not None
    assert motion.point_m == pytest.approx([0.09, 0.0, KNOB_HEIGHTS_M[place]], abs=0.004)
    assert motion.direction == pytest.approx([1.0, 0.0, 0.0], abs=0.02)


def test_without_words_the_middle_drawer_is_pulled_whatever_is_asked() -> None:
    query = Query("open", "cabinet", "handle_top", "Open the top drawer.")
    motion = answer((BODY, *KNOBS), query, words=False).motion
    assert motion is not None
    assert motion.point_m[2] == pytest.approx(KNOB_HEIGHTS_M["middle"], abs=0.006)


def test_bars_across_the_front_are_seen() -> None:
    query = Query("open", "cabinet", "handle_top", "Open the top drawer.")
    assert answer((BODY, *KNOBS, *BARS), query).abstain
    assert answer((BODY,), query).abstain


@pytest.mark.parametrize("colour", CAP_PLACES_M)
def test_the_button_of_the_asked_colour_is_pressed_straight_in(colour: str) -> None:
    query = Query("press", "panel", f"button_{colour}", f"Press the {colour} button.")
    motion = answer((PLATE, *CAPS), query).motion
    assert motion is not None
    assert motion.point_m == pytest.approx([0.020, *CAP_PLACES_M[colour]], abs=0.003)
    assert motion.direction == pytest.approx([-1.0, 0.0, 0.0], abs=0.02)


@pytest.mark.parametrize("colour", ["yellow", "white", "black"])
def test_a_colour_that_no_button_has_is_abstained_from(colour: str) -> None:
    query = Query("press", "panel", f"button_{colour}", f"Press the {colour} button.")
    assert answer((PLATE, *CAPS), query).abstain
    assert not answer((PLATE, *CAPS), query, words=False).abstain


def test_nothing_on_the_table_is_abstained_from() -> None:
    assert answer((), by_handle()).abstain


@pytest.mark.parametrize("place", ["left", "right"])
def test_left_and_right_are_those_of_who_looks_at_the_front(place: str) -> None:
    knobs = tuple(Block((0.075, y, 0.10), (0.03, 0.03, 0.03)) for y in (-0.05, 0.05))
    query = Query("open", "cabinet", f"handle_{place}", f"Open the {place} door.")
    motion = answer((BODY, *knobs), query).motion
    assert motion is not None
    # The front faces +x; who looks at it along -x has +y on the right.
    assert motion.point_m[1] == pytest.approx(0.05 if place == "right" else -0.05, abs=0.01)


@pytest.mark.parametrize(("sense", "sign"), [("clockwise", -1.0), ("anticlockwise", 1.0)])
def test_a_knob_is_pushed_so_that_it_turns_as_asked(sense: str, sign: float) -> None:
    tab = Block((0.025, 0.0, 0.08), (0.03, 0.012, 0.06), rgb=(90, 90, 90))
    query = Query("turn", "knob", "knob", f"Turn the knob {sense}.")
    motion = answer((PLATE, tab), query).motion
    assert motion is not None
    torque = np.cross(motion.point_m - tab.centre_m, motion.direction)
    assert sign * torque[0] > 0.01, "seen from ahead, against +x"


def test_an_open_drawer_is_pushed_in() -> None:
    cabinet = Block((0.0, 0.0, 0.10), (0.12, 0.16, 0.20))
    drawer = Block((0.10, 0.0, 0.10), (0.12, 0.14, 0.05))
    motion = answer((cabinet, drawer), Query("push", "cabinet", None, "Push it shut.")).motion
    assert motion is not None
    assert motion.direction == pytest.approx([-1.0, 0.0, 0.0], abs=0.03)
    assert motion.point_m[0] == pytest.approx(0.16, abs=0.004)


@pytest.mark.parametrize(("place", "low_m"), [("top", 0.12), ("middle", 0.06), ("bottom", 0.0)])
def test_of_open_drawers_the_asked_one_is_pushed_in(place: str, low_m: float) -> None:
    body = Block((-0.08, 0.0, 0.09), (0.10, 0.16, 0.18), rgb=(90, 90, 90))
    fronts = tuple(Block((0.03, 0.0, z), (0.01, 0.15, 0.05)) for z in (0.03, 0.09, 0.15))
    query = Query("push", "cabinet", "drawer", f"Push the {place} drawer shut.")
    motion = answer((body, *fronts), query).motion
    assert motion is not None
    assert low_m < motion.point_m[2] < low_m + 0.06
    assert motion.direction @ np.array([-1.0, 0.0, 0.0]) > 0.99


def test_a_lid_is_lifted_by_what_stands_out_at_its_front() -> None:
    box = Block((0.0, 0.0, 0.05), (0.14, 0.18, 0.10))
    tab = Block((0.08, 0.0, 0.09), (0.03, 0.03, 0.01))
    motion = answer((box, tab), Query("lift", "box", "tab", "Lift the lid.")).motion
    assert motion is not None
    assert motion.direction.tolist() == [0.0, 0.0, 1.0]
    assert motion.point_m[0] > 0.07
    assert motion.point_m[2] == pytest.approx(0.095, abs=0.003)


def test_the_slim_half_of_a_tool_is_its_handle() -> None:
    shaft = Block((0.0, 0.0, 0.0175), (0.025, 0.24, 0.035))
    head = Block((0.0, 0.11, 0.0175), (0.09, 0.03, 0.035))
    query = Query("grasp", "hammer", "handle", "Take the hammer by its handle.")
    got = answer((shaft, head), query)
    assert got.grasps
    assert got.grasps[0].world_from_gripper.position_m[1] < 0.0


GREEN = Column((0.06, 0.06, 0.03), 0.05, 0.06, rgb=(30, 150, 66))
BLUE = Column((-0.06, 0.06, 0.05), 0.05, 0.10, rgb=(34, 76, 196))


@pytest.mark.parametrize(
    ("words", "colour", "height_m"),
    [(True, "green", 0.06), (True, "blue", 0.10), (False, "green", 0.10)],
)
def test_things_are_put_on_the_asked_surface_or_the_highest(
    words: bool, colour: str, height_m: float
) -> None:
    query = Query("place", "plate", None, f"Put the plate on the {colour} block.")
    corners = np.array([[0.0, -0.1, 0.0], [0.04, -0.1, 0.0], [0.0, -0.06, 0.0], [0.0, -0.1, 0.02]])
    faces = np.array([[0, 2, 1], [0, 1, 3], [0, 3, 2], [1, 2, 3]], np.int32)
    observation = replace(table_observation((GREEN, BLUE), query), object_mesh=Mesh(corners, faces))
    placement = GeometricReasoner(words=words).predict(observation).placement
    assert placement is not None
    assert placement.apply(corners)[:, 2].min() == pytest.approx(height_m + 0.001, abs=5e-4)


def test_a_colour_that_no_surface_has_is_abstained_from() -> None:
    query = Query("place", "plate", None, "Put the plate on the red block.")
    mesh = Mesh(np.eye(3) * 0.03, np.array([[0, 1, 2]], np.int32))
    observation = replace(table_observation((GREEN, BLUE), query), object_mesh=mesh)
    assert GeometricReasoner(words=True).predict(observation).abstain


def test_maps_are_on_what_is_touched() -> None:
    query = Query("press", "panel", "button_red", "Press the red button.")
    observation = table_observation((PLATE, *CAPS), query)
    maps = GeometricReasoner(words=True).predict(observation).affordance_maps
    assert maps is not None
    rgb = observation.views[0].rgb.astype(int)
    red = (rgb[..., 0] > 2 * rgb[..., 1]) & (rgb[..., 0] > 2 * rgb[..., 2])
    assert maps[0][red].mean() > 0.8
    assert maps[0][~red].mean() < 0.02


@pytest.mark.parametrize(
    ("word", "rgb", "fits"),
    [
        ("red", (0.44, 0.05, 0.05), True),
        ("red", (0.8, 0.7, 0.1), False),
        ("green", (0.06, 0.31, 0.14), True),
        ("green", (0.1, 0.2, 0.7), False),
        ("white", (0.52, 0.52, 0.50), True),
        ("white", (0.06, 0.06, 0.07), False),
        ("white", (0.8, 0.2, 0.2), False),
        ("black", (0.06, 0.06, 0.07), True),
        ("black", (0.8, 0.8, 0.8), False),
        ("yellow", (0.52, 0.44, 0.05), True),
    ],
)
def test_colours_in_light_and_shade(word: str, rgb: tuple[float, float, float], fits: bool) -> None:
    assert (colour_distance(word, np.array(rgb)) <= 1.0) is fits


@pytest.mark.parametrize(
    ("text", "word"),
    [("Press the red button.", "red"), ("Push the button", None), ("Press blue, please.", "blue")],
)
def test_colour_words(text: str, word: str | None) -> None:
    assert asked_colour(text) == word


@pytest.mark.parametrize("interaction", ["grasp", "press"])
def test_without_depth_it_only_points_and_at_the_thing(interaction: str) -> None:
    """Shapes guessed from outlines are too rough to act on."""
    block = Block((0.0, 0.0, 0.03), (0.05, 0.05, 0.06))
    query = Query(interaction, "block", None, "Take it.")
    seen = table_observation((block,), query, n_views=1, has_depth=False)
    answer = GeometricReasoner().predict(seen)
    assert not answer.grasps
    assert answer.motion is None
    if interaction == "press":  # no bump is seen on a plain block
        assert answer.abstain
        return
    assert answer.points_px is not None
    (middle,), _ = project(seen.views[0].camera, np.array([[0.0, 0.0, 0.03]]))
    assert np.linalg.norm(answer.points_px[0, 1:] - middle) < 25.0
