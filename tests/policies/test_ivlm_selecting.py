from __future__ import annotations

from dataclasses import replace
from functools import partial

import numpy as np
import pytest

from ivlm_bench.geometry.cloud import Cloud, object_cloud
from ivlm_bench.testing.analytic import Block, table_observation
from ivlm_bench.types import Query, View
from ivlm_policies.ivlm.fusing.selecting import Selecting, for_network, on_pixels
from ivlm_policies.ivlm.stages import AtomicQuery, Phrase
from ivlm_policies.ivlm.switches import Switches

RED, BLUE = (206, 36, 34), (34, 76, 196)
#: Two knobs side by side and one above the left one, on the front (+x) of a body.
LEFT, RIGHT, TOP = (0.06, -0.06, 0.05), (0.06, 0.06, 0.05), (0.06, -0.06, 0.15)


def _asked(**words: str) -> AtomicQuery:
    return AtomicQuery("contact", Phrase("turn", "board", "knob", **words))


@pytest.fixture(scope="module")
def seen() -> tuple[Cloud, np.ndarray, tuple[View, ...]]:
    """The cloud of a body with three knobs, which of its points are knobs, and the views."""
    body = Block((0.0, 0.0, 0.1), (0.08, 0.24, 0.2))
    knobs = tuple(
        Block(at, (0.04, 0.03, 0.03), rgb=colour)
        for at, colour in ((LEFT, BLUE), (RIGHT, RED), (TOP, BLUE))
    )
    views = table_observation((body, *knobs), Query("turn", "board", None, "")).views
    cloud = object_cloud(views)
    return cloud, np.asarray(cloud.points_m[:, 0] > 0.05), views


def _kept(
    seen: tuple[Cloud, np.ndarray, tuple[View, ...]], asked: AtomicQuery, **switches: str
) -> list[bool]:
    """Tell which of the three knobs are meant: left, right, top."""
    cloud, knob, views = seen
    prob = np.where(knob, np.float32(0.9), np.float32(0.01))
    weight = Selecting(Switches(**switches)).points(
        cloud, prob, asked, thing=np.ones(len(cloud), bool), views=views
    )
    near = [
        knob & (np.linalg.norm(cloud.points_m - at, axis=1) < 0.03) for at in (LEFT, RIGHT, TOP)
    ]
    assert all(one.any() for one in near)
    assert all(np.ptp(weight[one]) < 1e-6 for one in near), "a piece stays whole"
    return [float(weight[one].mean()) > 0.5 for one in near]


@pytest.mark.parametrize(
    ("words", "meant"),
    [
        ({"place": "top"}, [False, False, True]),
        ({"place": "right"}, [False, True, False]),
        ({"colour": "red"}, [False, True, False]),
        ({"colour": "blue"}, [True, False, True]),
        ({"colour": "blue", "place": "bottom"}, [True, False, False]),
        ({}, [True, True, True]),
    ],
)
def test_words_choose_among_knobs(
    seen: tuple[Cloud, np.ndarray, tuple[View, ...]], words: dict[str, str], meant: list[bool]
) -> None:
    assert _kept(seen, _asked(**words)) == meant


def test_left_is_left_of_who_looks_at_the_front_not_of_the_first_camera(
    seen: tuple[Cloud, np.ndarray, tuple[View, ...]],
) -> None:
    cloud, knob, views = seen
    turned = (cloud, knob, views[::-1])
    assert _kept(turned, _asked(place="right")) == _kept(seen, _asked(place="right"))


def test_what_is_seen_from_above_is_the_topmost_whole(
    seen: tuple[Cloud, np.ndarray, tuple[View, ...]],
) -> None:
    cloud, knob, views = seen
    topmost = replace(_asked(), topmost=True)
    assert _kept(seen, topmost) == [False, False, True]
    alone = np.asarray(knob & (cloud.points_m[:, 2] > 0.1))
    only = np.where(alone, np.float32(0.9), np.float32(0.0))
    everywhere = np.ones(len(cloud), bool)
    weight = Selecting(Switches()).points(cloud, only, topmost, thing=everywhere, views=views)
    assert weight[alone].min() == 1.0, "one that is alone is not cut in halves"


