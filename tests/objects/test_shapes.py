"""Dimensions of the families: sizes asked for, and pools that don't overlap."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest

from ivlm_bench.objects import OBJECTS, Split
from ivlm_bench.types import Mesh, ObjectModel
from ivlm_envs.objects import box, cabinet, door_cabinet, knob, lever, lid_box, panel, table, vessel

Measure = Callable[[ObjectModel], float]


def extents(mesh: Mesh) -> np.ndarray:
    return np.ptp(mesh.vertices_m, axis=0)


def part(model: ObjectModel, name: str) -> Mesh:
    return next(p.mesh for _, p in model.parts if p.name == name)


def body_aspect(model: ObjectModel) -> float:
    size = extents(part(model, "body"))
    return float(size[2] / size[1])


def bowl_aspect(model: ObjectModel) -> float:
    rim = part(model, "rim")
    return float(rim.vertices_m[:, 2].max() / extents(rim)[1])


def slenderness(model: ObjectModel) -> float:
    size = extents(part(model, "box"))
    return float(size.max() / size.min())


def height(model: ObjectModel) -> float:
    return float(extents(part(model, "box"))[2])


def width_to_height(model: ObjectModel) -> float:
    size = extents(part(model, "cabinet"))
    return float(size[1] / size[2])


def lidded_aspect(model: ObjectModel) -> float:
    """Height of the closed box over its width."""
    box_, lid = part(model, "box"), part(model, "lid")
    height_m = extents(box_)[2] + extents(lid)[2]
    return float(height_m / extents(box_)[1])


def cap_width(model: ObjectModel) -> float:
    return float(extents(model.links[1].parts[0].mesh)[1])


def edge_radius(model: ObjectModel) -> float:
    """Side less the width of the flat part of the top."""
    mesh = part(model, "board")
    flat = mesh.vertices_m[mesh.vertices_m[:, 2] > -1e-9]
    return float((extents(mesh)[0] - np.ptp(flat[:, 0])) / 2)


def sweep_radius(model: ObjectModel) -> float:
    """How far a lever or a pointer reaches from the axis that it turns about."""
    return float(np.linalg.norm(model.links[1].parts[0].mesh.vertices_m[:, 1:], axis=1).max())


def head_aspect(model: ObjectModel) -> float:
    size = extents(part(model, "head"))
    return float(size[1] / size[2])


def blade_aspect(model: ObjectModel) -> float:
    size = extents(part(model, "blade"))
    return float(size[0] / size[1])


def top_height(model: ObjectModel) -> float:
    return float(part(model, "top").vertices_m[:, 2].max())


def base_length(model: ObjectModel) -> float:
    return float(extents(part(model, "base"))[0])


#: A visible dimension that tells the two pools of each family apart.
DISJOINT: dict[str, Measure] = {
    "mug": body_aspect,
    "cup": body_aspect,
    "bottle": body_aspect,
    "bare_bottle": body_aspect,
    "bowl": bowl_aspect,
    "pan": body_aspect,
    "bare_pan": body_aspect,
    "box": slenderness,
    "wide_box": height,
    "cabinet": width_to_height,
    "barred_cabinet": width_to_height,
    "door_cabinet": width_to_height,
    "barred_door_cabinet": width_to_height,
    "lid_box": lidded_aspect,
    "strapped_lid_box": lidded_aspect,
    "panel": cap_width,
    "table": edge_radius,
    "hammer": head_aspect,
    "bare_hammer_head": head_aspect,
    "knife": blade_aspect,
    "bare_blade": blade_aspect,
    "lever": sweep_radius,
    "pinned_lever": sweep_radius,
    "knob": sweep_radius,
    "pinned_knob": sweep_radius,
    "pedestal": top_height,
    "slope": base_length,
}


@pytest.mark.parametrize("family", [n for n, f in OBJECTS if f.n_seen])
def test_pools_are_disjoint_in_a_visible_dimension(
    family: str, build: Callable[..., ObjectModel]
) -> None:
    splits: tuple[Split, Split] = ("seen", "unseen")
    pool = OBJECTS.get(family).n_seen
    measured = [
        [DISJOINT[family](build(family, split, i)) for i in range(0, pool, 4)] for split in splits
    ]
    low, high = sorted(measured, key=min)
    assert max(low) < min(high)


@pytest.mark.parametrize(
    "ranges",
    [
        vessel.ASPECT, box.SLENDERNESS, box.WIDE_HEIGHT_M, cabinet.WIDTH_TO_HEIGHT, panel.CAP_M,
        table.EDGE_M, lever.REACH_M, knob.SKIRT_M, door_cabinet.WIDTH_TO_HEIGHT,
        lid_box.HEIGHT_TO_WIDTH,
    ],
)  # fmt: skip
def test_declared_ranges_are_disjoint(ranges: dict[str, tuple[float, float]]) -> None:
    low, high = sorted(ranges.values())
    assert low[0] < low[1] < high[0] < high[1]


@pytest.mark.parametrize("split", ["seen", "unseen"])
@pytest.mark.parametrize("instance", range(8))
def test_mug_dimensions(build: Callable[..., ObjectModel], split: str, instance: int) -> None:
    model = build("mug", split, instance)
    size = extents(part(model, "body"))
    assert 0.075 <= size[2] <= 0.110
    assert 0.060 <= size[1] <= 0.095
    handle = part(model, "handle").vertices_m
    assert 0.008 <= np.ptp(handle[:, 1]) <= 0.014
    assert np.abs(handle[:, 1]).max() < handle[:, 0].max(), "the handle faces +x"


@pytest.mark.parametrize("split", ["seen", "unseen"])
@pytest.mark.parametrize("instance", range(8))
def test_mug_handle_is_rooted_in_the_wall_and_leaves_the_cavity_free(
    build: Callable[..., ObjectModel], split: str, instance: int
) -> None:
    model = build("mug", split, instance)
    body, handle = part(model, "body").vertices_m, part(model, "handle").vertices_m
    angle = np.arctan2(body[:, 1], body[:, 0])
    column = body[np.abs(angle) < 1e-6]
    radius = np.linalg.norm(column[:, :2], axis=1)
    top = int(np.argmax(column[:, 2]))
    outer, inner = column[: top + 1], column[top:]
    inner = inner[np.argsort(inner[:, 2], kind="stable")]
    r_inner = np.interp(handle[:, 2], inner[:, 2], np.linalg.norm(inner[:, :2], axis=1))
    r_handle = np.linalg.norm(handle[:, :2], axis=1)
    assert len(radius) > 10
    assert (r_handle > r_inner).all(), "the handle pokes into the cavity"
    # both ends: their outermost points lie inside the outer wall
    outer = outer[np.argsort(outer[:, 2], kind="stable")]
    r_outer = np.interp(handle[:, 2], outer[:, 2], np.linalg.norm(outer[:, :2], axis=1))
    for end in (handle[:, 2] > np.median(handle[:, 2]), handle[:, 2] < np.median(handle[:, 2])):
        root = end & (handle[:, 0] < handle[end, 0].min() + 0.0004)
        assert (r_handle[root] < r_outer[root]).all(), "the handle floats before the wall"


@pytest.mark.parametrize("split", ["seen", "unseen"])
@pytest.mark.parametrize("instance", range(8))
def test_box_has_a_graspable_side(
    build: Callable[..., ObjectModel], split: str, instance: int
) -> None:
    size = extents(part(build("box", split, instance), "box"))
    assert 0.025 <= size[:2].min() <= 0.065


@pytest.mark.parametrize("family", ["cabinet", "barred_cabinet"])
@pytest.mark.parametrize("split", ["seen", "unseen"])
@pytest.mark.parametrize("instance", range(6))
def test_cabinet_dimensions(
    build: Callable[..., ObjectModel], family: str, split: str, instance: int
) -> None:
    model = build(family, split, instance)
    size = extents(part(model, "cabinet"))
    assert 0.20 <= size[2] <= 0.32
    assert 0.22 - 1e-9 <= size[1] <= 0.34 + 1e-9
    assert ("bar" in {p.name for _, p in model.parts}) == (family == "barred_cabinet")


def mean_colour(model: ObjectModel, name: str) -> np.ndarray:
    texture = next(p.texture for _, p in model.parts if p.name == name)
    return texture.reshape(-1, 3).mean(axis=0)


def test_colour_does_not_give_the_handle_away(build: Callable[..., ObjectModel]) -> None:
    """In a good share of mugs and cabinets the handle has a colour of what it sits on."""
    alike = []
    for instance in range(24):
        model = build("mug", "seen", instance)
        outside = next(p.texture for _, p in model.parts if p.name == "body")[:96].reshape(-1, 3)
        apart = np.linalg.norm(outside - mean_colour(model, "handle"), axis=1)
        alike.append(float(np.median(apart)) < 25)
    assert 0.3 <= np.mean(alike) <= 0.8
    cabinets = [build("cabinet", "seen", i) for i in range(24)]
    same = [
        np.abs(mean_colour(c, "front_top") - mean_colour(c, "handle_top")).max() < 1
        for c in cabinets
    ]
    assert 0.3 <= np.mean(same) <= 0.7


def test_button_names_tell_their_colour(build: Callable[..., ObjectModel]) -> None:
    dominant = {"red": 0, "green": 1, "blue": 2}
    for instance in range(10):
        model = build("panel", "seen", instance)
        for link in model.links[1:]:
            colour = mean_colour(model, link.name)
            name = link.name.removeprefix("button_")
            if name in dominant:
                assert int(np.argmax(colour)) == dominant[name]
            elif name == "yellow":
                assert min(colour[0], colour[1]) > 2 * colour[2]
            else:
                assert (colour.mean() > 200) == (name == "white")
                assert np.ptp(colour) < 12
