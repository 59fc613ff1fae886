"""A cached MuJoCo model and a new one give the same bits."""

import numpy as np
import pytest

from ivlm_bench.engines.mujoco_engine import MujocoEngine
from ivlm_bench.testing import engine_scenes as scenes
from ivlm_bench.types import Conditions, GripperMount, GripperProgram, Pose, ProbeMount, Scene

TRIALS = [
    (Conditions(), scenes.from_above(0.07, 0.08)),
    (Conditions(friction=0.45, mass_scale=1.4), scenes.from_above(0.06, 0.07)),
    (
        Conditions(torsional_m=0.02, mass_scale=0.6),
        GripperMount(
            scenes.from_above(0.07, 0.08).spec,
            Pose(np.array([0.002, 0.001, 0.07]), np.array([0.02, 0.9995, 0.01, 0.022361])),
            0.075,
        ),
    ),
]


def state(engine: MujocoEngine, scene: Scene, conditions: Conditions, tool: GripperMount) -> bytes:
    with engine.load(scene, conditions, tool=tool) as simulation:
        path = np.linspace(0.0, 0.05, 400)[:, None] * np.array([0.0, 0.0, 1.0])
        simulation.drive(GripperProgram(np.zeros((400, 3)), np.full(400, 0.1)))
        simulation.drive(GripperProgram(path, np.full(400, 0.1)))
        return simulation._state.qpos.tobytes() + simulation._state.qvel.tobytes()


def test_cached_and_fresh_models_agree_to_the_bit() -> None:
    scene = scenes.on_table(scenes.box())
    warm = MujocoEngine()
    trials = [(c, GripperMount(t.spec, unit(t.world_from_gripper), t.opening_m)) for c, t in TRIALS]
    fresh = [state(MujocoEngine(), scene, c, t) for c, t in trials]
    cached = [state(warm, scene, c, t) for c, t in trials + trials[::-1]]
    assert cached == fresh + fresh[::-1]
    assert len(set(fresh)) == len(fresh)


def unit(pose: Pose) -> Pose:
    return Pose(pose.position_m, pose.quat_wxyz / np.linalg.norm(pose.quat_wxyz))


def test_the_cache_keeps_tools_and_scenes_apart_and_stays_small() -> None:
    engine = MujocoEngine(cached_models=2)
    first, second = scenes.on_table(scenes.box()), scenes.on_table(scenes.box(mass_kg=0.2))
    probe = ProbeMount(0.005, np.array([0.3, 0.0, 0.05]), np.array([-1.0, 0.0, 0.0]), 0.05, 5.0)
    for scene in (first, second, first):
        for tool in (None, probe, scenes.from_above(0.3, 0.08)):
            with engine.load(scene, Conditions(), tool=tool) as simulation:
                names = {n for n in simulation.poses() if n.startswith(("gripper", "probe"))}
            assert bool(names) == (tool is not None)
            assert ("probe/tip" in names) == (tool is probe)
    assert len(engine._cache) == 2


def test_settings_are_those_of_the_protocol() -> None:
    """Values copied from docs/protocol.md."""
    import mujoco

    scene = scenes.on_table(scenes.box())
    with MujocoEngine().load(scene, Conditions(friction=0.5)) as simulation:
        model = simulation._model
        option = model.opt
        assert option.timestep == 0.001
        assert int(option.integrator) == int(mujoco.mjtIntegrator.mjINT_IMPLICITFAST)
        assert int(option.solver) == int(mujoco.mjtSolver.mjSOL_NEWTON)
        assert (option.iterations, option.tolerance) == (100, 1e-8)
        assert int(option.cone) == int(mujoco.mjtCone.mjCONE_ELLIPTIC)
        assert (option.impratio, option.noslip_iterations) == (10.0, 0)
        assert int(option.jacobian) == int(mujoco.mjtJacobian.mjJAC_DENSE)
        for flag in ("mjDSBL_NATIVECCD", "mjDSBL_MULTICCD", "mjDSBL_WARMSTART"):
            assert not int(option.disableflags) & int(getattr(mujoco.mjtDisableBit, flag))
        np.testing.assert_array_equal(model.geom_condim, 4)
        np.testing.assert_array_equal(model.geom_friction, [[0.5, 0.01, 0.0001]] * model.ngeom)
        np.testing.assert_array_equal(model.geom_solref, [[0.004, 1.0]] * model.ngeom)
        np.testing.assert_array_equal(
            model.geom_solimp, [[0.95, 0.99, 0.001, 0.5, 2.0]] * model.ngeom
        )
        np.testing.assert_array_equal(model.geom_margin, 0.0)


@pytest.mark.parametrize("overhang", [0.48, 0.52])
def test_scene_objects_are_not_touched(overhang: float) -> None:
    scene = scenes.over_edge(overhang)
    before = scene.target.model.links[0].inertia_kg_m2.copy()
    with MujocoEngine().load(scene, Conditions(mass_scale=2.0)) as simulation:
        simulation.step(10)
    np.testing.assert_array_equal(scene.target.model.links[0].inertia_kg_m2, before)
