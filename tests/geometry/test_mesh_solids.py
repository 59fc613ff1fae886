"""Builders of solids: closed, outward, of the right size, with sensible texture coordinates."""

from __future__ import annotations

import numpy as np
import pytest

from ivlm_bench.geometry.massprops import volume_m3
from ivlm_bench.geometry.mesh import bounds_m, face_normals, is_convex, is_watertight
from ivlm_bench.geometry.solids import Solid, box, cylinder, joined, lathe, prism, swept_tube

ROUND = 2 * np.pi * np.arange(24) / 24
CIRCLE = 0.01 * np.stack([np.cos(ROUND), np.sin(ROUND)], axis=1)
BEND = np.array([[0, 0, 0], [0.05, 0, 0], [0.09, 0, 0.04], [0.09, 0, 0.1]], float)
RING = [np.array([[0.03, 0.0], [0.05, 0.0], [0.05, 0.02], [0.03, 0.02], [0.03, 0.0]])]

SOLIDS: dict[str, Solid] = {
    "box": box((0.1, 0.2, 0.3)),
    "fine box": box((0.1, 0.2, 0.3), inner_steps=4),
    "rounded box": box((0.1, 0.2, 0.3), radius_m=0.01, inner_steps=3, round_steps=4),
    "cylinder": cylinder(0.05, 0.2),
    "bevelled cylinder": cylinder(0.05, 0.2, bevel_m=0.01),
    "ring": lathe(RING, 16),
    "prism": prism(np.array([[0, 0], [1, 0], [0, 1]], float), 2.0),
    "tube": swept_tube(BEND, CIRCLE, np.array([0.0, -1.0, 0.0])),
    "pair": joined([box((0.1, 0.1, 0.1)), cylinder(0.05, 0.2).at(1.0, 0.0, 0.0)]),
}


@pytest.mark.parametrize("name", SOLIDS)
def test_solids_are_closed_and_wind_outwards(name: str) -> None:
    assert is_watertight(SOLIDS[name].mesh)
    assert volume_m3(SOLIDS[name].mesh) > 0


@pytest.mark.parametrize("name", SOLIDS)
def test_texture_coordinates_fill_each_chart(name: str) -> None:
    solid = SOLIDS[name]
    assert len(solid.uv) == len(solid.chart) == len(solid.mesh.vertices_m)
    for chart in range(int(solid.chart.max()) + 1):
        uv = solid.uv[solid.chart == chart]
        assert uv.min() == pytest.approx(0.0, abs=1e-9)
        assert uv.max() == pytest.approx(1.0, abs=1e-9)


def test_box_size_and_charts() -> None:
    solid = SOLIDS["rounded box"]
    np.testing.assert_allclose(bounds_m(solid.mesh), [[-0.05, -0.1, -0.15], [0.05, 0.1, 0.15]])
    for chart, (axis, sign) in enumerate((a, s) for a in range(3) for s in (1, -1)):
        on_chart = solid.mesh.vertices_m[solid.chart == chart]
        assert (sign * on_chart[:, axis]).min() > 0


def test_box_texture_is_upright_on_its_front() -> None:
    """On the face +x, seen from outside with z up, u runs towards +y and v towards -z."""
    solid = SOLIDS["box"]
    front = solid.chart == 0
    u, v = solid.uv[front].T
    np.testing.assert_allclose(solid.mesh.vertices_m[front, 1], (u - 0.5) * 0.2, atol=1e-12)
    np.testing.assert_allclose(solid.mesh.vertices_m[front, 2], (0.5 - v) * 0.3, atol=1e-12)


@pytest.mark.parametrize("name", ["box", "fine box", "cylinder", "bevelled cylinder", "prism"])
def test_flat_solids_are_convex(name: str) -> None:
    assert is_convex(SOLIDS[name].mesh)


def test_rounded_box_volume_approaches_the_rounded_cuboid() -> None:
    """Core + 6 slabs + 12 quarter cylinders + 8 sphere octants (Steiner formula)."""
    a, b, c, r = 0.08, 0.18, 0.28, 0.01
    exact = a * b * c + 2 * r * (a * b + b * c + c * a) + np.pi * r**2 * (a + b + c)
    exact += 4 / 3 * np.pi * r**3
    fine = box((0.1, 0.2, 0.3), radius_m=r, round_steps=12)
    assert volume_m3(fine.mesh) == pytest.approx(exact, rel=5e-5)


def test_ring_volume() -> None:
    """A turned square: (area of the outer less the inner 16-gon) times height."""
    area = 16 / 2 * np.sin(2 * np.pi / 16) * (0.05**2 - 0.03**2)
    assert volume_m3(SOLIDS["ring"].mesh) == pytest.approx(area * 0.02)


def test_straight_tube_is_a_prism() -> None:
    tube = swept_tube(np.array([[0, 0, 0], [0, 0, 0.5]], float), CIRCLE, np.array([0.0, 1.0, 0.0]))
    area = 24 / 2 * np.sin(2 * np.pi / 24) * 0.01**2
    assert volume_m3(tube.mesh) == pytest.approx(area * 0.5)


def test_bent_tube_keeps_its_section_between_bends() -> None:
    """The first section lies across the path's first step, the last across its last."""
    rings = SOLIDS["tube"].mesh.vertices_m[: 4 * 25].reshape(4, 25, 3)
    np.testing.assert_allclose(rings[0, :, 0], 0.0, atol=1e-12)
    np.testing.assert_allclose(rings[-1, :, 2], 0.1, atol=1e-12)
    for ring in (rings[0], rings[-1]):
        np.testing.assert_allclose(np.linalg.norm(ring - ring[:-1].mean(axis=0), axis=1), 0.01)


def test_cap_of_a_prism_faces_up_and_down() -> None:
    normals = face_normals(SOLIDS["prism"].mesh)
    assert sorted(np.unique(np.round(normals[:, 2], 9))) == [-1.0, 0.0, 1.0]
