"""Does a ranking hold under another renderer? The same reasoners, compared between two columns."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from scipy.stats import kendalltau, rankdata

from ivlm_bench.leaderboard.grid import Grid
from ivlm_bench.leaderboard.rates import Rate

#: Reasoners that a rank correlation needs at least: two have but one order to disagree in.
MIN_COMPARED = 3


@dataclass(frozen=True, slots=True)
class RankAgreement:
    """Two columns of rates of the same reasoners, and how far their orders agree.

    ``tau`` is Kendall's tau-b in [-1, 1]; None under ``MIN_COMPARED`` reasoners, or where a column
    is all ties. ``swapped`` names the pairs that changes places and whose intervals don't overlap
    in at least one column: those that noise does not explain.
    """

    columns: tuple[str, str]
    rates: Mapping[str, tuple[Rate, Rate]]
    tau: float | None
    swapped: tuple[tuple[str, str], ...]


def rank_agreement(
    columns: tuple[str, str], rates: Mapping[str, tuple[Rate, Rate]]
) -> RankAgreement:
    """Return how far the orders of two columns agree.

    Kendall's tau-b (M. G. Kendall, Biometrika 33, 1945) as scipy computes it.
    """
    first, second = ([_value(pair[i]) for pair in rates.values()] for i in (0, 1))
    distinct = min(len(set(first)), len(set(second)))
    told = len(rates) >= MIN_COMPARED and distinct > 1
    tau = float(kendalltau(first, second).statistic) if told else None
    names = list(rates)
    swapped = tuple(
        (a, b)
        for number, a in enumerate(names)
        for b in names[number + 1 :]
        if _sign(rates, a, b, 0) * _sign(rates, a, b, 1) < 0
        and any(_apart(rates[a][i], rates[b][i]) for i in (0, 1))
    )
    return RankAgreement(columns, rates, tau, swapped)


def ranks_table(found: RankAgreement, title: str) -> Grid:
    """Return a table of rates and places in both columns, and tau below it."""
    places = [
        rankdata([-_value(pair[i]) for pair in found.rates.values()], method="min") for i in (0, 1)
    ]
    rows = tuple(
        (name, pair[0].text(), str(int(places[0][n])), pair[1].text(), str(int(places[1][n])))
        for n, (name, pair) in enumerate(found.rates.items())
    )
    tau = "n/a (too few reasoners, or all alike)" if found.tau is None else f"{found.tau:.3f}"
    swaps = ", ".join(f"{a} and {b}" for a, b in found.swapped) or "none"
    notes = (
        f"Kendall tau-b over {len(rows)} reasoners: {tau}",
        f"pairs that change places beyond their intervals: {swaps}",
    )
    a, b = found.columns
    return Grid(
        title, ("reasoner", f"strict % {a}", "place", f"strict % {b}", "place"), rows, notes
    )


def _value(rate: Rate) -> float:
    return 0.0 if rate.value is None else rate.value


def _sign(rates: Mapping[str, tuple[Rate, Rate]], a: str, b: str, column: int) -> int:
    difference = _value(rates[a][column]) - _value(rates[b][column])
    return (difference > 0) - (difference < 0)


def _apart(a: Rate, b: Rate) -> bool:
    if a.interval is None or b.interval is None:
        return False
    return a.interval.low > b.interval.high or b.interval.low > a.interval.high
