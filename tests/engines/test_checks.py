"""Every engine that is installed, held to mechanics."""

import pytest

from ivlm_bench.engines import available_engines, get_engine
from ivlm_bench.protocols import Engine, Simulation
from ivlm_bench.testing.engine import ENGINE_CHECKS, run_check
from ivlm_bench.testing.engine_scenes import box, on_table
from ivlm_bench.types import Conditions


@pytest.mark.parametrize("check", ENGINE_CHECKS)
@pytest.mark.parametrize("name", available_engines())
def test_engine_gives_the_analytic_answer(name: str, check: str) -> None:
    measured = run_check(get_engine(name), check)
    assert measured
    failed = [c for c in measured if c.gating and not c.passed]
    assert not failed, [f"{c.name}: {c.value:.4g} {c.unit}, limit {c.limit:.4g}" for c in failed]


@pytest.mark.parametrize("name", available_engines())
def test_engine_and_simulation_satisfy_the_protocols(name: str) -> None:
    engine = get_engine(name)
    assert isinstance(engine, Engine)
    with engine.load(on_table(box()), Conditions()) as simulation:
        assert isinstance(simulation, Simulation)
        assert simulation.timestep_s == engine.timestep_s
        simulation.step(3)
        simulation.step(0)
        assert simulation.n_steps == 3


def test_a_wrong_engine_fails_the_checks() -> None:
    """An engine that doubles friction and forgets the mass scale is found out."""

    class Sticky:
        name, version = "sticky", "0"
        timestep_s = get_engine("mujoco").timestep_s

        def load(self, scene, conditions, *, tool=None, timestep_s=None):  # type: ignore[no-untyped-def]
            friction = Conditions(friction=2.0 * conditions.friction)
            return get_engine("mujoco").load(scene, friction, tool=tool, timestep_s=timestep_s)

    slope = {c.name: c.passed for c in run_check(Sticky(), "slope")}
    assert slope == {"slope_30_deg_slides": True, "slope_32_deg_error": False}
    weight = {c.name: c.passed for c in run_check(Sticky(), "resting_weight")}
    assert weight == {"resting_weight_x1": True, "resting_weight_x1.5": False}
