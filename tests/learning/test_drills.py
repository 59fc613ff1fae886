"""Put-together things: closed, on the table, named, and none like a held-out category."""

from __future__ import annotations

from collections import Counter

import numpy as np
import pytest

from ivlm_bench.geometry.massprops import volume_m3
from ivlm_bench.geometry.mesh import is_watertight
from ivlm_bench.learning.scene import draw_scene
from ivlm_bench.learning.sources import SOURCES
from ivlm_bench.learning.words import split_part
from ivlm_envs.drills import fittings, obstacles
from ivlm_envs.drills.assembling import Assembly, draw_assembly
from ivlm_envs.layout import APART_M, points_of

N_DRAWN = 300


@pytest.fixture(scope="module")
def drawn() -> list[Assembly]:
    rng = np.random.default_rng(11)
    return [draw_assembly(rng) for _ in range(N_DRAWN)]


def _words(thing: Assembly) -> set[str]:
    return {split_part(part.name)[0] for _, part in thing.model.parts}


def test_all_parts_are_closed_and_face_outwards(drawn: list[Assembly]) -> None:
    for thing in drawn:
        for _, part in thing.model.parts:
            assert is_watertight(part.mesh), (thing.noun, part.name)
            assert volume_m3(part.mesh) > 0.0, (thing.noun, part.name)


def test_things_stand_on_the_table_and_reach_no_more_than_a_hair_below(
    drawn: list[Assembly],
) -> None:
    for thing in drawn:
        points = np.concatenate([p.mesh.vertices_m for _, p in thing.model.parts])
        assert -1e-9 <= np.abs(points[:, 2]).min() < 1e-6
        assert np.ptp(points, axis=0).max() < 0.6


def test_parts_touch_the_body_that_they_are_put_on(drawn: list[Assembly]) -> None:
    for thing in drawn:
        meshes = [p.mesh.vertices_m for _, p in thing.model.parts]
        boxes = [(m.min(axis=0), m.max(axis=0)) for m in meshes]
        for k, (low, high) in enumerate(boxes):
            near = [
                bool(np.all(low <= other[1] + 1e-6) and np.all(other[0] <= high + 1e-6))
                for j, other in enumerate(boxes)
                if j != k
            ]
            assert any(near) or len(boxes) == 1, (thing.noun, k)


def test_names_of_parts_differ_and_all_kinds_of_parts_are_drawn(drawn: list[Assembly]) -> None:
    counts: Counter[str] = Counter()
    for thing in drawn:
        names = [part.name for _, part in thing.model.parts]
        assert len(set(names)) == len(names)
        counts.update(_words(thing))
    wanted = {"body", "rim", "handle", "knob", "lid", "spout", "lever", "button", "door"}
    wanted |= {"drawer", "blade", "head", "neck", "cap", "tab"}
    assert wanted <= set(counts)


@pytest.mark.parametrize(
    "together",
    [
        {"spout", "lid"},
        {"spout", "knob"},
        {"spout", "lever"},
        {"door", "button"},
        {"door", "knob"},
        {"spout", "bar"},
    ],
)
def test_no_thing_is_built_like_a_held_out_category(
    drawn: list[Assembly], together: set[str]
) -> None:
    assert not [thing for thing in drawn if together <= _words(thing)]


def test_no_tools_head_is_as_thin_as_its_handle(drawn: list[Assembly]) -> None:
    tools = [thing for thing in drawn if thing.noun == "tool"]
    assert tools
    for tool in tools:
        head, handle = (part.mesh.vertices_m for _, part in tool.model.parts)
        assert np.ptp(head[:, 1]) > 1.5 * np.ptp(handle[:, 1])


def test_colour_does_not_tell_a_part(drawn: list[Assembly]) -> None:
    """Handles have every colour that bodies have, and about every other is like its body."""
    shared = [
        t.colours.get("handle") == t.colours.get("body") for t in drawn if "handle" in t.colours
    ]
    assert 0.3 < float(np.mean(shared)) < 0.85
    assert len({t.colours["handle"] for t in drawn if "handle" in t.colours}) == 10


def test_left_is_left_for_who_faces_the_front(drawn: list[Assembly]) -> None:
    found = 0
    for thing in drawn:
        sides = {
            p.name: p.mesh.vertices_m
            for _, p in thing.model.parts
            if p.name[-5:] in ("_left", "right")
        }
        for name, points in sides.items():
            if name.endswith("_left"):
                other = sides[name.replace("left", "right")]
                assert points[:, 1].mean() < other[:, 1].mean()
                found += 1
    assert found


