"""Runs that may be compared: one board for each suite version, track and protocol."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from ivlm_bench.errors import StoreError
from ivlm_bench.leaderboard.dataset_table import quantities_of
from ivlm_bench.leaderboard.summary import RunSummary, summarise
from ivlm_bench.records import DataNumbers, Manifest, sensors_of
from ivlm_bench.store import Run, load_run
from ivlm_bench.store.seal import MANIFEST
from ivlm_bench.tracks import Sensors


@dataclass(frozen=True, order=True, slots=True)
class BoardKey:
    """What must be equal before two runs share a table."""

    suite: str
    sensors: Sensors
    suite_hash: str
    protocol_hash: str
    reference_engine: str
    base_seed: int


@dataclass(frozen=True, slots=True)
class Board:
    """Comparable runs: ``ranked`` best first, then those that were not fit, then privileged."""

    key: BoardKey
    ranked: tuple[RunSummary, ...]
    unranked: tuple[RunSummary, ...]
    privileged: tuple[RunSummary, ...]

    @property
    def rows(self) -> tuple[RunSummary, ...]:
        """All runs in the order in which they are shown."""
        return self.ranked + self.unranked + self.privileged


def find_runs(folder: Path | str) -> list[Path]:
    """Return the folders of all sealed runs below ``folder``, sorted.

    Raises
    ------
    StoreError
        If there is no such folder.
    """
    root = Path(folder)
    if not root.is_dir():
        raise StoreError(f"There is no folder {root}; give the folder that holds the runs.")
    return sorted(path.parent for path in root.rglob(MANIFEST))


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


def boards(runs: Iterable[Run | Path | str]) -> list[Board]:
    """Group runs into boards; of equal results of one reasoner only the newest is kept.

    Raises
    ------
    StoreError
        If a run is damaged.
    """
    loaded = [run if isinstance(run, Run) else load_run(run) for run in runs]
    groups: dict[BoardKey, dict[tuple[str, str], Run]] = {}
    for run in sorted(loaded, key=lambda r: (r.manifest.created_at, r.manifest.run_id)):
        equal = (run.manifest.reasoner.fingerprint, run.manifest.bit_digest)
        groups.setdefault(board_key(run.manifest), {})[equal] = run
    return [_board(key, list(group.values())) for key, group in sorted(groups.items())]


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
    )


def _board(key: BoardKey, runs: list[Run]) -> Board:
    rows = sorted((summarise(run) for run in runs), key=_place)
    fair = [row for row in rows if not row.manifest.reasoner.privileged]
    return Board(
        key=key,
        ranked=tuple(row for row in fair if row.ranked),
        unranked=tuple(row for row in fair if not row.ranked),
        privileged=tuple(row for row in rows if row.manifest.reasoner.privileged),
    )


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
