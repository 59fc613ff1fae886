"""Variants of the protocol on a box whose friction cone can be worked out by hand.

Two pads of 20 N each and a friction of 0.6 hold 2 * 0.6 * 20 N = 24 N across the closing axis.
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from ivlm_bench.engines import get_engine
from ivlm_bench.errors import UnknownNameError
from ivlm_bench.objects import OBJECTS
from ivlm_bench.registry import load_plugins
from ivlm_bench.robustness.six_loads import SixLoadTrial, afloat
from ivlm_bench.robustness.variants import NOMINAL, VARIANTS, ChangedEngine, variants
from ivlm_bench.trials.attempt import Attempt
from ivlm_bench.trials.judge import TRIALS
from ivlm_bench.trials.perturb import NOMINAL as UNPERTURBED
from ivlm_bench.types import Conditions, Grasp, Interaction, Placement, Pose, Scene, TrialSpec

GRAVITY_M_S2 = 9.81


@pytest.fixture(scope="module")
def scene() -> Scene:
    load_plugins()
    model = OBJECTS.get("box").build(0, "seen")
    target = Placement("target", model, Pose.identity(), "target")
    table = Placement("table", OBJECTS.get("table").build(0, "seen"), Pose.identity(), "support")
    return Scene("box", (target, table), (), np.array([0.0, 0.0, -GRAVITY_M_S2]))


def attempt(scene: Scene, weight_n: float, part: str | None = None) -> Attempt:
    """The box's own grasp, its mass scaled so that it weighs so much."""
    model = scene.target.model
    grasp = model.grasps[0]
    own_n = GRAVITY_M_S2 * sum(link.mass_kg for link in model.links)
    return Attempt(
        scene,
        Interaction(grasps=(Grasp(grasp.object_from_gripper, grasp.width_m),)),
        TrialSpec(kind="grasp", part=part),
        replace(UNPERTURBED, mass_scale=weight_n / own_n),
    )


@pytest.mark.parametrize(
    ("weight_n", "scales", "held"),
    [
        (16.0, {}, True),  # below 24 N
        (32.0, {}, False),
        (16.0, {"friction_scale": 0.5}, False),  # 12 N
        (32.0, {"friction_scale": 2.0}, True),  # 48 N
        (16.0, {"force_scale": 0.5}, False),  # 12 N
        (32.0, {"force_scale": 2.0}, True),  # 48 N
        (16.0, {"step_scale": 0.5}, True),
    ],
)
def test_six_loads_against_the_friction_cone(
    scene: Scene, weight_n: float, scales: dict[str, float], *, held: bool
) -> None:
    engine = ChangedEngine(get_engine("mujoco"), **scales)
    outcome = SixLoadTrial().run(engine, attempt(scene, weight_n))
    assert (outcome.code, outcome.success) == (("SUCCESS", True) if held else ("SLIP_SHAKE", False))


def test_six_loads_refuse_what_the_scene_refuses(scene: Scene) -> None:
    tried = attempt(scene, 5.0)
    beside = tried.interaction.grasps[0]
    shifted = replace(
        beside, world_from_gripper=Pose.at(0.02, 0.02, 0.0) @ beside.world_from_gripper
    )
    outcome = SixLoadTrial().run(
        get_engine("mujoco"), replace(tried, interaction=Interaction(grasps=(shifted,)))
    )
    assert outcome.code.startswith("COLLISION")
    assert outcome.n_steps == 0


def test_six_loads_ask_for_the_part(scene: Scene) -> None:
    tried = attempt(scene, 5.0, part="handle")
    outcome = SixLoadTrial().run(get_engine("mujoco"), tried)
    assert (outcome.code, outcome.success) == ("WRONG_PART", False)


def test_afloat_is_the_target_alone(scene: Scene) -> None:
    bare = afloat(scene)
    assert [placement.name for placement in bare.placements] == ["target"]
    assert not bare.gravity_m_s2.any()
    assert afloat(scene) is bare


def test_half_the_step_takes_twice_the_steps(scene: Scene) -> None:
    engine = get_engine("mujoco")
    halved = ChangedEngine(engine, step_scale=0.5)
    assert halved.timestep_s == engine.timestep_s / 2
    with halved.load(scene, Conditions()) as simulation:
        assert simulation.timestep_s == engine.timestep_s / 2
    trial = TRIALS.get("grasp")
    full, half = (trial.run(e, attempt(scene, 5.0)) for e in (engine, halved))
    assert abs(half.n_steps - 2 * full.n_steps) < 10  # phases end on whole steps


def test_the_protocol_as_it_is_uses_the_plain_engine_and_trials() -> None:
    assert NOMINAL.engine_for("mujoco") is get_engine("mujoco")
    for kind, trial in TRIALS:
        assert NOMINAL.trial(kind) is trial


def test_names() -> None:
    assert variants(()) == VARIANTS
    assert [variant.name for variant in variants(("half-step",))] == ["half-step"]
    with pytest.raises(UnknownNameError, match="half-step"):
        variants(("half-stop",))
