"""Runs that may be compared: one board for each suite version, track and protocol."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from pathlib import Path

import pyarrow as pa
import pyarrow.compute as pc

from ivlm_bench.errors import StoreError
from ivlm_bench.leaderboard.dataset_table import quantities_of
from ivlm_bench.leaderboard.equals import newest
from ivlm_bench.leaderboard.evidence import overlap
from ivlm_bench.leaderboard.standings import Standing, standings
from ivlm_bench.leaderboard.summary import RunSummary, scope_of, summarise
from ivlm_bench.records import DataNumbers, Manifest, sensors_of
from ivlm_bench.store import Run, load_run
from ivlm_bench.store.load import read_manifest
from ivlm_bench.store.seal import MANIFEST
from ivlm_bench.tracks import Sensors

#: Reasoners whose rows bound every board: floor (nothing done, chance) and ceiling (the truth by
#: the shared executor, the truth itself).
BOUNDS = ("abstain", "random-region", "oracle-region", "oracle")

#: Folders of copies of runs, which are no runs of their own.
BASELINES = "baselines"

#: A run that was asked less than this share of a board's questions is not ranked.
LEAST_OVERLAP = 0.95


@dataclass(frozen=True, order=True, slots=True)
class BoardKey:
    """What must be equal before two runs share a table.

    ``scope``: which part of the suite they were asked; empty for all of it.
    """

    suite: str
    sensors: Sensors
    suite_hash: str
    protocol_hash: str
    reference_engine: str
    base_seed: int
    scope: str = ""


@dataclass(frozen=True, slots=True)
class Board:
    """Comparable runs: ``ranked`` best first, then those that were not fit, then privileged.

    ``standings``: where each ranked run stands by strict success. ``borrowed``: floor and ceiling
    rows that were taken from another folder; ``lacking``: those of ``BOUNDS`` found nowhere.
    """

    key: BoardKey
    ranked: tuple[RunSummary, ...]
    unranked: tuple[RunSummary, ...]
    privileged: tuple[RunSummary, ...]
    standings: tuple[Standing, ...] = ()
    borrowed: tuple[RunSummary, ...] = ()
    lacking: tuple[str, ...] = ()

    @property
    def rows(self) -> tuple[RunSummary, ...]:
        """All runs in the order in which they are shown."""
        return self.ranked + self.unranked + self.privileged + self.borrowed

    @property
    def tied(self) -> bool:
        """Whether several runs can't be told from the best."""
        return sum(standing.place.with_best for standing in self.standings) > 1

    def standing(self, row: RunSummary) -> Standing | None:
        """Return where a run stands; None of one that is not ranked."""
        places = zip(self.ranked, self.standings, strict=False)
        return next((standing for ranked, standing in places if ranked is row), None)


def find_runs(folder: Path | str) -> list[Path]:
    """Return the folders of all sealed runs below ``folder``, sorted.

    What lies in a folder called ``baselines`` is left out: those are copies of runs.

    Raises
    ------
    StoreError
        If there is no such folder.
    """
    root = Path(folder)
    if not root.is_dir():
        raise StoreError(f"There is no folder {root}; give the folder that holds the runs.")
    return sorted(
        path.parent for path in root.rglob(MANIFEST) if BASELINES not in _above(path, root)
    )


def _above(path: Path, root: Path) -> tuple[str, ...]:
    """Return the names of the folders between a run and the folder that is looked through."""
    return path.relative_to(root).parts[:-2]


def readable(folders: Iterable[Path]) -> tuple[list[Run], list[StoreError]]:
    """Return the runs that can be read, and for each other one the error that names it."""
    runs: list[Run] = []
    damaged: list[StoreError] = []
    for folder in folders:
        try:
            runs.append(load_run(folder))
        except StoreError as error:
            damaged.append(error)
    return runs, damaged


def boards(
    runs: Iterable[Run | Path | str],
    *,
    bounds: Path | str | None = None,
    damaged: list[StoreError] | None = None,
) -> list[Board]:
    """Group runs into boards; of equal results of one reasoner only the newest is kept.

    Parameters
    ----------
    runs
        Runs, or their folders.
    bounds
        Folder of committed runs from which floor and ceiling rows are taken that a board lacks.
    damaged
        Takes the errors of runs that no number can be made from, which are then left out; if None,
        such an error is raised.

    Raises
    ------
    StoreError
        If a run is damaged.
    """
    loaded = [run if isinstance(run, Run) else load_run(run) for run in runs]
    groups: dict[BoardKey, dict[tuple[str, str], list[Run]]] = {}
    for run in sorted(loaded, key=lambda r: (r.manifest.created_at, r.manifest.run_id)):
        equal = (run.manifest.reasoner.fingerprint, run.manifest.bit_digest)
        groups.setdefault(board_key(run.manifest), {}).setdefault(equal, []).append(run)
    home = None if bounds is None else Path(bounds)
    rows = [
        (key, _rows([run for equals in group.values() for run in newest(equals, damaged)], damaged))
        for key, group in sorted(groups.items())
    ]
    return [_board(key, found, home) for key, found in rows if found]


