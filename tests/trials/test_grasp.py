"""Grasps of a 40 x 60 x 100 mm brick whose outcomes follow by hand.

The gripper's pads are 10 x 20 x 40 mm, its palm starts 50 mm behind the pad centre, it opens 80 mm
and pushes with 20 N a finger.
"""

from __future__ import annotations

from collections.abc import Mapping
from types import SimpleNamespace

import numpy as np
import pytest

from ivlm_bench.engines import available_engines, get_engine
from ivlm_bench.engines.clearance import GripperClearance
from ivlm_bench.errors import EngineError
from ivlm_bench.protocols import Engine
from ivlm_bench.trials.attempt import Attempt
from ivlm_bench.trials.grasp import GraspTrial
from ivlm_bench.trials.judge import judge
from ivlm_bench.trials.protocol import GRASP_CODES
from ivlm_bench.types import (
    Grasp,
    GripperSpec,
    Interaction,
    ObjectModel,
    Placement,
    Pose,
    Scene,
    TrialOutcome,
    TrialSpec,
)


def attempt(engine: Engine, scene: Scene, grasp: Grasp, *, part: str | None = None) -> TrialOutcome:
    spec = TrialSpec(kind="grasp", part=part)
    return GraspTrial().run(engine, Attempt(scene, Interaction(grasps=(grasp,)), spec))


def value(outcome: TrialOutcome, name: str) -> float:
    return next(check.value for check in outcome.checks if check.name == name)


CASES = {
    # Centred, pads on the upper 40 mm: squeezed with 20 N, weight 1 N, friction 0.6.
    "centred": ((0.0, 0.0, 0.08), 0.06, "SUCCESS"),
    # The pads are 20 mm broad: 60 mm beside the middle of a 60 mm face they close on air.
    "beside": ((0.0, 0.06, 0.08), 0.06, "NO_CONTACT"),
    # 30 mm above the top of what the pads would need to reach.
    "above": ((0.0, 0.0, 0.13), 0.06, "NO_CONTACT"),
    # One pad stands 15 mm inside the brick.
    "pad inside": ((0.03, 0.0, 0.08), 0.06, "COLLISION_OBJECT"),
    # Opened less than the brick is wide.
    "too narrow": ((0.0, 0.0, 0.08), 0.03, "COLLISION_OBJECT"),
    # Pad tips 20 mm in front of the centre: 10 mm below the table top.
    "under the table": ((0.0, 0.06, 0.01), 0.06, "COLLISION_SUPPORT"),
    "too wide": ((0.0, 0.0, 0.08), 0.081, "INVALID"),
    "negative": ((0.0, 0.0, 0.08), -0.01, "INVALID"),
}


@pytest.mark.parametrize("case", CASES)
def test_outcome_of_hand_made_grasps(engine: Engine, shop: SimpleNamespace, case: str) -> None:
    position_m, width_m, code = CASES[case]
    grasp = shop.grasp_at(position_m, width_m=width_m)
    outcome = attempt(engine, shop.scene_of(shop.brick()), grasp)
    assert outcome.code == code
    assert outcome.success == (code == "SUCCESS")


def test_centred_grasp_reads_twenty_newtons_and_the_lift(
    engine: Engine, shop: SimpleNamespace
) -> None:
    outcome = attempt(engine, shop.scene_of(shop.brick()), shop.grasp_at((0.0, 0.0, 0.08)))
    # The base and the table may take a little of the difference, so the mean is what is fixed.
    left_n, right_n = value(outcome, "contact_left"), value(outcome, "contact_right")
    assert (left_n + right_n) / 2 == pytest.approx(20.0, rel=0.01)
    assert left_n == pytest.approx(right_n, rel=0.15)
    assert value(outcome, "rise_lift") == pytest.approx(0.1, abs=2e-3)
    assert value(outcome, "drift") < 2e-3
    assert value(outcome, "closing_motion") < 2e-3
    assert value(outcome, "stable") == 1.0


@pytest.mark.parametrize(
    ("mass_kg", "code"),
    [
        # Friction carries 2 x 0.6 x 20 N = 24 N = 2.45 kg at rest; the lift itself needs
        # 1 + 0.58/9.81 of it at most.
        (1.0, "SUCCESS"),
        (3.0, "SLIP_LIFT"),
    ],
)
def test_weight_against_friction(
    engine: Engine, shop: SimpleNamespace, mass_kg: float, code: str
) -> None:
    scene = shop.scene_of(shop.brick(mass_kg=mass_kg))
    # At the height of the centre of mass, so that no moment acts on the pads.
    outcome = attempt(engine, scene, shop.grasp_at((0.0, 0.0, 0.055), width_m=0.06))
    assert outcome.code == code


