"""Drawings of how an answer came about: colours at places that can be worked out by hand."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from ivlm_bench.geometry.camera import look_at, project
from ivlm_bench.types import (
    Grasp,
    GripperSpec,
    Interaction,
    Motion,
    Observation,
    Pose,
    Query,
    View,
)
from ivlm_policies.ivlm.explaining import colours
from ivlm_policies.ivlm.explaining._canvas import TILE_PX, TITLE_PX, Tile
from ivlm_policies.ivlm.explaining._explanation import on_surface
from ivlm_policies.ivlm.explaining._panels import answer_panel, heat_panel, rejected_panel
from ivlm_policies.ivlm.explaining.words import answer_words, plan_words, rejected_words
from ivlm_policies.ivlm.stages import AtomicQuery, Crop, Field, Grounding, Phrase, Plan

SIZE_PX = 64
GREY = 128


@pytest.fixture
def view() -> View:
    camera = look_at(np.array([0.4, 0.0, 0.3]), np.zeros(3), fov_rad=0.7, size_px=SIZE_PX)
    return View(camera, np.full((SIZE_PX, SIZE_PX, 3), GREY, np.uint8))


def has_colour(picture: np.ndarray, colour: tuple[int, int, int]) -> bool:
    """Whether a colour is in the tiles; the legend below does not count."""
    tiles = picture[TITLE_PX : TITLE_PX + TILE_PX]
    return bool((tiles == np.array(colour)).all(axis=2).any())


def test_a_point_is_drawn_where_it_is_seen(view: View) -> None:
    """A window of half the picture shows its middle; the world's origin is in the middle."""
    tile = Tile(view, Crop(SIZE_PX / 4, SIZE_PX / 4, SIZE_PX / 2), "")
    tile.points(np.array([[0.0, 0.0, 0.0], [0.0, 0.05, 0.0]]), np.array([[255, 0, 0], [0, 0, 255]]))
    drawn = np.asarray(tile.image)
    at, _ = project(view.camera, np.array([[0.0, 0.0, 0.0], [0.0, 0.05, 0.0]]))
    for pixel, colour in zip(at, ([255, 0, 0], [0, 0, 255]), strict=True):
        x, y = np.rint((pixel + 0.5 - SIZE_PX / 4) * TILE_PX / (SIZE_PX / 2)).astype(int)
        assert drawn[y, x].tolist() == colour


def test_heat_is_laid_where_the_map_is_hot(view: View) -> None:
    heat = np.zeros((1, SIZE_PX, SIZE_PX), np.float32)
    heat[0, :, : SIZE_PX // 2] = 1.0
    query = AtomicQuery("object", Phrase("find", "mug"), "image")
    ones = np.ones(1, np.float32)
    crop = Crop(-0.5, -0.5, float(SIZE_PX))
    drawn = heat_panel((view,), Grounding(query, heat, ones, ones, (crop,)))
    row = drawn[TITLE_PX + TILE_PX // 2].astype(int)
    left, right = row[TILE_PX // 4], row[3 * TILE_PX // 4]
    assert right.tolist() == [GREY] * 3
    assert left[0] - left[2] > 100  # the strongest is red


def field(rejected: dict[str, np.ndarray]) -> Field:
    points = np.array([[0.0, -0.04, 0.0], [0.0, 0.04, 0.0]])
    seen = np.ones((1, 2), bool)
    some = np.array([0.2, 0.9], np.float32)
    return Field(
        points,
        np.tile([0.0, 0.0, 1.0], (2, 1)),
        {"contact": some},
        np.zeros(2, np.float32),
        some[None],
        seen,
        0.9,
        0.9,
        rejected,
    )


def test_rejected_points_have_the_colour_of_their_constraint(view: View) -> None:
    out = {"unseen": np.zeros(2, bool), "another thing": np.array([True, False])}
    drawn = rejected_panel((view,), field(out))
    assert has_colour(drawn, colours.KEPT)
    assert has_colour(drawn, colours.NAMED[1])
    assert not has_colour(drawn, colours.NAMED[0])
    assert "unseen 0, another thing 1" in rejected_words(field(out))


@pytest.mark.parametrize(("chosen", "n"), [(None, 3), ([1.0, 1.0], 3), ([0.1, 1.0], 4)])
def test_words_that_choose_are_told_where_they_do(
    view: View, chosen: list[float] | None, n: int
) -> None:
    fused = field({"unseen": np.zeros(2, bool)})
    kept = None if chosen is None else np.array(chosen, np.float32)
    told = on_surface((view,), replace(fused, chosen=kept))
    heads = [piece.caption.split()[0] for piece in told]
    assert heads == ["Votes:", "Rejected", "Chosen:", "Fused"] if n == 4 else len(heads) == n
    picture = told[-2].image
    assert picture is not None
    weakest = tuple(int(c) for c in colours.scale(np.array(0.1)))
    assert has_colour(picture, weakest) == (n == 4)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("answer", "colour", "words"),
    [
        (Interaction(grasps=(Grasp(Pose.identity(), 0.04),)), colours.GRIPPER, "40 mm"),
        (
            Interaction(motion=Motion(np.zeros(3), np.array([0.0, 1.0, 0.0]))),
            colours.ARROW,
            "(+0.00, +1.00, +0.00)",
        ),
        (Interaction(contact_points_m=np.zeros((1, 3))), colours.CONTACT, "where to touch"),
        (Interaction(abstain=True, abstain_reason="too wide"), None, "abstains: too wide"),
    ],
)
def test_the_answer_is_drawn_and_told(
    view: View, answer: Interaction, colour: tuple[int, int, int] | None, words: str
) -> None:
    shown = Observation((view,), Query("grasp", "mug", None, ""), GripperSpec(), np.zeros(3))
    drawn = answer_panel(shown, answer, np.zeros((0, 3)))
    expected = [colour] if colour else []
    known = (colours.GRIPPER, colours.ARROW, colours.CONTACT)
    assert [c for c in known if has_colour(drawn, c)] == expected
    assert words in answer_words(answer)


def test_the_plan_is_told_with_its_words_or_with_why_there_is_none() -> None:
    phrase = Phrase("grasp", "mug", "handle", place="left")
    query = AtomicQuery("contact", phrase)
    plan = Plan("grasp.v1", "grasp", phrase, (query,), "grasp", ("width",))
    told = plan_words(plan, "Take it.")
    for word in ("Take it.", "grasp.v1", "part handle", "of mug", "place left", "width"):
        assert word in told
    assert "learned" not in told
    strange = Plan("grasp.v1", "grasp", Phrase("grasp", "object"), (query,), "grasp")
    assert "Its noun is none that was learned" in plan_words(strange, "Take the samovar.")
    none = Plan("none.v1", "grasp", Phrase("grasp"), (), "none", abstain_reason="no verb")
    assert "no verb" in plan_words(none, "Hm.")
