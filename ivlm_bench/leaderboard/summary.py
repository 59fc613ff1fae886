"""One run in numbers: a row a task, and the macro row with equal weight for each task."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field

import numpy as np

from ivlm_bench.leaderboard.episodes import Episodes, Table, table_of
from ivlm_bench.leaderboard.evidence import Evidence, evidence_of
from ivlm_bench.leaderboard.feasibility import CAUSES, causes, infeasible_sample
from ivlm_bench.leaderboard.intake import faults
from ivlm_bench.leaderboard.rates import (
    RATES,
    UNREAD,
    Rate,
    agreement,
    engine_success,
    macro_of,
    rate_of,
    strict_rows,
    unread,
)
from ivlm_bench.leaderboard.stated import THINGS, Stated, stated, things
from ivlm_bench.metrics import METRICS
from ivlm_bench.posing.forms import MADE
from ivlm_bench.records import DataNumbers, Manifest
from ivlm_bench.stats.clusters import Labels, Sample
from ivlm_bench.store import Run
from ivlm_bench.store.columns import METRIC_PREFIX

#: Name of the row over all tasks.
MACRO = "macro"

#: A run in which more than this share of the episodes diverged is not ranked.
MAX_DIVERGED = 0.01

#: What is said of a run whose reasoner's conventions had to be examined and were not found right.
UNCALIBRATED = "uncalibrated"

#: Metrics that are shown as rates, over the episodes that count for a rate.
AS_RATES = ("success", "robust_success")

#: What an instance's name ends with: its split, its number.
_INSTANCE = re.compile(r"(-(seen|unseen))?-\d+$")

#: How the notes of a run over a part of its suite begin.
PARTIAL = "only "
#: The parts that are the same for every run that says so, and so have a table of their own.
LIMITED = re.compile(r"only the first (\d+) questions of a task")


@dataclass(frozen=True, slots=True)
class Row:
    """Numbers of one task, or of all (``task`` is then ``MACRO``).

    ``engines`` holds each engine's strict rate, the reference first. ``latency_ms`` holds the
    median and the 95th percentile. ``answer_s``: what an answer costs, in seconds of one process
    (mean over all questions that were asked, errors included). ``metrics`` are means over the
    episodes that have a score. ``infeasible``: tried answers whose failure is about feasibility,
    counted by cause in ``causes``. ``things``: the shares of ``stated.THINGS``. ``stated``: what
    the stated probabilities are worth; the macro row's is of all questions together. ``unread``:
    those of ``rates.UNREAD`` that occur in the run.
    """

    task: str
    n_episodes: int
    n_answerable: int
    n_diverged: int
    rates: Mapping[str, Rate]
    engines: Mapping[str, Rate]
    agreement: Rate
    latency_ms: tuple[float | None, float | None]
    metrics: Mapping[str, float | None]
    infeasible: Rate
    causes: Mapping[str, int]
    answer_s: float | None = None
    things: Mapping[str, Rate] = field(default_factory=dict)
    stated: Stated | None = None
    unread: Mapping[str, Rate] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class RunSummary:
    """One run: rows of its tasks by name, the macro row, and what to know before comparing.

    ``families``: strict rate by kind of target object, over the questions of all tasks.
    ``evidence``: what two runs are paired by; None of a run on a public data set. ``faults``: what
    no run has that was written and kept as it should be, a clause each.
    """

    manifest: Manifest
    tasks: tuple[Row, ...]
    macro: Row
    marks: tuple[str, ...]
    ranked: bool
    families: Mapping[str, Rate] = field(default_factory=dict)
    evidence: Evidence | None = field(default=None, compare=False, repr=False)
    faults: tuple[str, ...] = ()

    @property
    def worst_task(self) -> Row | None:
        """The task with the lowest strict rate."""
        filled = [row for row in self.tasks if row.rates["strict"].value is not None]
        return min(filled, key=lambda row: row.rates["strict"].value or 0.0, default=None)


@dataclass(frozen=True, eq=False, slots=True)
class _Task:
    """One task's episodes, and what each of them adds to each rate."""

    name: str
    scores: Mapping[str, np.ndarray]
    episodes: Episodes
    rates: Mapping[str, Sample]
    engines: Mapping[str, Sample]
    infeasible: Sample
    agreement: Sample | None
    things: Mapping[str, Sample]


