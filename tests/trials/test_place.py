"""Boxes put down on blocks and slopes, whose fate follows by hand."""

from __future__ import annotations

import math
from types import SimpleNamespace

import numpy as np
import pytest

from ivlm_bench.engines import available_engines, get_engine
from ivlm_bench.engines.seating import seating
from ivlm_bench.geometry import se3
from ivlm_bench.geometry.bearing import common_corners, inside_by_m
from ivlm_bench.protocols import Engine
from ivlm_bench.trials.attempt import Attempt
from ivlm_bench.trials.judge import judge
from ivlm_bench.trials.perturb import NOMINAL, Perturbation, perturbations
from ivlm_bench.trials.place import PlaceTrial, find_seat
from ivlm_bench.trials.protocol import PLACE_CODES, PROTOCOL
from ivlm_bench.types import Interaction, Mesh, Placement, Pose, Scene, TrialOutcome, TrialSpec

#: Where the brick (40 x 60 x 100 mm) stands at first, far from the block.
START = Pose.at(0.3, 0.2, 0.0)
BLOCK_HEIGHT_M = 0.10
ON_BLOCK = TrialSpec(kind="place", support="block")


def turn(axis: int, angle_rad: float) -> Pose:
    return Pose(np.zeros(3), se3.quat_from_rotvec(angle_rad * np.eye(3)[axis]))


def block_scene(shop: SimpleNamespace, *, tilt_rad: float = 0.0, half_m: float = 0.10) -> Scene:
    """A brick on a table, and a fixed block of 0.2 x 0.2 x 0.1 m whose top falls towards +x."""
    body = shop.box_part("top", (-half_m, -half_m, -BLOCK_HEIGHT_M), (half_m, half_m, 0.0))
    model = shop.model("block", shop.box_link("block", (body,), 5.0), fixed_base=True)
    pose = Pose.at(0.0, 0.0, BLOCK_HEIGHT_M) @ turn(1, tilt_rad)
    return shop.scene_of(shop.brick(), Placement("block", model, pose, "support"), at=START)


def place(
    engine: Engine,
    scene: Scene,
    goal: Pose,
    *,
    spec: TrialSpec = ON_BLOCK,
    perturbation: Perturbation = NOMINAL,
) -> TrialOutcome:
    """Put the brick's bottom centre at ``goal``."""
    answer = Interaction(placement=goal @ START.inverse())
    return PlaceTrial().run(engine, Attempt(scene, answer, spec, perturbation))


def value(outcome: TrialOutcome, name: str) -> float:
    return next(check.value for check in outcome.checks if check.name == name)


TOP = BLOCK_HEIGHT_M
CASES = {
    "in the middle": (Pose.at(0.0, 0.0, TOP), "SUCCESS"),
    "lying down": (Pose.at(0.0, 0.03, TOP + 0.03) @ turn(0, math.pi / 2), "SUCCESS"),
    # The brick is 40 mm wide along x; the block ends at x = 100 mm.
    "45 % over the edge": (Pose.at(0.1 - 0.002, 0.0, TOP), "SUCCESS"),
    "55 % over the edge": (Pose.at(0.1 + 0.002, 0.0, TOP), "TIPPED"),
    "4 mm above": (Pose.at(0.0, 0.0, TOP + 0.004), "SUCCESS"),
    "6 mm above": (Pose.at(0.0, 0.0, TOP + 0.006), "FLOATING"),
    "beside the block, as high as its top": (Pose.at(0.2, 0.0, TOP), "FLOATING"),
    "1.5 mm into it": (Pose.at(0.0, 0.0, TOP - 0.0015), "SUCCESS"),
    "3 mm into it": (Pose.at(0.0, 0.0, TOP - 0.003), "INFEASIBLE_PENETRATION"),
    "inside it": (Pose.at(0.0, 0.0, 0.02), "INFEASIBLE_PENETRATION"),
    "3 mm into its side": (Pose.at(0.1 + 0.017, 0.0, 0.001), "INFEASIBLE_PENETRATION"),
    # 1 mm into the side: shallow enough, but no way up is 3 mm short.
    "1 mm into its side": (Pose.at(0.1 + 0.019, 0.0, 0.001), "INFEASIBLE_PENETRATION"),
    "left where it was": (START, "WRONG_SUPPORT"),
    "elsewhere on the table": (Pose.at(0.2, -0.2, 0.0), "WRONG_SUPPORT"),
    # Balanced on an edge, 20 degrees from upright: it falls back on its base, turning by more.
    "leaning": (Pose.at(0.0, 0.0, TOP + 0.0069) @ turn(1, math.radians(20)), "TIPPED"),
}


