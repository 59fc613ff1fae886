"""A public check of any physics engine against answers known from mechanics.

``check_engine`` raises nothing about the engine: it reports one ``Check`` for each quantity.
"""

from __future__ import annotations

import hashlib
import subprocess
import sys
from collections.abc import Callable, Mapping

from ivlm_bench.errors import IvlmBenchError
from ivlm_bench.protocols import Engine
from ivlm_bench.testing import engine_contact, engine_motion, engine_tools
from ivlm_bench.testing import engine_scenes as scenes
from ivlm_bench.trials.attempt import at_most
from ivlm_bench.types import Check, Conditions

#: A subprocess that computes a digest may take this long, seconds.
PROCESS_TIMEOUT_S = 120.0

EngineCheck = Callable[[Engine], tuple[Check, ...]]


def check_engine(engine: Engine) -> tuple[Check, ...]:
    """Run every analytic check on ``engine``; an error of the engine is a failed check."""
    return tuple(check for name in ENGINE_CHECKS for check in run_check(engine, name))


def run_check(engine: Engine, name: str) -> tuple[Check, ...]:
    """Run one check of ``ENGINE_CHECKS``; an error of the engine is a failed check."""
    try:
        return ENGINE_CHECKS[name](engine)
    except IvlmBenchError as error:
        return (at_most(f"{name}: {error}", 1.0, 0.0, unit="errors"),)


def _repeat(engine: Engine) -> tuple[Check, ...]:
    """The final bits are the same over reruns, orders and processes."""
    masses = (1.0, 1.3)
    forward = [trial_digest(engine, m) for m in masses]
    backward = [trial_digest(engine, m) for m in reversed(masses)][::-1]
    repeated = sum(a != b for a, b in zip(forward, backward, strict=True))
    elsewhere = _digest_in_process(engine.name, masses[0]) != forward[0]
    same = float(forward[0] == forward[1])
    return (
        at_most("repeat_differs", float(repeated), 0.0, unit="trials"),
        at_most("other_process_differs", float(elsewhere), 0.0, unit="trials"),
        at_most("different_trials_agree", same, 0.0, unit="trials"),
    )


def trial_digest(engine: Engine, mass_scale: float) -> str:
    """Return the SHA-256 of all final poses of a short grasp trial."""
    scene = scenes.on_table(scenes.box())
    mount = scenes.from_above(0.07, 0.08)
    conditions = Conditions(mass_scale=mass_scale)
    with engine.load(scene, conditions, tool=mount) as simulation:
        engine_tools.lift(simulation, lift_m=0.02)
        poses = simulation.poses()
    digest = hashlib.sha256()
    for body in sorted(poses):
        digest.update(poses[body].position_m.tobytes() + poses[body].quat_wxyz.tobytes())
    return digest.hexdigest()


def _digest_in_process(name: str, mass_scale: float) -> str:
    """Return the digest of the same trial in a fresh process, or what went wrong."""
    code = (
        "from ivlm_bench.engines import get_engine\n"
        "from ivlm_bench.testing.engine import trial_digest\n"
        f"print(trial_digest(get_engine({name!r}), {mass_scale!r}))"
    )
    try:
        done = subprocess.run(
            [sys.executable, "-c", code],
            capture_output=True,
            text=True,
            timeout=PROCESS_TIMEOUT_S,
            check=False,
        )
    except subprocess.TimeoutExpired:
        return f"failed: no answer within {PROCESS_TIMEOUT_S:g} s"
    return done.stdout.strip() if done.returncode == 0 else f"failed: {done.stderr[-200:]}"


#: Every check by name; each gives one ``Check`` for each quantity that it measures.
ENGINE_CHECKS: Mapping[str, EngineCheck] = {
    "free_fall": engine_motion.free_fall,
    "resting_weight": engine_contact.resting_weight,
    "slope": engine_contact.slope,
    "tipping": engine_contact.tipping,
    "spin_down": engine_contact.spin_down,
    "squeeze": engine_tools.squeeze,
    "gripper_motion": engine_tools.gripper_motion,
    "round_trip": engine_motion.round_trip,
    "contact_normals": engine_contact.contact_normals,
    "drawer": engine_motion.drawer,
    "dry_friction": engine_motion.dry_friction,
    "wrench": engine_motion.wrench,
    "probe": engine_tools.probe,
    "repeat": _repeat,
}