def test_heavy_brick_slips_when_shaken(engine: Engine, shop: SimpleNamespace) -> None:
    # 1.8 kg weigh 17.7 N < 24 N; shaken with 1 g upwards they need 35 N.
    scene = shop.scene_of(shop.brick(mass_kg=1.8))
    outcome = attempt(engine, scene, shop.grasp_at((0.0, 0.0, 0.055)))
    assert outcome.code in ("SLIP_SHAKE", "DISPLACED")


@pytest.mark.parametrize(("part", "code"), [("upper", "SUCCESS"), ("lower", "WRONG_PART")])
def test_part_that_is_held(engine: Engine, shop: SimpleNamespace, part: str, code: str) -> None:
    grasp = shop.grasp_at((0.0, 0.0, 0.08))  # pads from 60 to 100 mm, parts meet at 50 mm
    outcome = attempt(engine, shop.scene_of(shop.brick()), grasp, part=part)
    assert (outcome.code, outcome.success) == (code, code == "SUCCESS")
    assert value(outcome, "held") == 1.0


def test_clutter_in_the_way(engine: Engine, shop: SimpleNamespace) -> None:
    # A roof 30 mm above the brick lies on the approach only: waypoints reach 100 mm back.
    roof = shop.box_link(
        "roof", (shop.box_part("roof", (-0.1, -0.1, 0.13), (0.1, 0.1, 0.15)),), 1.0
    )
    other = Placement("roof", shop.model("roof", roof, fixed_base=True), Pose.identity(), "clutter")
    scene = shop.scene_of(shop.brick(), other)
    outcome = attempt(engine, scene, shop.grasp_at((0.0, 0.0, 0.08)))
    assert outcome.code == "COLLISION_CLUTTER"


def test_small_overlap_passes_both_limits_in_turn(engine: Engine, shop: SimpleNamespace) -> None:
    # The brick is 40 mm wide: with 39, 36, 10 mm of room each pad is 0.5, 2, 15 mm inside.
    scene = shop.scene_of(shop.brick())
    verdicts = []
    for width_m in (0.039, 0.036, 0.010):
        outcome = attempt(engine, scene, shop.grasp_at((0.0, 0.0, 0.08), width_m=width_m))
        loose = next(c for c in outcome.checks if c.name == "penetration_loose")
        assert value(outcome, "penetration_object") == pytest.approx((0.04 - width_m) / 2, abs=1e-4)
        verdicts.append((outcome.code == "COLLISION_OBJECT", loose.passed))
    assert verdicts == [(False, True), (True, True), (True, False)]


