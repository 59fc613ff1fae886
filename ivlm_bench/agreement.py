"""How far two engines agree on borderline grasps, and how far the time step decides.

The same frozen grasps run on the reference engine, on a second engine, and on the reference with
half its time step. Goals: agreement >= 95 %, Cohen's kappa >= 0.88, flips by the halved step
<= 3 %, at a held rate of 40 to 60 %.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import msgspec
import numpy as np

from ivlm_bench.errors import EngineError
from ivlm_bench.objects import OBJECTS
from ivlm_bench.protocols import Engine, Simulation
from ivlm_bench.stats.agreement import cohen_kappa
from ivlm_bench.trials.attempt import Attempt
from ivlm_bench.trials.borderline import borderline_grasps
from ivlm_bench.trials.grasp import GraspTrial
from ivlm_bench.trials.protocol import GRAVITY_M_S2, PROTOCOL_ID, SIM_ERROR, protocol_hash
from ivlm_bench.types import (
    Conditions,
    Grasp,
    Interaction,
    ObjectModel,
    Placement,
    Pose,
    Scene,
    Tool,
    TrialSpec,
)

#: Families and instances of the standing comparison, all of the seen pools.
STANDING_OBJECTS: tuple[tuple[str, int], ...] = (
    ("mug", 0),
    ("mug", 1),
    ("mug", 2),
    ("mug", 3),
    ("box", 0),
    ("box", 1),
    ("box", 2),
    ("box", 3),
)
#: Grasps of each object; 8 objects give the 160 of the standing comparison
GRASPS_PER_OBJECT = 20
#: Seed of the sampler.
SAMPLER_SEED = 20_160

AGREEMENT_GOAL = 0.95
KAPPA_GOAL = 0.88
FLIPS_GOAL = 0.03
HELD_RATE_GOAL = (0.4, 0.6)


class GraspComparison(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One grasp and its outcome code in each run; ``pose`` is x, y, z (m) and wxyz."""

    object_name: str
    pose: tuple[float, ...]
    width_m: float
    codes: dict[str, str]
    held: dict[str, bool]


