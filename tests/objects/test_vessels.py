"""Bottles, bowls, pans and kettles: their parts, sizes, and grasps that physics confirms."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest
from scipy.spatial import ConvexHull

from ivlm_bench.engines import available_engines, get_engine
from ivlm_bench.objects import OBJECTS
from ivlm_bench.trials.attempt import Attempt
from ivlm_bench.trials.grasp import GraspTrial
from ivlm_bench.types import Mesh, ObjectModel, Placement, Pose, Scene, TrialSpec
from ivlm_envs.answers import grasp_answer
from ivlm_envs.held_out import held_out_categories
from ivlm_envs.objects import bottle, bowl, pan
from ivlm_envs.objects.turned import turned_hull, wedge_hulls

Build = Callable[..., ObjectModel]

#: Parts of each family, and those that a gripper can always hold.
PARTS = {
    "bottle": ({"body", "neck", "cap"}, {"body", "cap"}),
    "bare_bottle": ({"body", "neck"}, {"body", "neck"}),
    "bowl": ({"body", "rim"}, {"rim"}),
    "pan": ({"body", "handle"}, {"body", "handle"}),
    "bare_pan": ({"body"}, {"body"}),
    "kettle": ({"body", "spout", "lid", "handle"}, {"handle", "spout"}),
}
#: The part that each family is to be held by.
MEANT = {
    "bottle": "cap", "bare_bottle": "neck", "bowl": "rim", "pan": "handle", "kettle": "handle",
}  # fmt: skip


@pytest.mark.parametrize("family", PARTS)
@pytest.mark.parametrize("instance", range(0, 40, 8))
def test_each_part_that_can_be_asked_for_can_be_held(
    build: Build, family: str, instance: int
) -> None:
    names, held = PARTS[family]
    for split in ("seen", "unseen"):
        if OBJECTS.get(family).size(split):
            model = build(family, split, instance)
            assert {part.name for _, part in model.parts} == names
            assert {g.part for g in model.grasps} >= held


def test_kettles_are_held_out(build: Build) -> None:
    assert "kettle" in held_out_categories()
    assert OBJECTS.get("kettle").n_seen == 0


@pytest.mark.parametrize("ranges", [bottle.ASPECT, bowl.ASPECT, pan.ASPECT])
def test_declared_ranges_are_disjoint(ranges: dict[str, tuple[float, float]]) -> None:
    low, high = sorted(ranges.values())
    assert low[0] < low[1] < high[0] < high[1]


@pytest.mark.parametrize("engine", available_engines())
@pytest.mark.parametrize("family", MEANT)
def test_the_first_grasp_of_the_meant_part_holds(build: Build, engine: str, family: str) -> None:
    for instance in (3, 21):
        model = build(family, "unseen", instance)
        target = Placement("it", model, Pose.identity(), "target")
        table = Placement("table", build("table", "seen", 0), Pose.identity(), "support")
        scene = Scene("one", (target, table), (), np.array([0.0, 0.0, -9.81]))
        grasp = next(g for g in model.grasps if g.part == MEANT[family])
        spec = TrialSpec(kind="grasp", part=MEANT[family])
        attempt = Attempt(scene, grasp_answer(target, grasp), spec)
        assert GraspTrial().run(get_engine(engine), attempt).success


def test_wedges_tile_the_ring() -> None:
    """Twelve wedges of one facet are a ring of twelve sides: area n/2 sin(2 pi / n) (R2 - r2)."""
    section = np.array([[0.04, 0.0], [0.05, 0.0], [0.05, 0.03], [0.04, 0.03]])
    volume = sum(_volume_m3(h) for h in wedge_hulls(section, 12, facets=12))
    assert volume == pytest.approx(6 * np.sin(np.pi / 6) * (0.05**2 - 0.04**2) * 0.03)


def test_a_coarse_hull_is_as_much_too_wide_as_too_narrow() -> None:
    hull = turned_hull(np.array([[0.03, 0.0], [0.03, 0.1]]), 16)
    corner = np.linalg.norm(hull.vertices_m[:, :2], axis=1)
    side = corner * np.cos(np.pi / 16)
    np.testing.assert_allclose(corner - 0.03, 0.03 - side, rtol=1e-9)


def _volume_m3(hull: Mesh) -> float:
    return float(ConvexHull(hull.vertices_m).volume)
