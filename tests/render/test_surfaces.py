"""What is handed to a renderer: parts by name, tools where their bodies are."""

from __future__ import annotations

import numpy as np
import pytest

from ivlm_bench.geometry import se3
from ivlm_bench.protocols import Surface
from ivlm_bench.render.surfaces import (
    gripper_poses,
    gripper_surfaces,
    probe_surface,
    scene_surfaces,
)
from ivlm_bench.types import (
    GripperSpec,
    Joint,
    Link,
    Mesh,
    ObjectModel,
    Part,
    Placement,
    Pose,
    Scene,
)

QUARTER_TURN = Pose(np.array([1.0, 2.0, 3.0]), se3.quat_from_rotvec(np.array([0, 0, np.pi / 2])))


def part(name: str, *, smooth: bool = False) -> Part:
    mesh = Mesh(
        np.array([[0, 0, 0], [1, 0, 0], [0, 1, 0], [0, 0, 1.0]]),
        np.array([[0, 2, 1], [0, 1, 3], [0, 3, 2], [1, 2, 3]], np.int32),
    )
    texture, uv = np.zeros((1, 1, 3), np.uint8), np.zeros((4, 2), np.float32)
    return Part(name, mesh, (mesh,), texture, uv, smooth)


def scene() -> Scene:
    slide = Joint("out", "slide", np.array([1.0, 0, 0]), np.zeros(3), 0.0, 1.0)
    root = Link("base", (part("body"), part("rim")), 1.0, np.zeros(3), np.eye(3))
    drawer = Link("drawer", (part("front"),), 1.0, np.zeros(3), np.eye(3), "base", joint=slide)
    model = ObjectModel("thing", "thing", "thing-0", "seen", (root, drawer), {})
    placed = Placement("left", model, QUARTER_TURN, "target", {"out": 0.5})
    return Scene("one", (placed,), (), np.array([0, 0, -9.81]))


def test_parts_are_named_and_placed_by_their_links() -> None:
    got = scene_surfaces(scene())
    assert [s.name for s in got] == ["left/body", "left/rim", "left/front"]
    # A quarter turn about z maps (x, y, z) to (-y, x, z); the drawer slid 0.5 m along x.
    want = np.array([[1, 2, 3], [1, 3, 3], [0, 2, 3], [1, 2, 4.0]])
    np.testing.assert_allclose(got[0].vertices_m, want, atol=1e-12)
    np.testing.assert_allclose(got[2].vertices_m, want + np.array([0, 0.5, 0]), atol=1e-12)


def test_poses_can_be_given() -> None:
    poses = {"left/base": Pose.identity(), "left/drawer": Pose.at(0, 0, 7.0)}
    got = scene_surfaces(scene(), poses)
    assert got[0].vertices_m.max() == 1.0
    assert got[2].vertices_m[:, 2].min() == 7.0


def test_corner_normals_turn_with_the_link() -> None:
    normals = scene_surfaces(scene())[0].corner_normals
    assert normals is not None
    want = np.array([[0, 0, -1], [1, 0, 0], [0, -1, 0], np.array([-1, 1, 1]) / np.sqrt(3)])
    np.testing.assert_allclose(normals, np.repeat(want[:, None], 3, axis=1), atol=1e-6)


def bounds(surface: Surface) -> tuple[np.ndarray, np.ndarray]:
    return surface.vertices_m.min(axis=0), surface.vertices_m.max(axis=0)


def is_closed_outward(surface: Surface) -> float:
    """Signed volume by the divergence theorem: positive where faces wind outward."""
    a, b, c = np.moveaxis(surface.vertices_m[surface.faces], 1, 0)
    return float(np.einsum("ij,ij->", a, np.cross(b, c)) / 6.0)


def test_gripper_stands_as_its_specification_says() -> None:
    spec = GripperSpec()
    got = gripper_surfaces(gripper_poses(Pose.identity(), 0.06, spec), spec)
    assert [s.name for s in got] == ["gripper/palm", "gripper/left", "gripper/right"]
    for surface, low, high in zip(
        got,
        ([-0.055, -0.02, -0.09], [-0.04, -0.01, -0.02], [0.03, -0.01, -0.02]),
        ([0.055, 0.02, -0.05], [-0.03, 0.01, 0.02], [0.04, 0.01, 0.02]),
        strict=True,
    ):
        np.testing.assert_allclose(bounds(surface), (low, high), atol=1e-12)
        size = np.subtract(high, low)
        assert is_closed_outward(surface) == pytest.approx(size.prod())


def test_probe_is_a_ball_about_its_tip() -> None:
    got = probe_surface({"probe/tip": Pose.at(1, 2, 3)}, 0.005)
    radius = np.linalg.norm(got.vertices_m - [1, 2, 3], axis=1)
    np.testing.assert_allclose(radius, 0.005, atol=1e-9)
    assert is_closed_outward(got) == pytest.approx(4 / 3 * np.pi * 0.005**3, rel=0.03)
