"""What the page says of one episode, as plain values for the template."""

from __future__ import annotations

import shlex
from dataclasses import dataclass

import msgspec

from ivlm_bench.records import (
    EpisodeRecord,
    EpisodeResult,
    Manifest,
    VerdictRecord,
    sensors_of,
)
from ivlm_bench.report.pictures import Picture, film, views
from ivlm_bench.report.posed import attempt, pose, suite_of
from ivlm_bench.report.words import (
    GROUPS,
    STAGE_OWNERS,
    STAGES,
    answer,
    check_name,
    code_sentence,
    group_of,
    outcome_sentence,
    quantity,
    readable,
    task_name,
)
from ivlm_bench.types import Check

_RELATIONS = {"<=": "≤", ">=": "≥"}


@dataclass(frozen=True, slots=True)
class CheckRow:
    """One check for display."""

    name: str
    value: str
    limit: str
    passed: bool
    gating: bool


@dataclass(frozen=True, slots=True)
class EngineColumn:
    """What one engine said; ``note`` stands where its checks can't be read."""

    name: str
    version: str
    success: bool
    status: str
    code: str
    sentence: str
    robust: str
    checks: tuple[CheckRow, ...]
    note: str = ""

    @property
    def failed(self) -> str:
        """The verdict in a word where it is no success."""
        return "failed" if self.status == "ok" else readable(self.status)


@dataclass(frozen=True, slots=True)
class Card:
    """One episode on the page; texts are plain and escaped by the template."""

    episode: EpisodeRecord
    anchor: str
    task: str
    group: str
    group_name: str
    sentence: str
    impossible: str
    reason: str
    engines: tuple[EngineColumn, ...]
    stages: tuple[tuple[str, str], ...]
    views: tuple[Picture, ...]
    film: tuple[Picture, ...]
    film_engine: str
    notes: tuple[str, ...]
    command: str
    command_note: str

    @property
    def keys(self) -> str:
        """What the outcome filter finds the card by: its group and its code."""
        return f"{self.group} {self.episode.code}"

    @property
    def film_title(self) -> str:
        """What the film shows."""
        simulated = any(picture.simulated for picture in self.film)
        if not simulated:
            return "Nothing was simulated. Where the gripper was asked to go:"
        return f"The nominal trial in {self.film_engine}, the reference engine:"


def make_card(result: EpisodeResult, manifest: Manifest) -> Card:
    """Return the card of one episode; whatever can't be restored becomes a note in it."""
    episode = result.episode
    posed = pose(episode, result.prediction, manifest)
    truth = None if posed.episode is None else posed.episode.truth
    kind = None if truth is None else truth.trial.kind
    reference = _reference(result, manifest)
    shown, view_notes = attempt(lambda: views(posed), "The views can't be drawn")
    strip, film_notes = attempt(lambda: film(posed, reference), "The film can't be drawn")
    command, command_note = reproduce(episode, manifest)
    reason = posed.tried.abstain_reason if posed.tried and posed.tried.abstain else None
    return Card(
        episode=episode,
        anchor=episode.episode_key,
        task=task_name(episode.task),
        group=group_of(episode),
        group_name=GROUPS[group_of(episode)],
        sentence=outcome_sentence(
            episode, kind, simulated=reference is not None and reference.n_steps > 0
        ),
        impossible=(truth.infeasible_reason or "") if truth else "",
        reason=reason or "",
        engines=tuple(engine_column(v, kind) for v in reference_first(result, manifest)),
        stages=stages_of(episode),
        views=shown or (),
        film=strip or (),
        film_engine=reference.engine if reference else "",
        notes=posed.notes + view_notes + film_notes,
        command=command,
        command_note=command_note,
    )


def reproduce(episode: EpisodeRecord, manifest: Manifest) -> tuple[str, str]:
    """Return a command that plays the episode again, and what else it plays."""
    card = manifest.reasoner
    words = ["ivlm-bench", "run", "--suite", manifest.suite, "--tasks", episode.task]
    words += ["--reasoner", card.name]
    for key, value in sorted(card.params.items()):
        words += ["-P", f"{key}={value}"]
    for engine in manifest.engines:
        words += ["--engine", engine]
    words += ["--seed", str(manifest.base_seed), *_changed(manifest)]
    count = _count_up_to(episode, manifest)
    if count is not None:
        words += ["--limit", str(count)]
    questions = "every question" if count is None else f"the first {count} questions"
    note = f"it asks {questions} of the task, of which this is seed {episode.seed}"
    return shlex.join(words), "" if count == 1 else note


