"""What the protocol promises beyond mechanics: names, errors, purity of reading, time steps."""

from pathlib import Path

import numpy as np
import pytest

from ivlm_bench.engines import available_engines, get_engine
from ivlm_bench.errors import EngineError, InvalidAnswerError, UnknownNameError
from ivlm_bench.protocols import Engine
from ivlm_bench.testing import engine_scenes as scenes
from ivlm_bench.types import Conditions, GripperProgram, Placement, Pose, ProbeMount

STANDARD = Conditions()


@pytest.fixture(params=available_engines())
def engine(request: pytest.FixtureRequest) -> Engine:
    return get_engine(request.param)


def closing(engine: Engine, duration_s: float = 0.5) -> GripperProgram:
    steps = round(duration_s / engine.timestep_s)
    return GripperProgram(np.zeros((steps, 3)), np.full(steps, 0.1))


def test_bodies_and_joints_have_the_documented_names(engine: Engine) -> None:
    drawer = scenes.drawer(friction_n=2.0, damping_n_s_m=10.0, mass_kg=0.8)
    mount = scenes.from_above(0.4, 0.08)
    with engine.load(scenes.on_table(drawer), STANDARD, tool=mount) as simulation:
        assert set(simulation.poses()) == {
            "target/carcass",
            "target/drawer",
            "table/top",
            "gripper/palm",
            "gripper/left",
            "gripper/right",
        }
        assert simulation.joint("target/slide").position == 0.0
        np.testing.assert_allclose(simulation.pose("gripper/palm").position_m, [0, 0, 0.4])
        # Left lies at the gripper's -x; the pads' faces are 80 mm apart, the pads 10 mm thick.
        np.testing.assert_allclose(simulation.pose("gripper/left").position_m, [-0.045, 0, 0.4])
        np.testing.assert_allclose(simulation.pose("gripper/right").position_m, [0.045, 0, 0.4])
        with pytest.raises(UnknownNameError, match="target/drawer"):
            simulation.pose("target/drawr")
        with pytest.raises(UnknownNameError, match="target/slide"):
            simulation.joint("target/slid")


def test_joints_start_where_the_placement_says(engine: Engine) -> None:
    drawer = scenes.drawer(friction_n=2.0, damping_n_s_m=10.0, mass_kg=0.8)
    scene = scenes.scene(Placement("d", drawer, Pose.identity(), "target", {"slide": 0.12}))
    with engine.load(scene, STANDARD) as simulation:
        assert simulation.joint("d/slide").position == pytest.approx(0.12, abs=1e-12)
        np.testing.assert_allclose(
            simulation.pose("d/drawer").position_m, [0.12, 0.0, 0.1], atol=1e-9
        )


def test_reading_does_not_change_what_happens(engine: Engine) -> None:
    def final(*, read: bool) -> bytes:
        mount = scenes.from_above(0.07, 0.08)
        with engine.load(scenes.on_table(scenes.box()), STANDARD, tool=mount) as simulation:
            simulation.drive(closing(engine))
            for _ in range(20):
                simulation.step(5)
                if read:
                    simulation.poses()
                    simulation.speed("target/body")
                    simulation.contacts("target/body")
                    simulation.contacts("gripper/left")
                    simulation.joint("gripper/left")
            pose = simulation.pose("target/body")
            return pose.position_m.tobytes() + pose.quat_wxyz.tobytes()

    assert final(read=True) == final(read=False)


def test_a_wrench_ends_when_it_is_set_to_zero(engine: Engine) -> None:
    scene = scenes.scene(
        Placement("target", scenes.box(), Pose.identity(), "target"), gravity=False
    )
    centre = np.array([0.0, 0.0, scenes.BOX_HALF_M[2]])
    with engine.load(scene, STANDARD) as simulation:
        simulation.apply_wrench("target/body", centre, np.array([1.0, 0.0, 0.0]), np.zeros(3))
        simulation.step(100)
        pushed = simulation.speed("target/body")[0]
        simulation.apply_wrench("target/body", centre, np.zeros(3), np.zeros(3))
        simulation.step(100)
        assert pushed == pytest.approx(100 * engine.timestep_s / scenes.BOX_MASS_KG, rel=1e-9)
        assert simulation.speed("target/body")[0] == pytest.approx(pushed, rel=1e-9)


