"""What a comparison over a suite can tell: the least differences that it finds, by task and all."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from scipy.special import ndtri

from ivlm_bench.comparison.pair import NotComparableError
from ivlm_bench.comparison.sound import check_sound
from ivlm_bench.errors import ConfigError
from ivlm_bench.leaderboard.episodes import Episodes, table_of
from ivlm_bench.stats.clusters import Sample
from ivlm_bench.stats.intervals import LEVEL
from ivlm_bench.stats.power import (
    design_effect,
    detectable_difference,
    intraclass_correlation,
    needed_pairs,
    noninferiority_pairs,
    size_of_clusters,
)
from ivlm_bench.stats.rates import macro_interval
from ivlm_bench.store import Run
from ivlm_bench.suite import Suite

#: Shares of scenarios in which two methods differ that are planned for unless told otherwise.
DISCORDANCES = (0.05, 0.10, 0.20, 0.30)

#: Differences (share of scenarios) whose price in scenarios is told.
DIFFERENCES = (0.01, 0.02, 0.05, 0.10)

#: Margins of the gate (share of scenarios) whose price in scenarios is told.
MARGINS = (0.02, 0.05)

#: What is assumed of a suite that nobody has run: two questions an object, their outcomes as alike
#: as in the simulations that chose the intervals, and the rate at which power tables are given.
ASSUMED_SIZE, ASSUMED_ICC, ASSUMED_RATE = 2.0, 0.3, 0.7


@dataclass(frozen=True, slots=True)
class Clustering:
    """How scenarios hang together: mean cluster size, correlation of outcomes, success rate."""

    size: float = ASSUMED_SIZE
    icc: float = ASSUMED_ICC
    rate: float = ASSUMED_RATE

    def __post_init__(self) -> None:
        if not (1.0 <= self.size < math.inf and 0.0 <= self.icc <= 1.0):
            raise ConfigError(
                f"Clusters of {self.size} with a correlation of {self.icc} can't be; give a "
                "--cluster-size from 1 up and an --icc from 0 to 1."
            )
        if not 0.0 <= self.rate <= 1.0:
            raise ConfigError(f"--rate is {self.rate}; a share from 0 to 1 is needed.")


@dataclass(frozen=True, slots=True)
class Row:
    """One task, or all (``task`` = "macro").

    ``n_effective``: independent scenarios that would tell as much. ``detectable``: least difference
    of rates found with 80 % power at two-sided 5 %, one a discordance; None where even a difference
    of the whole discordance is missed.
    """

    task: str
    n: int
    design_effect: float
    n_effective: float
    detectable: tuple[float | None, ...]


@dataclass(frozen=True, slots=True)
class Price:
    """Scenarios that a finding costs, one number a discordance, clusters counted in.

    None where two methods can't differ by so much.
    """

    finding: str
    n: tuple[int | None, ...]


@dataclass(frozen=True, slots=True)
class Resolution:
    """What comparisons over a suite can tell.

    ``half_width``: of the 95 % interval of the macro success rate; None under 10 clusters.
    ``basis``: one sentence on where clusters and correlation come from.
    """

    subject: str
    discordances: tuple[float, ...]
    icc: float
    tasks: tuple[Row, ...]
    macro: Row
    prices: tuple[Price, ...]
    half_width: float | None
    basis: str


def of_suite(
    suite: Suite, clustering: Clustering, *, discordances: Sequence[float] = DISCORDANCES
) -> Resolution:
    """Return what comparisons over a suite can tell, under assumptions that are stated."""
    deff = design_effect(clustering.size, clustering.icc)
    counts = {task: (seeds.count, deff) for task, seeds in suite.file.tasks.items()}
    spread = clustering.rate * (1.0 - clustering.rate)
    variance = sum(spread * deff / n for n, _ in counts.values()) / len(counts) ** 2
    basis = (
        f"Assumed: {clustering.size:g} questions an object, intra-class correlation "
        f"{clustering.icc:g}, success rate {clustering.rate:g}; every question counts. Give a run "
        "to take them from its records."
    )
    half_width = float(ndtri(0.5 + LEVEL / 2)) * math.sqrt(variance)
    return _resolved(
        suite.name, counts, clustering.icc, (half_width, basis), discordances=discordances
    )


def of_run(
    run: Run, *, icc: float | None = None, discordances: Sequence[float] = DISCORDANCES
) -> Resolution:
    """Return what comparisons with a run can tell, from its own clusters.

    Parameters
    ----------
    run
        A sealed run; what can be done and did not diverge counts.
    icc
        Intra-class correlation of success; estimated from all tasks together if None.
    discordances
        Shares of scenarios in which two methods differ.

    Raises
    ------
    NotComparableError
        If no scenario of the run counts.
    """
    check_sound(run)
    samples = {name: _strict(episodes) for name, _, episodes in table_of(run).tasks()}
    samples = {name: sample for name, sample in samples.items() if len(sample.values)}
    if not samples:
        raise NotComparableError(
            f"{run.manifest.run_id} holds no scenario that can succeed; give another run."
        )
    strata = list(samples.values())
    estimate = intraclass_correlation(strata) if icc is None else icc
    used = Clustering(icc=ASSUMED_ICC if estimate is None else estimate).icc
    source = "given" if icc is not None else "estimated from all tasks together"
    if estimate is None:
        source = "assumed, as the run does not tell it"
    counts = {
        name: (len(sample.values), design_effect(size_of_clusters(sample), used))
        for name, sample in samples.items()
    }
    interval = macro_interval(strata)
    half_width = None if interval is None else (interval.high - interval.low) / 2
    basis = f"Clusters of the run; intra-class correlation {used:.2f} of success, {source}."
    subject = f"{run.manifest.suite}, run {run.manifest.run_id}"
    return _resolved(subject, counts, used, (half_width, basis), discordances=discordances)


def _strict(episodes: Episodes) -> Sample:
    return episodes.sample(episodes.answerable & ~episodes.diverged, episodes.success)


def _resolved(
    subject: str,
    counts: dict[str, tuple[int, float]],
    icc: float,
    told: tuple[float | None, str],
    *,
    discordances: Sequence[float],
) -> Resolution:
    for psi in discordances:
        if not 0.0 < psi <= 1.0:
            raise ConfigError(f"--discordance is {psi}; a share above 0, at most 1, is needed.")
    tasks = tuple(
        _row(name, n, n / deff, discordances=discordances) for name, (n, deff) in counts.items()
    )
    n_all = sum(row.n for row in tasks)
    # The mean over T tasks of equal weight has the variance of T^2 / sum(1 / n_t) scenarios.
    pooled = len(tasks) ** 2 / sum(1.0 / row.n_effective for row in tasks)
    macro = _row("macro", n_all, pooled, discordances=discordances)
    half_width, basis = told
    return Resolution(
        subject=subject,
        discordances=tuple(discordances),
        icc=icc,
        tasks=tasks,
        macro=macro,
        prices=_prices(discordances, float(np.mean([deff for _, deff in counts.values()]))),
        half_width=half_width,
        basis=basis,
    )


def _row(name: str, n: int, n_effective: float, *, discordances: Sequence[float]) -> Row:
    found = tuple(detectable_difference(n_effective, psi) for psi in discordances)
    return Row(name, n, n / n_effective, n_effective, found)


def _prices(discordances: Sequence[float], deff: float) -> tuple[Price, ...]:
    finds = tuple(
        Price(
            f"difference of {100 * d:g} points found",
            tuple(
                math.ceil(deff * needed_pairs(d, psi)) if d <= psi else None for psi in discordances
            ),
        )
        for d in DIFFERENCES
    )
    refutes = tuple(
        Price(
            f"loss of {100 * margin:g} points refuted",
            tuple(math.ceil(deff * noninferiority_pairs(margin, psi)) for psi in discordances),
        )
        for margin in MARGINS
    )
    return finds + refutes
