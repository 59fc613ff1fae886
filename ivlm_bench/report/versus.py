"""The page of ``ivlm-bench compare``: the table, and both answers to what came out otherwise."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import pandas as pd
from markupsafe import Markup

from ivlm_bench.comparison import Comparison
from ivlm_bench.comparison.tables import comparison_table
from ivlm_bench.leaderboard.grid import Grid
from ivlm_bench.records import EpisodeResult, Manifest
from ivlm_bench.report.cards import Card, make_card
from ivlm_bench.report.frame import packaged, source_hash, templates
from ivlm_bench.report.head import Fact
from ivlm_bench.report.pictures import legend
from ivlm_bench.report.words import task_name
from ivlm_bench.store import Run
from ivlm_bench.store.faults import told
from ivlm_bench.store.seal import write_whole

#: What this page adds to the style of the run's: two answers beside each other.
EXTRA_STYLE = """
.rates th, .rates td { white-space: pre-line; }
.rates td { white-space: nowrap; }
.card.lost { border-left-color: var(--wrong); } .badge.lost { color: var(--wrong); }
.card.gained { border-left-color: var(--success); } .badge.gained { color: var(--success); }
.sides { display: grid; grid-template-columns: minmax(0, 1fr) minmax(0, 1fr); gap: 1.5rem; }
.side > * { margin-top: .7rem; }
.side h4 { border-top: 1px solid var(--line); padding-top: .6rem; overflow-wrap: anywhere; }
.side h4 .role { color: var(--soft); font-weight: 400; }
.side .views { max-width: 25rem; }
.side .film { display: grid; grid-template-columns: repeat(3, minmax(0, 1fr)); }
.side .film li { max-width: none; }
.side details { font-size: .9rem; }
@media (max-width: 60rem) { .sides { grid-template-columns: minmax(0, 1fr); } }
"""


@dataclass(frozen=True, slots=True)
class Side:
    """One run's answer: whose, and how many of its repeats were right."""

    role: str
    run: str
    repeats: str
    card: Card


@dataclass(frozen=True, slots=True)
class Flip:
    """One scenario that came out otherwise: ``kind`` is ``lost`` or ``gained``."""

    anchor: str
    kind: str
    task: str
    sides: tuple[Side, Side]


def write_versus(found: Comparison, path: Path, *, most: int) -> Path:
    """Write one self-contained HTML file that shows a comparison, and return its path.

    Parameters
    ----------
    found
        The comparison of two sealed runs.
    path
        The file to write.
    most
        Show at most so many of the scenarios that differ; the largest losses come first.

    Raises
    ------
    StoreError
        If the file can't be written.
    """
    style = packaged("page.css") + EXTRA_STYLE
    old, new = found.pairs.old.manifest, found.pairs.new.manifest
    content = (
        templates()
        .get_template("versus.html.jinja")
        .render(
            title=_name(new, old),
            against=_name(old, new),
            suite=new.suite,
            table=_flat(comparison_table(found)),
            counts=_counts(found),
            facts=_facts(old, new),
            flips=flips_of(found, most),
            n_flips=len(found.flips),
            legend=legend(),
            tool_version=new.tool_version,
            style=Markup(style),
            style_hash=source_hash(style),
        )
    )
    with told(path, "writing"):
        path.parent.mkdir(parents=True, exist_ok=True)
        write_whole(path, content.encode())
    return path


def flips_of(found: Comparison, most: int) -> tuple[Flip, ...]:
    """Return the scenarios that differ with the answers of both runs, losses first."""
    shown = found.flips.head(most)
    if shown.empty:
        return ()
    keys = frozenset(shown["scenario_key"])
    old, new = (_by_scenario(run, keys) for run in (found.pairs.old, found.pairs.new))
    return tuple(_flip(row, found, old=old, new=new) for _, row in shown.iterrows())


def _flip(
    row: pd.Series,
    found: Comparison,
    *,
    old: Mapping[str, Sequence[EpisodeResult]],
    new: Mapping[str, Sequence[EpisodeResult]],
) -> Flip:
    key = str(row["scenario_key"])
    before, after = _most_telling(old[key], new[key])
    sides = (
        _side("old", before, found.pairs.old.manifest, old[key]),
        _side("new", after, found.pairs.new.manifest, new[key]),
    )
    kind = "lost" if row["difference"] < 0 else "gained"
    return Flip(anchor=key, kind=kind, task=task_name(str(row["task"])), sides=sides)


def _side(
    role: str, result: EpisodeResult, manifest: Manifest, repeats: Sequence[EpisodeResult]
) -> Side:
    n_right = sum(bool(other.episode.success) for other in repeats)
    several = f"{n_right} of {len(repeats)} repeats right" if len(repeats) > 1 else ""
    return Side(role, manifest.run_id, several, make_card(result, manifest))


def _by_scenario(run: Run, keys: frozenset[str]) -> dict[str, list[EpisodeResult]]:
    found: dict[str, list[EpisodeResult]] = {}
    for result in run.results:
        if result.episode.scenario_key in keys:
            found.setdefault(result.episode.scenario_key, []).append(result)
    return {key: sorted(rows, key=lambda r: r.episode.repeat) for key, rows in found.items()}


def _most_telling(
    old: Sequence[EpisodeResult], new: Sequence[EpisodeResult]
) -> tuple[EpisodeResult, EpisodeResult]:
    """Return the first repeat in which the runs differ; the first of each if none does."""
    after = {result.episode.repeat: result for result in new}
    for before in old:
        same = after.get(before.episode.repeat)
        if same is not None and same.episode.success != before.episode.success:
            return before, same
    return old[0], new[0]


def _name(one: Manifest, other: Manifest) -> str:
    """Return who answered; with the run's id where both bear the same name."""
    name = one.reasoner.display or one.reasoner.name
    same = name == (other.reasoner.display or other.reasoner.name)
    return f"{name} ({one.run_id})" if same else name


def _counts(found: Comparison) -> tuple[tuple[str, int], ...]:
    n_all, macro = len(found.pairs.table), found.macro
    n_same = n_all - macro.n_lost - macro.n_gained
    return (("lost", macro.n_lost), ("gained", macro.n_gained), ("same", n_same))


def _facts(old: Manifest, new: Manifest) -> tuple[Fact, ...]:
    engines = ", ".join(f"{name} {version}" for name, version in list(new.engines.items())[:1])
    return (
        Fact("old run", f"{old.run_id}, {old.created_at}"),
        Fact("new run", f"{new.run_id}, {new.created_at}"),
        Fact("old reasoner", _with_parameters(old)),
        Fact("new reasoner", _with_parameters(new)),
        Fact("reference engine", engines or "none"),
        Fact("sensor track", new.track),
    )


def _with_parameters(manifest: Manifest) -> str:
    card = manifest.reasoner
    params = ", ".join(f"{key}={value}" for key, value in sorted(card.params.items()))
    return f"{card.name} ({params})" if params else card.name


def _flat(table: Grid) -> Grid:
    """Return a table whose headings have no breaks, as a browser makes its own."""
    headers = tuple(
        h.replace("-\n", "").replace("/\n", "/").replace("\n", " ") for h in table.headers
    )
    return Grid(table.title, headers, table.rows, table.notes, table.rules, table.droppable)
