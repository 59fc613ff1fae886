"""A run's episodes as arrays: what every rate reads, numbered once for the whole table."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, fields

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc

from ivlm_bench.errors import StoreError
from ivlm_bench.harness.crosscheck import DIGITS
from ivlm_bench.records import ERROR_STATUSES
from ivlm_bench.stats.clusters import Labels, MixedClusterError, Sample, means_by_code
from ivlm_bench.store import Run
from ivlm_bench.store.columns import EPISODES, METRIC_PREFIX, STAGE_PREFIX, VERDICTS

#: Column of the mean success over perturbed trials.
ROBUST = f"{METRIC_PREFIX}robust_success"

#: Columns of the episodes that are read; metrics and stages come on top.
PLAIN = (
    "episode_key",
    "scenario_key",
    "task",
    "cluster",
    "split",
    "scene_hash",
    "status",
    "code",
    "answerable",
    "abstained",
    "success",
    "latency_ms",
)
#: Fields of ``Episodes`` that are plain arrays, one value an episode.
_ARRAYS = (
    "scenario",
    "answerable",
    "abstained",
    "success",
    "error",
    "diverged",
    "answered",
    "seen",
    "unseen",
    "checked",
)
_PREFIXES = (METRIC_PREFIX, STAGE_PREFIX)
_JUDGED = ("episode_key", "engine", "status", "success", "n_steps")


@dataclass(frozen=True, eq=False, slots=True)
class Judged:
    """One engine's verdicts, in the order of the episodes: all (n,) boolean.

    ``there``: it gave a verdict; ``tried``: it ended in order after at least one step.
    """

    there: np.ndarray
    success: np.ndarray
    diverged: np.ndarray
    tried: np.ndarray

    def take(self, rows: np.ndarray) -> Judged:
        """Return the verdicts of some episodes."""
        return Judged(*(getattr(self, field.name)[rows] for field in fields(self)))


@dataclass(frozen=True, eq=False, slots=True)
class Episodes:
    """Episodes as (n,) arrays; boolean but ``scenario`` (numbers), labels and ``robust``.

    ``robust`` is None where no perturbed trial ran, NaN in episodes without the score. ``checked``:
    engines after the first judge the question, too.
    """

    scenario: np.ndarray
    cluster: Labels
    code: Labels
    answerable: np.ndarray
    abstained: np.ndarray
    success: np.ndarray
    error: np.ndarray
    diverged: np.ndarray
    answered: np.ndarray
    seen: np.ndarray
    unseen: np.ndarray
    checked: np.ndarray
    robust: np.ndarray | None
    engines: Mapping[str, Judged]

    def __len__(self) -> int:
        return len(self.scenario)

    def take(self, rows: np.ndarray) -> Episodes:
        """Return some episodes, by index or by mask."""
        arrays = {name: getattr(self, name)[rows] for name in _ARRAYS}
        return Episodes(
            **arrays,
            cluster=self.cluster.take(rows),
            code=self.code.take(rows),
            robust=None if self.robust is None else self.robust[rows],
            engines={name: judged.take(rows) for name, judged in self.engines.items()},
        )

    def sample(self, rows: np.ndarray, values: np.ndarray) -> Sample:
        """Return (n,) ``values`` of the episodes in the mask ``rows``, repeats averaged.

        Raises
        ------
        StoreError
            If a question lies in two clusters.
        """
        where = np.flatnonzero(rows)
        try:
            return means_by_code(
                values[where].astype(np.float64), self.scenario[where], self.cluster.take(where)
            )
        except MixedClusterError:
            raise StoreError(
                "A question of the run names two objects as its target (column cluster); such a "
                "run can't be told from a damaged one. Run it again."
            ) from None


@dataclass(frozen=True, eq=False, slots=True)
class Table:
    """A run's episodes: a lean frame in the stored order, and the same as arrays."""

    frame: pd.DataFrame
    episodes: Episodes

    def tasks(self) -> Iterator[tuple[str, pd.DataFrame, Episodes]]:
        """Yield name, scores and arrays of each task, sorted by name."""
        codes, names = pd.factorize(self.frame["task"], sort=True)
        named = self.frame.columns.astype(str)
        scores = [n for n in named if n == "latency_ms" or n.startswith(METRIC_PREFIX)]
        for number, name in enumerate(names):
            rows = np.flatnonzero(codes == number)
            yield str(name), self.frame[scores].iloc[rows], self.episodes.take(rows)