def summarise(run: Run) -> RunSummary:
    """Return the numbers of a run; one on a public data set has its profile's and no rates."""
    if run.manifest.data is not None:
        return _of_dataset(run, run.manifest.data)
    table = table_of(run)
    tasks = [_task(name, scores, episodes) for name, scores, episodes in table.tasks()]
    met = [name for name, code in UNREAD.items() if code in table.episodes.code.names]
    found = tuple(faults(run, table))
    marks, ranked = _marks(run, table, found)
    return RunSummary(
        manifest=run.manifest,
        tasks=tuple(_row(task.name, [task], rate_of_one, met) for task in tasks),
        macro=_row(MACRO, tasks, macro_of, met),
        marks=marks,
        ranked=ranked,
        families=_families(table.episodes),
        evidence=evidence_of(table),
        faults=found,
    )


def _of_dataset(run: Run, data: DataNumbers) -> RunSummary:
    """Return a summary without any rate: nothing was tried, so nothing succeeded or failed."""
    nothing = Rate(None, None, 0, 0)
    table = table_of(run)
    row = Row(
        task=MACRO,
        n_episodes=len(table.episodes),
        n_answerable=len(table.episodes) - data.n_unread,
        n_diverged=0,
        rates=dict.fromkeys(RATES, nothing),
        engines={},
        agreement=nothing,
        latency_ms=_latency([table.scores["latency_ms"]]),
        metrics={f"{data.profile}/{name}": value for name, value in data.numbers.items()},
        infeasible=nothing,
        causes={},
        answer_s=_answer_s([table.scores["latency_ms"]]),
    )
    found = tuple(faults(run, table))
    marks, ranked = _marks(run, table, found)
    if data.n_unread:
        items = "item" if data.n_unread == 1 else "items"
        marks += (f"not ranked: {data.n_unread} {items} could not be read",)
    ranked = ranked and not data.n_unread
    return RunSummary(run.manifest, (), row, marks, ranked, faults=found)


def rate_of_one(samples: list[Sample]) -> Rate:
    """Return the rate of the only sample."""
    return rate_of(samples[0])


def _task(name: str, scores: Mapping[str, np.ndarray], episodes: Episodes) -> _Task:
    engines = list(episodes.engines)
    checked = episodes.take(episodes.checked) if len(engines) > 1 else episodes
    return _Task(
        name=name,
        scores=scores,
        episodes=episodes,
        rates={name: rate(episodes) for name, rate in RATES.items()},
        engines={
            name: engine_success(episodes if place == 0 else checked, name)
            for place, name in enumerate(engines)
        },
        infeasible=infeasible_sample(episodes),
        agreement=agreement(checked) if len(engines) > 1 else None,
        things=things(scores, episodes),
    )


def _row(
    name: str, tasks: list[_Task], combine: Callable[[list[Sample]], Rate], met: list[str]
) -> Row:
    both = [task.agreement for task in tasks if task.agreement is not None]
    engines = list(tasks[0].engines) if tasks else []
    return Row(
        task=name,
        n_episodes=sum(len(task.episodes) for task in tasks),
        n_answerable=sum(int(task.episodes.answerable.sum()) for task in tasks),
        n_diverged=sum(int(task.episodes.diverged.sum()) for task in tasks),
        rates={rate: combine([task.rates[rate] for task in tasks]) for rate in RATES},
        engines={engine: combine([task.engines[engine] for task in tasks]) for engine in engines},
        agreement=combine(both) if both else Rate(None, None, 0, 0),
        latency_ms=_latency([task.scores["latency_ms"] for task in tasks]),
        metrics=_metric_means([task.scores for task in tasks]),
        infeasible=combine([task.infeasible for task in tasks]),
        causes=_added([causes(task.episodes) for task in tasks]),
        answer_s=_answer_s([task.scores["latency_ms"] for task in tasks]),
        things={thing: combine([task.things[thing] for task in tasks]) for thing in THINGS},
        stated=stated([(task.scores, task.episodes) for task in tasks]),
        unread={
            one: combine([unread(task.episodes, UNREAD[one]) for task in tasks]) for one in met
        },
    )


def _added(counts: list[dict[str, int]]) -> dict[str, int]:
    return {cause: sum(part[cause] for part in counts) for cause in CAUSES}


def family_of(cluster: str) -> str:
    """Return the kind of an object: its name without split and number.

    Examples
    --------
    >>> family_of("bare_bottle-unseen-0021")
    'bare_bottle'
    """
    return _INSTANCE.sub("", cluster)


def _families(episodes: Episodes) -> dict[str, Rate]:
    """Return the strict rate of each kind of target object."""
    kinds = Labels.of([family_of(str(name)) for name in episodes.cluster.names])
    of_episode = kinds.codes[episodes.cluster.codes]
    counted = strict_rows(episodes)
    return {
        str(name): rate_of(episodes.sample(counted & (of_episode == number), episodes.success))
        for number, name in enumerate(kinds.names)
    }


