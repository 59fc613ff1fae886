"""What a suite can tell as tables, and as plain numbers."""

from __future__ import annotations

from dataclasses import asdict

import msgspec

from ivlm_bench.comparison.resolution import Resolution, Row
from ivlm_bench.leaderboard.grid import Grid

#: Left out of task names: all tasks of ours begin with it.
_PREFIX = "ivlm/"


def resolution_table(found: Resolution) -> Grid:
    """Return the least differences that are found: a row a task, then the macro row."""
    rows = (*found.tasks, found.macro)
    width = found.half_width
    half = "n/a (too few clusters)" if width is None else f"+-{100 * width:.1f} points"
    return Grid(
        f"Least difference (points) that a comparison over {found.subject} finds",
        (
            "task",
            "n",
            "design\neffect",
            *(f"{100 * psi:g} %\ndiffer" for psi in found.discordances),
        ),
        tuple(_cells(row) for row in rows),
        (
            "Paired by scenario, two-sided 5 %, power 80 %; a column is the share of scenarios in "
            "which the two methods differ. -: not even a difference of that whole share.",
            f"95 % interval of the macro success rate of one method: {half}.",
            found.basis,
        ),
        rules=(len(found.tasks),),
    )


def price_table(found: Resolution) -> Grid:
    """Return what findings cost in scenarios."""
    rows = tuple(
        (price.finding, *("-" if n is None else str(n) for n in price.n)) for price in found.prices
    )
    return Grid(
        "Scenarios needed, in one task or spread evenly over all for their mean",
        ("finding", *(f"{100 * psi:g} %\ndiffer" for psi in found.discordances)),
        rows,
        (
            "With the mean design effect. Refuted: at one-sided 5 % where there is no loss. The "
            "exact McNemar test needs 5 to 9 % more.",
        ),
    )


def _cells(row: Row) -> tuple[str, ...]:
    found = ("-" if value is None else f"{100 * value:.1f}" for value in row.detectable)
    return row.task.removeprefix(_PREFIX), str(row.n), f"{row.design_effect:.2f}", *found


def resolution_json(found: Resolution) -> str:
    """Return all numbers as JSON; shares, not points."""
    return msgspec.json.format(msgspec.json.encode(asdict(found)), indent=1).decode() + "\n"
