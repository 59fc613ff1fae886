from __future__ import annotations

import numpy as np
import pytest

from ivlm_bench.geometry.cloud import object_cloud
from ivlm_bench.testing.analytic import Block, table_observation
from ivlm_bench.types import Query
from ivlm_policies.ivlm.fusing.colours import (
    GREYS,
    HUES_DEG,
    coloured_map,
    fits,
    part_fit,
    thing_fit,
)
from ivlm_policies.ivlm.grounding.windows import thing_of
from ivlm_policies.ivlm.stages import AtomicQuery, Grounding, Phrase

SEEN = {
    "red": (206, 36, 34),
    "orange": (230, 120, 20),
    "yellow": (236, 204, 40),
    "green": (30, 150, 66),
    "blue": (34, 76, 196),
    "purple": (120, 40, 170),
    "white": (235, 235, 230),
    "grey": (120, 118, 115),
    "black": (24, 24, 26),
}


@pytest.mark.parametrize("shade", [1.0, 0.6])
@pytest.mark.parametrize("word", HUES_DEG)
def test_a_hue_is_told_from_all_others_in_light_and_shade(word: str, shade: float) -> None:
    names = [name for name in SEEN if name not in GREYS]
    got = fits(shade * np.array([SEEN[name] for name in names]) / 255.0, word)
    assert names[int(np.argmax(got))] == word
    assert got.max() > 0.8
    assert np.sort(got)[-2] < 0.65, "orange and yellow lie near each other"


@pytest.mark.parametrize("word", GREYS)
def test_greys_are_told_by_their_brightness(word: str) -> None:
    names = list(SEEN)
    got = fits(np.array([SEEN[name] for name in names]) / 255.0, word)
    assert names[int(np.argmax(got))] == word
    assert all(got[names.index(name)] < 0.1 for name in HUES_DEG)


def test_words_that_are_no_colours_say_nothing() -> None:
    assert fits(np.zeros((2, 3)), "").tolist() == [1.0, 1.0]
    assert fits(np.zeros((2, 3)), "plaid").tolist() == [1.0, 1.0]
    assert len(fits(np.zeros((0, 3)), "red")) == 0


def test_clusters_count_by_the_share_that_fits() -> None:
    colours = np.array([SEEN["red"], SEEN["blue"], SEEN["red"], SEEN["red"]]) / 255.0
    got = thing_fit(colours, np.array([0, 0, 1, 1]), "red")
    assert got == pytest.approx([0.5, 1.0], abs=0.1)


def test_the_colour_of_a_whole_thing_is_not_asked_of_its_handle() -> None:
    blue = np.array([SEEN["blue"]]) / 255.0
    handle = AtomicQuery("contact", Phrase("grasp", "mug", "handle", "red"))
    bench = AtomicQuery("contact", Phrase("place", "bench", "top", "red"))
    assert part_fit(blue, handle) == pytest.approx([1.0])
    assert part_fit(blue, bench)[0] < 0.1


def test_of_two_equally_hot_things_the_one_of_the_asked_colour_is_meant() -> None:
    red = Block((0.0, -0.10, 0.04), (0.05, 0.05, 0.08), rgb=SEEN["red"])
    blue = Block((0.0, 0.10, 0.04), (0.05, 0.05, 0.08), rgb=SEEN["blue"])
    cloud = object_cloud(table_observation((red, blue), Query("grasp", "box", None, "")).views)
    heat = np.full((4, 224, 224), 0.5, np.float32)
    for word, side in (("red", -1.0), ("blue", 1.0)):
        assert (thing_of(cloud, heat, colour=word) == (side * cloud.points_m[:, 1] > 0)).all()


def test_on_pictures_alone_a_map_keeps_the_pixels_of_the_asked_colour() -> None:
    red = Block((0.0, -0.10, 0.04), (0.05, 0.05, 0.08), rgb=SEEN["red"])
    blue = Block((0.0, 0.10, 0.04), (0.05, 0.05, 0.08), rgb=SEEN["blue"])
    views = table_observation((red, blue), Query("place", "bench", None, ""), has_depth=False).views
    maps = np.full((4, 224, 224), 0.8, np.float32)
    sure = np.ones(4, np.float32)
    asked = AtomicQuery("contact", Phrase("place", "bench", "top", "red"))
    got = coloured_map(Grounding(asked, maps, sure, sure, ()), views)
    rgb = np.stack([view.rgb.astype(int) for view in views])
    assert got[rgb[..., 0] > rgb[..., 2] + 60].min() > 0.6
    assert got[rgb[..., 2] > rgb[..., 0] + 40].max() < 0.1