def test_fronts_edge_to_edge_are_told_apart_by_their_handles() -> None:
    """Two fronts make one piece; each is what is nearest to its own handle."""
    front = Block((0.05, 0.0, 0.1), (0.02, 0.2, 0.2))
    handles = tuple(Block((0.07, 0.0, z), (0.02, 0.08, 0.01)) for z in (0.05, 0.16))
    views = table_observation((front, *handles), Query("push", "cabinet", None, "")).views
    cloud = object_cloud(views)
    x, z = cloud.points_m[:, 0], cloud.points_m[:, 2]
    face = np.where(np.abs(x - 0.06) < 0.003, np.float32(0.9), np.float32(0.0))
    anchor = np.where(x > 0.065, np.float32(0.8), np.float32(0.01))
    asked = AtomicQuery("contact", Phrase("push", "cabinet", "drawer", place="top"))
    everywhere = np.ones(len(cloud), bool)
    choose = partial(Selecting(Switches()).points, cloud, face, asked, thing=everywhere)
    strong = face > 0.5
    upper = choose(views=views, anchor=anchor)[strong] > 0.5
    assert (z[strong][upper] > 0.105 - 0.004).all(), "half way between the handles"
    assert (z[strong][~upper] < 0.105 + 0.004).all()
    alone = choose(views=views)[strong] > 0.5
    assert (z[strong][alone] > 0.1 - 0.004).all(), "one piece is cut in halves"
    none = choose(views=views, anchor=0.1 * anchor)[strong] > 0.5
    assert (none == alone).all(), "faint handles tell nothing"


def test_the_switch_leaves_all_alike(seen: tuple[Cloud, np.ndarray, tuple[View, ...]]) -> None:
    assert _kept(seen, _asked(place="top"), selecting="off") == [True, True, True]


def test_a_button_of_no_such_colour_is_not_there(
    seen: tuple[Cloud, np.ndarray, tuple[View, ...]],
) -> None:
    cloud, knob, views = seen
    prob = knob.astype(np.float32)
    asked = AtomicQuery("contact", Phrase("press", "board", "button", "green"))
    everywhere = np.ones(len(cloud), bool)
    weight = Selecting(Switches()).points(cloud, prob, asked, thing=everywhere, views=views)
    assert weight[knob].max() < 0.3


def test_what_stands_side_by_side_has_no_upper_one() -> None:
    prob = np.zeros((40, 60), np.float32)
    prob[18:22, 5:10] = prob[18:22, 50:55] = 1.0
    rgb = np.zeros((40, 60, 3), np.uint8)
    selecting = Selecting(Switches())
    assert selecting.pixels(prob, rgb, _asked(place="top")).max() < 0.1
    left = selecting.pixels(prob, rgb, _asked(place="left"))
    assert (left[20, 7], left[20, 52]) == (1.0, 0.0)
    assert left[5, 3] == 1.0, "what lies beside a piece goes with it"


def test_one_region_alone_is_halved() -> None:
    prob = np.zeros((40, 60), np.float32)
    prob[10:30, 10:30] = 1.0
    rgb = np.zeros((40, 60, 3), np.uint8)
    weight = Selecting(Switches()).pixels(prob, rgb, _asked(place="bottom"))
    assert weight[28, 20] == 1.0
    assert weight[12, 20] == 0.0


def test_the_network_is_asked_for_all_alike() -> None:
    asked = _asked(place="top", colour="red")
    assert for_network(asked) == Phrase("turn", "board", "knob")
    bench = AtomicQuery("contact", Phrase("place", "bench", "top", "red"))
    assert for_network(bench) == bench.phrase
    said = replace(asked, text="Turn the upper red knob.")
    assert for_network(said) == asked.phrase, "a sentence asked as it is stays as it is"


def test_points_tell_the_pixels_of_a_map(
    seen: tuple[Cloud, np.ndarray, tuple[View, ...]],
) -> None:
    cloud, knob, views = seen
    heat = np.full((224, 224), 0.5, np.float32)
    right = (cloud.points_m[:, 1] > 0).astype(np.float32)
    got = on_pixels(heat, views[0], cloud.points_m, right)
    own = knob & (cloud.pixels[:, 0] == 0)
    _, column, row = cloud.pixels[own].T
    assert (got[row, column] == right[own]).mean() > 0.95
