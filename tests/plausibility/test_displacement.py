"""Free falls as by formula, a caged object stays, in both engines; pieces are convex and tight."""

from __future__ import annotations

import numpy as np
import pytest
import trimesh

from ivlm_bench.engines import available_engines
from ivlm_bench.errors import AssetError
from ivlm_bench.geometry.massprops import volume_m3
from ivlm_bench.geometry.mesh import concatenated, is_convex
from ivlm_bench.geometry.solids import box, cylinder
from ivlm_bench.plausibility import displacement, obman
from ivlm_bench.plausibility.decompose import convex_pieces
from ivlm_bench.plausibility.displacement import DIRECTIONS, Grip, displacement_m, make_grip
from ivlm_bench.plausibility.solid import Solid, make_solid
from ivlm_bench.types import Mesh

ENGINES = [
    pytest.param(name, marks=pytest.mark.skipif(name not in available_engines(), reason=name))
    for name in ("mujoco", "pybullet")
]
needs_bullet = pytest.mark.skipif("pybullet" not in available_engines(), reason="no pybullet")
CUBE = box((0.05, 0.05, 0.05)).mesh
#: Six plates about a cube of 50 mm, each 0.1 mm away from it, and apart from each other.
PLATES = concatenated(
    [
        box(tuple(0.01 if k == axis else 0.04 for k in range(3)))
        .at(*(side * 0.0301 if k == axis else 0.0 for k in range(3)))
        .mesh
        for axis in range(3)
        for side in (-1.0, 1.0)
    ]
)
FAR = box((0.05, 0.05, 0.05)).at(3.0, 0.0, 0.0).mesh


def grip(hand: Mesh, obj: Mesh) -> Grip:
    thing = make_solid(obj)
    return make_grip(convex_pieces(make_solid(hand)), convex_pieces(thing), thing.surface)


@pytest.mark.parametrize("engine", ENGINES)
def test_an_object_that_nothing_holds_falls_freely(engine: str) -> None:
    fallen = displacement_m(grip(FAR, CUBE), engine, down=np.array([0.0, 0.0, -1.0]))
    # g t (t + dt) / 2: both engines step speed before position, at 1 ms and 2 ms.
    assert fallen == pytest.approx(0.5 * 9.81 * 0.5**2, rel=0.005)


@pytest.mark.parametrize("engine", ENGINES)
@pytest.mark.parametrize("way", DIRECTIONS)
def test_a_caged_object_stays(engine: str, way: str) -> None:
    moved = displacement_m(grip(PLATES, CUBE), engine, down=np.array(DIRECTIONS[way]))
    assert moved < 0.0005


@pytest.mark.parametrize("engine", ENGINES)
def test_an_object_on_a_palm_falls_when_the_palm_is_turned_over(engine: str) -> None:
    palm = box((0.2, 0.2, 0.02)).at(0.0, 0.0, -0.0351).mesh
    held = grip(palm, CUBE)
    assert displacement_m(held, engine, down=np.array(DIRECTIONS["-z"])) < 0.001
    assert displacement_m(held, engine, down=np.array(DIRECTIONS["+z"])) > 1.2


@pytest.mark.parametrize(("volume", "mass"), [(1e-6, 0.05), (1e-3, 0.15), (4e-3, 0.6), (1.0, 1.0)])
def test_mass_is_150_kg_m3_times_volume_within_limits(volume: float, mass: float) -> None:
    assert displacement.mass_kg(volume) == pytest.approx(mass)


def test_obmans_ceiling_is_35_steps_of_falling_with_bullets_damping() -> None:
    # Without damping: g dt2 (1 + 2 + ... + 35) = 9.8 / 240**2 * 630 = 0.10719 m.
    assert obman.free_fall_m() == pytest.approx(9.8 / 240**2 * 630, rel=0.004)
    assert obman.free_fall_m() < 9.8 / 240**2 * 630


@needs_bullet
def test_obmans_displacement_of_a_free_object_is_its_ceiling() -> None:
    from ivlm_bench.plausibility.legacy import legacy_displacement_m

    assert legacy_displacement_m(FAR, CUBE) == pytest.approx(obman.free_fall_m(), rel=1e-6)


@needs_bullet
def test_obmans_displacement_of_a_caged_object_is_small_and_of_a_supported_one_too() -> None:
    from ivlm_bench.plausibility.legacy import legacy_displacement_m

    assert legacy_displacement_m(PLATES, CUBE) < 0.003
    palm = box((0.2, 0.02, 0.2)).at(0.0, 0.036, 0.0).mesh
    assert legacy_displacement_m(palm, CUBE) < 0.005  # ObMan's gravity pulls to +y
    assert legacy_displacement_m(palm, CUBE, down=np.array([0.0, -1.0, 0.0])) > 0.1


@needs_bullet
def test_what_v_hacd_cannot_split_is_refused_and_ends_nothing() -> None:
    from ivlm_bench.plausibility.legacy import legacy_displacement_m

    ball = trimesh.creation.icosphere(subdivisions=1, radius=0.03)
    paper = Mesh(np.asarray(ball.vertices) * [1.0, 1.0, 1e-4], np.asarray(ball.faces, np.int32))
    with pytest.raises(AssetError, match="no convex pieces"):
        legacy_displacement_m(FAR, paper)


def test_a_convex_mesh_is_its_own_piece() -> None:
    pieces = convex_pieces(make_solid(CUBE))
    assert len(pieces.hulls) == 1
    assert volume_m3(pieces.hulls[0]) == pytest.approx(1.25e-4)


def test_plane_cuts_of_blocks_are_exact() -> None:
    # An L of two blocks encloses what its pieces do, a box with a cavity nearly so.
    arm = box((0.1, 0.02, 0.02)).at(0.04, 0.0, 0.05).mesh
    column = box((0.02, 0.02, 0.1)).mesh
    bent = make_solid(concatenated([column, arm]))
    assert pieces_m3(bent) == pytest.approx(bent.volume_m3, rel=1e-6)
    hole = box((0.06, 0.06, 0.06)).mesh
    hollow = make_solid(
        concatenated([box((0.1, 0.1, 0.1)).mesh, Mesh(hole.vertices_m, hole.faces[:, ::-1])])
    )
    assert pieces_m3(hollow) == pytest.approx(1e-3 - 0.06**3, rel=0.02)  # where cutting ends


def test_pieces_of_a_cup_are_convex_and_leave_its_hollow_free() -> None:
    outer = trimesh.creation.annulus(r_min=0.035, r_max=0.04, height=0.1, sections=48)
    cup = make_solid(Mesh(np.asarray(outer.vertices), np.asarray(outer.faces, np.int32)))
    pieces = convex_pieces(cup)
    assert all(is_convex(hull) for hull in pieces.hulls)
    assert cup.volume_m3 is not None
    assert pieces_m3(cup) < 1.4 * cup.volume_m3
    axis = np.array([[0.0, 0.0, z] for z in (-0.04, 0.0, 0.04)])
    for hull in pieces.hulls:
        assert not make_solid(hull).is_inside(axis).any()


def pieces_m3(solid: Solid) -> float:
    return sum(volume_m3(hull) for hull in convex_pieces(solid).hulls)


def test_an_open_mesh_becomes_one_hull() -> None:
    rod = cylinder(0.01, 0.1).mesh
    pieces = convex_pieces(make_solid(Mesh(rod.vertices_m, rod.faces[: len(rod.faces) // 2])))
    assert len(pieces.hulls) == 1
    assert "open" in pieces.method