@pytest.mark.parametrize("case", CASES)
def test_outcomes_of_hand_made_poses(engine: Engine, shop: SimpleNamespace, case: str) -> None:
    goal, code = CASES[case]
    outcome = place(engine, block_scene(shop), goal)
    assert outcome.code == code
    assert outcome.success == (code == "SUCCESS")


@pytest.mark.parametrize(
    ("slope_deg", "codes"),
    [
        # Friction 0.6 holds up to 30.96 degrees; the brick lies flat, so that it cannot topple.
        (25.0, ("SUCCESS",)),
        # It speeds up with g (sin - 0.6 cos) = 0.80 m/s2: 1.6 m in 2 s, over the lower edge.
        (35.0, ("SLID", "TIPPED")),
    ],
)
def test_slope_by_the_friction_angle(
    engine: Engine, shop: SimpleNamespace, slope_deg: float, codes: tuple[str, ...]
) -> None:
    tilt = math.radians(slope_deg)
    scene = block_scene(shop, tilt_rad=tilt)
    # On its 60 x 100 mm side, at the middle of the top.
    lying = turn(1, math.pi / 2) @ Pose.at(-0.02, 0.0, -0.05)
    goal = Pose.at(0.0, 0.0, TOP) @ turn(1, tilt) @ lying
    assert place(engine, scene, goal).code in codes


def test_early_slide_is_that_of_the_closed_form(engine: Engine, shop: SimpleNamespace) -> None:
    """On a slope of 1 m that ends nowhere in 2 s the way is a t^2 / 2."""
    tilt = math.radians(33.0)
    scene = block_scene(shop, tilt_rad=tilt, half_m=1.2)
    lying = turn(1, math.pi / 2) @ Pose.at(-0.02, 0.0, -0.05)
    goal = Pose.at(0.0, 0.0, TOP) @ turn(1, tilt) @ Pose.at(-0.8, 0.0, 0.0) @ lying
    # The table would cut through so large a slope: it is left out.
    bare = Scene("bare", tuple(p for p in scene.placements if p.name != "table"), (),
                 scene.gravity_m_s2)  # fmt: skip
    outcome = place(engine, bare, goal)
    expected_m = 0.5 * 9.81 * (math.sin(tilt) - 0.6 * math.cos(tilt)) * 4.0
    assert outcome.code == "SLID"
    assert value(outcome, "moved_centre") == pytest.approx(expected_m, rel=0.08)


@pytest.mark.parametrize(("beyond_m", "balance_m"), [(-0.002, 0.002), (0.002, -0.002)])
def test_balance_is_the_distance_to_the_edge(
    shop: SimpleNamespace, beyond_m: float, balance_m: float
) -> None:
    outcome = place(get_engine("mujoco"), block_scene(shop), Pose.at(0.1 + beyond_m, 0.0, TOP))
    check = next(check for check in outcome.checks if check.name == "balance")
    assert check.value == pytest.approx(balance_m, abs=1e-4)
    assert not check.gating


def test_any_support_will_do_where_none_is_named(engine: Engine, shop: SimpleNamespace) -> None:
    scene = block_scene(shop)
    spec = TrialSpec(kind="place")
    assert place(engine, scene, START, spec=spec).code == "SUCCESS"
    assert place(engine, scene, Pose.at(0.0, 0.0, TOP), spec=spec).code == "SUCCESS"


