"""Two engines, one answer."""

import numpy as np
import pytest

from ivlm_bench.engines import available_engines, get_engine
from ivlm_bench.testing import engine_scenes as scenes
from ivlm_bench.types import Conditions, GripperProgram, Placement, Pose

both = pytest.mark.skipif(len(available_engines()) < 2, reason="one engine only")


def grasp(name: str, height_m: float, offset_m: float, friction: float) -> float:
    """Return how far the box rises when it is lifted by 50 mm."""
    engine = get_engine(name)
    mount = scenes.from_above(height_m, 0.08)
    shifted = Pose(
        mount.world_from_gripper.position_m + np.array([0.0, offset_m, 0.0]),
        mount.world_from_gripper.quat_wxyz,
    )
    mount = type(mount)(mount.spec, shifted, mount.opening_m)
    scene = scenes.on_table(scenes.box())
    with engine.load(scene, Conditions(friction=friction), tool=mount) as simulation:
        close, lift = (round(t / engine.timestep_s) for t in (0.6, 0.5))
        path = np.zeros((close + lift, 3))
        path[close:, 2] = np.linspace(0.0, 0.05, lift)
        simulation.drive(GripperProgram(path, np.full(len(path), 0.1)))
        simulation.step(round(0.2 / engine.timestep_s))
        return float(simulation.pose("target/body").position_m[2])


@both
@pytest.mark.parametrize(
    ("height_m", "offset_m", "friction", "held"),
    [
        (0.07, 0.0, 0.6, True),  # in the middle
        (0.07, 0.0, 0.02, False),  # 2 x 0.02 x 20 N = 0.8 N < 0.98 N of weight
        (0.07, 0.0, 0.03, True),  # 1.2 N > 0.98 N
        (0.122, 0.0, 0.6, False),  # pads end 2 mm above the box
        (0.07, 0.045, 0.6, False),  # pads pass beside the box
    ],
)
def test_grasps_come_out_alike(
    height_m: float, offset_m: float, friction: float, held: bool
) -> None:
    for name in available_engines():
        risen = grasp(name, height_m, offset_m, friction)
        assert (risen > 0.025) == held, (name, risen)


@both
@pytest.mark.parametrize("force_n", [3.0, 6.0, 10.0, 14.0])
def test_drawers_open_alike(force_n: float) -> None:
    """Within 2 % of the range (docs/protocol.md)."""
    opened = []
    drawer = scenes.drawer(friction_n=2.0, damping_n_s_m=10.0, mass_kg=0.8)
    scene = scenes.scene(Placement("d", drawer, Pose.identity(), "target"))
    for name in available_engines():
        engine = get_engine(name)
        with engine.load(scene, Conditions()) as simulation:
            pull = np.array([force_n, 0.0, 0.0])
            simulation.apply_wrench("d/drawer", np.array([0.1, 0.03, 0.0]), pull, np.zeros(3))
            simulation.step(round(0.25 / engine.timestep_s))
            opened.append(simulation.joint("d/slide").position)
    assert max(opened) - min(opened) < 0.02 * 0.3


@both
def test_hinged_arms_swing_alike() -> None:
    """Two askew hinges in a chain under gravity, before either reaches its limit."""
    found = []
    scene = scenes.scene(Placement("a", scenes.swinging_arm(), Pose.identity(), "target"))
    for name in available_engines():
        engine = get_engine(name)
        with engine.load(scene, Conditions(), timestep_s=0.0005) as simulation:
            simulation.step(100)
            found.append([simulation.joint(f"a/hinge{i}").position for i in range(2)])
    assert np.abs(found[0]).min() > 1e-3
    np.testing.assert_allclose(found[1], found[0], rtol=0.01)
