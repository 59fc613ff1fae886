"""Tools: what a person sees in them, how they lie, and how they are taken."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest

from ivlm_bench.geometry.hulls import convex_hull, hull_distance_m
from ivlm_bench.geometry.mesh import is_watertight
from ivlm_bench.objects import OBJECTS, Split
from ivlm_bench.types import Mesh, ObjectModel
from ivlm_envs.held_out import held_out_categories
from ivlm_envs.objects import grips, hammer, knife

Build = Callable[[str, Split, int], ObjectModel]

TOOLS = ("hammer", "knife", "screwdriver")
BARE = ("bare_hammer_head", "bare_blade")
#: Parts of each family, handle last.
PARTS = {
    "hammer": ("head", "handle"),
    "knife": ("blade", "handle"),
    "screwdriver": ("shaft", "handle"),
    "bare_hammer_head": ("head",),
    "bare_blade": ("blade",),
}
POOLS: list[tuple[str, Split]] = [
    (family, split)
    for family in PARTS
    for split in ("seen", "unseen")
    if OBJECTS.get(family).size(split)
]
#: Least distance of the centre of mass, seen from above, from the border of the base (m).
INSIDE_M = 0.004


def part(model: ObjectModel, name: str) -> Mesh:
    return next(p.mesh for _, p in model.parts if p.name == name)


def base_of(model: ObjectModel) -> np.ndarray:
    points = np.concatenate([p.mesh.vertices_m for _, p in model.parts])
    return points[points[:, 2] < 1e-6]


@pytest.mark.parametrize(("family", "split"), POOLS)
def test_parts_have_the_names_that_a_person_uses(build: Build, family: str, split: Split) -> None:
    model = build(family, split, 3)
    assert tuple(p.name for _, p in model.parts) == PARTS[family]
    assert model.category == family


def test_screwdrivers_are_held_out_and_all_unseen() -> None:
    assert "screwdriver" in held_out_categories()
    assert OBJECTS.get("screwdriver").n_seen == 0


@pytest.mark.parametrize(("family", "split"), POOLS)
def test_pools_hold_twenty_instances_or_more(family: str, split: Split) -> None:
    assert OBJECTS.get(family).size(split) >= 20


@pytest.mark.parametrize(("family", "split"), POOLS)
def test_the_centre_of_mass_is_well_over_the_base(build: Build, family: str, split: Split) -> None:
    """So that every tool lies as it is modelled, and neither tips over nor rocks."""
    for instance in range(OBJECTS.get(family).size(split)):
        model = build(family, split, instance)
        base = base_of(model)
        centre = model.links[0].centre_of_mass_m
        column = np.concatenate([base, np.add(base, (0.0, 0.0, 1.0))])
        depth = hull_distance_m(np.array([[*centre[:2], 0.5]]), convex_hull(column))
        assert depth[0] < -INSIDE_M, model.name


@pytest.mark.parametrize("split", ["seen", "unseen"])
@pytest.mark.parametrize("instance", range(0, 40, 8))
def test_a_hammer_lies_on_head_and_grip(build: Build, split: Split, instance: int) -> None:
    model = build("hammer", split, instance)
    for name in ("head", "handle"):
        assert part(model, name).vertices_m[:, 2].min() == pytest.approx(0.0, abs=1e-9)
    head, handle = part(model, "head").vertices_m, part(model, "handle").vertices_m
    assert np.ptp(head[:, 1]) > 1.8 * np.ptp(handle[:, 1]), "the head stands out across"
    assert np.ptp(handle[:, 0]) > 1.5 * np.ptp(head[:, 1]), "the handle is long"
    assert head[:, 0].min() > handle[:, 0].mean(), "the head is at the far end"


@pytest.mark.parametrize("split", ["seen", "unseen"])
@pytest.mark.parametrize("instance", range(0, 40, 8))
def test_a_blade_is_thin_and_in_mid_air(build: Build, split: Split, instance: int) -> None:
    model = build("knife", split, instance)
    blade, handle = part(model, "blade").vertices_m, part(model, "handle").vertices_m
    free = blade[blade[:, 0] > handle[:, 0].max() + 0.011]
    assert np.ptp(free[:, 2]) <= knife.SPINE_M[1] + 1e-9
    assert free[:, 2].min() > 0.005
    assert handle[:, 2].min() == pytest.approx(0.0, abs=1e-9)


def test_a_blade_is_rooted_in_its_handle(build: Build) -> None:
    for family, name in (("knife", "blade"), ("screwdriver", "shaft"), ("hammer", "handle")):
        model = build(family, "unseen", 4)
        inner, outer = (part(model, name), part(model, "handle"))
        if family == "hammer":
            inner, outer = part(model, "handle"), part(model, "head")
        shared = outer.vertices_m[:, 0].max() - inner.vertices_m[:, 0].min()
        assert shared > 0.008, family


@pytest.mark.parametrize("family", TOOLS)
@pytest.mark.parametrize("instance", range(0, 40, 8))
def test_tools_are_taken_by_the_handle_first_and_by_the_other_part(
    build: Build, family: str, instance: int
) -> None:
    model = build(family, "unseen", instance)
    taken = [g.part for g in model.grasps]
    n_handle = taken.count("handle")
    assert n_handle >= 12
    assert len(taken) > n_handle
    assert taken[:n_handle] == ["handle"] * n_handle
    centre = model.links[0].centre_of_mass_m
    arm = np.linalg.norm((model.grasps[0].object_from_gripper.position_m - centre)[:2])
    assert arm < 0.08, "the first grasp is near the centre of mass"


@pytest.mark.parametrize("family", BARE)
def test_what_has_no_handle_offers_none(build: Build, family: str) -> None:
    for split in ("seen", "unseen"):
        assert "handle" not in {g.part for g in build(family, split, 2).grasps}


def test_a_bare_head_has_an_open_eye(build: Build) -> None:
    """A ray through the eye along the missing handle meets no convex piece."""
    for split in ("seen", "unseen"):
        model = build("bare_hammer_head", split, 1)
        ((_, head),) = model.parts
        middle = part(model, "head").vertices_m[:, 2].max() / 2
        eye = np.array([0.0, 0.0, middle])
        inside = [h for h in head.hulls if np.ptp(h.vertices_m[:, 2]) < middle]
        assert inside, "no plates above and below"
        y = np.mean([h.vertices_m[:, 1].mean() for h in inside[-2:]])
        ray = eye + [0.0, y, 0.0] + np.linspace(-0.02, 0.02, 41)[:, None] * [1.0, 0.0, 0.0]
        assert min(hull_distance_m(ray, h).min() for h in head.hulls) > 0.0


@pytest.mark.parametrize("ranges", [hammer.HEAD_ASPECT, knife.BLADE_ASPECT, knife.BLADE_WIDTH_M])
def test_declared_ranges_of_tools_are_disjoint(ranges: dict[str, tuple[float, float]]) -> None:
    low, high = sorted(ranges.values())
    assert low[0] < low[1] < high[0] < high[1]


def bar() -> grips.Bar:
    return grips.Bar(
        np.array([0.0, 0.1, 0.2]),
        np.array([[0.01, 0.02], [0.01, 0.02], [0.02, 0.01]]),
        np.array([[0.0, 0.02], [0.0, 0.02], [0.005, 0.02]]),
        grips.rounded_section(12, 0.5),
    )


def test_a_bar_is_closed_and_as_large_as_asked() -> None:
    solid = bar().solid
    assert is_watertight(solid.mesh)
    vertices = solid.mesh.vertices_m
    np.testing.assert_allclose(vertices.min(axis=0), [0.0, -0.015, 0.0], atol=1e-12)
    np.testing.assert_allclose(vertices.max(axis=0), [0.2, 0.025, 0.04], atol=1e-12)
    half, middle = bar().at(0.15)
    np.testing.assert_allclose(half, [0.015, 0.015])
    np.testing.assert_allclose(middle, [0.0025, 0.02])


def test_hulls_of_a_bar_hold_all_of_it_and_no_more() -> None:
    pieces = bar().hulls()
    vertices = bar().solid.mesh.vertices_m
    distance = np.min([hull_distance_m(vertices, h) for h in pieces], axis=0)
    np.testing.assert_allclose(distance, 0.0, atol=1e-12)


def test_a_section_is_flat_on_four_sides() -> None:
    section = grips.rounded_section(16, 0.5)
    for axis in (0, 1):
        for side in (-1.0, 1.0):
            assert np.isclose(section[:, axis], side).sum() == 2
