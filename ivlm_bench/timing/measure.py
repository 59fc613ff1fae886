"""Measuring: rounds of all stages, their medians by repeat, and the report."""

from __future__ import annotations

import statistics
from collections.abc import Callable
from datetime import UTC, datetime

import ivlm_bench
from ivlm_bench.errors import ConfigError
from ivlm_bench.harness.manifest import machine, packages
from ivlm_bench.harness.offering import with_imagination
from ivlm_bench.harness.render import render
from ivlm_bench.leaderboard.grid import Grid
from ivlm_bench.reasoners import resolve_reasoner
from ivlm_bench.records import EpisodeSpec
from ivlm_bench.suite import Suite
from ivlm_bench.timing.records import SCHEMA_VERSION, SpeedReport, StageTiming
from ivlm_bench.timing.reference import REFERENCE_VERSION
from ivlm_bench.timing.stages import Workload, one_round

#: Rounds whose median is the ratio of one repeat.
N_ROUNDS = 3
#: Repeats of a measurement; the gate wants as many to tell a change from scatter.
N_REPEATS = 5


def measured(
    suite: Suite,
    reasoner: str,
    engines: tuple[str, ...],
    *,
    n_questions: int = 1,
    n_repeats: int = N_REPEATS,
    heard: Callable[[], object] | None = None,
) -> SpeedReport:
    """Return how long the stages take.

    Parameters
    ----------
    suite
        Its first answerable questions of each task are asked.
    reasoner
        As ``resolve_reasoner`` takes it.
    engines
        Judge the oracle's answers, each by itself.
    n_questions
        Questions a task.
    n_repeats
        Repeats of ``N_ROUNDS`` rounds each, after one round that warms up.
    heard
        Called after each round.

    Raises
    ------
    ConfigError
        If a number is below 1, a task has too few answerable questions, or the reasoner fails.
    """
    if min(n_questions, n_repeats) < 1:
        raise ConfigError("At least one question a task and one repeat are needed.")
    answerer, card = resolve_reasoner(reasoner)
    with_imagination(answerer)
    work = Workload(
        questions=_questions(suite, n_questions),
        sensors=suite.sensors,
        reasoner=answerer,
        privileged=card.privileged,
        engines=engines,
    )
    rounds = []
    for index in range(1 + n_repeats * N_ROUNDS):
        rounds.append(one_round(work, index))
        if heard is not None:
            heard()
    told = {
        "suite": suite.name,
        "suite hash": suite.hash,
        "questions a task": str(n_questions),
        "reasoner": card.name,
        "reference version": REFERENCE_VERSION,
    }
    return _report(told, stages_of(rounds[1:]))


def _report(workload: dict[str, str], stages: dict[str, StageTiming]) -> SpeedReport:
    return SpeedReport(
        schema_version=SCHEMA_VERSION,
        created_at=datetime.now(UTC).isoformat(timespec="seconds"),
        tool_version=ivlm_bench.__version__,
        workload=workload,
        machine=machine(),
        packages=packages(),
        stages=stages,
    )


def _questions(suite: Suite, n_questions: int) -> tuple[EpisodeSpec, ...]:
    found: list[EpisodeSpec] = []
    for task, seeds in suite.file.tasks.items():
        asked = (EpisodeSpec(task=task, seed=seed) for seed in seeds.seeds())
        feasible = (spec for spec in asked if render(spec, suite.sensors).truth.feasible)
        chosen = [spec for _, spec in zip(range(n_questions), feasible, strict=False)]
        if len(chosen) < n_questions:
            raise ConfigError(
                f"{suite.name} asks {len(chosen)} answerable questions of {task}; "
                f"{n_questions} a task can't be timed."
            )
        found += chosen
    return tuple(found)


def stages_of(rounds: list[dict[str, tuple[str, float]]]) -> dict[str, StageTiming]:
    """Return each stage's ratio by repeat: the median of every ``N_ROUNDS`` rounds."""
    return {
        name: StageTiming(
            reference=reference,
            ratios=tuple(
                statistics.median(found[name][1] for found in rounds[start : start + N_ROUNDS])
                for start in range(0, len(rounds), N_ROUNDS)
            ),
        )
        for name, (reference, _) in rounds[0].items()
    }


def speed_table(report: SpeedReport) -> Grid:
    """Return a row a stage: median ratio, and the least and largest of the repeats."""
    rows = tuple(
        (
            name,
            stage.reference,
            f"{statistics.median(stage.ratios):.3g}",
            f"{min(stage.ratios):.3g} .. {max(stage.ratios):.3g}",
            f"{100 * (max(stage.ratios) / min(stage.ratios) - 1):.1f} %",
        )
        for name, stage in report.stages.items()
    )
    asked = report.workload
    return Grid(
        f"CPU time of {asked['reasoner']} on {asked['suite']}, over that of the reference",
        ("stage", "reference", "ratio", "repeats", "spread"),
        rows,
        (
            f"{asked['questions a task']} questions a task; a ratio is the median of "
            f"{len(next(iter(report.stages.values())).ratios)} repeats.",
            "Ratios of one kind of machine can be compared, times of a busy one can't.",
        ),
    )
