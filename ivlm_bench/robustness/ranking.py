"""How far rankings under variants agree with the nominal one, as tables."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import msgspec
from scipy.stats import rankdata

from ivlm_bench.leaderboard.grid import Grid
from ivlm_bench.leaderboard.ranks import rank_agreement
from ivlm_bench.leaderboard.rates import Rate
from ivlm_bench.robustness.rescored import Rescored
from ivlm_bench.robustness.variants import NOMINAL, VARIANTS
from ivlm_bench.stats.ranks import mean_maximum_rank_violation


@dataclass(frozen=True, slots=True)
class Agreement:
    """A variant's ranking against the nominal one.

    ``tau``: Kendall's tau-b; None under three reasoners or where a column is all ties.
    ``violation``: MMRV in shares of success. ``moved``: reasoner, nominal place, place here.
    ``swapped``: pairs that change places beyond their intervals.
    """

    variant: str
    tau: float | None
    violation: float | None
    moved: tuple[tuple[str, int, int], ...]
    swapped: tuple[tuple[str, str], ...]


def agreements(found: Rescored) -> tuple[Agreement, ...]:
    """Return one entry a variant, in the order in which they were tried."""
    nominal = found.rates[NOMINAL.name]
    return tuple(
        _agreement(name, nominal, rates)
        for name, rates in found.rates.items()
        if name != NOMINAL.name
    )


def _agreement(name: str, nominal: Mapping[str, Rate], rates: Mapping[str, Rate]) -> Agreement:
    pairs = {reasoner: (nominal[reasoner], rates[reasoner]) for reasoner in nominal}
    agreed = rank_agreement((NOMINAL.name, name), pairs)
    before, after = places(nominal), places(rates)
    return Agreement(
        variant=name,
        tau=agreed.tau,
        violation=mean_maximum_rank_violation(
            [_value(rate) for rate in nominal.values()], [_value(rates[key]) for key in nominal]
        ),
        moved=tuple((key, before[key], after[key]) for key in nominal if before[key] != after[key]),
        swapped=agreed.swapped,
    )


def places(rates: Mapping[str, Rate]) -> dict[str, int]:
    """Return the place of each reasoner, ties sharing the better one."""
    ranked = rankdata([-_value(rate) for rate in rates.values()], method="min")
    return {name: int(place) for name, place in zip(rates, ranked, strict=True)}


def _value(rate: Rate) -> float:
    return 0.0 if rate.value is None else rate.value


def agreement_table(found: Rescored, suite: str) -> Grid:
    """Return tau, MMRV and who changes places, a row a variant."""
    rows = tuple(
        (
            entry.variant,
            "n/a" if entry.tau is None else f"{entry.tau:.3f}",
            "n/a" if entry.violation is None else f"{100 * entry.violation:.1f}",
            ", ".join(f"{name} {old} to {new}" for name, old, new in entry.moved) or "nobody",
            ", ".join(f"{a} and {b}" for a, b in entry.swapped) or "none",
        )
        for entry in agreements(found)
    )
    titles = {variant.name: variant.title for variant in VARIANTS}
    notes = [f"{name}: {titles[name]}." for name in found.rates if name in titles]
    notes += [
        "MMRV: mean over reasoners of the worst gap (points, nominal) that the variant orders the "
        "other way. Apart: pairs that swap though intervals of a column don't overlap.",
        f"{found.n_questions} questions; {found.n_unlike} nominal outcomes differ from the stored.",
    ]
    if found.changed:
        notes.append(
            "Asked again with code that is not that of the run, which may change answers, too: "
            f"{', '.join(found.changed)}."
        )
    return Grid(
        f"Does the ranking on {suite} hold under other protocols?",
        ("variant", "tau", "MMRV", "changes places", "apart"),
        rows,
        tuple(notes),
    )


def rates_table(found: Rescored) -> Grid:
    """Return the strict macro rate and the place of each reasoner under each variant."""
    names = list(found.rates[NOMINAL.name])
    ranks = {variant: places(rates) for variant, rates in found.rates.items()}
    rows = tuple(
        (
            name,
            *(
                f"{rates[name].text(interval=False)} ({ranks[variant][name]})"
                for variant, rates in found.rates.items()
            ),
        )
        for name in sorted(names, key=lambda name: ranks[NOMINAL.name][name])
    )
    headers = ("reasoner", *(name.replace("-", "-\n", 1) for name in found.rates))
    title = "Strict success (per cent) and place"
    return Grid(title, headers, rows, droppable=headers[:1:-1])


def robustness_json(found: Rescored) -> str:
    """Return all rates and agreements as JSON."""
    plain = {
        "n_questions": found.n_questions,
        "n_unlike": found.n_unlike,
        "changed": found.changed,
        "rates": found.rates,
        "agreement": agreements(found),
    }
    return msgspec.json.format(msgspec.json.encode(plain), indent=1).decode() + "\n"
