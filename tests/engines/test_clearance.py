"""Static distances against answers read off the drawing."""

import numpy as np
import pytest

from ivlm_bench.engines.clearance import GripperClearance, nearest_surface
from ivlm_bench.engines.overlap import links_that_never_touch
from ivlm_bench.geometry.proximity import nearest_on_hull
from ivlm_bench.testing import engine_scenes as scenes
from ivlm_bench.types import GripperSpec, Mesh, Placement, Pose

SPEC = GripperSpec()
#: A regular tetrahedron-like hull: the corner of a cube.
CORNER = Mesh(np.array([[0.0, 0, 0], [1, 0, 0], [0, 1, 0], [0, 0, 1]]),
              np.array([[0, 2, 1], [0, 1, 3], [0, 3, 2], [1, 2, 3]]))  # fmt: skip


@pytest.mark.parametrize(
    ("height_m", "opening_m", "box_m", "table_m"),
    [
        (0.07, 0.08, 0.0, 0.0),  # clear on all sides
        (0.07, 0.036, 0.002, 0.0),  # the box is 40 mm wide: 2 mm into each side
        (0.015, 0.08, 0.035, 0.005),  # pads 20 mm long below the centre; palm 50 mm above it
    ],
)
def test_penetrations_are_those_of_the_drawing(
    height_m: float, opening_m: float, box_m: float, table_m: float
) -> None:
    mount = scenes.from_above(height_m, opening_m)
    clearance = GripperClearance(scenes.on_table(scenes.box()))
    found = clearance.penetrations(mount.world_from_gripper, opening_m, SPEC)
    assert set(found) == {"target", "table"}
    assert found["target"] == pytest.approx(box_m, abs=1e-6)
    assert found["table"] == pytest.approx(table_m, abs=1e-6)


def test_penetration_does_not_depend_on_earlier_questions() -> None:
    rng = np.random.default_rng(1)
    scene = scenes.on_table(scenes.top())
    asked = [
        (Pose(rng.uniform(-0.03, 0.06, 3), q / np.linalg.norm(q)), float(w))
        for q, w in zip(rng.normal(size=(20, 4)), rng.uniform(0, 0.08, 20), strict=True)
    ]
    used = GripperClearance(scene)
    forward = [dict(used.penetrations(p, w, SPEC)) for p, w in asked]
    backward = [dict(used.penetrations(p, w, SPEC)) for p, w in reversed(asked)]
    fresh = [dict(GripperClearance(scene).penetrations(p, w, SPEC)) for p, w in asked]
    assert forward == backward[::-1] == fresh
    assert any(f["target"] > 0.0 for f in fresh)


@pytest.mark.parametrize(
    ("point_m", "distance_m", "surface_m", "normal", "body"),
    [
        ((0.0, 0.0, 0.13), 0.03, (0.0, 0.0, 0.1), (0.0, 0.0, 1.0), "target/body"),
        ((0.03, 0.0, 0.05), 0.01, (0.02, 0.0, 0.05), (1.0, 0.0, 0.0), "target/body"),
        ((0.05, 0.07, 0.09), 0.05, (0.02, 0.03, 0.09), (0.6, 0.8, 0.0), "target/body"),
        ((0.015, 0.0, 0.05), -0.005, (0.02, 0.0, 0.05), (1.0, 0.0, 0.0), "target/body"),
        ((0.4, 0.4, 0.01), 0.01, (0.4, 0.4, 0.0), (0.0, 0.0, 1.0), "table/top"),
        ((0.4, 0.4, -0.01), -0.01, (0.4, 0.4, 0.0), (0.0, 0.0, 1.0), "table/top"),
    ],
)
def test_nearest_surface_of_a_box_on_a_table(
    point_m: tuple[float, ...],
    distance_m: float,
    surface_m: tuple[float, ...],
    normal: tuple[float, ...],
    body: str,
) -> None:
    near = nearest_surface(scenes.on_table(scenes.box()), np.array(point_m))
    assert (near.body, near.part) == (body, "all")
    assert near.signed_distance_m == pytest.approx(distance_m, abs=1e-12)
    assert near.distance_m == abs(near.signed_distance_m)
    assert near.inside == (distance_m < 0)
    np.testing.assert_allclose(near.point_m, surface_m, atol=1e-12)
    np.testing.assert_allclose(near.normal, normal, atol=1e-12)


def test_the_nearest_point_of_a_hull_is_nearer_than_any_sample_of_it() -> None:
    """Second implementation: dense samples of all faces, and the sign by barycentric signs."""
    rng = np.random.default_rng(0)
    weights = rng.dirichlet(np.ones(3), size=20000)
    samples = np.concatenate([weights @ CORNER.vertices_m[f] for f in CORNER.faces])
    for point in rng.uniform(-0.5, 1.5, size=(50, 3)):
        signed, nearest, normal = nearest_on_hull(CORNER, point)
        gap = float(np.linalg.norm(samples - point, axis=1).min())
        assert abs(signed) <= gap + 1e-12
        assert gap - abs(signed) < 0.02
        assert (signed < 0) == bool((point > 0).all() and point.sum() < 1)
        np.testing.assert_allclose(np.linalg.norm(nearest - point), abs(signed), atol=1e-9)
        np.testing.assert_allclose(nearest + signed * normal, point, atol=1e-9)


@pytest.mark.parametrize("barred", [False, True])
def test_links_that_can_meet_are_kept(barred: bool) -> None:
    drawer = scenes.drawer(friction_n=2.0, damping_n_s_m=10.0, mass_kg=0.8, barred=barred)
    scene = scenes.scene(Placement("d", drawer, Pose.identity(), "target"))
    pairs = links_that_never_touch(scene)
    assert pairs == (frozenset() if barred else {("d/carcass", "d/drawer")})


def test_links_that_start_inside_each_other_never_touch() -> None:
    scene = scenes.scene(Placement("b", scenes.button(), Pose.identity(), "target"))
    assert links_that_never_touch(scene) == {("b/cap", "b/wall")}


def test_links_on_hinges_are_kept() -> None:
    scene = scenes.scene(Placement("a", scenes.swinging_arm(), Pose.identity(), "target"))
    assert links_that_never_touch(scene) == frozenset()
