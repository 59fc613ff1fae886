"""Groups of objects: apart from each other, out of the gripper's way, in the picture."""

from __future__ import annotations

from functools import lru_cache

import numpy as np
import pytest
from scipy.spatial import cKDTree

from ivlm_bench.engines import available_engines, get_engine
from ivlm_bench.env import TASKS
from ivlm_bench.errors import AssetError
from ivlm_bench.geometry import se3
from ivlm_bench.geometry.camera import project
from ivlm_bench.geometry.hulls import overlap_m
from ivlm_bench.geometry.kinematics import link_poses
from ivlm_bench.geometry.mesh import transformed
from ivlm_bench.objects import OBJECTS
from ivlm_bench.trials.attempt import Attempt
from ivlm_bench.trials.grasp import GraspTrial
from ivlm_bench.trials.precheck import SceneApproach
from ivlm_bench.types import Conditions, GripperSpec, Mesh, Placement, Pose, Scene, TrialSpec
from ivlm_envs.answers import grasp_answer
from ivlm_envs.approach import free_grasps, reachable_first
from ivlm_envs.clutter import DISTRACTORS, MAX_DISTRACTORS, draw_distractors, kind_of, stage_clutter
from ivlm_envs.grouping import GAP_M, _blocked_m, _shaded, _stand
from ivlm_envs.held_out import held_out_categories
from ivlm_envs.staging import draw_object

SIZE_PX = 128
SCENES = [(seed, family) for seed, family in enumerate(("mug", "box", "bottle", "bowl"))]


@lru_cache
def crowded(seed: int, family: str, n: int = MAX_DISTRACTORS) -> Scene:
    rng = np.random.default_rng(seed)
    target = draw_object(family, rng)
    others = draw_distractors(rng, n, exclude_categories=(family,))
    return stage_clutter("it", target, rng, size_px=SIZE_PX, distractors=others)


def pieces(placement: Placement) -> list[Mesh]:
    poses = link_poses(placement)
    return [
        transformed(hull, poses[link.name])
        for link, part in placement.model.parts
        for hull in part.hulls
    ]


def movable(scene: Scene) -> list[Placement]:
    return [p for p in scene.placements if p.role != "support"]


@pytest.mark.parametrize(("seed", "family"), SCENES)
def test_objects_stand_apart_on_the_table(seed: int, family: str) -> None:
    placed = movable(crowded(seed, family))
    assert len(placed) == MAX_DISTRACTORS + 1
    assert [p.role for p in placed] == ["target"] + ["clutter"] * MAX_DISTRACTORS
    shapes = [np.concatenate([h.vertices_m for h in pieces(p)]) for p in placed]
    for shape in shapes:
        assert shape[:, 2].min() == pytest.approx(0.0, abs=1e-9)
        assert np.abs(shape[:, :2]).max() < 0.6, "beyond the table's edge"
    for i, a in enumerate(placed):
        for b in placed[:i]:
            assert max(overlap_m(x, y) for x in pieces(a) for y in pieces(b)) < 0.0
    for i, above in enumerate(shapes):
        for other in shapes[:i]:
            nearest_m, _ = cKDTree(above[:, :2]).query(other[:, :2])
            assert np.min(nearest_m) >= GAP_M - 1e-9


@pytest.mark.parametrize(("seed", "family"), SCENES)
def test_the_best_free_grasp_meets_nothing_on_its_way(seed: int, family: str) -> None:
    scene = crowded(seed, family)
    grasp = reachable_first(scene, scene.target)[0]
    assert grasp is free_grasps(scene, scene.target)[0]
    found = SceneApproach(scene).penetrations(
        scene.target.world_from_object @ grasp.object_from_gripper, grasp.width_m, GripperSpec()
    )
    assert found.worst_m == 0.0


@pytest.mark.parametrize(("seed", "family"), SCENES)
def test_every_camera_frames_the_group(seed: int, family: str) -> None:
    scene = crowded(seed, family)
    points = np.concatenate([h.vertices_m for p in movable(scene) for h in pieces(p)])
    for camera in scene.cameras:
        pixels, depth = project(camera, points)
        assert depth.min() > 0.0
        assert pixels.min() >= 0.0
        assert pixels.max() <= SIZE_PX - 1
        assert np.ptp(pixels, axis=0).max() > 0.5 * SIZE_PX, "too far away"