def table_of(run: Run) -> Table:
    """Return a run's episodes, read and numbered.

    Raises
    ------
    StoreError
        If a cell is empty that no record leaves empty, or an engine judged an episode twice.
    """
    frame = as_posed(episodes_of(run))
    robust = None
    # Where no trial was perturbed, an abstention's 0 is no measured robustness.
    if run.manifest.n_perturbed and ROBUST in frame:
        robust = frame[ROBUST].to_numpy(dtype=np.float64)
    cluster, clusters = pd.factorize(frame["cluster"], sort=True)
    code, codes = pd.factorize(frame["code"], sort=True)
    flags = {name: _flags(frame[name]) for name in ("answerable", "abstained", "success")}
    episodes = Episodes(
        **flags,
        scenario=pd.factorize(frame["scenario_key"])[0],
        cluster=Labels(cluster, np.asarray(clusters, dtype=np.str_)),
        code=Labels(code, np.asarray(codes, dtype=np.str_)),
        error=_flags(frame["status"].isin(ERROR_STATUSES)),
        diverged=_flags(frame["status"] == "sim_diverged"),
        answered=_flags(frame["status"] == "ok"),
        seen=_flags(frame["split"] == "seen"),
        unseen=_flags(frame["split"] == "unseen"),
        checked=cross_checked(frame["scenario_key"], run.manifest.cross_check_share),
        robust=robust,
        engines=_judged(run, frame["episode_key"]),
    )
    return Table(frame, episodes)


def episodes_of(run: Run) -> pd.DataFrame:
    """Return the columns of a run's episodes that numbers are made from."""
    table = run.tables[EPISODES]
    names = [n for n in table.column_names if n in PLAIN or n.startswith(_PREFIXES)]
    table = table.select(names)
    lacking = [name for name in PLAIN if name not in names]
    empty = [n for n in PLAIN if n in names and n != "latency_ms" and table[n].null_count]
    if lacking or empty:
        what = f"has no column {lacking[0]}" if lacking else f"has empty cells in {empty[0]}"
        raise StoreError(
            f"{run.folder / EPISODES} {what}; restore it from a copy, or run again into another "
            "folder."
        )
    return table.to_pandas()


def as_posed(episodes: pd.DataFrame) -> pd.DataFrame:
    """Give an episode that died before its scene was built what its repeats tell of the scene.

    Such a record has no ``scene_hash`` and stands for an answerable question of its own cluster.
    """
    unposed = episodes["scene_hash"] == ""
    if not unposed.any():
        return episodes
    known = episodes[~unposed].drop_duplicates("scenario_key").set_index("scenario_key")
    told = unposed & episodes["scenario_key"].isin(known.index)
    fixed = episodes.copy()
    for column in ("cluster", "split", "answerable"):
        twin = episodes.loc[told, "scenario_key"].map(known[column])
        fixed.loc[told, column] = twin.astype(episodes[column].dtype)
    return fixed


def cross_checked(keys: pd.Series, share: float) -> np.ndarray:
    """Return which questions engines after the first judge: ``is_cross_checked`` of all at once.

    Hexadecimal digits of one length are in the order of the numbers that they write.
    """
    edge = math.ceil(share * 16**DIGITS)
    if edge >= 16**DIGITS:
        return np.ones(len(keys), dtype=bool)
    return _flags(keys.str.slice(0, DIGITS) < f"{max(edge, 0):0{DIGITS}x}")


def _judged(run: Run, keys: pd.Series) -> dict[str, Judged]:
    verdicts = run.tables[VERDICTS].select(list(_JUDGED))
    places = pc.index_in(verdicts["episode_key"], value_set=pa.array(keys))
    verdicts = verdicts.append_column("place", places).filter(pc.is_valid(places))
    return {name: _of_engine(run, verdicts, name, len(keys)) for name in run.manifest.engines}


def _of_engine(run: Run, verdicts: pa.Table, engine: str, n: int) -> Judged:
    rows = verdicts.filter(pc.equal(verdicts["engine"], engine))
    place = rows["place"].to_numpy()
    there = np.bincount(place, minlength=n)
    if there.max(initial=0) > 1:
        key = rows["episode_key"][int(np.flatnonzero(there[place] > 1)[0])]
        raise StoreError(
            f"{run.folder / VERDICTS} holds two verdicts of {engine} on episode {key}; restore it "
            "from a copy, or run again into another folder."
        )
    ok = pc.and_(pc.equal(rows["status"], "ok"), pc.greater(rows["n_steps"], 0))

    def spread(column: pa.ChunkedArray) -> np.ndarray:
        found = np.zeros(n, dtype=bool)
        found[place] = column.to_numpy()
        return found

    diverged = spread(pc.equal(rows["status"], "sim_diverged"))
    return Judged(there > 0, spread(rows["success"]), diverged, spread(ok))


def _flags(column: pd.Series) -> np.ndarray:
    return column.to_numpy(dtype=bool)