def _measured(columns: list[np.ndarray]) -> np.ndarray:
    """Return what was measured, of all columns together."""
    return np.concatenate([c[~np.isnan(c)] for c in columns] or [np.zeros(0)])


def _answer_s(latency_ms: list[np.ndarray]) -> float | None:
    values = _measured(latency_ms)
    return float(values.mean()) / 1e3 if values.size else None


def _latency(columns: list[np.ndarray]) -> tuple[float | None, float | None]:
    values = _measured(columns)
    if not values.size:
        return None, None
    return float(np.quantile(values, 0.5)), float(np.quantile(values, 0.95))


def _metric_means(tasks: list[Mapping[str, np.ndarray]]) -> dict[str, float | None]:
    """Return the mean of each metric over a task's episodes, then over the tasks that have it."""
    means: dict[str, float | None] = {}
    names = {name for scores in tasks for name in scores if name.startswith(METRIC_PREFIX)}
    for name in sorted(names - {METRIC_PREFIX + rate for rate in AS_RATES}):
        values = [scores[name][~np.isnan(scores[name])] for scores in tasks]
        filled = [float(v.mean()) for v in values if len(v)]
        means[name.removeprefix(METRIC_PREFIX)] = float(np.mean(filled)) if filled else None
    return means


def _marks(run: Run, table: Table, found: Iterable[str]) -> tuple[tuple[str, ...], bool]:
    """Return what a reader must know of a run, and whether it takes part in the ranking."""
    manifest = run.manifest
    marks = _told(manifest, table)
    wrong = list(found)
    part = scope_of(manifest)
    if part and LIMITED.fullmatch(part) is None:
        wrong.append(part)
    if manifest.calibration is not None and manifest.calibration.state != "calibrated":
        wrong.append(f"{UNCALIBRATED}: {manifest.calibration.words}")
    diverged = table.episodes.diverged
    share = float(diverged.mean()) if len(diverged) else 0.0
    if share > MAX_DIVERGED:
        wrong.append(f"{100 * share:.1f} % of the simulations diverged")
    return (*marks, *(f"not ranked: {clause}" for clause in wrong)), not wrong


def _told(manifest: Manifest, table: Table) -> list[str]:
    """Return what a reader must know of a run that does not keep it from the ranking."""
    marks = []
    if manifest.reasoner.privileged:
        marks.append("privileged: it was shown the truth")
    if manifest.single_engine:
        marks.append(f"single-engine: {', '.join(manifest.engines)} alone")
    if len(manifest.engines) > 1 and manifest.cross_check_share < 1.0:
        marks.append(_cross_check(manifest, table))
    if manifest.repeats > 1:
        marks.append(f"each question asked {manifest.repeats} times, its answers averaged")
    if manifest.isolation:
        marks.append(f"isolated: {manifest.isolation}")
    if manifest.imagination:
        marks.append(f"imagined its grasps {manifest.imagination}")
    if manifest.calibration is not None and manifest.calibration.state == "calibrated":
        marks.append(f"conventions examined: {manifest.calibration.words}")
    shared = {stage: share for stage, share in table.stages.items() if share > 0.0}
    marks += [_made(manifest, stage, share) for stage, share in shared.items()]
    return marks


def _made(manifest: Manifest, stage: str, share: float) -> str:
    """Return who did a stage that the reasoner left out, and how often."""
    percent = f"({100 * share:.0f} %)"
    if manifest.data is None or manifest.data.form not in MADE:
        return f"{stage} {percent} by the shared tools"
    what, how = MADE[manifest.data.form]
    return f"{what} {how} {percent}"


def _cross_check(manifest: Manifest, table: Table) -> str:
    first = np.unique(table.episodes.scenario, return_index=True)[1]
    n = int(table.episodes.checked[first].sum())
    others = ", ".join(list(manifest.engines)[1:])
    return f"cross-check: {others} judged {n} of {len(first)} questions, chosen by hash"


def scope_of(manifest: Manifest) -> str:
    """Return which part of its suite a run was asked; empty for all of it."""
    return manifest.notes.split(";")[0] if manifest.notes.startswith(PARTIAL) else ""


def metric_unit(name: str) -> str:
    """Return the unit of a metric, '1' for one that is not registered any more."""
    return dict(METRICS)[name].unit if name in METRICS.names() else "1"