def _rows(runs: list[Run], damaged: list[StoreError] | None) -> list[RunSummary]:
    rows = []
    for run in runs:
        try:
            rows.append(summarise(run))
        except StoreError as error:
            if damaged is None:
                raise
            damaged.append(error)
    return rows


def board_key(manifest: Manifest) -> BoardKey:
    """Return the board that a run belongs to."""
    name, version = next(iter(manifest.engines.items()), ("none", ""))
    return BoardKey(
        suite=manifest.suite,
        sensors=sensors_of(manifest),
        suite_hash=manifest.suite_hash,
        protocol_hash=manifest.protocol_hash,
        reference_engine=f"{name} {version}".strip(),
        base_seed=manifest.base_seed,
        scope=scope_of(manifest),
    )


def _board(key: BoardKey, found: list[RunSummary], bounds: Path | None) -> Board:
    rows = sorted(_complete(found), key=_place)
    fair = [row for row in rows if not row.manifest.reasoner.privileged]
    ranked = tuple(row for row in fair if row.ranked)
    simulated = all(row.manifest.data is None for row in rows)
    there = {row.manifest.reasoner.name for row in rows}
    lacking = [name for name in BOUNDS if name not in there] if simulated else []
    borrowed = _borrowed(key, lacking, bounds)
    known = {row.manifest.reasoner.name for row in borrowed}
    return Board(
        key=key,
        ranked=ranked,
        unranked=tuple(row for row in fair if not row.ranked),
        privileged=tuple(row for row in rows if row.manifest.reasoner.privileged),
        standings=_standings(ranked),
        borrowed=borrowed,
        lacking=tuple(name for name in lacking if name not in known),
    )


def _standings(ranked: tuple[RunSummary, ...]) -> tuple[Standing, ...]:
    known = [(row.macro.rates["strict"].value, row.evidence) for row in ranked]
    return tuple(standings([(value, e) for value, e in known if e is not None]))


def _complete(rows: list[RunSummary]) -> list[RunSummary]:
    """Keep runs from the ranking that asked too few of the questions that the others asked."""
    known = [row.evidence.keys for row in rows if row.ranked and row.evidence is not None]
    if len(known) < 2 or all(keys.equals(known[0]) for keys in known):
        return rows
    every = pc.unique(pa.chunked_array(known).combine_chunks())
    return [_marked(row, every) for row in rows]


def _marked(row: RunSummary, every: pa.Array) -> RunSummary:
    if row.evidence is None or not row.ranked:
        return row
    share = overlap(row.evidence.keys, every)
    if share >= LEAST_OVERLAP:
        return row
    n = round(share * len(every))
    clause = f"not ranked: it was asked {n} of the {len(every)} questions of this board"
    return replace(row, ranked=False, marks=(*row.marks, clause))


def _borrowed(key: BoardKey, names: list[str], bounds: Path | None) -> tuple[RunSummary, ...]:
    """Return the newest committed runs of this very board by some reasoners."""
    if bounds is None or not names or not bounds.is_dir():
        return ()
    found: dict[str, Run] = {}
    for folder in find_runs(bounds):
        run = _fitting(folder, key, names)
        if run is None:
            continue
        older = found.get(run.manifest.reasoner.name)
        if older is None or older.manifest.created_at < run.manifest.created_at:
            found[run.manifest.reasoner.name] = run
    rows = [
        replace(row, ranked=False, marks=(f"taken from {run.folder}", *row.marks))
        for run in found.values()
        for row in _rows([run], [])
    ]
    return tuple(sorted(rows, key=_place))


def _fitting(folder: Path, key: BoardKey, names: list[str]) -> Run | None:
    """Return a run of this board by one of the reasoners; None of others and of damaged ones."""
    try:
        manifest = read_manifest(folder)
        fits = manifest.reasoner.name in names and board_key(manifest) == key
        return load_run(folder) if fits else None
    except StoreError:
        return None  # the row is then told to be missing, with the command that makes it


def _place(row: RunSummary) -> tuple[float, str, str]:
    data = row.manifest.data
    if data is not None:
        return _set_place(row, data)
    value = row.macro.rates["strict"].value
    return (1.0 if value is None else -value), row.manifest.reasoner.name, row.manifest.run_id


def _set_place(row: RunSummary, data: DataNumbers) -> tuple[float, str, str]:
    """Order runs on a data set by the first number of the official printout, best first."""
    first = next(iter(quantities_of(data)), None)
    value = None if first is None else data.numbers[first.name]
    sign = 1.0 if first is None or not first.higher_is_better else -1.0
    worst = float("inf")
    name = row.manifest.reasoner.name
    return (worst if value is None else sign * value), name, row.manifest.run_id