@pytest.mark.parametrize("engine", available_engines())
def test_a_group_rests(engine: str) -> None:
    with get_engine(engine).load(crowded(0, "mug"), Conditions()) as simulation:
        before = simulation.poses()
        simulation.step(round(1.0 / simulation.timestep_s))
        after = simulation.poses()
    for body, pose in before.items():
        assert np.linalg.norm(after[body].position_m - pose.position_m) < 0.001, body
        assert se3.quat_angle_rad(after[body].quat_wxyz, pose.quat_wxyz) < np.deg2rad(0.5), body


@pytest.mark.parametrize("engine", available_engines())
def test_holding_a_neighbour_is_no_success(engine: str) -> None:
    """The same grasp succeeds where the neighbour is what was asked for."""
    scene = crowded(1, "box", 2)
    neighbour = next(p for p in scene.placements if p.role == "clutter" and free_grasps(scene, p))
    answer = grasp_answer(neighbour, free_grasps(scene, neighbour)[0])
    roles = {scene.target.name: "clutter", neighbour.name: "target", "table": "support"}
    swapped = tuple(
        Placement(p.name, p.model, p.world_from_object, roles.get(p.name, "clutter"))  # type: ignore[arg-type]
        for p in scene.placements
    )
    asked = Scene("swapped", swapped, scene.cameras, scene.gravity_m_s2)
    codes = []
    for posed in (scene, asked):
        attempt = Attempt(posed, answer, TrialSpec(kind="grasp"))
        codes.append(GraspTrial().run(get_engine(engine), attempt))
    assert (codes[0].code, codes[0].success) == ("NO_CONTACT", False)
    assert codes[1].success


def test_distractors_are_of_different_kinds_and_never_held_out() -> None:
    for seed in range(12):
        drawn = draw_distractors(np.random.default_rng(seed), 5, exclude_categories=("cup",))
        kinds = [kind_of(m.category) for m in drawn]
        assert len(set(kinds)) == 5
        assert "mug" not in kinds
    families = {family for group in DISTRACTORS.values() for family in group}
    assert not families & set(held_out_categories())
    assert families <= set(OBJECTS.names())


def test_too_many_distractors_get_a_sentence() -> None:
    with pytest.raises(AssetError, match=r"9 distractors were asked for; there are 6 kinds"):
        draw_distractors(np.random.default_rng(0), 9, exclude_categories=("box",))


def test_blocked_shifts_of_two_squares() -> None:
    """Unit squares on one spot, pushed along x: too near while |shift| < 1 + gap."""
    square = np.array([[-0.5, -0.5], [0.5, -0.5], [0.5, 0.5], [-0.5, 0.5]])
    interval = _blocked_m(square, square, np.array([1.0, 0.0]), 0.1)
    assert interval == pytest.approx((-1.1, 1.1))
    turned = _blocked_m(square, square, np.array([0.6, 0.8]), 0.1)
    assert turned == pytest.approx((-1.1 / 0.8, 1.1 / 0.8))


def test_a_box_hides_what_is_behind_it() -> None:
    """A box of half side s and height h hides, at 45 degrees, up to h beyond its near face."""
    model = OBJECTS.get("box").build(0, "seen")
    box = _stand(Placement("box", model, Pose.identity(), "clutter"))
    low_x, high_x = box.footprint_m[:, 0].min(), box.footprint_m[:, 0].max()
    towards = np.array([1.0, 0.0, 1.0]) / np.sqrt(2.0)
    distances = np.array([0.5, 0.99, 1.01, 1.5]) * box.height_m
    behind = np.stack([low_x - distances, 0 * distances, 0 * distances], axis=1)
    assert _shaded(behind, towards, box).tolist() == [True, True, False, False]
    in_front = np.array([[high_x + 0.01, 0.0, 0.0]])
    assert not _shaded(in_front, towards, box).any()


@pytest.mark.parametrize("task", ["ivlm/GraspInClutter-v0", "ivlm/GraspMugHandle-v1"])
def test_the_named_kind_is_there_once_or_not_at_all(task: str) -> None:
    env = TASKS.get(task)(size_px=32, track="rgb")
    for seed in range(10):
        episode = env.episode(seed)
        kinds = [kind_of(p.model.category) for p in movable(episode.scene)]
        assert 2 <= len(kinds) <= 6
        named = kinds.count(episode.observation.query.object_name)
        assert named == int(episode.truth.feasible or task.endswith("v1"))
