"""Shares of a run's episodes that were lost in each stage, with their intervals."""

from __future__ import annotations

from collections.abc import Callable, Container, Mapping, Sequence
from dataclasses import dataclass

from ivlm_bench.attribution.stages import LOOKS, PLACES, STAGES
from ivlm_bench.attribution.waterfall import Attributed, Waterfall
from ivlm_bench.leaderboard.rates import Rate, macro_of, rate_of
from ivlm_bench.stats.clusters import Sample, scenario_means


@dataclass(frozen=True, slots=True)
class Shares:
    """Of one task, or of the mean over tasks: success, and the loss in each place.

    ``lost``: by place, in the order of ``PLACES``. ``mended``: success once a stage and all before
    it are put right. ``n_lost``: episodes by place; ``n_looks``: by how a failure looked.
    """

    solved: Rate
    lost: Mapping[str, Rate]
    mended: Mapping[str, Rate]
    n: int
    n_lost: Mapping[str, int]
    n_looks: Mapping[str, int]


def shares_by_task(found: Waterfall) -> dict[str, Shares]:
    """Return the shares of each task, in the order of the run."""
    return {
        task: _shares([rows], lambda samples: rate_of(samples[0]))
        for task, rows in _by_task(found.episodes).items()
    }


def overall(found: Waterfall) -> Shares:
    """Return the means over tasks, each with equal weight; counts are those of all tasks."""
    return _shares(list(_by_task(found.episodes).values()), macro_of)


def _by_task(episodes: Sequence[Attributed]) -> dict[str, list[Attributed]]:
    tasks: dict[str, list[Attributed]] = {}
    for episode in episodes:
        tasks.setdefault(episode.record.task, []).append(episode)
    return tasks


def _shares(
    tasks: Sequence[Sequence[Attributed]], rate: Callable[[Sequence[Sample]], Rate]
) -> Shares:
    def share(places: Container[str | None]) -> Rate:
        return rate([_sample(rows, places) for rows in tasks])

    episodes = [episode for rows in tasks for episode in rows]
    stages = list(STAGES)
    return Shares(
        solved=share((None,)),
        lost={place: share((place,)) for place in PLACES},
        mended={stage: share((None, *stages[: k + 1])) for k, stage in enumerate(stages)},
        n=len(episodes),
        n_lost={place: sum(one.stage == place for one in episodes) for place in PLACES},
        n_looks={look: sum(one.look == look for one in episodes) for look in LOOKS},
    )


def _sample(rows: Sequence[Attributed], places: Container[str | None]) -> Sample:
    """Return which episodes were lost in one of some places; None stands for success."""
    return scenario_means(
        [float(one.stage in places) for one in rows],
        [one.record.scenario_key for one in rows],
        [one.record.cluster for one in rows],
    )