def test_geometry_by_hand(shop: SimpleNamespace) -> None:
    scene = block_scene(shop)
    geometry = seating(scene)
    assert geometry.penetration_m(Pose.at(0.0, 0.0, TOP - 0.003)) == pytest.approx(0.003, abs=1e-6)
    assert geometry.penetration_m(Pose.at(0.0, 0.0, TOP + 0.01)) == 0.0
    # Over the table, beside the block, and above the block.
    assert geometry.drop_m(Pose.at(0.2, 0.0, 0.05), 0.3) == pytest.approx(0.05, abs=1e-4)
    assert geometry.drop_m(Pose.at(0.0, 0.0, 0.15), 0.3) == pytest.approx(0.05, abs=1e-4)
    # With an eye on the table alone the block is not in the way.
    through = geometry.drop_m(Pose.at(0.0, 0.0, 0.15), 0.3, onto="table")
    assert through == pytest.approx(0.15, abs=1e-4)
    assert geometry.drop_m(Pose.at(0.0, 0.0, 0.15), 0.1, onto="table") == 0.1
    # 0.1 mm beside the block's wall it passes by, and half on its edge it does not.
    assert geometry.drop_m(Pose.at(0.1201, 0.0, 0.15), 0.3) == pytest.approx(0.15, abs=1e-4)
    assert geometry.drop_m(Pose.at(0.11, 0.0, 0.15), 0.3) == pytest.approx(0.05, abs=1e-4)
    # Tilted by 30 degrees about y the lowest corner is 20 mm sin 30 below the bottom's centre.
    tilted = Pose.at(0.0, 0.0, 0.15) @ turn(1, math.radians(30.0))
    assert geometry.drop_m(tilted, 0.3) == pytest.approx(0.04, abs=1e-4)
    assert geometry.lift_m(Pose.at(0.0, 0.0, TOP - 0.02), 0.05) == pytest.approx(0.02, abs=2e-5)
    assert geometry.lift_m(Pose.at(0.0, 0.0, TOP - 0.02), 0.01) > 0.01


def test_common_corners_of_two_boxes(shop: SimpleNamespace) -> None:
    a = shop.box_part("a", (0.0, 0.0, 0.0), (2.0, 2.0, 2.0)).hulls[0]
    b = shop.box_part("b", (1.0, -1.0, 1.5), (3.0, 1.0, 4.0)).hulls[0]
    corners = common_corners(a, b)
    np.testing.assert_allclose(corners.min(axis=0), [1.0, 0.0, 1.5], atol=1e-9)
    np.testing.assert_allclose(corners.max(axis=0), [2.0, 1.0, 2.0], atol=1e-9)
    away = Mesh(b.vertices_m + np.array([5.0, 0.0, 0.0]), b.faces)
    assert len(common_corners(a, away)) == 0
    assert inside_by_m(corners[:, :2], np.array([1.2, 0.5])) == pytest.approx(0.2)
    assert inside_by_m(corners[:, :2], np.array([0.9, 0.5])) == pytest.approx(-0.1)
    assert inside_by_m(np.zeros((0, 2)), np.zeros(2)) < 0
    assert inside_by_m(np.array([[0.0, 0.0], [1.0, 1.0], [2.0, 2.0]]), np.ones(2)) < 0


def test_perturbed_poses_are_seated_and_scaled(shop: SimpleNamespace) -> None:
    scene = block_scene(shop)
    answer = Interaction(placement=Pose.at(0.0, 0.0, TOP) @ START.inverse())
    shifts, turns, heights = [], [], []
    for perturbation in perturbations(3, 64):
        seat = find_seat(Attempt(scene, answer, ON_BLOCK, perturbation))
        assert seat.code is None
        pose = seat.world_from_object
        heights.append(seating(scene).drop_m(pose, 0.1) + seating(scene).penetration_m(pose))
        shifts.append(perturbation.placed(Pose.identity(), np.zeros(3)).position_m)
        turns.append(se3.quat_angle_rad(pose.quat_wxyz, START.quat_wxyz))
    assert max(heights) < 5e-5
    # Bounds of five standard errors about 5 mm and, squared, 3 (2 degrees)^2.
    assert np.std(shifts) == pytest.approx(0.005, abs=5 * 0.005 / math.sqrt(2 * 192))
    mean_square = float(np.mean(np.square(turns))) / math.radians(2.0) ** 2
    assert mean_square == pytest.approx(3.0, abs=5 * math.sqrt(6 / 64))


def test_the_push_is_a_twentieth_of_the_weight(engine: Engine, shop: SimpleNamespace) -> None:
    """A push of 0.05 g tips a brick whose centre is nearer to its edge than 0.05 x 50 mm."""
    still = np.array([1.0, 0.0, 0.0, 0.0])
    outwards = Perturbation(np.zeros(3), still, 0.6, 1.0, push_azimuth_rad=0.0)
    inwards = Perturbation(np.zeros(3), still, 0.6, 1.0, push_azimuth_rad=math.pi)
    scene = block_scene(shop)
    near = Pose.at(0.1 - 0.0012, 0.0, TOP)
    assert place(engine, scene, near).code == "SUCCESS"
    assert place(engine, scene, near, perturbation=outwards).code == "TIPPED"
    assert place(engine, scene, near, perturbation=inwards).code == "SUCCESS"
    # The push grows with the mass: a brick of half the mass tips no sooner.
    light = Perturbation(np.zeros(3), still, 0.6, 0.5, push_azimuth_rad=0.0)
    farther = Pose.at(0.1 - 0.0035, 0.0, TOP)
    assert place(engine, scene, farther, perturbation=outwards).code == "SUCCESS"
    assert place(engine, scene, farther, perturbation=light).code == "SUCCESS"
    safe = Pose.at(0.1 - 0.006, 0.0, TOP)
    assert place(engine, scene, safe, perturbation=outwards).code == "SUCCESS"


