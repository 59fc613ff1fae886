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

#: Column of how long an answer took.
LATENCY = "latency_ms"

#: Column of the stated probability that the question can be done.
CONFIDENCE = "confidence"

#: Columns of the episodes that are read; latency, metrics and stages come on top.
PLAIN = (
    "episode_key",
    "scenario_key",
    "task",
    "seed",
    "cluster",
    "split",
    "status",
    "code",
    "answerable",
    "abstained",
    "success",
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
#: Columns of texts that repeat.
_FEW = ("task", "cluster", "split", "status", "code")
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

    def take(self, rows: np.ndarray | slice) -> Judged:
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

    def take(self, rows: np.ndarray | slice) -> Episodes:
        """Return some episodes, by index, mask or slice."""
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
    """A run's episodes as arrays, with the task of each, its scores and who did its stages.

    ``scores``: (n,) float by column name (latency, confidence, metrics), NaN where there is none;
    ``stages``: share of the episodes in which the shared tools did a stage; ``keys``: (n,) scenario
    keys, as an Arrow array; ``n_wrong``: NaN and infinite cells by column, where there are any.
    """

    episodes: Episodes
    task: Labels
    scores: Mapping[str, np.ndarray]
    stages: Mapping[str, float]
    keys: pa.ChunkedArray
    n_wrong: Mapping[str, int]

    def tasks(self) -> Iterator[tuple[str, Mapping[str, np.ndarray], Episodes]]:
        """Yield name, scores and arrays of each task, sorted by name."""
        codes = self.task.codes
        tidy = bool((np.diff(codes) >= 0).all())
        for number, name in enumerate(self.task.names):
            rows: np.ndarray | slice = np.flatnonzero(codes == number)
            if tidy:  # views instead of copies
                rows = slice(*np.searchsorted(codes, [number, number + 1]))
            scores = {column: values[rows] for column, values in self.scores.items()}
            yield str(name), scores, self.episodes.take(rows)


def table_of(run: Run) -> Table:
    """Return a run's episodes, read and numbered.

    Raises
    ------
    StoreError
        If a cell is empty that no record leaves empty, or an engine judged an episode twice.
    """
    table = episodes_of(run)
    status, task = labels_of(table["status"]), labels_of(table["task"])
    splits, keys = labels_of(table["split"]), table["scenario_key"]
    scores, n_wrong = _scores(run)
    robust = None
    # Where no trial was perturbed, an abstention's 0 is no measured robustness.
    if run.manifest.n_perturbed and ROBUST in scores:
        robust = scores[ROBUST]
    flags = {n: _flags(table[n]) for n in ("answerable", "abstained", "success")}
    episodes = Episodes(
        **flags,
        scenario=_numbered(keys, task, table["seed"].to_numpy()),
        cluster=labels_of(table["cluster"]),
        code=labels_of(table["code"]),
        error=_one_of(status, *ERROR_STATUSES),
        diverged=_one_of(status, "sim_diverged"),
        answered=_one_of(status, "ok"),
        seen=_one_of(splits, "seen"),
        unseen=_one_of(splits, "unseen"),
        checked=cross_checked(keys, run.manifest.cross_check_share),
        robust=robust,
        engines=_judged(run, table["episode_key"]),
    )
    stages = {
        name.removeprefix(STAGE_PREFIX): float(_one_of(labels_of(table[name]), "shared").mean())
        for name in sorted(table.column_names)
        if name.startswith(STAGE_PREFIX) and table.num_rows
    }
    return Table(episodes, task, scores, stages, keys, n_wrong)


def labels_of(column: pa.ChunkedArray) -> Labels:
    """Return the labels of a column of texts; an empty cell is the empty text."""
    if column.null_count:
        column = pc.fill_null(column.cast(pa.string()), "")
    if not pa.types.is_dictionary(column.type):
        column = column.dictionary_encode()
    encoded = column.unify_dictionaries().combine_chunks()
    if isinstance(encoded, pa.ChunkedArray):  # nothing was there to combine
        encoded = pa.array([], pa.string()).dictionary_encode()
    # A file's dictionary may hold a name twice, or one that no row has.
    names, place = np.unique(
        np.asarray(encoded.dictionary.to_pylist(), dtype=np.str_), return_inverse=True
    )
    codes = place[encoded.indices.to_numpy()]
    there = np.bincount(codes, minlength=len(names)) > 0
    return Labels((np.cumsum(there) - 1)[codes], names[there])


def _numbered(keys: pa.ChunkedArray, task: Labels, seeds: np.ndarray) -> np.ndarray:
    """Return a number for each key, counted as they first come.

    A key is that of a task and a seed: where those are sorted, as in every sealed file, a key that
    differs from the one before is new. Elsewhere all keys are looked up.
    """
    keys = keys.combine_chunks()
    new = np.asarray(pc.not_equal(keys[1:], keys[:-1]).to_numpy(zero_copy_only=False), dtype=bool)
    later, further = np.diff(task.codes), np.diff(seeds)
    after = (later > 0) | ((later == 0) & (further > 0))
    same = (later == 0) & (further == 0)
    if len(keys) and bool(np.where(new, after, same).all()):
        return np.concatenate([[0], np.cumsum(new)]).astype(np.int64)
    codes = keys.dictionary_encode().indices.to_numpy()
    return np.asarray(codes, dtype=np.int64)


def _one_of(labels: Labels, *names: str) -> np.ndarray:
    return np.asarray(np.isin(labels.names, names)[labels.codes])


def episodes_of(run: Run) -> pa.Table:
    """Return what a run's episodes are; their scores are read apart.

    Raises
    ------
    StoreError
        If a column or a cell is missing that no record leaves out.
    """
    there = run.column_names(EPISODES)
    names = [n for n in there if n in PLAIN or n.startswith(STAGE_PREFIX)]
    few = [n for n in names if n in _FEW or n.startswith(STAGE_PREFIX)]
    table = run.columns(EPISODES, names, few)
    lacking = [name for name in (*PLAIN, LATENCY) if name not in there]
    empty = [n for n in PLAIN if n in names and table[n].null_count]
    if lacking or empty:
        what = f"has no column {lacking[0]}" if lacking else f"has empty cells in {empty[0]}"
        raise StoreError(
            f"{run.folder / EPISODES} {what}; restore it from a copy, or run again into another "
            "folder."
        )
    if not _one_of(labels_of(table["status"]), "data_error", *ERROR_STATUSES).any():
        return table  # every scene was built
    table = run.columns(EPISODES, names)
    scenes = run.columns(EPISODES, ("scene_hash",))["scene_hash"]
    if not pc.any(pc.equal(scenes, "")).as_py():
        return table
    posed = as_posed(table.append_column("scene_hash", scenes).to_pandas())
    return pa.Table.from_pandas(posed, preserve_index=False)


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


def cross_checked(keys: pa.ChunkedArray, share: float) -> np.ndarray:
    """Return which questions engines after the first judge: ``is_cross_checked`` of all at once.

    Hexadecimal digits of one length are in the order of the numbers that they write.
    """
    edge = math.ceil(share * 16**DIGITS)
    if edge >= 16**DIGITS:
        return np.ones(len(keys), dtype=bool)
    begun = pc.binary_slice(keys.cast(pa.binary()), 0, DIGITS)
    return _flags(pc.less(begun, f"{max(edge, 0):0{DIGITS}x}".encode()))


def _judged(run: Run, keys: pa.ChunkedArray) -> dict[str, Judged]:
    verdicts = run.columns(VERDICTS, _JUDGED, ("engine", "status"))
    judged = verdicts["episode_key"]
    if len(judged) == len(keys) and pc.all(pc.equal(judged, keys)).as_py():
        places: pa.Array = pa.array(np.arange(len(keys)))
    else:
        places = pc.index_in(judged, value_set=keys.combine_chunks())
    verdicts = verdicts.append_column("place", places)
    if verdicts["place"].null_count:  # of no episode that is there
        verdicts = verdicts.filter(pc.is_valid(places))
    engines = labels_of(verdicts["engine"])
    return {
        name: _of_engine(run, verdicts, np.flatnonzero(_one_of(engines, name)), len(keys))
        for name in run.manifest.engines
    }


def _of_engine(run: Run, verdicts: pa.Table, rows: np.ndarray, n: int) -> Judged:
    """Return one engine's verdicts, which stand in ``rows``."""
    place = verdicts["place"].to_numpy()[rows]
    times = np.bincount(place, minlength=n)
    if times.max(initial=0) > 1:
        twice = int(rows[np.flatnonzero(times[place] > 1)[0]])
        raise StoreError(
            f"{run.folder / VERDICTS} holds two verdicts of {verdicts['engine'][twice]} on episode "
            f"{verdicts['episode_key'][twice]}; restore it from a copy, or run again into another "
            "folder."
        )
    status = labels_of(verdicts["status"])
    moved = verdicts["n_steps"].to_numpy() > 0

    def spread(values: np.ndarray) -> np.ndarray:
        found = np.zeros(n, dtype=bool)
        found[place] = values[rows]
        return found

    return Judged(
        there=times > 0,
        success=spread(_flags(verdicts["success"])),
        diverged=spread(_one_of(status, "sim_diverged")),
        tried=spread(_one_of(status, "ok") & moved),
    )


def _scores(run: Run) -> tuple[dict[str, np.ndarray], dict[str, int]]:
    """Return the scores of each episode, and how many cells hold what is no number.

    Empty cells are in order; they are NaN here, as are those that hold no number.
    """
    there = run.column_names(EPISODES)
    names = [n for n in there if n in (LATENCY, CONFIDENCE) or n.startswith(METRIC_PREFIX)]
    scores: dict[str, np.ndarray] = {}
    n_wrong: dict[str, int] = {}
    for name, (values, n_empty) in run.numbers(EPISODES, names).items():
        wrong = ~np.isfinite(values)
        n_wrong[name] = int(wrong.sum()) - n_empty
        scores[name] = np.where(wrong, np.nan, values) if n_wrong[name] else values
    return scores, {name: n for name, n in n_wrong.items() if n}


def _flags(column: pa.ChunkedArray) -> np.ndarray:
    return np.asarray(column.to_numpy(), dtype=bool)
