"""Protocols beside IVLM-Phys v1: one thing is otherwise, all else stays.

A variant is never stored and has no protocol hash: only its ranking is looked at.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace

from ivlm_bench.engines import get_engine
from ivlm_bench.errors import UnknownNameError, did_you_mean
from ivlm_bench.protocols import Engine, Simulation
from ivlm_bench.robustness.six_loads import SixLoadTrial
from ivlm_bench.trials.attempt import Trial
from ivlm_bench.trials.judge import TRIALS
from ivlm_bench.types import Conditions, GripperMount, Scene, Tool


class ChangedEngine:
    """An engine under other conditions; satisfies ``ivlm_bench.protocols.Engine``.

    Name and version are the engine's own. ``friction_scale`` multiplies the sliding friction of all
    contacts, ``force_scale`` the gripper's force, ``step_scale`` the time step.
    """

    def __init__(
        self,
        engine: Engine,
        *,
        friction_scale: float = 1.0,
        force_scale: float = 1.0,
        step_scale: float = 1.0,
    ) -> None:
        self.engine = engine
        self.name, self.version = engine.name, engine.version
        self.timestep_s = step_scale * engine.timestep_s
        self.friction_scale = friction_scale
        self.force_scale = force_scale
        self.step_scale = step_scale

    def load(
        self,
        scene: Scene,
        conditions: Conditions,
        *,
        tool: Tool | None = None,
        timestep_s: float | None = None,
    ) -> Simulation:
        """Build the scene under the changed conditions."""
        changed = replace(conditions, friction=self.friction_scale * conditions.friction)
        if isinstance(tool, GripperMount):
            spec = replace(tool.spec, force_n=self.force_scale * tool.spec.force_n)
            tool = replace(tool, spec=spec)
        own_s = self.engine.timestep_s if timestep_s is None else timestep_s
        return self.engine.load(scene, changed, tool=tool, timestep_s=self.step_scale * own_s)


@dataclass(frozen=True, slots=True)
class Variant:
    """One change of the protocol.

    ``engine``: another engine than the reference. ``trials``: by ``TrialSpec.kind``, those that
    another trial judges. ``redrawn``: questions are drawn by the other renderer and asked again;
    all other variants try the stored answers.
    """

    name: str
    title: str
    friction_scale: float = 1.0
    force_scale: float = 1.0
    step_scale: float = 1.0
    engine: str | None = None
    trials: Mapping[str, Trial] = field(default_factory=dict)
    redrawn: bool = False

    def engine_for(self, reference: str) -> Engine:
        """Return the engine that judges; the plain one where nothing of it is changed."""
        plain = get_engine(self.engine or reference)
        if (self.friction_scale, self.force_scale, self.step_scale) == (1.0, 1.0, 1.0):
            return plain
        return ChangedEngine(
            plain,
            friction_scale=self.friction_scale,
            force_scale=self.force_scale,
            step_scale=self.step_scale,
        )

    def trial(self, kind: str) -> Trial:
        """Return the trial that judges answers of a kind."""
        return self.trials.get(kind) or TRIALS.get(kind)


#: The protocol as it is.
NOMINAL = Variant("nominal", "IVLM-Phys v1")

#: What else the protocol could have been.
VARIANTS = (
    Variant("friction-0.8", "sliding friction 0.8 times", friction_scale=0.8),
    Variant("friction-1.25", "sliding friction 1.25 times", friction_scale=1.25),
    Variant("force-0.5", "gripper force halved", force_scale=0.5),
    Variant("force-2", "gripper force doubled", force_scale=2.0),
    Variant("half-step", "time step halved", step_scale=0.5),
    Variant(
        "six-loads",
        "grasps loaded in six directions instead of lifted and shaken",
        trials={"grasp": SixLoadTrial()},
    ),
    Variant("pybullet", "PyBullet instead of MuJoCo", engine="pybullet"),
    Variant(
        "other-renderer", "questions drawn by the other renderer and asked again", redrawn=True
    ),
)


def variants(names: tuple[str, ...]) -> tuple[Variant, ...]:
    """Return the variants of some names, all if none is given; ``UnknownNameError`` else."""
    known = {variant.name: variant for variant in VARIANTS}
    for name in names:
        if name not in known:
            raise UnknownNameError(
                f"No variant is called {name!r}.{did_you_mean(name, list(known))}"
            )
    return tuple(known[name] for name in names) or VARIANTS
