"""Volume, centre of mass and inertia against analytic solids."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ivlm_bench.errors import AssetError
from ivlm_bench.geometry import se3
from ivlm_bench.geometry.massprops import mass_properties, volume_m3
from ivlm_bench.geometry.mesh import concatenated, transformed
from ivlm_bench.geometry.solids import box, cylinder
from ivlm_bench.types import Mesh, Pose

length = st.floats(0.01, 2.0)
angle = st.floats(-3.0, 3.0)


def box_inertia(mass: float, size: tuple[float, float, float]) -> np.ndarray:
    squares = np.square(size)
    return mass / 12 * np.diag(squares.sum() - squares)


def inverted(mesh: Mesh) -> Mesh:
    return Mesh(mesh.vertices_m, mesh.faces[:, ::-1])


@given(size=st.tuples(length, length, length), density=st.floats(1.0, 5000.0))
def test_box(size: tuple[float, float, float], density: float) -> None:
    body = mass_properties(box(size).mesh, density)
    mass = density * float(np.prod(size))
    assert body.mass_kg == pytest.approx(mass)
    np.testing.assert_allclose(body.centre_of_mass_m, 0.0, atol=1e-12)
    np.testing.assert_allclose(body.inertia_kg_m2, box_inertia(mass, size), rtol=1e-9, atol=1e-12)


@pytest.mark.parametrize("n", [3, 4, 7, 64])
def test_regular_prism(n: int) -> None:
    """A cylinder of n facets is a prism over a regular polygon of circumradius r.

    Area n r^2 sin(2 pi / n) / 2; polar second moment A r^2 (2 + cos(2 pi / n)) / 6.
    """
    radius, height, density = 0.04, 0.11, 900.0
    body = mass_properties(cylinder(radius, height, segments=n).mesh, density)
    area = n * radius**2 * np.sin(2 * np.pi / n) / 2
    polar = radius**2 * (2 + np.cos(2 * np.pi / n)) / 6
    mass = density * area * height
    across = mass * (polar / 2 + height**2 / 12)
    assert body.mass_kg == pytest.approx(mass)
    expected = np.diag([across, across, mass * polar])
    np.testing.assert_allclose(body.inertia_kg_m2, expected, rtol=1e-9, atol=1e-12)


def test_fine_cylinder_approaches_the_round_one() -> None:
    radius, height = 0.04, 0.11
    body = mass_properties(cylinder(radius, height, segments=512).mesh, 1.0)
    mass = np.pi * radius**2 * height
    assert body.mass_kg == pytest.approx(mass, rel=1e-4)
    assert body.inertia_kg_m2[2, 2] == pytest.approx(mass * radius**2 / 2, rel=1e-4)
    assert body.inertia_kg_m2[0, 0] == pytest.approx(
        mass * (3 * radius**2 + height**2) / 12, rel=1e-4
    )


def test_hollow_box_is_the_outer_less_the_inner() -> None:
    outer, inner, density = (0.3, 0.2, 0.1), (0.26, 0.15, 0.08), 700.0
    shell = concatenated([box(outer).mesh, inverted(box(inner).mesh)])
    body = mass_properties(shell, density)
    m_out, m_in = density * float(np.prod(outer)), density * float(np.prod(inner))
    assert volume_m3(shell) == pytest.approx(float(np.prod(outer) - np.prod(inner)))
    assert body.mass_kg == pytest.approx(m_out - m_in)
    expected = box_inertia(m_out, outer) - box_inertia(m_in, inner)
    np.testing.assert_allclose(body.inertia_kg_m2, expected, rtol=1e-9, atol=1e-12)


@settings(max_examples=40)
@given(rotvec=st.tuples(angle, angle, angle), shift=st.tuples(angle, angle, angle))
def test_rigid_motion_turns_the_inertia(
    rotvec: tuple[float, float, float], shift: tuple[float, float, float]
) -> None:
    pose = Pose(np.array(shift), se3.quat_from_rotvec(np.array(rotvec)))
    size = (0.3, 0.2, 0.1)
    body = mass_properties(transformed(box(size).mesh, pose), 500.0)
    np.testing.assert_allclose(body.centre_of_mass_m, shift, atol=1e-9)
    expected = pose.rotation @ box_inertia(3.0, size) @ pose.rotation.T
    np.testing.assert_allclose(body.inertia_kg_m2, expected, atol=1e-10)


def test_inside_out_mesh_is_refused() -> None:
    with pytest.raises(AssetError, match="wind its faces outwards"):
        mass_properties(inverted(box((1.0, 1.0, 1.0)).mesh), 1.0)