def test_collision_check_runs_once_for_all_engines(
    shop: SimpleNamespace, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[float] = []
    plain = GripperClearance.penetrations

    def counted(
        self: GripperClearance, pose: Pose, opening_m: float, spec: GripperSpec
    ) -> Mapping[str, float]:
        asked.append(opening_m)
        return plain(self, pose, opening_m, spec)

    monkeypatch.setattr(GripperClearance, "penetrations", counted)
    scene = shop.scene_of(shop.brick())
    for name in available_engines():
        attempt(get_engine(name), scene, shop.grasp_at((0.0, 0.06, 0.08)))
    assert len(asked) == 12


def test_codes_keep_their_order(engine: Engine, shop: SimpleNamespace) -> None:
    # Too wide and in the brick; in the brick and in the table: the earlier code is given.
    scene = shop.scene_of(shop.brick())
    wide = attempt(engine, scene, shop.grasp_at((0.0, 0.0, 0.02), width_m=0.2))
    deep = attempt(engine, scene, shop.grasp_at((0.03, 0.0, 0.01)))
    assert (wide.code, deep.code) == ("INVALID", "COLLISION_OBJECT")
    assert GRASP_CODES.index(wide.code) < GRASP_CODES.index(deep.code)
    assert value(deep, "penetration_support") > 0.001


def test_same_bits_every_time(engine: Engine, shop: SimpleNamespace) -> None:
    scene = shop.scene_of(shop.brick())
    grasp = shop.grasp_at((0.004, 0.01, 0.085))
    first = attempt(engine, scene, grasp)
    other = attempt(engine, shop.scene_of(shop.brick()), shop.grasp_at((0.0, 0.0, 0.08)))
    again = attempt(engine, scene, grasp)
    assert first.checks == again.checks != other.checks


@pytest.mark.parametrize("case", ["centred", "beside", "pad inside", "under the table"])
def test_turning_the_whole_scene_keeps_the_outcome(
    engine: Engine, shop: SimpleNamespace, case: str
) -> None:
    position_m, width_m, code = CASES[case]
    scene, turn = shop.turned(shop.scene_of(shop.brick()), np.pi / 2)
    grasp = shop.grasp_at(position_m, width_m=width_m)
    moved = Grasp(turn @ grasp.world_from_gripper, width_m)
    assert attempt(engine, scene, moved).code == code


def test_judge_counts_and_records(engine: Engine, shop: SimpleNamespace) -> None:
    scene = shop.scene_of(shop.brick())
    answer = Interaction(grasps=(shop.grasp_at((0.0, 0.0, 0.08)),))
    truth = shop.truth_of(TrialSpec(kind="grasp"))
    verdict, frames = judge(
        engine, scene, answer, truth, scenario_seed=3, n_perturbed=2, record=True
    )
    assert (verdict.code, verdict.success, verdict.status) == ("SUCCESS", True, "ok")
    assert verdict.robust_codes == ("SUCCESS", "SUCCESS")
    assert (verdict.robust_prob, verdict.n_perturbed) == (1.0, 2)
    assert [f.label for f in frames] == ["start", "closed", "held", "lifted", "shaken", "end"]
    assert [f.time_s for f in frames] == pytest.approx([0, 0.8, 1.1, 2.4, 4.4, 4.7], abs=6e-3)
    heights = [f.world_from_body["thing/body"].position_m[2] for f in frames]
    assert heights == pytest.approx([0, 0, 0, 0.1, 0.1, 0.1], abs=2e-3)
    assert verdict.n_steps == pytest.approx(3 * 4.7 / engine.timestep_s, rel=1e-3)


@pytest.mark.parametrize("answer", [Interaction(), Interaction(abstain=True)])
def test_judge_without_an_answer(
    engine: Engine, shop: SimpleNamespace, answer: Interaction
) -> None:
    truth = shop.truth_of(TrialSpec(kind="grasp"))
    verdict, frames = judge(
        engine, shop.scene_of(shop.brick()), answer, truth, scenario_seed=0, n_perturbed=4
    )
    assert (verdict.code, verdict.success, verdict.n_steps) == ("NO_ANSWER", False, 0)
    assert (verdict.robust_prob, frames) == (0.0, ())


def test_perturbed_start_in_collision_is_a_failure(engine: Engine, shop: SimpleNamespace) -> None:
    # 0.5 mm of room on each side: most draws of 2.5 mm sigma start more than 1 mm inside.
    scene = shop.scene_of(shop.brick())
    answer = Interaction(grasps=(shop.grasp_at((0.0, 0.0, 0.08), width_m=0.041),))
    truth = shop.truth_of(TrialSpec(kind="grasp"))
    verdict, _ = judge(engine, scene, answer, truth, scenario_seed=0, n_perturbed=8)
    assert verdict.success
    assert verdict.robust_codes.count("COLLISION_OBJECT") >= 2
    assert verdict.robust_prob == pytest.approx(
        sum(c in ("SUCCESS", "DISPLACED") for c in verdict.robust_codes) / 8
    )


def test_diverged_simulation_is_not_blamed_on_the_answer(shop: SimpleNamespace) -> None:
    engine = get_engine("mujoco")
    model: ObjectModel = shop.brick()
    answer = Interaction(grasps=(shop.grasp_at((0.0, 0.0, 0.08)),))
    truth = shop.truth_of(TrialSpec(kind="grasp"))

    class Diverging:
        name, version, timestep_s = "diverging", "0", engine.timestep_s

        def load(self, *args: object, **kwargs: object) -> object:
            raise EngineError("The state is not finite.")

    verdict, _ = judge(
        Diverging(),  # type: ignore[arg-type]
        shop.scene_of(model),
        answer,
        truth,
        scenario_seed=0,
        n_perturbed=1,
    )
    assert (verdict.status, verdict.code) == ("sim_diverged", "SIM_ERROR")
    assert (verdict.robust_prob, verdict.robust_codes) == (None, ("SIM_ERROR",))