def test_the_first_contact_names_the_tool_and_the_part(engine: Engine) -> None:
    scene = scenes.scene(Placement("target", scenes.button(), Pose.identity(), "target"))
    mount = ProbeMount(0.005, np.array([0.03, 0.0, 0.0]), np.array([-1.0, 0, 0]), 0.05, 5.0)
    with engine.load(scene, STANDARD, tool=mount) as simulation:
        assert simulation.contacts("probe/tip") == ()
        while not simulation.contacts("probe/tip"):
            simulation.step(1)
            assert simulation.n_steps < 1.0 / simulation.timestep_s
        touch = simulation.contacts("probe/tip")[0]
    # The gap of 10 mm at 0.05 m/s takes 0.2 s, the servo's start-up some milliseconds more.
    assert simulation.n_steps * simulation.timestep_s == pytest.approx(0.2, abs=0.01)
    assert (touch.body_a, touch.body_b) == ("probe/tip", "target/cap")
    assert (touch.part_a, touch.part_b) == ("probe/tip", "cap")
    np.testing.assert_allclose(touch.normal, [1.0, 0.0, 0.0], atol=1e-6)
    np.testing.assert_allclose(touch.position_m, [0.015, 0.0, 0.0], atol=2e-4)


def test_the_time_step_can_be_halved(engine: Engine) -> None:
    half_s = 0.5 * engine.timestep_s
    scene = scenes.on_table(scenes.box(), height_m=2.0)
    with engine.load(scene, STANDARD, timestep_s=half_s) as simulation:
        assert simulation.timestep_s == half_s
        simulation.step(round(0.1 / half_s))
        assert simulation.speed("target/body")[0] == pytest.approx(0.981, rel=1e-9)


def test_a_state_that_diverges_is_an_engine_error(
    engine: Engine, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    scene = scenes.on_table(scenes.box())
    with engine.load(scene, STANDARD) as simulation:
        huge = np.array([1e300, 0.0, 0.0])
        simulation.apply_wrench("target/body", np.zeros(3), huge, np.zeros(3))
        with pytest.raises(EngineError, match=r"warned|diverged"):
            simulation.step(50)
    assert not Path("MUJOCO_LOG.TXT").exists()


def test_tools_and_commands_out_of_place_are_refused(engine: Engine) -> None:
    with engine.load(scenes.on_table(scenes.box()), STANDARD) as simulation:
        with pytest.raises(EngineError, match="gripper program"):
            simulation.drive(closing(engine))
        with pytest.raises(EngineError, match="not a free body"):
            simulation.set_velocity("table/top", np.zeros(3), np.zeros(3))
        with pytest.raises(EngineError, match="finite"):
            simulation.apply_wrench(
                "target/body", np.zeros(3), np.array([np.nan, 0.0, 0.0]), np.zeros(3)
            )
    with pytest.raises(InvalidAnswerError, match="opens from 0 to"):
        engine.load(scenes.on_table(scenes.box()), STANDARD, tool=scenes.from_above(0.07, 0.09))


def test_a_live_simulation_is_not_disturbed_by_another_load(engine: Engine) -> None:
    scene, mount = scenes.on_table(scenes.box()), scenes.from_above(0.07, 0.08)
    other = scenes.from_above(0.05, 0.06)

    def final(*, disturb: bool) -> bytes:
        with engine.load(scene, STANDARD, tool=mount) as simulation:
            simulation.drive(closing(engine, 0.3))
            if disturb:
                slick = Conditions(friction=0.1, mass_scale=3.0)
                with engine.load(scene, slick, tool=other) as second:
                    second.drive(closing(engine, 0.1))
            simulation.drive(closing(engine, 0.3))
            return simulation.pose("target/body").position_m.tobytes()

    assert final(disturb=True) == final(disturb=False)