def _changed(manifest: Manifest) -> list[str]:
    """Return the flags for what the run did otherwise than its suite says."""
    suite = suite_of(manifest.suite)
    if suite is None:
        return []
    file, sensors = suite.file, sensors_of(manifest)
    pairs = {
        "--track": (sensors.track, file.track),
        "--size": (sensors.size_px, file.size_px),
        "--renderer": (sensors.renderer, suite.sensors.renderer),
        "--repeats": (manifest.repeats, file.repeats),
        "--n-perturbed": (manifest.n_perturbed, file.n_perturbed),
        "--cross-check-share": (manifest.cross_check_share, file.cross_check_share),
    }
    return [
        word for flag, (own, usual) in pairs.items() if own != usual for word in (flag, str(own))
    ]


def _count_up_to(episode: EpisodeRecord, manifest: Manifest) -> int | None:
    """Return how many questions of its task the suite asks up to this one, itself included."""
    suite = suite_of(manifest.suite)
    if suite is None or episode.task not in suite.tasks:
        return None
    asked = suite.file.tasks[episode.task].seeds()
    return asked.index(episode.seed) + 1 if episode.seed in asked else None


def _reference(result: EpisodeResult, manifest: Manifest) -> VerdictRecord | None:
    verdicts = reference_first(result, manifest)
    return verdicts[0] if verdicts else None


def reference_first(result: EpisodeResult, manifest: Manifest) -> tuple[VerdictRecord, ...]:
    """Return the verdicts in the manifest's order of engines, whose first is the reference."""
    order = list(manifest.engines)
    unknown = len(order)
    return tuple(
        sorted(
            result.verdicts,
            key=lambda v: order.index(v.engine) if v.engine in order else unknown,
        )
    )


def engine_column(verdict: VerdictRecord, kind: str | None) -> EngineColumn:
    """Return what one engine said, in words; ``kind`` is the trial's, where it is known."""
    checks, notes = attempt(
        lambda: msgspec.json.decode(verdict.checks, type=tuple[Check, ...]),
        "The checks can't be read",
    )
    rows = sorted(checks or (), key=lambda check: not check.gating)
    return EngineColumn(
        name=verdict.engine,
        version=verdict.engine_version,
        success=verdict.success,
        status=verdict.status,
        code=verdict.code,
        sentence=code_sentence(verdict.code, kind, simulated=verdict.n_steps > 0),
        robust=_robust(verdict),
        checks=tuple(_row(check) for check in rows),
        note=" ".join(notes),
    )


def _row(check: Check) -> CheckRow:
    if check.name == "width_excess":  # what is left is read more easily than a negative excess
        check = msgspec.structs.replace(
            check, value=-check.value, limit=-check.limit, relation=">="
        )
    # A check that is met or not has the limit 1 without a unit and the value 0 or 1.
    is_flag = check.unit == "" and check.limit == 1.0 and check.value in (0.0, 1.0)
    limit = f"{_RELATIONS[check.relation]} {quantity(check.limit, check.unit)}"
    return CheckRow(
        name=check_name(check.name),
        value=answer(check.value) if is_flag else quantity(check.value, check.unit),
        limit="yes" if is_flag else limit,
        passed=check.passed,
        gating=check.gating,
    )


def _robust(verdict: VerdictRecord) -> str:
    if verdict.robust_prob is None or not verdict.n_perturbed:
        return ""
    n_held = round(verdict.robust_prob * verdict.n_perturbed)
    trials = "trial" if verdict.n_perturbed == 1 else "trials"
    return f"{n_held} of {verdict.n_perturbed} perturbed {trials} succeeded"


def stages_of(episode: EpisodeRecord) -> tuple[tuple[str, str], ...]:
    """Return the stages of an answer, and who did each, in words."""
    known = [stage for stage in STAGES if stage in episode.stages]
    others = sorted(set(episode.stages) - set(known))
    return tuple(
        (STAGES.get(stage, readable(stage)), STAGE_OWNERS.get(owner, owner))
        for stage, owner in ((stage, episode.stages[stage]) for stage in known + others)
    )
