"""One stored answer tried once more and filmed: no reasoner is needed."""

from __future__ import annotations

from bisect import bisect_left
from dataclasses import dataclass, replace

from ivlm_bench.codec import decode
from ivlm_bench.completion import complete
from ivlm_bench.engines import get_engine
from ivlm_bench.env import Episode
from ivlm_bench.errors import ConfigError, EngineError
from ivlm_bench.harness.filming import FilmingEngine
from ivlm_bench.harness.fingerprint import content_hash
from ivlm_bench.harness.render import environment
from ivlm_bench.harness.simulate import verdict_of
from ivlm_bench.records import EpisodeRecord, EpisodeResult, VerdictRecord, sensors_of
from ivlm_bench.store import Run
from ivlm_bench.trials.attempt import Attempt
from ivlm_bench.trials.judge import TRIALS
from ivlm_bench.trials.perturb import NOMINAL, perturbations
from ivlm_bench.trials.protocol import NO_ANSWER, SIM_ERROR
from ivlm_bench.types import Interaction, Keyframe, TrialOutcome

#: Simulated time between two frames of a film, s.
FRAME_S = 0.05
#: A frame this much before a key frame (s) already belongs to what follows it.
ROUNDING_S = 1e-6


@dataclass(frozen=True, eq=False, slots=True)
class Replay:
    """A trial made again.

    ``tried`` is the answer as the shared stages completed it. ``perturbed`` is the number of the
    perturbed repetition, from 1, or 0 for the nominal trial. ``stored_code`` is None where the run
    holds no such trial. ``frames`` are labelled by the key frame that they lead to.
    """

    episode: Episode
    tried: Interaction
    engine: str
    engine_version: str
    perturbed: int
    stored: VerdictRecord | None
    stored_code: str | None
    outcome: TrialOutcome
    frames: tuple[Keyframe, ...]

    @property
    def is_same(self) -> bool:
        """Whether the outcome is the stored one, or none is stored."""
        return self.stored_code in (None, self.outcome.code)

    @property
    def is_same_to_the_bit(self) -> bool:
        """Whether all checks of the nominal trial have the stored values exactly."""
        if self.stored is None or self.perturbed:
            return False
        return verdict_of(self.stored).checks == self.outcome.checks


def replay(
    run: Run, result: EpisodeResult, *, engine: str | None = None, perturbed: int = 0
) -> Replay:
    """Try the stored answer of one episode again.

    Parameters
    ----------
    engine
        Name of an engine; by default the reference of the run.
    perturbed
        Number of the perturbed repetition, from 1; 0 is the nominal trial.

    Raises
    ------
    ConfigError
        If the episode has no trial, there is no such repetition, or this version of the task poses
        another scene.
    StoreError
        If the stored answer or verdict is damaged.
    UnknownNameError
        If the task or the engine is not installed.
    """
    record = result.episode
    _check_tried(result)
    _check_perturbed(run, perturbed)
    name = next(iter(run.manifest.engines)) if engine is None else engine
    backend = get_engine(name)
    episode = environment(record.task, sensors_of(run.manifest)).episode(record.seed)
    if content_hash(episode.scene) != record.scene_hash:
        raise ConfigError(
            f"{_named(record)} can't be replayed: this version of the task poses another scene "
            f"than the one that the run was made on (by version {run.manifest.tool_version})."
        )
    tried, _ = complete(episode.sensed, decode(result.prediction))
    camera = FilmingEngine(backend, FRAME_S)
    outcome = _try(camera, episode, tried, perturbed)
    stored = next((v for v in result.verdicts if v.engine == name), None)
    return Replay(
        episode=episode,
        tried=tried,
        engine=name,
        engine_version=backend.version,
        perturbed=perturbed,
        stored=stored,
        stored_code=_stored_code(stored, perturbed),
        outcome=outcome,
        frames=_labelled(camera.frames, outcome.keyframes),
    )


def _named(record: EpisodeRecord) -> str:
    repeat = f", repeat {record.repeat}" if record.repeat else ""
    return f"The episode {record.task}, seed {record.seed}{repeat},"


def _check_tried(result: EpisodeResult) -> None:
    record = result.episode
    if record.abstained:
        raise ConfigError(
            f"{_named(record)} has no trial: the reasoner declined to act; "
            "'ivlm-bench show' tells what it answered."
        )
    if not result.verdicts or not result.prediction:
        raise ConfigError(
            f"{_named(record)} has no trial: it ended with the status {record.status!r}; "
            "'ivlm-bench show' tells the whole record."
        )


def _check_perturbed(run: Run, perturbed: int) -> None:
    n = run.manifest.n_perturbed
    if perturbed == 0 or 1 <= perturbed <= n:
        return
    if n == 0:
        raise ConfigError(f"{run.folder} holds no perturbed trials; leave --perturbed out.")
    raise ConfigError(
        f"{run.folder} has no perturbed trial {perturbed}; give a number from 1 to {n}, or leave "
        "--perturbed out for the nominal trial."
    )


def _try(
    engine: FilmingEngine, episode: Episode, tried: Interaction, perturbed: int
) -> TrialOutcome:
    spec = episode.truth.trial
    trial = TRIALS.get(spec.kind)
    if not trial.answered(tried):
        return TrialOutcome(NO_ANSWER, False, ())
    shift = perturbations(episode.seed, perturbed)[-1] if perturbed else NOMINAL
    try:
        return trial.run(engine, Attempt(episode.scene, tried, spec, shift), record=True)
    except EngineError:
        return TrialOutcome(SIM_ERROR, False, ())


def _stored_code(stored: VerdictRecord | None, perturbed: int) -> str | None:
    if stored is None or not perturbed:
        return stored.code if stored else None
    codes = stored.robust_codes
    return codes[perturbed - 1] if perturbed <= len(codes) else None


def _labelled(frames: list[Keyframe], keyframes: tuple[Keyframe, ...]) -> tuple[Keyframe, ...]:
    """Return the frames, each with the label of the first key frame that is not before it."""
    times_s = [frame.time_s - ROUNDING_S for frame in keyframes]
    if not times_s:
        return tuple(frames)
    places = [
        min(bisect_left(times_s, f.time_s - 2 * ROUNDING_S), len(times_s) - 1) for f in frames
    ]
    return tuple(
        replace(frame, label=keyframes[place].label)
        for frame, place in zip(frames, places, strict=True)
    )
