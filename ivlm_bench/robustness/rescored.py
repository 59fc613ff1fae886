"""Stored answers tried again under variants of the protocol.

No reasoner is needed, unless a variant draws the questions otherwise: then they are asked again.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from msgspec.structs import replace

from ivlm_bench.codec import decode
from ivlm_bench.comparison import NotComparableError
from ivlm_bench.completion import complete
from ivlm_bench.env import Episode
from ivlm_bench.errors import ConfigError, EngineError
from ivlm_bench.harness.fingerprint import content_hash
from ivlm_bench.harness.render import render
from ivlm_bench.leaderboard.board import board_key
from ivlm_bench.leaderboard.rates import Rate, macro_of
from ivlm_bench.records import EpisodeRecord, EpisodeResult, EpisodeSpec, sensors_of
from ivlm_bench.robustness.asked import Asked, asked_again
from ivlm_bench.robustness.variants import NOMINAL, Variant
from ivlm_bench.stats.clusters import Sample
from ivlm_bench.store import Run
from ivlm_bench.trials.attempt import Attempt
from ivlm_bench.trials.protocol import protocol_hash
from ivlm_bench.types import Interaction

#: Success of each question of each task, None where a simulation diverged; by variant and run.
Outcomes = dict[tuple[str, str], dict[str, list[tuple[str, bool | None]]]]


@dataclass(frozen=True, slots=True)
class Rescored:
    """Strict macro rates by variant (the nominal one first), then by reasoner.

    ``n_questions`` were tried; in ``n_unlike`` of the nominal trials the outcome was not the
    stored one, as on a machine whose physics differs. ``changed``: reasoners that were asked again
    and whose code is not that of their run.
    """

    rates: Mapping[str, Mapping[str, Rate]]
    n_questions: int
    n_unlike: int
    changed: tuple[str, ...] = ()


def rescored(
    runs: Mapping[str, Run],
    variants: Sequence[Variant],
    *,
    limit: int | None = None,
    heard: Callable[[], object] | None = None,
    asked: Asked | None = None,
) -> Rescored:
    """Try the stored answers of runs again, as the protocol says and under each variant.

    Parameters
    ----------
    runs
        By name of the reasoner; of one board.
    variants
        What is changed.
    limit
        Only the first questions of each task that can be answered.
    heard
        Called after each question.
    asked
        The reasoners of the runs; built here if left out and a variant asks them again.

    Raises
    ------
    NotComparableError
        If the runs are of different boards or of another protocol, or a task poses other scenes
        now.
    ConfigError
        If there are fewer than two runs, or no question.
    MissingDependencyError, UnknownNameError
        If questions are to be asked again, and the renderer or a reasoner is not there.
    """
    _check(runs)
    first = next(iter(runs.values()))
    questions = _questions(first, limit)
    asked = asked or asked_again(runs, variants)
    tables = {name: _by_question(run) for name, run in runs.items()}
    bench = _Bench((NOMINAL, *variants), next(iter(first.manifest.engines)), asked)
    for record in questions:
        spec = EpisodeSpec(task=record.task, seed=record.seed)
        shown = _shown(record, spec, first, asked)
        for name, table in tables.items():
            bench.try_again(name, record, table.get(record.scenario_key), shown)
        if heard is not None:
            heard()
    rates = {
        variant.name: {name: _rate(bench.outcomes[variant.name, name]) for name in runs}
        for variant in bench.variants
    }
    changed = () if asked is None else asked.changed
    return Rescored(rates, len(questions), bench.n_unlike, changed)


def _shown(
    record: EpisodeRecord, spec: EpisodeSpec, run: Run, asked: Asked | None
) -> dict[bool, Episode]:
    """Return the question as it was shown and, under True, as the other renderer draws it."""
    sensors = sensors_of(run.manifest)
    shown = {False: render(spec, sensors, cached=True)}
    if asked is not None:
        shown[True] = render(spec, replace(sensors, renderer=asked.renderer), cached=True)
    for episode in shown.values():
        _check_scene(record, episode)
    return shown


class _Bench:
    """Tries answers under each variant and keeps what came out."""

    def __init__(self, variants: tuple[Variant, ...], reference: str, asked: Asked | None) -> None:
        self.variants, self.reference, self.asked = variants, reference, asked
        self.outcomes: Outcomes = {}
        self.n_unlike = 0

    def try_again(
        self,
        name: str,
        record: EpisodeRecord,
        result: EpisodeResult | None,
        shown: Mapping[bool, Episode],
    ) -> None:
        """Try what reasoner ``name`` answers to a question; no answer is a failure."""
        answers = {False: None if result is None else _answer(result, shown[False])}
        if self.asked is not None:
            answers[True] = self.asked.answer(name, shown[True])
        stored = result is not None and result.episode.success
        for variant in self.variants:
            answer, episode = answers[variant.redrawn], shown[variant.redrawn]
            success = answer is not None and _tried(variant, self.reference, episode, answer)
            tasks = self.outcomes.setdefault((variant.name, name), {})
            tasks.setdefault(record.task, []).append((record.cluster, success))
            self.n_unlike += variant is NOMINAL and success is not None and success != stored


def _check(runs: Mapping[str, Run]) -> None:
    if len(runs) < 2:
        raise ConfigError("A ranking needs the runs of at least two reasoners.")
    keys = {name: board_key(run.manifest) for name, run in runs.items()}
    first, key = next(iter(keys.items()))
    for name, other in keys.items():
        if other != key:
            raise NotComparableError(
                f"The runs of {first} and {name} are not of one board; make both with the same "
                "suite, sensors, protocol and versions."
            )
    if key.protocol_hash != protocol_hash():
        raise NotComparableError(
            "The runs were judged by another version of the protocol than this one; run them again."
        )


def _check_scene(record: EpisodeRecord, episode: Episode) -> None:
    if record.scene_hash and content_hash(episode.scene) != record.scene_hash:
        raise NotComparableError(
            f"{record.task} poses another scene for seed {record.seed} than the runs were made on; "
            "run them again with this version."
        )


def _questions(run: Run, limit: int | None) -> list[EpisodeRecord]:
    found: dict[str, list[EpisodeRecord]] = {}
    for result in run.results:
        record = result.episode
        if record.answerable and record.repeat == 0:
            found.setdefault(record.task, []).append(record)
    chosen = [r for rows in found.values() for r in sorted(rows, key=lambda r: r.seed)[:limit]]
    if not chosen:
        raise ConfigError("The runs hold no question that can be answered.")
    return chosen


def _by_question(run: Run) -> dict[str, EpisodeResult]:
    return {r.episode.scenario_key: r for r in run.results if r.episode.repeat == 0}


def _answer(result: EpisodeResult, episode: Episode) -> Interaction | None:
    """Return the completed answer; None where there is nothing to try, which is a failure."""
    if result.episode.status not in ("ok", "sim_diverged"):
        return None
    completed, _ = complete(episode.sensed, decode(result.prediction))
    return completed


def _tried(variant: Variant, reference: str, episode: Episode, answer: Interaction) -> bool | None:
    """Return whether the nominal trial succeeds; None where the simulation diverges."""
    trial = variant.trial(episode.truth.trial.kind)
    if answer.abstain or not trial.answered(answer):
        return False
    attempt = Attempt(episode.scene, answer, episode.truth.trial)
    try:
        return bool(trial.run(variant.engine_for(reference), attempt).success)
    except EngineError:
        return None


def _rate(tasks: Mapping[str, Sequence[tuple[str, bool | None]]]) -> Rate:
    samples = []
    for rows in tasks.values():
        known = [(cluster, success) for cluster, success in rows if success is not None]
        values = np.array([float(success) for _, success in known])
        samples.append(Sample(values, tuple(cluster for cluster, _ in known)))
    return macro_of(samples)