class AgreementReport(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What the runs gave.

    ``held_rate`` is keyed by run: the engines' names, and ``<reference>-half`` for half the time
    step. ``agreement`` and ``kappa`` compare reference and second engine and are None with one
    engine only (``kappa`` also where chance alone explains all); ``halving_flips`` is the share of
    grasps whose outcome changes with half the step.
    """

    protocol: str
    protocol_hash: str
    versions: dict[str, str]
    sampler_seed: int
    n_grasps: int
    held_rate: dict[str, float]
    agreement: float | None
    kappa: float | None
    halving_flips: float
    grasps: tuple[GraspComparison, ...]

    @property
    def meets_goals(self) -> bool:
        """Whether every goal is met; with one engine only, never."""
        rates = HELD_RATE_GOAL[0] <= min(self.held_rate.values()) and (
            max(self.held_rate.values()) <= HELD_RATE_GOAL[1]
        )
        if self.agreement is None or self.kappa is None:
            return False
        agree = self.agreement >= AGREEMENT_GOAL and self.kappa >= KAPPA_GOAL
        return rates and agree and self.halving_flips <= FLIPS_GOAL

    def summary(self) -> str:
        """Return the figures and their goals as lines of text."""

        def line(name: str, value: float | None, goal: str) -> str:
            return f"{name:<24}{'n/a' if value is None else f'{value:.3f}':>7}   {goal}"

        low, high = HELD_RATE_GOAL
        rates = [line(f"held, {k}", v, f"{low} to {high}") for k, v in self.held_rate.items()]
        return "\n".join(
            [
                f"{self.n_grasps} borderline grasps, {self.protocol} {self.protocol_hash[:12]}",
                *rates,
                line("agreement", self.agreement, f">= {AGREEMENT_GOAL}"),
                line("Cohen's kappa", self.kappa, f">= {KAPPA_GOAL}"),
                line("flips at half the step", self.halving_flips, f"<= {FLIPS_GOAL}"),
            ]
        )

    def write(self, path: Path) -> None:
        """Store as JSON, indented, keys in the order of the fields."""
        path.write_bytes(msgspec.json.format(msgspec.json.encode(self), indent=1) + b"\n")


class _Halved:
    """An engine at half its own time step."""

    def __init__(self, engine: Engine) -> None:
        self.name = f"{engine.name}-half"
        self.version = engine.version
        self.timestep_s = engine.timestep_s / 2.0
        self._engine = engine

    def load(
        self,
        scene: Scene,
        conditions: Conditions,
        *,
        tool: Tool | None = None,
        timestep_s: float | None = None,
    ) -> Simulation:
        step_s = self.timestep_s if timestep_s is None else timestep_s
        return self._engine.load(scene, conditions, tool=tool, timestep_s=step_s)


def standing_objects() -> tuple[ObjectModel, ...]:
    """Build the objects of the standing comparison from the registered families."""
    return tuple(OBJECTS.get(name).build(number, "seen") for name, number in STANDING_OBJECTS)


def standing_report(*, reference: Engine, second: Engine | None) -> AgreementReport:
    """Run the standing comparison: 160 grasps on 8 registered objects, about 3 CPU minutes."""
    support = OBJECTS.get("table").build(0, "seen")
    return agreement_report(standing_objects(), support, reference=reference, second=second)


def agreement_report(
    objects: Sequence[ObjectModel],
    support: ObjectModel,
    *,
    reference: Engine,
    second: Engine | None,
    grasps_per_object: int = GRASPS_PER_OBJECT,
    seed: int = SAMPLER_SEED,
) -> AgreementReport:
    """Run the borderline grasps of ``objects``, each standing on ``support``'s plane z = 0."""
    halved = _Halved(reference)
    runs: list[Engine] = [reference, halved] if second is None else [reference, second, halved]
    grasps: list[GraspComparison] = []
    for index, model in enumerate(objects):
        scene = _scene(model, support)
        rng = np.random.default_rng(np.random.SeedSequence([seed, index]))
        drawn = borderline_grasps(scene, grasps_per_object, rng)
        grasps += [_compare(scene, grasp, runs) for grasp in drawn]
    return _report(grasps, runs, second=second, seed=seed)


def _scene(model: ObjectModel, support: ObjectModel) -> Scene:
    target = Placement("target", model, Pose.identity(), "target")
    table = Placement("table", support, Pose.identity(), "support")
    return Scene(model.name, (target, table), (), np.array([0.0, 0.0, -GRAVITY_M_S2]))


def _compare(scene: Scene, grasp: Grasp, runs: Sequence[Engine]) -> GraspComparison:
    attempt = Attempt(scene, Interaction(grasps=(grasp,)), TrialSpec(kind="grasp"))
    codes: dict[str, str] = {}
    held: dict[str, bool] = {}
    for engine in runs:
        try:
            outcome = GraspTrial().run(engine, attempt)
            codes[engine.name], held[engine.name] = outcome.code, outcome.success
        except EngineError:
            codes[engine.name], held[engine.name] = SIM_ERROR, False
    pose = grasp.world_from_gripper
    numbers = tuple(float(v) for v in (*pose.position_m, *pose.quat_wxyz))
    return GraspComparison(
        object_name=scene.target.model.name,
        pose=numbers,
        width_m=grasp.width_m,
        codes=codes,
        held=held,
    )


def _report(
    grasps: Sequence[GraspComparison], runs: Sequence[Engine], *, second: Engine | None, seed: int
) -> AgreementReport:
    held = {engine.name: np.array([grasp.held[engine.name] for grasp in grasps]) for engine in runs}
    first = held[runs[0].name]
    other = None if second is None else held[second.name]
    return AgreementReport(
        protocol=PROTOCOL_ID,
        protocol_hash=protocol_hash(),
        versions={engine.name: engine.version for engine in runs},
        sampler_seed=seed,
        n_grasps=len(grasps),
        held_rate={name: float(values.mean()) for name, values in held.items()},
        agreement=None if other is None else float((first == other).mean()),
        kappa=None if other is None else cohen_kappa(outcome_table(first, other)),
        halving_flips=float((first != held[runs[-1].name]).mean()),
        grasps=tuple(grasps),
    )


def outcome_table(first: np.ndarray, second: np.ndarray) -> np.ndarray:
    """Return the counts (2, 2) of two boolean arrays: rows ``first``, columns ``second``."""
    return np.array([[int((a & b).sum()) for b in (second, ~second)] for a in (first, ~first)])
