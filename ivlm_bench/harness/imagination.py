"""The imagination service: grasps tried on what a reasoner believes to be there.

It holds an engine of its own and nothing of a task: neither the scene nor the truth of a question
can be reached from it. The trial is the grasp trial of the protocol in coarser steps; what is
perturbed is drawn from numbers of its own, so that nothing can be learned of the judge's draws.
"""

from __future__ import annotations

import numpy as np

from ivlm_bench.engines.mujoco_engine import MujocoEngine
from ivlm_bench.errors import AssetError, EngineError, InvalidAnswerError
from ivlm_bench.geometry import se3
from ivlm_bench.harness.imagined_scene import imagined_scene
from ivlm_bench.protocols import ImaginedGrasp, Reconstruction
from ivlm_bench.trials.attempt import Attempt
from ivlm_bench.trials.grasp import GraspTrial
from ivlm_bench.trials.perturb import Perturbation
from ivlm_bench.trials.protocol import PROTOCOL, SIM_ERROR
from ivlm_bench.types import Grasp, Interaction, Scene, TrialOutcome, TrialSpec

#: Time step (s): twice that of the protocol; the contacts' time constant allows no longer one.
TIMESTEP_S = 0.002
#: Tries that one call may ask for: the budget is counted, not timed, so that it is the same on
#: every machine; a question's deadline bounds the rest.
MAX_TRIES = 128
#: Seed of the perturbations; the judge's start from another.
SEED = 62_000
#: What a thing on a table may weigh (kg), and how rough contacts may be.
MASS_KG, FRICTION = (1e-3, 50.0), (0.05, 2.0)

#: What is said of a run whose reasoner tried its grasps here.
WORDS = f"on its own reconstruction (mujoco {MujocoEngine.version})"


class LocalImagination:
    """Satisfies ``ivlm_bench.protocols.Imagination`` in this process."""

    def __init__(self) -> None:
        self._engine = _CoarseEngine(cached_models=1)

    def try_grasps(
        self,
        solid: Reconstruction,
        grasps: tuple[Grasp, ...],
        *,
        mass_kg: float,
        friction: float,
        n_perturbed: int = 0,
    ) -> tuple[ImaginedGrasp, ...]:
        """Close, lift and shake with each grasp; see ``Imagination.try_grasps``."""
        _check(solid, grasps, n_perturbed)
        _within("mass_kg", mass_kg, MASS_KG, "kg")
        _within("friction", friction, FRICTION, "")
        if not grasps:
            return ()
        scene = imagined_scene(solid, mass_kg=mass_kg)
        draws = perturbed(friction, n_perturbed)
        try:
            return tuple(self._imagined(scene, grasp, draws) for grasp in grasps)
        except AssetError as error:
            raise InvalidAnswerError(f"The reconstruction can't be simulated: {error}") from None

    def _imagined(
        self, scene: Scene, grasp: Grasp, draws: tuple[Perturbation, ...]
    ) -> ImaginedGrasp:
        tried = [self._try(scene, grasp, draw) for draw in draws]
        held = sum(outcome.success for outcome in tried)
        return ImaginedGrasp(tried[0].code, held / len(tried))

    def _try(self, scene: Scene, grasp: Grasp, draw: Perturbation) -> TrialOutcome:
        attempt = Attempt(scene, Interaction(grasps=(grasp,)), _SPEC, draw)
        try:
            return GraspTrial().run(self._engine, attempt)
        except EngineError:
            return TrialOutcome(SIM_ERROR, False, ())


class _CoarseEngine(MujocoEngine):
    """The reference engine in longer steps."""

    timestep_s = TIMESTEP_S


_SPEC = TrialSpec(kind="grasp")


def perturbed(friction: float, n: int) -> tuple[Perturbation, ...]:
    """Return the unperturbed conditions of a try, then ``n`` draws of the protocol's sizes.

    They hang on nothing but their number and the guessed friction.
    """
    still = Perturbation(np.zeros(3), np.array([1.0, 0.0, 0.0, 0.0]), friction, 1.0)
    return (still, *(_draw(friction, index) for index in range(n)))


def _draw(friction: float, index: int) -> Perturbation:
    sizes = PROTOCOL.perturb
    rng = np.random.default_rng(np.random.SeedSequence([SEED, index]))
    rough = rng.normal(sizes.friction_mean, sizes.friction_sigma)
    rough = float(np.clip(rough, sizes.friction_lower, sizes.friction_upper))
    return Perturbation(
        rng.normal(0.0, sizes.translation_sigma_m, 3),
        se3.quat_from_rotvec(rng.normal(0.0, sizes.rotation_sigma_rad, 3)),
        friction * rough / sizes.friction_mean,
        float(rng.uniform(sizes.mass_scale_lower, sizes.mass_scale_upper)),
    )


def _check(solid: Reconstruction, grasps: tuple[Grasp, ...], n_perturbed: int) -> None:
    if not isinstance(solid, Reconstruction):
        raise InvalidAnswerError(
            f"try_grasps was given {type(solid).__name__} as solid; give a Reconstruction."
        )
    if not isinstance(grasps, (tuple, list)) or not all(isinstance(g, Grasp) for g in grasps):
        raise InvalidAnswerError("try_grasps takes a tuple of Grasp objects only.")
    if not isinstance(n_perturbed, int) or n_perturbed < 0:
        raise InvalidAnswerError(f"n_perturbed is {n_perturbed!r}; give a count from 0 on.")
    n_tries = len(grasps) * (1 + n_perturbed)
    if n_tries > MAX_TRIES:
        raise InvalidAnswerError(
            f"{len(grasps)} grasps with {n_perturbed} perturbed tries each are {n_tries} tries, "
            f"and a call may ask for {MAX_TRIES}; give fewer grasps."
        )


def _within(name: str, value: float, limits: tuple[float, float], unit: str) -> None:
    low, high = limits
    if isinstance(value, bool) or not isinstance(value, (int, float, np.floating, np.integer)):
        raise InvalidAnswerError(f"{name} is {value!r}; a number was expected.")
    if not low <= float(value) <= high:
        unit = f" {unit}" if unit else ""
        raise InvalidAnswerError(f"{name} is {value}; give {low:g} to {high:g}{unit}.")
