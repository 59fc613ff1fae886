"""The way in: one engine's verdict on one answer."""

from __future__ import annotations

from collections.abc import Sequence

from ivlm_bench.errors import EngineError
from ivlm_bench.protocols import Engine
from ivlm_bench.registry import Registry
from ivlm_bench.trials.articulate import ArticulateTrial
from ivlm_bench.trials.attempt import Attempt, Trial
from ivlm_bench.trials.grasp import GraspTrial
from ivlm_bench.trials.perturb import perturbations
from ivlm_bench.trials.place import PlaceTrial
from ivlm_bench.trials.press import PressTrial
from ivlm_bench.trials.protocol import NO_ANSWER, SIM_ERROR
from ivlm_bench.trials.push import PushTrial
from ivlm_bench.types import Interaction, Keyframe, Scene, TrialOutcome, Truth, Verdict

#: Trials by ``TrialSpec.kind``.
TRIALS: Registry[Trial] = Registry("trial")
TRIALS.register("grasp", GraspTrial())
TRIALS.register("articulate", ArticulateTrial())
TRIALS.register("press", PressTrial())
TRIALS.register("push", PushTrial())
TRIALS.register("place", PlaceTrial())


def judge(  # noqa: PLR0913 - seven inputs that no two callers share
    engine: Engine,
    scene: Scene,
    interaction: Interaction,
    truth: Truth,
    *,
    scenario_seed: int,
    n_perturbed: int,
    record: bool = False,
) -> tuple[Verdict, tuple[Keyframe, ...]]:
    """Try an answer once as given and ``n_perturbed`` times perturbed.

    Parameters
    ----------
    truth
        Its ``trial`` says which trial judges and on what; nothing else of it is used.
    scenario_seed
        Not negative; fixes the perturbations, equal for all reasoners and engines.
    record
        Also return key frames of the nominal trial.

    Returns
    -------
    The verdict and the key frames. An abstention or an answer without what the trial executes
    has the code ``NO_ANSWER`` and fails without simulation. When the nominal simulation diverges
    the status is ``sim_diverged``; a perturbed one that does is left out of ``robust_prob``.
    """
    trial = TRIALS.get(truth.trial.kind)
    if interaction.abstain or not trial.answered(interaction):
        nothing = TrialOutcome(NO_ANSWER, False, ())
        return _verdict(engine, nothing, [nothing] * n_perturbed), ()
    attempt = Attempt(scene, interaction, truth.trial)
    nominal = _run(trial, engine, attempt, record=record)
    perturbed = [
        _run(trial, engine, Attempt(scene, interaction, truth.trial, perturbation))
        for perturbation in perturbations(scenario_seed, n_perturbed)
    ]
    return _verdict(engine, nominal, perturbed), nominal.keyframes


def _run(trial: Trial, engine: Engine, attempt: Attempt, *, record: bool = False) -> TrialOutcome:
    try:
        return trial.run(engine, attempt, record=record)
    except EngineError:
        return TrialOutcome(SIM_ERROR, False, ())


def _verdict(engine: Engine, nominal: TrialOutcome, perturbed: Sequence[TrialOutcome]) -> Verdict:
    finished = [outcome.success for outcome in perturbed if outcome.code != SIM_ERROR]
    return Verdict(
        engine=engine.name,
        engine_version=engine.version,
        status="sim_diverged" if nominal.code == SIM_ERROR else "ok",
        code=nominal.code,
        success=nominal.success,
        checks=nominal.checks,
        robust_prob=sum(finished) / len(finished) if finished else None,
        robust_codes=tuple(outcome.code for outcome in perturbed),
        n_perturbed=len(finished),
        n_steps=nominal.n_steps + sum(outcome.n_steps for outcome in perturbed),
    )