@pytest.mark.parametrize("n", [1, 2, 3, 4, 5])
def test_buttons_have_room_beside_each_other(n: int) -> None:
    places = fittings.button_places((0.2, 0.15), n)
    apart = np.linalg.norm(places[:, None] - places[None], axis=-1) + np.eye(n)
    assert places.shape == (n, 2)
    assert apart.min() > 0.03


def test_things_of_a_scene_are_apart_and_called_differently() -> None:
    source, rng = SOURCES.get("assemblies"), np.random.default_rng(2)
    for number in range(30):
        drawn = draw_scene(source, rng, number=number, size_px=160)
        nouns = [called.noun for called in drawn.called.values()]
        assert len(set(nouns)) == len(nouns)
        things = [p for p in drawn.scene.placements if p.name in drawn.called]
        clouds = [points_of(thing)[:, :2] for thing in things]
        for k, cloud in enumerate(clouds):
            for other in clouds[:k]:
                gaps = np.linalg.norm(cloud[::7, None] - other[None, ::7], axis=-1)
                assert gaps.min() >= APART_M


def _box(thing: Assembly, word: str) -> tuple[np.ndarray, np.ndarray]:
    """Return the corners of the box about all parts that go by a word."""
    points = [p.mesh.vertices_m for _, p in thing.model.parts if p.name.partition("_")[0] == word]
    joined = np.concatenate(points)
    return joined.min(axis=0), joined.max(axis=0)


@pytest.mark.parametrize(
    ("obstacle", "holds"), [("bar", "handle"), ("strap", "lid"), ("pin", "knob"), ("pin", "lever")]
)
def test_some_of_what_moves_is_held_and_some_is_free(
    drawn: list[Assembly], obstacle: str, holds: str
) -> None:
    moving = {"bar": {"door", "drawer"}, "strap": {"body"}, "pin": {"body"}}[obstacle]
    flat = [t for t in drawn if t.noun in ("case", "crate", "box", "board")]
    things = [t for t in flat if holds in _words(t) and moving & _words(t)]
    held = [obstacle in _words(t) for t in things]
    assert any(held)
    assert not all(held)


def test_bars_run_across_the_front_and_stand_off_it(drawn: list[Assembly]) -> None:
    for thing in (t for t in drawn if "bar" in _words(t)):
        front = "door" if "door" in _words(thing) else "front"
        (low, high), (lowest, highest) = _box(thing, front), _box(thing, "bar")
        assert highest[0] > high[0], "the bar stands farther out"
        spans = (highest - lowest)[1:] >= (high - low)[1:]
        assert spans.any()


def test_straps_run_over_the_lid_and_down_both_sides(drawn: list[Assembly]) -> None:
    strapped = [t for t in drawn if "strap" in _words(t) and "lid" in _words(t)]
    assert strapped
    for thing in strapped:
        (low, high), (lowest, highest) = _box(thing, "lid"), _box(thing, "strap")
        assert lowest[0] < low[0]
        assert high[0] < highest[0]
        assert lowest[2] < low[2]


def test_pins_stand_on_both_sides_of_what_turns() -> None:
    rng = np.random.default_rng(3)
    for make in (fittings.knob, fittings.lever):
        control = make(rng)
        pins = obstacles.pins(control, rng).mesh.vertices_m
        across = control.mesh.vertices_m[:, 1:]
        tip = across[int(np.linalg.norm(across, axis=1).argmax())]
        side = np.array([-tip[1], tip[0]]) / np.linalg.norm(tip)
        at = pins[:, 1:] @ side
        assert at.min() < 0.0 < at.max(), "one on each side of the middle line"
        assert pins[:, 0].max() > control.mesh.vertices_m[:, 0].max(), "they are longer"


def test_no_post_has_a_spout_and_something_on_its_top(drawn: list[Assembly]) -> None:
    posts = [t for t in drawn if t.noun == "post"]
    assert {"spout" in _words(t) for t in posts} == {True, False}
    for thing in (t for t in posts if "handle" in _words(t)):
        (_, top), (_, high) = _box(thing, "body"), _box(thing, "handle")
        assert ("spout" in _words(thing)) == bool(high[2] < top[2] + 1e-9)
