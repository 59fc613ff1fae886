"""Which scenarios two runs share, and what each run made of them."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

import pandas as pd

from ivlm_bench.errors import IvlmBenchError, UnknownNameError, did_you_mean
from ivlm_bench.leaderboard.board import board_key
from ivlm_bench.leaderboard.episodes import as_posed
from ivlm_bench.records import Manifest
from ivlm_bench.store import Run

#: Two runs that share fewer of their scenarios are not compared.
LEAST_OVERLAP = 0.95

#: What must be equal, by the words that tell a difference.
_MUST_AGREE: Mapping[str, Callable[[Manifest], object]] = {
    "suite": lambda manifest: manifest.suite,
    "suite hash": lambda manifest: manifest.suite_hash,
    "sensors": lambda manifest: board_key(manifest).sensors.label,
    "protocol": lambda manifest: manifest.protocol_hash,
    "reference engine": lambda manifest: board_key(manifest).reference_engine,
    "base seed": lambda manifest: manifest.base_seed,
}


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
    """

    old: Run
    new: Run
    measure: str
    table: pd.DataFrame
    overlap: float
    n_diverged: int


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
        If the runs differ in suite, sensors, protocol, engine or base seed, or share fewer than
        95 % of their scenarios.
    UnknownNameError
        If there is no such measure.
    """
    _check_same_rules(old.manifest, new.manifest, engines_may_differ=engines_may_differ)
    counts = _measure(measure)
    before, after = _scenarios(old, counts), _scenarios(new, counts)
    both = before.merge(after, on="scenario_key", suffixes=("", "_new"), validate="one_to_one")
    larger = max(len(before), len(after))
    overlap = len(both) / larger if larger else 1.0
    if overlap < LEAST_OVERLAP:
        raise NotComparableError(
            f"The runs share {len(both)} of {larger} scenarios ({100 * overlap:.0f} %); at least "
            f"{100 * LEAST_OVERLAP:.0f} % are needed. Run the missing ones with --resume, or "
            "compare runs over the same tasks."
        )
    known = both[~(both["diverged"] | both["diverged_new"])]
    table = known.assign(old=known["value"], new=known["value_new"])
    table = table.assign(difference=table["new"] - table["old"])
    columns = ["task", "scenario_key", "cluster", "split", "seed", "old", "new", "difference"]
    table = table.sort_values(["task", "scenario_key"], ignore_index=True)[columns]
    return Pairs(old, new, measure, table, overlap, len(both) - len(known))


def _check_same_rules(old: Manifest, new: Manifest, *, engines_may_differ: bool) -> None:
    for words, of in _MUST_AGREE.items():
        if words == "reference engine" and engines_may_differ:
            continue
        if of(old) != of(new):
            raise NotComparableError(
                f"The runs are not comparable: their {words} differs ({of(old)} and {of(new)}). "
                "Make both with the same suite, sensors, protocol and versions."
            )


def _measure(name: str) -> Callable[[pd.DataFrame], pd.Series]:
    if name not in MEASURES:
        raise UnknownNameError(
            f"No measure is called {name!r}.{did_you_mean(name, list(MEASURES))}"
        )
    return MEASURES[name]


def _scenarios(run: Run, counts: Callable[[pd.DataFrame], pd.Series]) -> pd.DataFrame:
    """Return one row a scenario, its repeats averaged."""
    episodes = as_posed(run.episodes)
    episodes = episodes[counts(episodes)]
    grouped = episodes.assign(
        value=episodes["success"].astype(float), diverged=episodes["status"] == "sim_diverged"
    ).groupby("scenario_key", sort=True)
    return grouped.agg(
        task=("task", "first"),
        cluster=("cluster", "first"),
        split=("split", "first"),
        seed=("seed", "first"),
        value=("value", "mean"),
        diverged=("diverged", "any"),
    ).reset_index()