def test_robust_probability_falls_towards_the_edge(shop: SimpleNamespace) -> None:
    scene, engine = block_scene(shop), get_engine("mujoco")
    truth = shop.truth_of(ON_BLOCK)
    robust: list[float] = []
    for x_m in (0.0, 0.096):
        answer = Interaction(placement=Pose.at(x_m, 0.0, TOP) @ START.inverse())
        verdict, _ = judge(engine, scene, answer, truth, scenario_seed=1, n_perturbed=8)
        assert verdict.success
        assert set(verdict.robust_codes) <= set(PLACE_CODES)
        assert verdict.robust_prob is not None
        robust.append(verdict.robust_prob)
    assert robust[0] == 1.0
    assert robust[1] < 0.9


def test_the_film_shows_where_it_was_seen_and_where_it_was_put(shop: SimpleNamespace) -> None:
    scene = block_scene(shop)
    answer = Interaction(placement=Pose.at(0.0, 0.0, TOP) @ START.inverse())
    verdict, frames = judge(
        get_engine("mujoco"), scene, answer, shop.truth_of(ON_BLOCK),
        scenario_seed=0, n_perturbed=0, record=True,
    )  # fmt: skip
    assert verdict.success
    assert len({frame.label for frame in frames}) == len(frames) == 6
    where = [frame.world_from_body["thing/body"].position_m for frame in frames]
    np.testing.assert_allclose(where[0], START.position_m)
    np.testing.assert_allclose(where[1:], [[0.0, 0.0, TOP]] * 5, atol=1e-3)
    assert all(set(f.world_from_body) == set(frames[0].world_from_body) for f in frames)


def test_an_answer_without_placement_is_no_answer(shop: SimpleNamespace) -> None:
    verdict, _ = judge(
        get_engine("mujoco"), block_scene(shop), Interaction(), shop.truth_of(ON_BLOCK),
        scenario_seed=0, n_perturbed=2,
    )  # fmt: skip
    assert (verdict.code, verdict.success) == ("NO_ANSWER", False)


def test_turning_the_whole_scene_keeps_the_outcome(engine: Engine, shop: SimpleNamespace) -> None:
    scene = block_scene(shop)
    turned_scene, turned = shop.turned(scene, 0.7)
    for goal in (Pose.at(0.03, 0.02, TOP), Pose.at(0.104, 0.0, TOP)):
        motion = goal @ START.inverse()
        plain = PlaceTrial().run(engine, Attempt(scene, Interaction(placement=motion), ON_BLOCK))
        about = turned @ motion @ turned.inverse()
        other = PlaceTrial().run(
            engine, Attempt(turned_scene, Interaction(placement=about), ON_BLOCK)
        )
        assert plain.code == other.code


def test_engines_agree_on_a_grid_of_poses(shop: SimpleNamespace) -> None:
    """Every 10 mm and 20 degrees along a line over the edge; ties within 1 mm are left out."""
    engines = [get_engine(name) for name in available_engines()]
    if len(engines) < 2:
        pytest.skip("one engine is installed")
    scene = block_scene(shop)
    for x_m in np.arange(0.06, 0.13, 0.007):
        for yaw in np.deg2rad([0.0, 40.0, 80.0]):
            goal = Pose.at(float(x_m), 0.0, TOP) @ turn(2, float(yaw))
            codes = {place(engine, scene, goal).success for engine in engines}
            if abs(x_m - 0.1) > 0.001:
                assert len(codes) == 1, (x_m, yaw)


def test_constants_are_those_of_the_protocol() -> None:
    place_ = PROTOCOL.place
    assert (place_.moved_m, place_.tipped_rad, place_.duration_s) == (0.02, math.radians(10), 2.0)
    assert place_.push_m_s2 == pytest.approx(0.4905)
