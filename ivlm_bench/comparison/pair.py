"""Which scenarios two runs share, and what each run made of them."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

import pandas as pd

from ivlm_bench.comparison.sound import check_sound
from ivlm_bench.errors import IvlmBenchError, StoreError, UnknownNameError, did_you_mean
from ivlm_bench.leaderboard.board import board_key
from ivlm_bench.leaderboard.episodes import as_posed
from ivlm_bench.records import Manifest
from ivlm_bench.store import Run
from ivlm_bench.store.columns import EPISODES

#: Two runs that share fewer of their scenarios are not compared.
LEAST_OVERLAP = 0.95

#: What must be equal, by the words that tell a difference.
_MUST_AGREE: Mapping[str, Callable[[Manifest], object]] = {
    "schema version": lambda manifest: manifest.schema_version,
    "suite": lambda manifest: manifest.suite,
    "suite hash": lambda manifest: manifest.suite_hash,
    "way of showing": lambda manifest: board_key(manifest).sensors.label,
    "protocol": lambda manifest: manifest.protocol_hash,
    "reference engine": lambda manifest: board_key(manifest).reference_engine,
    "base seed": lambda manifest: manifest.base_seed,
}


#: Columns of the episodes that a comparison reads, beside the scenario's key.
READ = ("task", "seed", "cluster", "split", "answerable", "status", "success")


class NotComparableError(IvlmBenchError):
    """Two runs did not answer the same questions under the same rules."""

    exit_code = 4


#: What counts as 1 of an episode, by name: which episodes count, from the table of episodes.
MEASURES: Mapping[str, Callable[[pd.DataFrame], pd.Series]] = {
    "strict": lambda episodes: episodes["answerable"],
    "right": lambda episodes: pd.Series(True, index=episodes.index),
    "abstention": lambda episodes: ~episodes["answerable"],
}


@dataclass(frozen=True, eq=False, slots=True)
class Pairs:
    """Scenarios that two runs share.

    ``table``: one row a scenario, sorted by task and key, with columns ``task``, ``scenario_key``,
    ``cluster``, ``split``, ``seed``, ``old``, ``new`` (mean success over the repeats, in [0, 1])
    and ``difference`` = new - old. ``overlap``: shared scenarios over those of the larger run.
    ``n_diverged``: shared scenarios left out because a simulation diverged in either run.
    ``n_other_scenes``: shared scenarios that show another scene in each run, as where an object's
    maker has changed.
    """

    old: Run
    new: Run
    measure: str
    table: pd.DataFrame
    overlap: float
    n_diverged: int
    n_other_scenes: int = 0


def pair_runs(
    old: Run, new: Run, *, measure: str = "strict", engines_may_differ: bool = False
) -> Pairs:
    """Pair two runs scenario by scenario; scenarios of one run alone are left out.

    Parameters
    ----------
    old, new
        Sealed runs of one suite, track and protocol.
    measure
        ``strict``: success of what can be done (errors fail); ``abstention``: abstentions from what
        can't; ``right``: both.
    engines_may_differ
        Compare over different reference engines; the numbers are then no evidence for a change of
        the reasoner.

    Raises
    ------
    NotComparableError
        If the runs differ in schema version, suite, sensors, protocol, engine or base seed, share
        fewer than 95 % of their scenarios, or a task has none that counts in both.
    StoreError
        If a run holds a number that is not finite, an episode twice, or too few.
    UnknownNameError
        If there is no such measure.
    """
    _check_same_rules(old.manifest, new.manifest, engines_may_differ=engines_may_differ)
    counts = _measure(measure)
    for run in (old, new):
        check_sound(run)
    before, after = _scenarios(old, counts), _scenarios(new, counts)
    both = before.merge(after, on="scenario_key", suffixes=("", "_new"), validate="one_to_one")
    larger = max(len(before), len(after))
    overlap = len(both) / larger if larger else 1.0
    _check_same_questions(both)
    known = both[~(both["diverged"] | both["diverged_new"])]
    _check_enough(len(both), len(known), larger)
    _check_no_task_is_empty(set(before["task"]) | set(after["task"]), set(known["task"]), measure)
    table = known.assign(old=known["value"], new=known["value_new"])
    table = table.assign(difference=table["new"] - table["old"])
    columns = ["task", "scenario_key", "cluster", "split", "seed", "old", "new", "difference"]
    table = table.sort_values(["task", "scenario_key"], ignore_index=True)[columns]
    n_other = int((_shown_both(both) & (both["scene"] != both["scene_new"])).sum())
    return Pairs(old, new, measure, table, overlap, len(both) - len(known), n_other)


def _shown_both(both: pd.DataFrame) -> pd.Series:
    """Tell which scenarios had a scene in either run; an episode may die before it is built."""
    return (both["scene"] != "") & (both["scene_new"] != "")


def _check_same_questions(both: pd.DataFrame) -> None:
    """Refuse runs that say different things of one scenario."""
    shown = both[_shown_both(both)]
    for column in ("task", "seed", "cluster"):
        other = shown[shown[column] != shown[column + "_new"]]
        if len(other):
            raise NotComparableError(
                f"The runs differ in the {column} of {len(other)} scenarios (first: "
                f"{other[column].iloc[0]} and {other[column + '_new'].iloc[0]}): the task changed "
                "its meaning without a new version. Make both runs with the same code."
            )


def _check_enough(n_shared: int, n_known: int, n_all: int) -> None:
    if n_shared < LEAST_OVERLAP * n_all:
        raise NotComparableError(
            f"The runs share {n_shared} of {n_all} scenarios ({100 * n_shared / n_all:.0f} %); at "
            f"least {100 * LEAST_OVERLAP:.0f} % are needed. Run the missing ones with --resume, or "
            "compare runs over the same tasks."
        )
    if n_known < LEAST_OVERLAP * n_all:
        raise NotComparableError(
            f"A simulation diverged in {n_shared - n_known} of {n_all} scenarios; results of at "
            f"least {100 * LEAST_OVERLAP:.0f} % are needed. Check the engine with 'ivlm-bench "
            "doctor' and run again."
        )


def _check_no_task_is_empty(asked: set[str], known: set[str], measure: str) -> None:
    if not asked:
        raise NotComparableError(
            f"The runs share no scenario that the measure {measure!r} counts, so there is nothing "
            "to compare; choose another measure, or runs that asked such questions."
        )
    empty = sorted(asked - known)
    if empty:
        raise NotComparableError(
            f"The task {empty[0]} has no scenario that counts in both runs (not asked, or every "
            "simulation diverged); run it again, or compare without it."
        )


def _check_same_rules(old: Manifest, new: Manifest, *, engines_may_differ: bool) -> None:
    for manifest in (old, new):
        if manifest.data is not None:
            raise NotComparableError(
                f"{manifest.run_id} is a run on {manifest.suite}, where nothing succeeds or fails, "
                "so there are no successes to compare; 'ivlm-bench leaderboard' shows both rows."
            )
    for words, of in _MUST_AGREE.items():
        if words == "reference engine" and engines_may_differ:
            continue
        if of(old) != of(new):
            raise NotComparableError(
                f"The runs are not comparable: their {words} differs ({_brief(of(old))} "
                f"and {_brief(of(new))}). "
                "Make both with the same suite, sensors, protocol and versions."
            )


def _brief(value: object) -> str:
    """Return the beginning of a digest, anything else whole."""
    text = str(value)
    digest = len(text) >= 32 and set(text) <= set("0123456789abcdef")
    return text[:8] if digest else text


def _measure(name: str) -> Callable[[pd.DataFrame], pd.Series]:
    if name not in MEASURES:
        raise UnknownNameError(
            f"No measure is called {name!r}.{did_you_mean(name, list(MEASURES))}"
        )
    return MEASURES[name]


def _scenarios(run: Run, counts: Callable[[pd.DataFrame], pd.Series]) -> pd.DataFrame:
    """Return one row a scenario, its repeats averaged."""
    episodes = run.episodes
    for column in ("scenario_key", *READ):
        if column not in episodes or episodes[column].isna().any():
            raise StoreError(
                f"{run.folder / EPISODES} lacks a value of {column!r}; restore it from a copy, or "
                "run again into another folder."
            )
    episodes = as_posed(episodes)
    episodes = episodes[counts(episodes)]
    grouped = episodes.assign(
        value=episodes["success"].astype(float), diverged=episodes["status"] == "sim_diverged"
    ).groupby("scenario_key", sort=True)
    return grouped.agg(
        task=("task", "first"),
        cluster=("cluster", "first"),
        split=("split", "first"),
        seed=("seed", "first"),
        scene=("scene_hash", "max"),
        value=("value", "mean"),
        diverged=("diverged", "any"),
    ).reset_index()
