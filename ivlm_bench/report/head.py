"""The head of the page: who ran on what, how it went, and what limits the result."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass

from markupsafe import Markup

from ivlm_bench.records import DataNumbers, Manifest
from ivlm_bench.report.rates import Mark, RateRow, rates
from ivlm_bench.report.words import GROUPS, group_of
from ivlm_bench.store import Run


@dataclass(frozen=True, slots=True)
class Fact:
    """A line of what ran; ``mono`` for hashes and the like."""

    name: str
    value: str
    mono: bool = False


@dataclass(frozen=True, slots=True)
class Count:
    """How many episodes ended in one group."""

    group: str
    name: str
    n: int


@dataclass(frozen=True, slots=True)
class Head:
    """All that stands above the episodes."""

    title: str
    suite: str
    run_id: str
    tool_version: str
    marks: tuple[Mark, ...]
    counts: tuple[Count, ...]
    caption: str
    columns: tuple[str, ...]
    rows: tuple[RateRow, ...]
    plot: Markup
    notes: tuple[str, ...]
    facts: tuple[Fact, ...]
    more_facts: tuple[Fact, ...]


def make_head(run: Run) -> Head:
    """Return the head of a run's page; the rates are those of the leaderboard."""
    manifest = run.manifest
    table = rates(run)
    groups = Counter(group_of(result.episode) for result in run.results)
    return Head(
        title=manifest.reasoner.display or manifest.reasoner.name,
        suite=manifest.suite,
        run_id=manifest.run_id,
        tool_version=manifest.tool_version,
        marks=table.marks,
        counts=tuple(Count(g, n, groups[g]) for g, n in GROUPS.items() if groups[g]),
        caption=table.caption,
        columns=table.columns,
        rows=table.rows,
        plot=table.plot,
        notes=table.notes + _notes(manifest),
        facts=_facts(manifest) if manifest.data is None else _data_facts(manifest, manifest.data),
        more_facts=_more_facts(manifest),
    )


def _notes(manifest: Manifest) -> tuple[str, ...]:
    statuses = ", ".join(f"{status} {n}" for status, n in sorted(manifest.n_by_status.items()))
    notes = [f"{manifest.n_planned} episodes planned; by status: {statuses}."]
    if manifest.reasoner.notes:
        notes.append(f"About the reasoner: {manifest.reasoner.notes}")
    return tuple(notes)


def _facts(manifest: Manifest) -> tuple[Fact, ...]:
    engines = ", ".join(f"{name} {version}" for name, version in manifest.engines.items())
    return (
        Fact("reasoner", _with_parameters(manifest)),
        Fact("sensor track", manifest.track),
        Fact("protocol", manifest.protocol),
        Fact("engines", f"{engines} (the first is the reference)" if engines else "none"),
        Fact("bit digest", manifest.bit_digest, mono=True),
        Fact("outcome digest", manifest.outcome_digest, mono=True),
    )


def _data_facts(manifest: Manifest, data: DataNumbers) -> tuple[Fact, ...]:
    return (
        Fact("reasoner", _with_parameters(manifest)),
        Fact("data set", f"{data.dataset}, split {data.split}, {len(data.items)} items"),
        Fact("its owner allows", f"{data.licence} (this page shows its images)"),
        Fact("profile", data.profile),
        Fact("hash of the items", data.items_hash, mono=True),
        Fact("bit digest", manifest.bit_digest, mono=True),
    )


def _more_facts(manifest: Manifest) -> tuple[Fact, ...]:
    card = manifest.reasoner
    return (
        Fact("run", manifest.run_id),
        Fact("created", manifest.created_at),
        Fact("notes", manifest.notes or "none"),
        Fact("fingerprint of the reasoner", card.fingerprint, mono=True),
        Fact("its licence", card.licence or "not stated"),
        Fact("suite hash", manifest.suite_hash, mono=True),
        Fact("protocol hash", manifest.protocol_hash, mono=True),
        Fact("perturbed trials", f"{manifest.n_perturbed} an answer"),
        Fact("cross-checked share of the questions", f"{100 * manifest.cross_check_share:g} %"),
        Fact("times that each question was asked", str(manifest.repeats)),
        Fact("isolation of the reasoner", manifest.isolation or "none"),
        Fact("imagined its grasps", manifest.imagination or "no"),
        Fact("conventions", _conventions(manifest)),
        Fact("renderer", manifest.renderer),
        Fact("base seed", str(manifest.base_seed)),
        Fact("version", manifest.tool_version),
        Fact("machine", _pairs(manifest.machine)),
        Fact("packages", _pairs(manifest.packages)),
    )


def _conventions(manifest: Manifest) -> str:
    found = manifest.calibration
    return "need no examination" if found is None else f"{found.state}: {found.words}"


def _with_parameters(manifest: Manifest) -> str:
    card = manifest.reasoner
    params = ", ".join(f"{key}={value}" for key, value in sorted(card.params.items()))
    return f"{card.name} ({params})" if params else card.name


def _pairs(values: dict[str, str]) -> str:
    return ", ".join(f"{key} {value}" for key, value in sorted(values.items())) or "not recorded"
